package catalogue

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptrace"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/airtime-go/airtime/facade"
	"github.com/airtime-go/airtime/facade/ding"
)

// source is one part: the answer that is held, and the request for the next one.
type source struct {
	kind
	index     int
	catalogue *Catalogue

	mu     sync.Mutex
	held   *answer // nil if there is none that may be kept
	flight *flight // nil if no request is under way
	// failure is what the last request came to, nil if it came to an answer; and pausing until when the service is spared after it.
	failure error
	pausing time.Time
}

// answer is what the service said, read. It never changes.
type answer struct {
	value any
	items int
	// version is the same for answers that differ in freshness only; landed grows with every answer.
	version, landed int64
	freshness
}

// noVersion is that of a part that is missing.
const noVersion = -1

// missing reports that it stands for an optional part of which no answer came.
func (a *answer) missing() bool { return a.version == noVersion }

// flight is a request that any number of callers wait for.
type flight struct {
	done   chan struct{}
	cancel context.CancelFunc
	// waiting counts the callers; the last to leave ends the request.
	waiting int

	// Once done is closed:
	answer *answer
	err    error
}

const (
	// errorPause is how long the service is spared after a failure, unless it says itself when to come again.
	errorPause = 10 * time.Second
	// longestPause bounds what it says.
	longestPause = 24 * time.Hour
)

// get returns the answer that may be used now: the one held, or the one that comes. An answer that stands in for a failure
// comes with the failure.
func (s *source) get(ctx context.Context, now time.Time, force bool) (*answer, error) {
	s.mu.Lock()
	if !force {
		if a, err := s.unasked(now); a != nil || err != nil {
			s.mu.Unlock()
			return a, err
		}
	}
	f, err := s.board(ctx)
	s.mu.Unlock()
	if err != nil {
		return nil, err
	}
	select {
	case <-f.done:
		return f.answer, f.err
	case <-ctx.Done():
		s.leave(f)
		return nil, ctx.Err()
	}
}

// unasked returns what is used without asking the service: the answer that is fresh or stands in, or the failure that it is spared
// after; neither if it is to be asked.
func (s *source) unasked(now time.Time) (*answer, error) {
	switch {
	case s.held != nil && (s.held.reusable(now) || now.Before(s.standsUntil())):
		return s.held, nil
	case now.Before(s.pausing) && s.flight == nil:
		return nil, fmt.Errorf("%w; it is asked for again in %s", s.failure, s.pausing.Sub(now).Round(time.Second))
	}
	return nil, nil
}

// optional reports a part that may be missing.
func (s *source) optional() bool { return slices.Contains(s.catalogue.optional, s.part) }

// none is the part without items, for as long as no answer comes.
func (s *source) none() *answer {
	value, items, _ := s.read([]byte(`{"ResultCode":1,"Items":[]}`)) // which every part can be
	return &answer{value: value, items: items, version: noVersion, landed: s.catalogue.landed.Add(1), freshness: freshness{noStore: true}}
}

// pausedUntil is when the service may be asked again after a failure.
func (s *source) pausedUntil() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.pausing
}

// board joins the request under way, or begins one.
func (s *source) board(ctx context.Context) (*flight, error) {
	if s.flight == nil {
		// The request outlives the caller who happened to come first.
		flying, cancel := context.WithCancel(context.WithoutCancel(ctx))
		f := &flight{done: make(chan struct{}), cancel: cancel}
		held := s.held
		if err := s.catalogue.begin(cancel, func() { s.fly(flying, f, held) }); err != nil {
			return nil, err
		}
		s.flight = f
	}
	s.flight.waiting++
	return s.flight, nil
}

// leave is what a caller does who waits no longer. What the background keeps fresh is wanted even if nobody waits.
func (s *source) leave(f *flight) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f.waiting--; f.waiting > 0 || s.catalogue.background {
		return
	}
	f.cancel()
	if s.flight == f {
		// Whoever comes now must not join what was given up.
		s.flight = nil
	}
}

// fly makes the request, and keeps what comes if it may be kept.
func (s *source) fly(ctx context.Context, f *flight, held *answer) {
	defer f.cancel()
	s.catalogue.report(Progress{Part: s.part, State: StateLoading})
	next, err := s.ask(ctx, held)

	s.mu.Lock()
	f.answer, f.err = next, err
	if s.flight == f {
		s.flight = nil
		switch {
		case err != nil:
			f.answer = s.fail(err, time.Now())
		case next.noStore:
			s.held, s.failure, s.pausing = nil, nil, time.Time{}
		default:
			s.held, s.failure, s.pausing = next, nil, time.Time{}
		}
	}
	s.mu.Unlock()

	switch {
	case err != nil && f.answer != nil:
		s.catalogue.logger.WarnContext(ctx, "an old answer stands in", "service", "ding", "part", string(s.part), "error", err)
	case err != nil && s.optional():
		s.catalogue.logger.WarnContext(ctx, "an optional part could not be loaded", "service", "ding", "part", string(s.part), "error", err)
	}
	progress := Progress{Part: s.part, State: StateLoaded, Err: err}
	switch {
	case err != nil:
		progress.State = StateFailed
	case held != nil && held.version == next.version:
		progress.State = StateUnchanged
	}
	if f.answer != nil {
		progress.Items = f.answer.items
	}
	s.catalogue.report(progress)
	close(f.done)
}

