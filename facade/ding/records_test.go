// Tests of TransferRecords against well-behaved and hostile servers: nothing twice, nothing lost unnoticed, no loop
// without an end.

package ding_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/facade"
	"github.com/airtime-go/airtime/facade/ding"
)

// page is an answer with the records from..to (exclusive) by TransferRef.
func page(from, to int, more bool) reply {
	items := make([]string, 0, to-from)
	for ref := from; ref < to; ref++ {
		items = append(items, fmt.Sprintf(`{"ResultCode":1,"ErrorCodes":[],"TransferRecord":{"TransferId":{"TransferRef":"T%d"},"ProcessingState":"Complete"}}`, ref))
	}
	return ok(fmt.Sprintf(`{"ResultCode":1,"ErrorCodes":[],"ThereAreMoreItems":%t,"Items":[%s]}`, more, strings.Join(items, ",")))
}

// list is what the iterator yields: TransferRefs, and the error at the end.
func list(t *testing.T, client *ding.Client, opts ...ding.CallOption) (refs []string, err error) {
	t.Helper()
	for item, failed := range client.TransferRecords(t.Context(), ding.TransferFilter{}, opts...) {
		require.NoError(t, err, "an error is the last that is yielded")
		if failed != nil {
			assert.Equal(t, ding.TransferRecordWithErrorCodes{}, item)
			err = failed
			continue
		}
		refs = append(refs, item.TransferRecord.TransferID.TransferRef)
	}
	return refs, err
}

func refs(from, to int) []string {
	var refs []string
	for ref := from; ref < to; ref++ {
		refs = append(refs, fmt.Sprintf("T%d", ref))
	}
	return refs
}

func TestRecordsArePagedThrough(t *testing.T) {
	for name, tc := range map[string]struct {
		script []reply
		refs   []string
		skips  []int
		err    error
		failed bool
	}{
		"one page":                 {script: []reply{page(0, 3, false)}, refs: refs(0, 3), skips: []int{0}},
		"no records":               {script: []reply{page(0, 0, false)}, skips: []int{0}},
		"two pages and a bit":      {script: []reply{page(0, 100, true), page(100, 200, true), page(200, 201, false)}, refs: refs(0, 201), skips: []int{0, 100, 200}},
		"short pages":              {script: []reply{page(0, 2, true), page(2, 5, true), page(5, 6, false)}, refs: refs(0, 6), skips: []int{0, 2, 5}},
		"records that come again":  {script: []reply{page(0, 100, true), page(97, 197, true), page(190, 200, false)}, refs: refs(0, 200), skips: []int{0, 100, 200}},
		"exactly 600":              {script: append(pages(0, 5, true), page(500, 600, false)), refs: refs(0, 600), skips: []int{0, 100, 200, 300, 400, 500}},
		"more than 600":            {script: pages(0, 6, true), refs: refs(0, 600), skips: []int{0, 100, 200, 300, 400, 500}, err: ding.ErrPagingLimit},
		"an empty page with more":  {script: []reply{page(0, 100, true), page(0, 0, true)}, refs: refs(0, 100), skips: []int{0, 100}, err: ding.ErrEmptyPage},
		"an empty start with more": {script: []reply{page(0, 0, true)}, skips: []int{0}, err: ding.ErrEmptyPage},
		"a refusal on the way":     {script: []reply{page(0, 100, true), envelope(400, 4, "ParameterInvalid", "Skip")}, refs: refs(0, 100), skips: []int{0, 100}, err: ding.Code("Skip")},
		"a refusal at once":        {script: []reply{envelope(400, 4, "ParameterInvalid", "Take")}, skips: []int{0}, err: ding.CodeParameterInvalid},
		"a proxy's page between":   {script: []reply{page(0, 100, true), html(502), page(100, 101, false)}, refs: refs(0, 101), skips: []int{0, 100, 100}},
		"a page larger than asked": {script: []reply{page(0, 250, true), page(100, 300, false)}, refs: refs(0, 300), skips: []int{0, 100}},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, tc.script...)

			got, err := list(t, newClient(t, s))

			assert.Equal(t, tc.refs, got)
			var skips []int
			for _, request := range s.seen() {
				var body struct{ Skip, Take int }
				require.NoError(t, json.Unmarshal([]byte(request.body), &body))
				assert.Equal(t, 100, body.Take)
				skips = append(skips, body.Skip)
			}
			assert.Equal(t, tc.skips, skips)
			if tc.err == nil {
				assert.NoError(t, err)
				return
			}
			assert.ErrorIs(t, err, tc.err)
			failed := failure(t, err)
			assert.Equal(t, "ListTransferRecords", failed.Operation)
			assert.Equal(t, facade.OutcomeRefused, failed.Outcome())
			assert.Equal(t, s.seen()[0].header.Get("X-Correlation-Id"), failed.CorrelationID)
		})
	}
}

