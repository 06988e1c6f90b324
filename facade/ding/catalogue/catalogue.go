package catalogue

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/airtime-go/airtime/facade/ding"
)

// Client is what a catalogue needs of a [*ding.Client].
type Client interface {
	Account() string
	GetCountries(ctx context.Context, opts ...ding.CallOption) (*ding.GetCountriesResponse, error)
	GetCurrencies(ctx context.Context, opts ...ding.CallOption) (*ding.GetCurrenciesResponse, error)
	GetRegions(ctx context.Context, params ding.GetRegionsParams, opts ...ding.CallOption) (*ding.GetRegionsResponse, error)
	GetProviders(ctx context.Context, params ding.GetProvidersParams, opts ...ding.CallOption) (*ding.GetProvidersResponse, error)
	GetProducts(ctx context.Context, params ding.GetProductsParams, opts ...ding.CallOption) (*ding.GetProductsResponse, error)
	GetProductDescriptions(ctx context.Context, params ding.GetProductDescriptionsParams, opts ...ding.CallOption) (*ding.GetProductDescriptionsResponse, error)
	GetPromotions(ctx context.Context, params ding.GetPromotionsParams, opts ...ding.CallOption) (*ding.GetPromotionsResponse, error)
	GetPromotionDescriptions(ctx context.Context, params ding.GetPromotionDescriptionsParams, opts ...ding.CallOption) (*ding.GetPromotionDescriptionsResponse, error)
	GetErrorCodeDescriptions(ctx context.Context, opts ...ding.CallOption) (*ding.GetErrorCodeDescriptionsResponse, error)

	GetAccountLookup(ctx context.Context, accountNumber string, opts ...ding.CallOption) (*ding.GetAccountLookupResponse, error)
	GetProviderStatus(ctx context.Context, params ding.GetProviderStatusParams, opts ...ding.CallOption) (*ding.GetProviderStatusResponse, error)
	EstimatePrices(ctx context.Context, requests []ding.EstimationRequest, opts ...ding.CallOption) (*ding.EstimatePricesResponse, error)
	LookupBills(ctx context.Context, request ding.LookupBillsRequest, opts ...ding.CallOption) (*ding.LookupBillsResponse, error)
}

// ErrClosed is what a catalogue returns that would have to load something after Close.
var ErrClosed = errors.New("catalogue: it is closed")

// Catalogue is the reference data of one account, kept fresh. It is safe for concurrent use; make one and keep it. Two catalogues
// share nothing, not even those of one client.
type Catalogue struct {
	client Client
	scope  scope
	// languages are the wanted ones, the best first.
	languages    []string
	staleIfError time.Duration
	background   bool
	optional     []Part
	logger       *slog.Logger
	progress     func(Progress)

	// quoteAge is how old a quote may be that a transfer is made from.
	quoteAge time.Duration

	sources [partCount]*source
	// landed counts answers.
	landed  atomic.Int64
	current atomic.Pointer[generation]
	// installing makes one generation at a time.
	installing sync.Mutex

	reporting sync.Mutex
	// there are the parts of which an answer came.
	there map[Part]bool

	life
}

// New returns a catalogue of the client's account. It loads nothing yet: the first call of [Catalogue.Data] does, or
// [Catalogue.Load].
func New(client Client, opts ...Option) (*Catalogue, error) {
	c := &Catalogue{
		client:       client,
		scope:        scope{Languages: []string{English}},
		staleIfError: DefaultStaleIfError,
		quoteAge:     defaultQuoteAge,
		logger:       silent,
		there:        map[Part]bool{},
		life:         life{over: make(chan struct{}), installed: make(chan struct{}, 1)},
	}
	var problems []error
	if client == nil {
		problems = append(problems, errors.New("the client is nil"))
	}
	for i, opt := range opts {
		if opt == nil {
			problems = append(problems, fmt.Errorf("option %d is nil", i+1))
			continue
		}
		if err := opt(c); err != nil {
			problems = append(problems, err)
		}
	}
	if err := errors.Join(problems...); err != nil {
		return nil, fmt.Errorf("catalogue: it cannot be made:\n%w", err)
	}
	for i := range kinds {
		c.sources[i] = &source{kind: kinds[i], index: i, catalogue: c}
	}
	return c, nil
}

