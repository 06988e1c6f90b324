package wire

import "strings"

// MaskAccount hides the middle of an account number, such as an MSISDN, for logs: the first three and the last two
// characters stay. Anything shorter than nine characters is hidden altogether.
func MaskAccount(account string) string {
	runes := []rune(account)
	if len(runes) < 9 {
		return strings.Repeat("*", len(runes))
	}
	return string(runes[:3]) + strings.Repeat("*", len(runes)-5) + string(runes[len(runes)-2:])
}
