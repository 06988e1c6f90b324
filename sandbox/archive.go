// The archive of transfers: every transfer that was made, found by its references without a walk through all of them.

package sandbox

import (
	"slices"
	"time"

	"github.com/airtime-go/airtime/gen/ding"
)

// transfersBy are transfers by a key, in the order in which they came.
type transfersBy map[string][]*transfer

// archive keeps transfers in the order in which they came. Its owner guards it.
type archive struct {
	all                                        []*transfer
	byTransferRef, byDistributorRef, byAccount transfersBy
}

func newArchive() archive {
	return archive{byTransferRef: transfersBy{}, byDistributorRef: transfersBy{}, byAccount: transfersBy{}}
}

func (a *archive) add(t *transfer) {
	a.all = append(a.all, t)
	a.byTransferRef.add(t.ref, t)
	a.byDistributorRef.add(t.request.DistributorRef, t)
	a.byAccount.add(t.request.AccountNumber, t)
}

func (by transfersBy) add(key string, t *transfer) { by[key] = append(by[key], t) }

// narrow returns the shorter one of two lists: the one it is given, or that of a key. An empty key narrows nothing.
func (by transfersBy) narrow(list []*transfer, key string) []*transfer {
	if key != "" && len(by[key]) < len(list) {
		return by[key]
	}
	return list
}

// candidates returns a short list that holds every transfer with these references and that account; an empty one fits
// any.
func (a *archive) candidates(transferRef, distributorRef, account string) []*transfer {
	list := a.byAccount.narrow(a.all, account)
	list = a.byDistributorRef.narrow(list, distributorRef)
	return a.byTransferRef.narrow(list, transferRef)
}

// search is what ListTransferRecords asks for.
type search struct {
	ding.ListTransferRecordsRequest
	// oldest is the earliest start that still counts, and moment the time by which hidden transfers are hidden.
	oldest, moment time.Time
}

func (by search) fits(t *transfer) bool {
	return !t.started.Before(by.oldest) && !by.moment.Before(t.hidden) && t.has(by.TransferRef, by.DistributorRef) &&
		(by.AccountNumber == "" || by.AccountNumber == t.request.AccountNumber)
}

// page stops as soon as the page is full.
func (a *archive) page(by search) (found []transfer, more bool) {
	skipped := 0
	for _, t := range slices.Backward(a.candidates(by.TransferRef, by.DistributorRef, by.AccountNumber)) {
		switch {
		case !by.fits(t):
		case skipped < int(by.Skip):
			skipped++
		case len(found) == int(by.Take):
			return found, true
		default:
			found = append(found, *t)
		}
	}
	return found, false
}

// meant returns the transfers that an id of CancelTransfers fits; an id without references fits none.
func (a *archive) meant(id ding.TransferID) []*transfer {
	if id.TransferRef == "" && id.DistributorRef == "" {
		return nil
	}
	var meant []*transfer
	for _, t := range a.candidates(id.TransferRef, id.DistributorRef, "") {
		if t.has(id.TransferRef, id.DistributorRef) {
			meant = append(meant, t)
		}
	}
	return meant
}

// has reports whether the transfer has these references; an empty one fits any.
func (t *transfer) has(transferRef, distributorRef string) bool {
	return (transferRef == "" || transferRef == t.ref) &&
		(distributorRef == "" || distributorRef == t.request.DistributorRef)
}