// ask asks the service: whether anything has changed, if there is an answer that knows how to ask so.
func (s *source) ask(ctx context.Context, held *answer) (*answer, error) {
	if held != nil {
		next, err := s.request(ctx, held)
		if !errors.Is(err, errOtherAnswer) {
			return next, err
		}
	}
	return s.request(ctx, nil)
}

// errOtherAnswer tells of a 304 that is not about the answer that is held.
var errOtherAnswer = errors.New("the service says that nothing has changed, and means another answer")

func (s *source) request(ctx context.Context, held *answer) (*answer, error) {
	var head *http.Response
	opts := []ding.CallOption{ding.WithResponseHead(&head)}
	if held != nil {
		opts = append(opts, ding.WithCondition(held.validators()))
	}
	// What is asked may wait for its turn and be repeated. The answer's age counts from the attempt that it answers.
	var asked atomic.Pointer[time.Time]
	left := func() { now := time.Now(); asked.Store(&now) }
	left()
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { left() }})
	value, items, err := s.load(ctx, s.catalogue.client, s.catalogue.scope, opts)
	received := time.Now()
	header := http.Header{}
	if head != nil {
		header = head.Header
	}
	next := &answer{value: value, items: items, landed: s.catalogue.landed.Add(1)}
	switch unchanged := errors.Is(err, ding.ErrNotModified); {
	case unchanged && (held == nil || held.contradicts(header)):
		return nil, fmt.Errorf("catalogue: %s: %w", s.part, errOtherAnswer)
	case unchanged:
		next.value, next.items, next.version = held.value, held.items, held.version
		next.freshness = held.refreshed(header, *asked.Load(), received, s.lifetime)
	case err != nil:
		return nil, s.wrap(ctx, err)
	default:
		next.version = next.landed
		next.freshness = freshnessOf(header, *asked.Load(), received, s.lifetime)
	}
	return next, nil
}

// wrap names the part, and tells a catalogue that was closed from a service that fails.
func (s *source) wrap(ctx context.Context, err error) error {
	if ctx.Err() != nil && s.catalogue.ended() {
		return ErrClosed
	}
	return fmt.Errorf("catalogue: the %s could not be loaded: %w", s.part, err)
}

// fail notes a failure, so that the service is spared for a while, and returns the answer that stands in for it, if there is one.
func (s *source) fail(err error, now time.Time) *answer {
	if errors.Is(err, ErrClosed) || errors.Is(err, context.Canceled) {
		return nil
	}
	pause := errorPause
	if failed := (*ding.Error)(nil); errors.As(err, &failed) {
		pause = min(max(pause, failed.RetryAfter), longestPause)
	}
	s.failure, s.pausing = err, now.Add(pause)
	if now.Before(s.standsUntil()) {
		return s.held
	}
	return nil
}

// standsUntil is until when the answer that is held stands in for the last failure, and readers need not ask: as long as the service is
// spared, or the background does the asking; the zero time if it does not.
func (s *source) standsUntil() time.Time {
	if s.held == nil || s.failure == nil || !isPassing(s.failure) {
		return time.Time{}
	}
	until := s.held.standsIn(s.catalogue.staleIfError)
	if until.After(s.pausing) && !s.catalogue.background {
		return s.pausing
	}
	return until
}

// isPassing reports a failure of the service or the way to it, not a refusal: a key that was taken back ends the use of what it
// was good for. The ResultCode decides where there is one, the HTTP status otherwise.
func isPassing(err error) bool {
	failed := (*ding.Error)(nil)
	switch {
	case errors.Is(err, ErrClosed), errors.Is(err, context.Canceled), refusesAccess(err):
		return false
	case !errors.As(err, &failed):
		return facade.OutcomeOf(err) != facade.OutcomeUsage
	case failed.HTTPStatus == http.StatusNotFound:
		return false
	}
	switch failed.ResultCode {
	case ding.ResultCodeTransientError, ding.ResultCodeServerError:
		return true
	case ding.ResultCodeClientError:
		return false
	}
	return failed.Outcome() == facade.OutcomeTemporary || failed.HTTPStatus >= http.StatusInternalServerError || isAstray(failed)
}

// isAstray reports an answer that is neither the service's nor a refusal, such as a page, or a redirect to one.
func isAstray(failed *ding.Error) bool {
	return failed.ResultCode == 0 && failed.HTTPStatus >= http.StatusOK && failed.HTTPStatus < http.StatusBadRequest
}

// refusesAccess reports that the credentials are not, or no longer, good for what was asked.
func refusesAccess(err error) bool {
	failed := (*ding.Error)(nil)
	if errors.As(err, &failed) && (failed.HTTPStatus == http.StatusUnauthorized || failed.HTTPStatus == http.StatusForbidden) {
		return true
	}
	return errors.Is(err, ding.CodeAuthenticationFailed)
}

// usableUntil is for how long a generation with this answer needs no look at the sources.
func (s *source) usableUntil(a *answer) time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case a.missing() && s.catalogue.background:
		return time.Now().Add(longestLifetime) // the background sees to it
	case a.missing():
		return s.pausing
	}
	until := a.freshUntil()
	if stands := s.standsUntil(); s.held == a && stands.After(until) {
		return stands
	}
	return until
}
