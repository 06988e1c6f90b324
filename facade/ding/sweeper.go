package ding

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/airtime-go/airtime/facade/internal/pipeline"
	"github.com/airtime-go/airtime/facade/internal/settle"
	gen "github.com/airtime-go/airtime/gen/ding"
)

// sweeper answers look-ups by reference out of as few requests as it can: a lone one asks for its reference, several
// share the newest pages of the list. All look-ups of a client go through it, so that none starves another where the API's usage
// limit leaves room for few.
type sweeper struct {
	// list makes one request when the usage limit leaves room, and no more than that. Whatever comes back, what is private is
	// not shown.
	list func(ctx context.Context, request ListTransferRecordsRequest, private []string) (*ListTransferRecordsResponse, error)
	// pace is how long to wait before the next request, after one at that time, so that others find room as well.
	pace func(last time.Time) time.Duration
	// spare reports whether more than so many percent of the usage limit are free.
	spare func(percent int) bool

	mu      sync.Mutex
	waiting []*lookup // in the order in which they came
	running bool
	// abandon ends what is under way when nobody waits for it any more.
	abandon context.CancelFunc
	// asked is when the last request was made, and notBefore until when the service wants to be left alone.
	asked, notBefore time.Time
}

// lookup is one reference that somebody waits for.
type lookup struct {
	ref   string
	since time.Time
	// private is what its request says of the customer.
	private []string
	found   chan sighting
	// leaves is how many percent of the usage limit it must leave to those that are more urgent; 0 for a payment.
	leaves int
	// by is when it must be made whatever the pace, since its context ends soon after; zero if it has time. hurried reports
	// that it has had its round.
	by      time.Time
	hurried bool
	// swept reports that all pages were read in vain. Only the sweeper's own goroutine uses it.
	swept bool
}

// sweepable reports that pages may be of use: not if they were read before, or if the transfer may be of any age.
func (l *lookup) sweepable() bool { return !l.swept && !l.since.IsZero() }

// sighting is what the list says of a reference.
type sighting struct {
	items []TransferRecordWithErrorCodes
	// complete reports that items is all the records that the reference has.
	complete bool
	// absent reports that the list has no record that could be the reference's.
	absent bool
	err    error
}

const (
	// lookAgain is how often it is looked whether a successful transfer has made room before its time.
	lookAgain = 15 * time.Second
	// lastCall is how long before its context ends a look-up is not held up by the pace any more: long enough for an answer, and for
	// a place to become free in the usage limit.
	lastCall = lookWithin / 2
	// perRound is how many references a round asks for one by one before it looks who has come meanwhile.
	perRound = 3
	// clockDoubt is how far Ding's clock and ours may differ when the age of a page is judged.
	clockDoubt = 10 * time.Minute
	// gathering is how long a round waits for others who come at the same moment.
	gathering = 50 * time.Millisecond
	// mostPages is how many pages hold what the API hands out. Pages that bring less than they could are not read for longer.
	mostPages = maxSkip/maxTake + 1
	// longestRest bounds how long a Retry-After keeps all look-ups waiting.
	longestRest = UsageWindow
)

// errNoRoom is what those get who would take room that others may need.
var errNoRoom = errors.New("what is left of the usage limit is kept for payments")

func newSweeper(list func(context.Context, ListTransferRecordsRequest, []string) (*ListTransferRecordsResponse, error), pace func(time.Time) time.Duration, spare func(int) bool) *sweeper {
	return &sweeper{list: list, pace: pace, spare: spare}
}

// listOnce is ListTransferRecords without repetitions, which would be out of pace. Its error codes are fit to be shown.
func (c *Client) listOnce(ctx context.Context, request ListTransferRecordsRequest, private []string) (*ListTransferRecordsResponse, error) {
	op := operation{name: operationListTransferRecords, private: private, patient: true, judge: func(f finding) pipeline.Verdict {
		verdict := judgeRead(f)
		verdict.Retry = false
		return verdict
	}}
	page, found, err := exchange[ListTransferRecordsResponse](ctx, c, op, nil, func(server string) (*http.Request, error) {
		return gen.NewListTransferRecordsRequest(server, request)
	})
	if err != nil {
		return nil, err
	}
	for i := range page.Items {
		page.Items[i].ErrorCodes = found.codes(page.Items[i].ErrorCodes)
	}
	return page, nil
}