func pages(from, to int, more bool) []reply {
	var script []reply
	for i := from; i < to; i++ {
		script = append(script, page(i*100, i*100+100, more))
	}
	return script
}

func TestAnEarlyBreakStopsAsking(t *testing.T) {
	for name, tc := range map[string]struct{ after, requests int }{
		"at the first record":       {1, 1},
		"at the end of a page":      {100, 1},
		"at the first of page two":  {101, 2},
		"in the middle of page two": {150, 2},
	} {
		t.Run(name, func(t *testing.T) {
			seen := 0
			for _, err := range newClient(t, serve(t, pages(0, tc.requests, true)...)).TransferRecords(t.Context(), ding.TransferFilter{}) {
				require.NoError(t, err)
				if seen++; seen == tc.after {
					break
				}
			}
		})
	}
	t.Run("at an error", func(t *testing.T) {
		for _, err := range newClient(t, serve(t, html(404))).TransferRecords(t.Context(), ding.TransferFilter{}) {
			require.Error(t, err)
			break
		}
	})
}

func TestTheFilterIsSentWithEveryPage(t *testing.T) {
	s := serve(t, append(pages(0, 1, true), page(100, 101, false))...)
	filter := ding.TransferFilter{TransferRef: "700123", DistributorRef: "order-1", AccountNumber: account}
	for _, err := range newClient(t, s).TransferRecords(t.Context(), filter) {
		require.NoError(t, err)
	}
	assert.Equal(t, `{"AccountNumber":"`+account+`","DistributorRef":"order-1","Take":100,"TransferRef":"700123"}`, s.seen()[0].body)
	assert.Equal(t, `{"AccountNumber":"`+account+`","DistributorRef":"order-1","Skip":100,"Take":100,"TransferRef":"700123"}`, s.seen()[1].body)
}

func TestAllPagesShareACorrelationID(t *testing.T) {
	script := append(pages(0, 1, true), page(100, 101, false))
	s := serve(t, append(script, script...)...)
	client := newClient(t, s)
	records := client.TransferRecords(t.Context(), ding.TransferFilter{})

	for range 2 {
		var seen []string
		for item, err := range records {
			require.NoError(t, err)
			seen = append(seen, item.TransferRecord.TransferID.TransferRef)
		}
		assert.Equal(t, refs(0, 101), seen, "the iterator starts anew, with nothing remembered")
	}

	ids := make([]string, 0, 4)
	for _, request := range s.seen() {
		ids = append(ids, request.header.Get("X-Correlation-Id"))
	}
	require.NoError(t, uuid.Validate(ids[0]))
	assert.Equal(t, []string{ids[0], ids[0], ids[2], ids[2]}, ids)
	assert.NotEqual(t, ids[0], ids[2])
}

func TestAGivenCorrelationIDIsKeptOverThePages(t *testing.T) {
	s := serve(t, append(pages(0, 1, true), page(0, 0, true))...)
	_, err := list(t, newClient(t, s), ding.WithCorrelationID("list-1"))
	assert.EqualError(t, err, "ding: ListTransferRecords: refused: the API says that there are more records and hands out none [correlation id list-1]")
	for _, request := range s.seen() {
		assert.Equal(t, "list-1", request.header.Get("X-Correlation-Id"))
	}
	_, err = list(t, newClient(t, serve(t)), ding.WithCorrelationID("not an id"))
	assert.Equal(t, facade.OutcomeUsage, facade.OutcomeOf(err))
}

func TestRecordsThatCannotBeToldApartAreAllYielded(t *testing.T) {
	s := serve(t, ok(`{"ResultCode":1,"Items":[{"TransferRecord":{"ProcessingState":"Failed"}},{"TransferRecord":{"ProcessingState":"Failed"}},
		{"TransferRecord":{"TransferId":{"TransferRef":"0"}}},{"TransferRecord":{"TransferId":{"TransferRef":"0"}}}]}`))
	seen := 0
	for _, err := range newClient(t, s).TransferRecords(t.Context(), ding.TransferFilter{}) {
		require.NoError(t, err)
		seen++
	}
	assert.Equal(t, 4, seen)
}

func TestHostilePagingEnds(t *testing.T) {
	for name, tc := range map[string]struct {
		page     reply
		records  int
		requests int64
		end      error
	}{
		"the same page for ever":       {page(0, 100, true), 100, 6, ding.ErrPagingLimit},
		"the same record for ever":     {page(0, 1, true), 1, 2, ding.ErrEmptyPage},
		"a page of a thousand, always": {page(0, 1000, true), 1000, 6, ding.ErrPagingLimit},
	} {
		t.Run(name, func(t *testing.T) {
			var requests atomic.Int64
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				requests.Add(1)
				tc.page.play(w, r)
			}))
			defer server.Close()

			got, err := list(t, newClient(t, &service{url: server.URL}))

			assert.ErrorIs(t, err, tc.end)
			assert.Len(t, got, tc.records)
			assert.Equal(t, tc.requests, requests.Load())
		})
	}
}
