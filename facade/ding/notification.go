package ding

import (
	"log/slog"
	"net/http"
	"strconv"
	"strings"

	"github.com/airtime-go/airtime/facade/internal/inbound"
)

// What a notification says, and whether the list of transfers says the same.

// Notification tells the end of a deferred transfer.
type Notification struct {
	// CorrelationID is the header X-Correlation-Id, by which Ding names the call of SendTransferDeferred; empty if that is missing, or
	// cannot be one. Nothing confirms it.
	CorrelationID string
	// TransferRecord is the transfer, which is Complete, Failed or Cancelled: as ListTransferRecords has it, or with
	// [WithoutReadBack] as the notification has it. Its TransferID always has a DistributorRef, and a TransferRef unless it was neither
	// told nor read back.
	TransferRecord TransferRecord
	// ResultCode and ErrorCodes are the transfer's own, from where the record is from.
	ResultCode ResultCode
	ErrorCodes []ErrorCode
	// Verified reports that the record was read back and agrees with what was told.
	Verified bool
	// Signature has the headers X-Ding-Webhook-…, if any came. Ding documents none, so nothing here checks them.
	Signature http.Header
}

// LogValue gives a log what may be seen: references, state and codes, no receipt, and the account number masked.
func (n Notification) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("correlationId", n.CorrelationID),
		slog.Any("record", n.TransferRecord),
		slog.Int("resultCode", int(n.ResultCode)),
		slog.Any("codes", n.ErrorCodes),
		slog.Bool("verified", n.Verified),
	)
}

// signaturePrefix begins the headers that one public integration expects of Ding.
const signaturePrefix = "X-Ding-Webhook-"

// readNotification reads what was delivered. Its errors are refusals that name the field.
func readNotification(header http.Header, body []byte) (Notification, error) {
	var told SendTransferResponse
	if err := inbound.Decode(body, &told); err != nil {
		return Notification{}, err
	}
	if problem := notFinal(told); problem != "" {
		return Notification{}, inbound.Refuse(http.StatusBadRequest, problem)
	}
	n := Notification{
		TransferRecord: *own(told.TransferRecord),
		ResultCode:     told.ResultCode,
		ErrorCodes:     told.ErrorCodes,
		Signature:      http.Header{},
	}
	if id := header.Get("X-Correlation-Id"); isCorrelationID(id) {
		n.CorrelationID = id
	}
	if n.TransferRecord.TransferID == nil {
		n.TransferRecord.TransferID = &TransferID{}
	}
	for name, values := range header {
		if strings.HasPrefix(name, signaturePrefix) {
			n.Signature[name] = values
		}
	}
	return n, nil
}

// notFinal says why what was told is not the end of a transfer; nothing if it is.
func notFinal(told SendTransferResponse) string {
	record := told.TransferRecord
	switch {
	case record == nil:
		return "TransferRecord is missing"
	case finalState(*record) == "":
		return "TransferRecord.ProcessingState is not final"
	case told.ResultCode == 0:
		return "ResultCode is missing"
	case isFailed(record.ProcessingState):
		return "" // it may be without references
	case !succeeded(told.ResultCode):
		return "ResultCode contradicts TransferRecord.ProcessingState"
	case record.TransferID == nil:
		return "TransferRecord.TransferId is missing"
	case record.TransferID.DistributorRef == "":
		return "TransferRecord.TransferId.DistributorRef is missing"
	case isNoRef(record.TransferID.TransferRef):
		return "TransferRecord.TransferId.TransferRef is missing, or stands for a validation"
	}
	return ""
}

// identify completes the references of a failure: what SendTransfer answers for one has none, and its notification may have none. Then
// the correlation id names the transfer that was sent with it, or else is the DistributorRef, as it is unless somebody wants another.
func (n Notification) identify(sent *correlated) error {
	id := n.TransferRecord.TransferID
	known, found := sent.find(n.CorrelationID)
	if !found {
		known.DistributorRef = n.CorrelationID
	}
	if id.DistributorRef == "" {
		id.DistributorRef = known.DistributorRef
	}
	if isNoRef(id.TransferRef) {
		id.TransferRef = ""
		if id.DistributorRef == known.DistributorRef {
			id.TransferRef = known.TransferRef
		}
	}
	if id.DistributorRef == "" {
		return inbound.Refuse(http.StatusBadRequest, "TransferRecord.TransferId.DistributorRef is missing, and so is X-Correlation-Id")
	}
	return nil
}

// finalState is the state of a record that has come to its end, in one spelling; empty if it has not.
func finalState(record TransferRecord) ProcessingState {
	switch state := record.ProcessingState; {
	case state == stateCompleted:
		return ProcessingStateComplete
	case state == ProcessingStateComplete, isFailed(state):
		return state
	}
	return ""
}

