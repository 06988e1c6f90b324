// What the list of transfers may look like: what it shows late, shows of others, or does not show at all.

package chaos

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"time"

	"github.com/airtime-go/airtime/gen/ding"
)

const listing = "ListTransferRecords"

// view is how the list shows a transfer under its reference. Each transfer has one for ever.
type view int

const (
	asItIs view = iota
	// slowly shows it as Processing for a while before it is shown as Complete.
	slowly
	// amongOthers shows the transfers of others too, as if nothing had been asked for.
	amongOthers
	// namelessly shows records without saying whose they are.
	namelessly
	// never fails whenever somebody asks for it.
	never
)

// viewOf draws how the list shows a transfer; whole pages, which name none, are as they are. Where it can't be read the
// outcome is left unknown, so that seldom happens.
func (p plan) viewOf(reference string) view {
	if p.strange == 0 || reference == "" || reference == neverArrives {
		return asItIs
	}
	switch n := dice(p.seed).pick(100, "is listed", reference); {
	case n < 10:
		return slowly
	case n < 14:
		return amongOthers
	case n < 15:
		return namelessly
	case n < 17:
		return never
	}
	return asItIs
}

// list answers ListTransferRecords. When all is well again it does so as it should.
func (f *front) list(w *watched, r *http.Request, body []byte, number int) {
	reference := w.came.reference
	switch f.world.plan.viewOf(reference) {
	case never:
		refuse(w, http.StatusServiceUnavailable, ding.ResultCodeTransientError, "TransientProviderError")
		return
	case amongOthers:
		if f.world.dice.chance(0.7, "ignores the filter", reference, number) {
			body = bytes.Replace(body, []byte(`"`+reference+`"`), []byte(`""`), 1)
			r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
		}
	}
	f.world.sandbox.ServeHTTP(w, r)
}

// asListed is an answer as the list's views, and validations, make it, with every transfer under its own account.
func (f *front) asListed(came *arrival, body []byte) []byte {
	var listed ding.ListTransferRecordsResponse
	if json.Unmarshal(body, &listed) != nil || listed.ResultCode != ding.ResultCodeSuccess {
		return body
	}
	changed := false
	for i := range listed.Items {
		record := &listed.Items[i].TransferRecord
		if record.TransferID == nil {
			continue
		}
		reference := record.TransferID.DistributorRef
		changed = f.ownAccount(reference, record) || changed
		switch f.world.plan.viewOf(reference) {
		case slowly:
			until := record.StartedUTC.Add(f.world.dice.between(0, time.Minute, "is slow", reference))
			if record.ProcessingState == ding.ProcessingStateComplete && time.Now().Before(until) {
				record.ProcessingState, changed = ding.ProcessingStateProcessing, true
			}
		case namelessly:
			record.TransferID, changed = nil, true
		}
	}
	// The record of a validation looks like a payment, but for its TransferRef.
	if o, validated := f.world.validated[came.reference]; validated {
		record := o.record("0", ding.ProcessingStateComplete)
		listed.Items = append([]ding.TransferRecordWithErrorCodes{{ResultCode: ding.ResultCodeSuccess, TransferRecord: record}}, listed.Items...)
		changed = true
	}
	if !changed {
		return body
	}
	return written(listed)
}
