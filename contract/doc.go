// Package contract holds traffic against the OpenAPI documents in api/openapi.
//
// [Transport] is an [http.RoundTripper] around another one. It validates every request and every answer as they pass, and
// reports what violates the documents to a callback, while the call itself goes on undisturbed:
//
//	transport, err := contract.NewTransport(http.DefaultTransport, func(v contract.Violation) {
//		slog.Warn("not as documented", "violation", v)
//	})
//	…
//	client, err := ding.NewClient(ding.WithAPIKey(key), ding.WithHTTPClient(&http.Client{Transport: transport}))
//
// # Lenient and strict
//
// The documents of both services promise less than a schema can say: fields are added over time, and .NET services write null
// where they have nothing to say. So by default, a Transport accepts fields that the documents do not know, null in any member of
// an answer and in any optional one of a request, statuses that are not declared, and an answer of 500 or above that is no JSON,
// which a proxy in front wrote. What it reports is drift that can break a client: a required field that is missing, another
// type, a number beyond its bounds, a date that is none, an answer that is no JSON.
//
// With [Strict], which is for tests, unknown fields and undeclared statuses are violations too, and so is every null that the
// document does not allow by nullable.
//
// # Bodies
//
// Bodies are validated as they stream by, and never held: the bytes that somebody else reads, be it the caller an answer or
// the other transport a request, are examined in passing, one value at a time. Of an answer of 16 MB with an array of products,
// one product is in memory. The examination ends with the body, or when it is closed; of a body that was closed early or
// broke off, it covers what was read. There are bounds beyond which a body is reported as [RuleUnexamined]: 1 MiB for one
// value (an item of an array at the top level or the level below, or another member of the object at the top), and 256 MiB for a
// body. A gzip encoding that net/http did not undo itself is read through; of others, a body is unexamined.
//
// Examining an answer takes about twice what the client takes to decode it, so that a call with a large answer is some three times
// the work; a small one costs 50 µs more (go test -bench Passing ./contract). It goes on beside the reading, on a processor
// of its own if there is one.
//
// # Reports
//
// What is wrong with an exchange is reported when it is over: when the answer's body has been read to its end or closed, or
// when there is no answer. The same violation in many items of an array is reported once, with a count. Nothing of a
// report is taken from values: they can be secrets, account numbers or PINs. Names of unknown fields that do not look like
// names are left out as well.
//
// The callback runs in the goroutine that reads the body, so it should return soon, and in several goroutines at once if there
// are several calls.
//
// # Money
//
// A Transport sends a request once, with its own context, and reads nothing of it in advance. So it takes nothing from what the
// clients know about a lost answer: around an *http.Transport, they still tell a transfer that could not even be sent from one
// that is unknown ([Transport.Wrapped]).
package contract