// listed returns the notification with what the list says instead of what was told.
func (n Notification) listed(item TransferRecordWithErrorCodes) Notification {
	n.TransferRecord, n.ResultCode, n.ErrorCodes, n.Verified = item.TransferRecord, item.ResultCode, item.ErrorCodes, true
	return n
}

// item is what was told, as the list would have it.
func (n Notification) item() TransferRecordWithErrorCodes {
	return TransferRecordWithErrorCodes{TransferRecord: n.TransferRecord, ResultCode: n.ResultCode, ErrorCodes: n.ErrorCodes}
}

// against holds what was told against what the list shows under the reference, and returns the record that confirms it.
func (n Notification) against(seen sighting) (TransferRecordWithErrorCodes, error) {
	none, told := TransferRecordWithErrorCodes{}, n.TransferRecord
	item, problem := n.among(seen)
	switch listed := item.TransferRecord; {
	case problem != nil:
		return none, problem
	case isAnother(told, listed) != "":
		return none, contradiction(isAnother(told, listed))
	case isFailed(listed.ProcessingState) && !isFailed(told.ProcessingState):
		// Ding tries it again, and the list may lag: who tells of a success gets another chance.
		return none, unconfirmed("the list of transfers has it as failed")
	case differs(told, listed) != "":
		return none, contradiction(differs(told, listed))
	case finalState(listed) == "":
		return none, unconfirmed("the list of transfers has it as not at its end")
	}
	return item, nil
}

// among returns the record that the notification is of. Without TransferRef, that is the only one of the same SKU and account.
func (n Notification) among(seen sighting) (TransferRecordWithErrorCodes, error) {
	told := n.TransferRecord
	var own, others []TransferRecordWithErrorCodes
	for _, item := range seen.items {
		ref := refOf(item.TransferRecord)
		switch {
		case isNoRef(ref): // a validation
		case ref == refOf(told), refOf(told) == "" && isAnother(told, item.TransferRecord) == "":
			own = append(own, item)
		default:
			others = append(others, item)
		}
	}
	none := TransferRecordWithErrorCodes{}
	switch {
	case len(own) > 0 && refOf(told) != "", len(own) == 1 && seen.complete:
		return own[0], nil
	case len(own) > 0:
		return none, unconfirmed("the list of transfers has several under its reference")
	case seen.complete && refOf(told) == "" && len(others) > 0:
		return none, contradiction(isAnother(told, others[0].TransferRecord))
	case seen.complete && anyLive(others):
		return none, contradiction("TransferRef")
	}
	// Those that failed do not say that there is no newer one, which the list does not have yet.
	return none, unconfirmed("the list of transfers does not have it")
}

// isAnother names the field by which the list shows that what was told is of another transfer; nothing if they are the same as far as
// both say something.
func isAnother(told, listed TransferRecord) string {
	switch {
	case told.SKUCode != "" && listed.SKUCode != "" && told.SKUCode != listed.SKUCode:
		return "SkuCode"
	case told.AccountNumber != "" && listed.AccountNumber != "" && !sameAccount(told.AccountNumber, listed.AccountNumber):
		return "AccountNumber"
	}
	return ""
}

// differs names the field in which what was told of a transfer and what is listed contradict each other; nothing if they agree as far as
// both say something. A failed record has no price to go by.
func differs(told, listed TransferRecord) string {
	switch {
	case finalState(listed) != "" && finalState(told) != finalState(listed):
		return "ProcessingState"
	case told.Price == nil || listed.Price == nil || isFailed(listed.ProcessingState):
		return ""
	case !told.Price.SendValue.IsZero() && !told.Price.SendValue.Equal(listed.Price.SendValue):
		return "SendValue"
	case told.Price.SendCurrencyISO != "" && listed.Price.SendCurrencyISO != "" && told.Price.SendCurrencyISO != listed.Price.SendCurrencyISO:
		return "SendCurrencyIso"
	}
	return ""
}

// names are what tells one end from all others.
func (n Notification) names() [3]string {
	id := n.TransferRecord.TransferID
	return [3]string{id.DistributorRef, id.TransferRef, string(finalState(n.TransferRecord))}
}

// key is names as those who hand it over once know them.
func (n Notification) key() inbound.Key {
	names := n.names()
	return inbound.KeyOf(names[:]...)
}

// reference is names as the journal knows them.
func (n Notification) reference() string {
	names := n.names()
	return strconv.Quote(names[0]) + " " + strconv.Quote(names[1]) + " " + names[2]
}
