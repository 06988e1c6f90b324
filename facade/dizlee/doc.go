// Package dizlee takes credit from phones through Dizlee's carrier billing: it charges a subscriber, refunds a charge and
// sends the SMS that goes with it. A [Client] is made once by [NewClient] and shared; it is safe for concurrent use. What
// subscribers write is taken by a [MessageHandler].
//
// # The protocol
//
// Every call is one POST with a JSON body. Two headers go with it: apikey, which Dizlee issues, and HTTP_MSISDN, the
// subscriber, spelled exactly so over HTTP/1.1 (HTTP/2 has no capitals). The subscriber is given once, in the request's
// UserID or Receiver, and the header is filled from it. Dizlee hands out one URL per operation on request: give the root
// they have in common ([WithBaseURL]; the paths are then /charge, /refund and /sms), or each URL as it was assigned
// ([WithChargeURL], [WithRefundURL], [WithSMSURL]). Redirects are refused, since the key would travel along.
//
// Answers are an envelope of status and statusDetail. The status alone decides, whatever the HTTP status and the detail
// say: "1" is success, everything else is an [*Error].
//
// # Money moves at most once
//
// All three operations move money or send a message, and Dizlee has no query for what became of one. The ids are the key:
// the same request with the same id charges, or refunds everything, once. So the calls do this, and no more:
//
//   - What never left, or was refused before processing (-429), is sent again, within the bounds of [WithRetryPolicy].
//   - After a lost answer, and after -504, -500 and -308, which leave it open, a charge or a refund of everything is
//     repeated with its id, for up to [WithSettleTimeout]. Success, or the refusal of a duplicate (-305 for a charge, -320 for
//     a refund), then means that it was done, once; the latter is marked ByDuplicate ([WithDuplicateAsUnknown]).
//   - -305 or -320 at the very first attempt is unknown, and [ErrIDUsedBefore]: somebody used the id before.
//   - An SMS, or a refund of a part, is never repeated on a guess: its lost answer is an unknown outcome.
//
// Nothing lets net/http send a request again by itself. docs/outcomes.md has the table that decides. With [WithJournal] all
// of this outlives the process: [Client.Recover] finds out about what a crash left open, and [Client.Settle] takes a person's
// word for what cannot be found out. [Client.ResumeCharge] and [Client.ResumeRefund] are for programs without a journal.
//
// # Messages from subscribers
//
// A [MessageHandler] takes what subscribers write (SMSMO), at a URL that Dizlee is given together with an authkey of the
// merchant's choice ([WithAuthKeys]). It answers 200 only once the merchant's function has taken the [Message]. Dizlee does not
// say whether a message that was not answered comes again, and messages have no id: where the same text within a while can
// only be a redelivery, [WithoutRepeats] drops it.
//
// # Errors
//
// A request that could not be accepted is not sent: [facade.RequestError] names every field at fault by its name on the
// wire. Everything else is an [*Error], which answers three questions:
//
//   - What was it? errors.Is with a [Code], such as [CodeBadMSISDN], or with [ErrInsufficientFunds], which stands for
//     both codes that mean it.
//   - Did money move? [Error.Outcome], or errors.Is with [facade.ErrOutcomeUnknown].
//   - What now? [Error.Advice].
//
// Every documented code belongs to one group:
//
//   - [AdviceRetryLater]: -303, -322, -429. Nothing moved, and the same request may pass later; -429 was not even processed.
//   - [AdviceFixRequest]: -100, -101, -311, -319, -330, -331, -332, -333. The request, the key or the set-up is wrong.
//   - [AdviceAskUser]: -300, -301, -304, -318, -323. Only the subscriber can change it, or pay in another way.
//   - [AdviceStop]: -200, -302, -306, -307, -317, -324, -325, -326, -327. Not for this subscriber or this charge, now or later.
//   - [AdviceUnknown]: -305, -308, -320, -500, -504, and every code that is not documented. Money may have moved.
//
// -305 and -320 are in the last group because a first attempt cannot know whose earlier use of the id they speak of. After
// a lost attempt of this client's own they prove that it went through, and are no error.
//
// # Where the specification is ambiguous
//
//   - Amounts are exact decimals with up to three places. Zeros beyond the third are cut off; anything else is refused.
//   - A refund's amount is called required and "if not filled, the full amount is refunded": it is optional here, and
//     nil refunds everything. 0 is refused, since it can be read either way.
//   - A refund names the operator's id chargeResponseId in the table and chargeId in the sample: both can be sent.
//   - A refund answered with status 1 and "Unknown Error." is a success; the detail is kept.
//   - Blanks around status, statusDetail and chargeResponseId are trimmed; a status may come as a JSON number.
//   - A chargeResponseId of "-1" or blank means that there is none.
//   - A message's keys are taken in both spellings; if both come, they have to say the same. Its MessageType may come as a
//     number, and one that is neither English nor Arabic costs no message.
//   - FirstCharge is sent as given. The specification wants true for every single purchase.
package dizlee
