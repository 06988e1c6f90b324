package facade

import "github.com/airtime-go/airtime/wire"

// MaskAccount hides the middle of an account number, such as an MSISDN, for logs: the first three and the last two
// characters stay. Anything shorter than nine characters is hidden altogether.
func MaskAccount(account string) string { return wire.MaskAccount(account) }
