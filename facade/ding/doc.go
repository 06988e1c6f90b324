// Package ding is the client of DingConnect, which puts credit on phones: mobile top-ups, data bundles, vouchers and
// bills in more than 140 countries.
//
// A [Client] has the API's 17 methods under their own names. Each returns the API's own answer, so that warnings and
// side fields stay reachable:
//
//	client, err := ding.NewClient(ding.WithAPIKey(os.Getenv("DING_API_KEY")))
//	…
//	balance, err := client.GetBalance(ctx)
//
// # Errors
//
// A call that fails returns an [*Error], always as a pointer; a request with a field at fault is never sent and returns
// a [*facade.RequestError]. The ResultCode decides what an answer means, never the HTTP status alone: 1 and 2 are
// successes, 3 is temporary, 4 and 5 are refusals that are never repeated, whatever the status says.
//
//	switch {
//	case errors.Is(err, ding.CodeInsufficientBalance): // add funds
//	case errors.Is(err, facade.ErrOutcomeUnknown):     // look before sending again
//	}
//
// # Money
//
// SendTransfer and CancelTransfers make exactly one attempt, and nothing below them may make another: their requests
// cannot be rewound and carry no idempotency key. An answer that is lost, cannot be read or contradicts itself is
// [facade.ErrOutcomeUnknown]. Reads are repeated as package [facade] describes.
//
// # Access tokens
//
// With [WithClientCredentials], a token is fetched once for all callers, renewed before it expires, and once more when
// the service answers AuthenticationFailed; the read is then sent again. A token that cannot be had fails the call at
// once; nothing has been sent then.
package ding
