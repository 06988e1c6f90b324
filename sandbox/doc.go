// Package sandbox is DingConnect, its identity provider and Dizlee in one http.Handler, for tests and for trying
// things out: neither service offers a sandbox of its own. It keeps a balance, transfers, charges, refunds and messages
// in memory, starts nothing in the background unless it has callbacks to deliver, and moves with the clock that it is given.
//
//	sb, err := sandbox.New()
//	server := httptest.NewServer(sb)
//	for _, line := range sb.Environment(server.URL) { fmt.Println(line) }
//
// or, in a test, with the server and what is to be asked of the books afterwards:
//
//	sb := sandbox.Start(t)
//	… // a client with sb.URL and sb.Credentials() pays order-17
//	sb.RequirePaidOnce("order-17")
//
// # Addresses
//
// All on one host: DingConnect below /api/V1/, its Swagger document at /swagger/docs/v1, the identity provider at
// /connect/token and /.well-known/openid-configuration, Dizlee at /dizlee/charge, /dizlee/refund and /dizlee/sms, and Postman
// collections of both services at /postman/ding.json and /postman/dizlee.json.
//
// To a request for api.dingconnect.com, www.dingconnect.com, idp.ding.com or dizlee.test it is that service alone. [Gateway] serves it
// under these names by https, so that other people's clients, which have them built in, run against it as they are.
//
// # Other people's clients
//
// Answers have their fields in the order of DingConnect's Swagger document, decimals with their places (10.00), dates in whole
// seconds with a Z, and null where DingConnect's samples have it: ReceiptText and ReceiptParams of a transfer, TaxName and
// TaxCalculation of a price, whose TaxRate is 0 then. Every answer of DingConnect repeats X-Correlation-Id, and may be read by a page in a browser.
//
// Some things are documented nowhere, and taken because public clients rely on them and .NET, which DingConnect runs on, does
// so by default: paths in any case (/api/v1/) and with a slash at the end, names of a query and of a body in any case, amounts
// and flags that are text, references that are numbers. Dizlee takes blanks around a number, as its samples have them. What our own client sends is held against the specification by package contract.
//
// The Swagger document is ding.yaml turned back, for any generator. It differs from DingConnect's in this: it is valid (there,
// X-Correlation-Id is a "String"), it has descriptions, 429, the headers of 503, OAuth2 and bounds of Skip and Take, it names the
// host that was asked, and it neither promises that no field will be added (additionalProperties) nor mentions text/json or empty
// defaults. Turned into OpenAPI 3 by internal/specsync, it is ding.yaml again.
//
// # What it is true to
//
// Every request is held against the OpenAPI documents and refused in the service's own way. Two sandboxes with the same
// seed and clock, given the same requests, give the same answers, down to ids, tokens and PINs. A DistributorRef that is
// sent twice is paid twice, as it is by Ding. What was really paid stands in [Sandbox.Payments], whatever was answered.
//
// # Usage limits
//
// The account has those limits that the specification of DingConnect states: x-usage-limit requests of a method in any ten
// minutes of the sandbox's clock, and x-usage-limit-validate-only SendTransfers that only validate, whatever credentials they
// come with. Beyond them, the answer is HTTP 429, ResultCode 3, RateLimited, with the whole seconds in Retry-After after which there is
// room; such a request does not count itself, while one that is refused for another reason does. A SendTransfer that is answered with
// Complete, one to a UatNumber included, resets all of them. [WithoutUsageLimits] switches them off.
//
// # Faults
//
// [Sandbox.Inject], [WithFault] or an admin endpoint make things go wrong between a client and the sandbox, before the
// work is done or after it: connections that drop, answers that are cut or late, proxies' pages, 429, 503, expired tokens,
// transfers that are listed late only. See [Fault] and [FaultKind]. What is done stands in the books, whatever becomes of
// the answer. Which requests are struck follows from the seed. Delays run on package time, so that they work in a
// testing/synctest bubble, and everything else on the sandbox's clock.
//
// # Callbacks
//
// With [WithNotifications] or [Sandbox.SetNotifications], a [Receiver] is told how each deferred transfer has ended: a POST in
// the form of an answer to SendTransfer, with the X-Correlation-Id that was sent, and with null for what the sample of
// DingConnect has null for. It carries no signature, since none is documented. One that was refused in the answer already is
// not told of. [Sandbox.SendSMSMO] plays a subscriber who writes to the receiver of [WithSMSMO] or [Sandbox.SetSMSMO], in
// either spelling of the keys, with [Credentials].DizleeAuthKey in the header authkey.
//
// A callback is taken once it is answered with a 2xx. A notification is attempted 8 times until then, with waits of 1, 2, 4, 8, 16,
// 32 and 60 seconds ([RedeliveryDelay], [MaxRedeliveryDelay]) in between, an SMSMO once; Receiver.Attempts changes that, Twice
// and Shuffle make deliveries double and out of order, and [Sandbox.Deliveries] tells what came of each. Receivers are
// called by https, or by http on loopback hosts; [NewCertificate] makes what they need for that.
//
// Deliveries run in the background, on package time, so that they work in a testing/synctest bubble, until
// [Sandbox.Close]. A sandbox with a clock of its own ([WithClock]) does nothing in the background all the same: there,
// [Sandbox.Deliver] delivers what is due.
//
// # Admin endpoints
//
// They need no credentials, so serve the sandbox on a loopback address. Bodies are JSON; a refusal is {"error": "…"}.
//
//	POST   /_sandbox/faults         injects a fault: 201 with its status, or 400
//	GET    /_sandbox/faults         {"faults": [{"id": 1, "fault": {…}, "matched": 3, "struck": 1}]}
//	DELETE /_sandbox/faults/{id}    removes one: 204, or 404
//	DELETE /_sandbox/faults         removes all: 204
//	GET    /_sandbox/ledger         a [Ledger]: balance, payments, charges, refunds and messages, with names such as
//	                                distributorRef, transferRef, chargeRequestId, refundRequestId, smsRequestId, amount, at
//	POST   /_sandbox/notifications  sets the receiver of notifications: 200 as for GET, or 400
//	GET    /_sandbox/notifications  {"to": "https://localhost:8443", "deliveries": [{"id": 1, "body": {…}, "state": "Taken",
//	                                "attempts": [{"at": "…", "status": 200}]}]}, see [Delivery]; of the URL the origin only
//	DELETE /_sandbox/notifications  ends them: 204
//	POST   /_sandbox/mo/receiver    sets the receiver of SMSMO: 200 as for GET /_sandbox/mo, or 400
//	DELETE /_sandbox/mo/receiver    forgets it: 204
//	POST   /_sandbox/mo             sends an [InboundMessage]: 200 with its deliveries, taken or not, or 400
//	GET    /_sandbox/mo             of SMSMO what GET /_sandbox/notifications is of notifications
//
// A fault has the members of [Fault] in lower camel case. Durations are text, services are ding, dizlee and token:
//
//	{"kind": "DropConnection", "when": "AfterWork", "service": "ding", "operation": "SendTransfer", "count": 1}
//	{"kind": "Delay", "when": "BeforeWork", "for": "2m30s", "reference": "order-17"}
//	{"kind": "ServiceUnavailable503", "when": "BeforeWork", "retryAfter": "7s", "envelope": true, "probability": 0.2}
//	{"kind": "HideRecords", "for": "40s", "account": "447700900123", "skip": 2}
//
// A receiver has the members of [Receiver] in lower camel case, with certificates in PEM for rootCAs and without a client; a message
// has those of [InboundMessage]:
//
//	{"url": "https://localhost:8443/hook", "rootCAs": "-----BEGIN …", "attempts": 3, "twice": true, "shuffle": "5s"}
//	{"sender": "9647701234567", "destination": "1234", "text": "STOP", "messageType": "0", "lowerCase": true}
//
// # DingConnect: numbers and outcomes
//
// A phone number of the catalogue succeeds: 447700900123 (Albion Mobile, Great Britain), 2348031234567 (Nairaline,
// Nigeria) or 254722123456 (Savanna, Kenya). 447911123456 has two candidates. Products with a range take any amount
// within it, with at most two places.
//
// A product's UatNumber, with the last digit changed, picks the outcome; nothing is deducted or delivered:
//
//	0  Complete                                        5  AccountNumberInvalid/ProviderRefusedRequest
//	1  RateLimited                                     6  ProviderError/ProviderTemporarilyUnavailable
//	2  TransientProviderError/ProviderTimedOut         7  InsufficientBalance
//	3  TransientProviderError/ProviderRefusedRequest   8  AccountNumberInvalid/AccountNumberFailedRegex
//	4  ProviderError/ProductUnavailable                9  ProviderError/RechargeNotAllowed
//
// Products of the provider VTGH answer TransientProviderError/ProviderTemporarilyUnavailable. A Batch transfer
// completes [BatchDelay] after it was accepted, a deferred one [DeferDelay] after.
//
// A deferred transfer that meets TransientProviderError or ProviderError is accepted all the same: it is Submitted for
// [DeferDelay], then Processing, and tried again after 10, 20 and 40 seconds more ([DeferRetryDelay], [DeferRetries]). One to a
// number that ends in 2 completes with the second of these retries, 35 seconds after it was accepted; the others have Failed
// with the last one, 75 seconds after. [WithRetriesListedAsFailed] lists them as Failed all the while.
//
// # Dizlee: numbers and outcomes
//
// The last three digits of the MSISDN pick the answer. 304 is answered with -304, and so is every code of the table
// that belongs to the operation; all other numbers succeed, 9647701234567 for one.
//
//	charge  100 101 200 300 301 302 304 305 306 307 308 311 317 318 322 323 324 325 326 330 331 332 333 429 500 504
//	refund  the same, and 319 320 327, whose charges succeed
//	SMS     100 101 200 303 308 311 429 500 504
//
// 504 plays the lost answer: what was asked for is done, and only the answer is a failure. Asked again, the charge is
// then a duplicate (-305) and the refund a repetition (-320). With 308 and 500 nothing is done.
//
// Numbers of Kuwait (965) play the operator of the odd samples in the specification: a charge without chargeResponseId
// and with a stray blank in its text, a refund whose text says that something went wrong although it succeeded.
//
// By the rules of the two code tables: -305 for a chargeRequestId that has charged before; -318 when totalCharge_p30d and
// the amount together exceed [ThirtyDayLimit]; -319 for a transactionId that the same number was never charged under,
// or that another chargeResponseId or chargeId contradicts; -320 when nothing is left to refund, and for a refundRequestId
// that has refunded everything before (a part is given back again, since nothing documented forbids it); -327 for another currency than the charge's, or more than is left. A number in the body that
// differs from HTTP_MSISDN, or is malformed, is -311; any other missing or unusable value is -100 and is named in
// statusDetail. A wrong apikey is -101 with HTTP 401; every other answer is HTTP 200, since no status is documented.
package sandbox
