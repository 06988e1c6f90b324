package catalogue

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
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
	// pausing is until when the service is not asked again after a failure, and failure is what it was.
	pausing time.Time
	failure error
	// standing is until when the answer that is held stands in for it; the zero time if it does not.
	standing time.Time
}

// answer is what the service said, read. It never changes.
type answer struct {
	value any
	items int
	// version is the same for answers that differ in freshness only; landed grows with every answer.
	version, landed int64
	freshness
}

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
	case s.held != nil && (s.held.reusable(now) || now.Before(s.standing)):
		return s.held, nil
	case now.Before(s.pausing) && s.flight == nil:
		return nil, fmt.Errorf("%w; it is asked for again in %s", s.failure, s.pausing.Sub(now).Round(time.Second))
	}
	return nil, nil
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

// leave is what a caller does who waits no longer.
func (s *source) leave(f *flight) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f.waiting--; f.waiting > 0 {
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
	s.catalogue.report(Progress{Part: s.part, State: Loading})
	next, err := s.ask(ctx, held)
	now := time.Now()

	s.mu.Lock()
	f.answer, f.err = next, err
	if s.flight == f {
		s.flight = nil
		switch {
		case err != nil:
			f.answer = s.standIn(held, err, now)
		case next.noStore:
			s.held, s.pausing, s.standing = nil, time.Time{}, time.Time{}
		default:
			s.held, s.pausing, s.standing = next, time.Time{}, time.Time{}
		}
	}
	s.mu.Unlock()

	if err != nil && f.answer != nil {
		s.catalogue.logger.WarnContext(ctx, "an old answer stands in", "service", "ding", "part", string(s.part), "error", err)
	}
	progress := Progress{Part: s.part, State: Loaded, Err: err}
	switch {
	case err != nil:
		progress.State = Failed
	case held != nil && held.version == next.version:
		progress.State = Unchanged
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
	asked := time.Now()
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
		next.freshness = held.refreshed(header, asked, received, s.lifetime)
	case err != nil:
		return nil, s.wrap(ctx, err)
	default:
		next.version = next.landed
		next.freshness = freshnessOf(header, asked, received, s.lifetime)
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

// standIn spares the service for a while after a failure, and returns the answer that is held if it may stand in meanwhile.
func (s *source) standIn(held *answer, err error, now time.Time) *answer {
	s.pausing, s.failure, s.standing = time.Time{}, err, time.Time{}
	if errors.Is(err, ErrClosed) || errors.Is(err, context.Canceled) {
		return nil
	}
	pause := errorPause
	if failed := (*ding.Error)(nil); errors.As(err, &failed) {
		pause = min(max(pause, failed.RetryAfter), longestPause)
	}
	s.pausing = now.Add(pause)
	if held == nil || !isPassing(err) {
		return nil
	}
	s.standing = held.standsIn(s.catalogue.staleIfError)
	if !now.Before(s.standing) {
		s.standing = time.Time{}
		return nil
	}
	if s.standing.After(s.pausing) {
		s.standing = s.pausing
	}
	return held
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
	return failed.Outcome() == facade.OutcomeTemporary || failed.HTTPStatus >= http.StatusInternalServerError ||
		failed.HTTPStatus < http.StatusBadRequest && errors.Is(err, facade.ErrUndecodable)
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
	until := a.freshUntil()
	if s.held == a && s.standing.After(until) {
		return s.standing
	}
	return until
}