// look asks what the list says of the reference now. Records from before since need not be found; a zero since means that
// any may be. What is private is not shown if the list repeats it.
func (s *sweeper) look(ctx context.Context, ref string, since time.Time, private ...string) sighting {
	return s.lookLeaving(ctx, 0, ref, since, private...)
}

// lookLeaving is look for what is less urgent than a payment: it goes after those, and is [errNoRoom] unless it leaves so many percent of
// the usage limit to them.
func (s *sweeper) lookLeaving(ctx context.Context, percent int, ref string, since time.Time, private ...string) sighting {
	wanted := &lookup{ref: ref, since: since, private: private, found: make(chan sighting, 1), leaves: percent}
	if !s.affords(wanted) {
		return sighting{err: errNoRoom}
	}
	if deadline, bounded := ctx.Deadline(); bounded {
		wanted.by = deadline.Add(-lastCall)
	}
	s.mu.Lock()
	s.waiting = append(s.waiting, wanted)
	if !s.running {
		s.running = true
		go s.run(context.WithoutCancel(ctx))
	}
	s.mu.Unlock()
	select {
	case seen := <-wanted.found:
		return seen
	case <-ctx.Done():
	}
	s.leave(wanted)
	select {
	case seen := <-wanted.found:
		return seen // it came just in time
	default:
		return sighting{err: ctx.Err()}
	}
}

// leave takes a look-up off the list that nobody waits for any more.
func (s *sweeper) leave(wanted *lookup) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.remove(wanted)
	if len(s.waiting) == 0 && s.abandon != nil {
		s.abandon()
	}
}

// answer gives a look-up its sighting and takes it off the list.
func (s *sweeper) answer(wanted *lookup, seen sighting) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.remove(wanted) {
		wanted.found <- seen
	}
}

func (s *sweeper) remove(wanted *lookup) bool {
	i := slices.Index(s.waiting, wanted)
	if i < 0 {
		return false
	}
	s.waiting = slices.Delete(s.waiting, i, i+1)
	return true
}

// run makes rounds as long as anybody waits.
func (s *sweeper) run(ctx context.Context) {
	for {
		round, end, needed := s.round(ctx)
		if !needed {
			return
		}
		// Who comes before there is room for a request takes part.
		if settle.Sleep(round, gathering) && s.room(round) {
			s.turnAway()
			begun, waiting := time.Now(), s.everybody()
			switch len(waiting) {
			case 0:
			case 1:
				s.one(round, waiting[0])
			default:
				s.sweep(round, waiting)
			}
			s.calm(waiting, begun)
		}
		end()
	}
}

// calm notes for whose sake a round was made before its time, so that a crowd does not take all there is.
func (s *sweeper) calm(waiting []*lookup, begun time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, wanted := range waiting {
		wanted.hurried = wanted.hurried || !wanted.by.After(begun)
	}
}

// round returns a context that ends when nobody waits any more. If nobody does now, the run is over.
func (s *sweeper) round(ctx context.Context) (context.Context, context.CancelFunc, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.waiting) == 0 {
		s.running, s.abandon = false, nil
		return nil, nil, false
	}
	ctx, s.abandon = context.WithCancel(ctx)
	return ctx, s.abandon, true
}

// everybody returns those who wait, the most urgent first, and else in the order in which they came.
func (s *sweeper) everybody() []*lookup {
	s.mu.Lock()
	defer s.mu.Unlock()
	waiting := slices.Clone(s.waiting)
	slices.SortStableFunc(waiting, func(a, b *lookup) int { return cmp.Compare(a.leaves, b.leaves) })
	return waiting
}