// generation is the data in use and what it was made of.
type generation struct {
	data    *Data
	answers [partCount]*answer
	// until is when one of the answers ceases to be fresh, in nanoseconds since 1970.
	until int64
}

// Data returns the current generation. It loads what is missing or no longer fresh, one request for each part however many
// callers wait; a caller whose context ends leaves, and the last to leave ends the request, unless there is [WithBackgroundRefresh]. Where
// everything is fresh, it costs a look at the clock. An answer may stand in for a while where the service fails ([WithStaleIfError]);
// without one, the error tells which parts could not be loaded ([WithOptional] lets some be missing). After a failure, the service is
// spared: for ten seconds, or as long as its Retry-After asks for, callers get the same answer or error without a request.
func (c *Catalogue) Data(ctx context.Context) (*Data, error) {
	now := time.Now()
	if g := c.current.Load(); g != nil && now.UnixNano() < g.until {
		return g.data, nil
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	answers, err := c.gather(ctx, func(s *source) (*answer, error) {
		a, err := s.get(ctx, now, false)
		switch {
		case a != nil:
			return a, nil
		case s.optional() && ctx.Err() == nil && !errors.Is(err, ErrClosed):
			return s.none(), nil
		}
		return nil, err
	})
	if err != nil {
		return nil, err
	}
	return c.install(answers).data, nil
}

// Refresh asks the service about every part, fresh or not. What could be loaded is in use afterwards, even if there is an error
// about the rest; what was in use before stays otherwise. It does not wait until the pause after a failure is over.
func (c *Catalogue) Refresh(ctx context.Context) error {
	answers, err := c.gather(ctx, func(s *source) (*answer, error) { return s.get(ctx, time.Now(), true) })
	was, complete := c.current.Load(), true
	for i, a := range answers {
		if a == nil && was != nil {
			answers[i] = was.answers[i]
		}
		complete = complete && answers[i] != nil
	}
	if complete {
		c.install(answers)
	}
	return err
}

// gather asks all sources at once.
func (c *Catalogue) gather(ctx context.Context, get func(*source) (*answer, error)) (answers [partCount]*answer, err error) {
	var problems [partCount]error
	var asking sync.WaitGroup
	for i, s := range c.sources {
		asking.Go(func() { answers[i], problems[i] = get(s) })
	}
	asking.Wait()
	err = errors.Join(problems[:]...)
	// What is the same for all parts is said once.
	switch {
	case ctx.Err() != nil && errors.Is(err, ctx.Err()):
		return answers, ctx.Err()
	case errors.Is(err, ErrClosed):
		return answers, ErrClosed
	}
	return answers, err
}

// install puts a generation with these answers into use, or with newer ones that came into use meanwhile.
func (c *Catalogue) install(answers [partCount]*answer) *generation {
	c.installing.Lock()
	defer c.installing.Unlock()
	was := c.current.Load()
	same := was != nil
	for i, a := range answers {
		if was != nil && was.answers[i].landed > a.landed {
			answers[i] = was.answers[i]
		}
		same = same && was.answers[i].version == answers[i].version
	}
	g := &generation{answers: answers, until: c.until(answers)}
	if same {
		g.data = was.data
	} else {
		var values [partCount]any
		for i, a := range answers {
			values[i] = a.value
		}
		g.data = join(assemble(values), c.languages)
	}
	c.current.Store(g)
	c.keepFresh()
	return g
}

// until is when the first of the answers has to be asked for again; 0 if one has to be every time.
func (c *Catalogue) until(answers [partCount]*answer) int64 {
	first := int64(math.MaxInt64)
	for i, a := range answers {
		end := c.sources[i].usableUntil(a)
		if end.Unix() <= 0 {
			return 0
		}
		first = min(first, end.UnixNano())
	}
	return first
}
