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
// successes, 3 is temporary, 4 and 5 are refusals, whatever the status says.
//
//	switch {
//	case errors.Is(err, ding.CodeInsufficientBalance): // add funds
//	case errors.Is(err, facade.ErrOutcomeUnknown):     // look before sending again
//	}
//
// # Money
//
// SendTransfer is sent again only where nothing had left or the answer proves that nothing moved, and CancelTransfers
// never; nothing below them may do so either, since their requests cannot be rewound and carry no idempotency key. An answer
// that is lost, cannot be read or contradicts itself is looked up in the list of transfers. What that does not tell is
// [facade.ErrOutcomeUnknown]. docs/outcomes.md has the whole table. Reads are repeated as package [facade] describes.
//
// With [WithJournal], a transfer is noted before it leaves, so that [Client.RecoverTransfers] finds out what became of it if
// the process is killed. Without one, [Client.ResumeTransfer] looks before it sends.
//
// # Deferred transfers
//
// [Client.SendTransferDeferred] hands a transfer to Ding, which tries it again by itself when it fails, and tells the end to a webhook.
// A [NotificationHandler] receives that, reads it back before it believes it, and hands it over once. [Client.AwaitTransfer] waits for
// the end, by a notification or by looking, whichever comes first:
//
//	sent, err := client.SendTransferDeferred(ctx, request)
//	…
//	answer, err := client.AwaitTransfer(ctx, *sent.TransferRecord.TransferID)
//
// In the journal, a deferred transfer stays open until its end is known, and taken if it was notified.
//
// # Usage limits
//
// Ding counts requests per method and ten minutes ([UsageLimits]), and so does the client, which holds requests back that would be
// too many: they wait for room, as long as the retry policy and the context allow, and fail with a [*UsageLimitError] otherwise,
// before anything is sent. A successful SendTransfer makes room in all methods. See [WithUsageLimits].
//
// # Caching
//
// Reference data wants to be cached. [WithResponseHead] tells how long an answer keeps, [WithCondition] asks only for what has
// changed, [WithDecoder] reads large answers in its own way, and [Client.Account] keeps the prices of several accounts apart.
//
// # Access tokens
//
// With [WithClientCredentials], a token is fetched once for all callers, renewed before it expires, and once more when
// the service answers AuthenticationFailed; the call is then sent once more. A token that cannot be had fails the call at
// once; nothing has been sent then.
package ding