func (s *sweeper) affords(wanted *lookup) bool { return wanted.leaves == 0 || s.spare(wanted.leaves) }

// turnAway ends the look-ups that there is no room for any more.
func (s *sweeper) turnAway() {
	for _, wanted := range s.everybody() {
		if !s.affords(wanted) {
			s.answer(wanted, sighting{err: errNoRoom})
		}
	}
}

// one asks for a single reference.
func (s *sweeper) one(ctx context.Context, wanted *lookup) {
	page, err := s.page(ctx, ListTransferRecordsRequest{DistributorRef: wanted.ref, Take: maxTake}, wanted.private)
	if err != nil {
		s.answer(wanted, sighting{err: err})
		return
	}
	found, named := recordsOf(page.Items, wanted.ref), allNamed(page.Items)
	// A record that does not say whose it is may be another of the reference's.
	complete := !page.ThereAreMoreItems && (named || len(found) == 0)
	s.answer(wanted, sighting{items: found, complete: complete, absent: complete && len(found) == 0 && named})
}

// sweep reads the newest pages for all who wait, and then asks for a few of the rest one by one. A page that costs more
// requests than asking one by one would is not read.
func (s *sweeper) sweep(ctx context.Context, waiting []*lookup) {
	known := pages{byRef: map[string][]TransferRecordWithErrorCodes{}, named: true}
	skip, read := 0, 0
	for ; read < mostPages; read++ {
		s.turnAway()
		waiting = s.still(waiting)
		if left := count(waiting); left == 0 || read > 0 && left <= read+1 {
			break
		}
		page, err := s.page(ctx, ListTransferRecordsRequest{Skip: int32(skip), Take: maxTake}, privateOf(waiting))
		if err != nil {
			s.answerAll(waiting, sighting{err: err})
			return
		}
		known.add(page)
		s.match(known, waiting)
		if known.end || len(page.Items) == 0 {
			break
		}
		// Whatever a page brings, nobody is asked to pass over more than was asked for.
		skip += min(len(page.Items), maxTake)
	}
	waiting = s.still(waiting)
	if read == mostPages {
		for _, wanted := range waiting {
			wanted.swept = true
		}
	}
	for _, wanted := range waiting[:min(perRound, len(waiting))] {
		s.turnAway()
		if s.isWaiting(wanted) {
			s.one(ctx, wanted)
		}
	}
}

// pages is what was read of the list, newest first.
type pages struct {
	byRef map[string][]TransferRecordWithErrorCodes
	// named reports that every record tells whose it is.
	named bool
	// reach is when the oldest transfer began; end reports that there are none beyond it.
	reach time.Time
	end   bool
}

func (p *pages) add(page *ListTransferRecordsResponse) {
	p.named = p.named && allNamed(page.Items)
	p.end = !page.ThereAreMoreItems
	for _, item := range page.Items {
		if id := item.TransferRecord.TransferID; id != nil {
			p.byRef[id.DistributorRef] = append(p.byRef[id.DistributorRef], item)
		}
		if started := item.TransferRecord.StartedUTC; !started.IsZero() {
			p.reach = started.Time
		}
	}
}

// beyond reports whether the pages reach back beyond a moment, however far Ding's clock and ours differ.
func (p *pages) beyond(since time.Time) bool {
	return p.end || !since.IsZero() && !p.reach.IsZero() && p.reach.Before(since.Add(-clockDoubt))
}

// match answers whom the pages are enough for: those whose transfer is seen to live, whenever they came, and of those who
// waited when the sweep began, those that the pages reach back beyond.
func (s *sweeper) match(known pages, waiting []*lookup) {
	for _, wanted := range s.everybody() {
		if found := known.byRef[wanted.ref]; anyLive(found) {
			s.answer(wanted, sighting{items: found})
		}
	}
	for _, wanted := range waiting {
		if known.beyond(wanted.since) {
			found := known.byRef[wanted.ref]
			s.answer(wanted, sighting{items: found, complete: true, absent: known.named && len(found) == 0})
		}
	}
}

