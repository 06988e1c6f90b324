// Package facade holds what the clients of both services share and their users see: the retry policy, the outcome of a
// call, the journal of what was sent, the error for a request that cannot be sent, and the masking of account numbers.
//
// The clients themselves are [github.com/airtime-go/airtime/facade/ding] and
// [github.com/airtime-go/airtime/facade/dizlee].
//
// # Retries
//
// Whether an operation may be repeated is decided per operation, never by its HTTP verb. Reads are repeated after a
// transient failure: a connection that broke or could not be made, an answer that is cut off, a 5xx, 408 or 429 that is no
// envelope, or an envelope that says "later" (Ding's ResultCode 3). Operations that move money or send a message are sent
// again only where nothing had left, or where the answer proves that nothing was done.
//
// The pause before a repetition is drawn evenly between nothing and an exponentially growing bound (full jitter).
// Where the service sends Retry-After, as seconds or as an HTTP date, exactly that is waited; if it is longer than
// [RetryPolicy.MaxRetryAfter] or does not fit into the context's deadline, the error is returned at once with the
// duration in it. A budget shared by all calls of a client stops repetitions while a service is down.
//
// # Money
//
// A call that moves money is accepted, refused (or temporary: refused for now) or unknown: see [Outcome]. A lost answer is
// found out first, by looking it up or, where the service has no look-up, by repeating the request under the id that lets it be
// done only once. What cannot be found out is [ErrOutcomeUnknown]. docs/outcomes.md has every case. A [Journal] keeps what was
// sent and what became of it, so that neither a crash nor a second call sends anything twice; package journal/sqlite is one.
package facade