// still returns those who still wait, in their order.
func (s *sweeper) still(waiting []*lookup) []*lookup {
	s.mu.Lock()
	defer s.mu.Unlock()
	there := make(map[*lookup]bool, len(s.waiting))
	for _, wanted := range s.waiting {
		there[wanted] = true
	}
	return slices.DeleteFunc(slices.Clone(waiting), func(wanted *lookup) bool { return !there[wanted] })
}

func (s *sweeper) isWaiting(wanted *lookup) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Contains(s.waiting, wanted)
}

func (s *sweeper) answerAll(waiting []*lookup, seen sighting) {
	for _, wanted := range waiting {
		s.answer(wanted, seen)
	}
}

// page makes one request when it is time for it.
func (s *sweeper) page(ctx context.Context, request ListTransferRecordsRequest, private []string) (*ListTransferRecordsResponse, error) {
	if !s.room(ctx) {
		return nil, ctx.Err()
	}
	s.mu.Lock()
	s.asked = time.Now()
	s.mu.Unlock()
	page, err := s.list(ctx, request, private)
	if failed := (*Error)(nil); errors.As(err, &failed) && failed.HTTPStatus != 0 && failed.RetryAfter > 0 {
		s.rest(min(failed.RetryAfter, longestRest))
	}
	return page, err
}

// room returns once it is time for a request; false if the context ended before.
func (s *sweeper) room(ctx context.Context) bool {
	for {
		remaining := s.pause(time.Now())
		if remaining <= 0 {
			return ctx.Err() == nil
		}
		if !settle.Sleep(ctx, min(remaining, lookAgain)) {
			return false
		}
	}
}

// pause returns how long it is until there may be a request.
func (s *sweeper) pause(now time.Time) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	pause := s.pace(s.asked)
	for _, wanted := range s.waiting {
		if !wanted.by.IsZero() && !wanted.hurried {
			pause = min(pause, wanted.by.Sub(now))
		}
	}
	return max(s.notBefore.Sub(now), pause)
}

// rest keeps everybody from asking before the service wants to be asked again.
func (s *sweeper) rest(pause time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.notBefore = time.Now().Add(pause)
}

// wake ends a rest: a successful SendTransfer resets the usage limits of all methods.
func (s *sweeper) wake() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.notBefore = time.Time{}
}

// privateOf returns what the requests of all of them say of their customers.
func privateOf(waiting []*lookup) []string {
	var private []string
	for _, wanted := range waiting {
		private = append(private, wanted.private...)
	}
	return private
}

// count returns how many of them pages may be of use for.
func count(waiting []*lookup) int {
	n := 0
	for _, wanted := range waiting {
		if wanted.sweepable() {
			n++
		}
	}
	return n
}

// recordsOf keeps the records that really have the reference: the filter is the API's, the comparison is ours.
func recordsOf(items []TransferRecordWithErrorCodes, ref string) []TransferRecordWithErrorCodes {
	var own []TransferRecordWithErrorCodes
	for _, item := range items {
		if id := item.TransferRecord.TransferID; id != nil && id.DistributorRef == ref {
			own = append(own, item)
		}
	}
	return own
}

// allNamed reports that every record tells whose it is. One that doesn't may be the one that is looked for.
func allNamed(items []TransferRecordWithErrorCodes) bool {
	return !slices.ContainsFunc(items, func(item TransferRecordWithErrorCodes) bool {
		id := item.TransferRecord.TransferID
		return id == nil || id.DistributorRef == ""
	})
}

func anyLive(items []TransferRecordWithErrorCodes) bool {
	return slices.ContainsFunc(items, func(item TransferRecordWithErrorCodes) bool {
		found := classify(&item.TransferRecord)
		return found == recordDone || found == recordMoving
	})
}
