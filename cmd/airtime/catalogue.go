// The catalogue of one command: what it loads and what it leaves out, and the snapshot that spares it even that.

package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"sync"

	"github.com/spf13/pflag"

	"github.com/airtime-go/airtime/facade"
	"github.com/airtime-go/airtime/facade/ding"
	"github.com/airtime-go/airtime/facade/ding/catalogue"
)

// snapshot is a file that the catalogue is kept in between runs; empty if none is.
type snapshot string

func (s *snapshot) define(flags *pflag.FlagSet) {
	flags.StringVar((*string)(s), "snapshot", "",
		"keep the whole catalogue in this `file`, and load it from there while it is fresh; the prices in it are this account's")
}

// openCatalogue returns a catalogue that is loaded, or an error.
func (a *app) openCatalogue(ctx context.Context, client catalogue.Client, kept snapshot, opts ...catalogue.Option) (*catalogue.Catalogue, *catalogue.Data, error) {
	progress := &loading{app: a, parts: allParts}
	if some, ok := client.(interface{ loads() []catalogue.Part }); ok {
		progress.parts = some.loads()
	}
	opts = append(opts, catalogue.WithProgress(progress.report))
	if a.verbose {
		opts = append(opts, catalogue.WithLogger(a.logger()))
	}
	c, err := catalogue.New(client, opts...)
	if err != nil {
		return nil, nil, usagef("%s", messageOf(err))
	}
	a.closers = append(a.closers, func() { _ = c.Close() })
	if err := a.loadSnapshot(c, string(kept)); err != nil {
		return nil, nil, err
	}
	data, err := c.Data(ctx)
	a.clearStatus()
	if err != nil {
		return nil, nil, notLoaded(err)
	}
	asked, failed := progress.result()
	for _, failure := range failed {
		a.notice("an older answer stands in: %s", messageOf(failure))
	}
	if kept != "" && asked {
		if err := c.SaveFile(string(kept)); err != nil {
			a.notice("%s", messageOf(err))
		}
	}
	return c, data, nil
}

// notLoaded makes one error of those of all parts, which often fail alike: the first that will not go away by itself.
func notLoaded(err error) error {
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return &outcomeError{outcome: facade.OutcomeTemporary, message: "the catalogue was not loaded in time: " + messageOf(err) + "; --timeout gives it more", cause: err}
	}
	parts, joined := err.(interface{ Unwrap() []error })
	if !joined || len(parts.Unwrap()) < 2 {
		return err
	}
	all := parts.Unwrap()
	lasting := slices.IndexFunc(all, func(err error) bool { return facade.OutcomeOf(err) != facade.OutcomeTemporary })
	return fmt.Errorf("%w; and so it went with %d other parts", all[max(lasting, 0)], len(all)-1)
}

// loadSnapshot takes in what the file holds. A snapshot of something else is replaced later; a file that is none is left alone.
func (a *app) loadSnapshot(c *catalogue.Catalogue, file string) error {
	if file == "" {
		return nil
	}
	switch err := c.LoadFile(file); {
	case err == nil, errors.Is(err, fs.ErrNotExist):
		return nil
	case errors.Is(err, catalogue.ErrSnapshotAccount), errors.Is(err, catalogue.ErrSnapshotScope):
		a.notice("%s: %s; it is replaced", file, messageOf(err))
		return nil
	default:
		return usagef("--snapshot %s: %s; delete the file or name another", quote(file), messageOf(err))
	}
}

// allParts are what there is to load.
var allParts = []catalogue.Part{
	catalogue.PartCountries, catalogue.PartCurrencies, catalogue.PartRegions, catalogue.PartProviders, catalogue.PartProducts, catalogue.PartProductDescriptions,
	catalogue.PartPromotions, catalogue.PartPromotionDescriptions, catalogue.PartErrorDescriptions,
}

// loading tells people how far a catalogue is.
type loading struct {
	app *app
	// parts are those that the service is asked for.
	parts []catalogue.Part

	mu     sync.Mutex
	asked  bool
	done   int
	failed []error
}

func (l *loading) report(p catalogue.Progress) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case !slices.Contains(l.parts, p.Part):
	case p.State == catalogue.StateFailed:
		l.failed = append(l.failed, p.Err)
	case p.State != catalogue.StateLoading:
		l.done++
		l.app.showStatus("loading the catalogue: %d of %d (%s: %d)", l.done, len(l.parts), p.Part, p.Items)
	case !l.asked:
		l.asked = true
		l.app.showStatus("loading the catalogue: %d of %d", l.done, len(l.parts))
	}
}

// result reports whether the service was asked for anything, and what it failed at.
func (l *loading) result() (asked bool, failed []error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.asked, l.failed
}

// lean is a client for a catalogue that ends with its command: what neither a match nor a quote looks at is answered with
// nothing, which spares more than half of what there is to load.
type lean struct{ *ding.Client }

func (lean) loads() []catalogue.Part {
	return []catalogue.Part{catalogue.PartCountries, catalogue.PartProviders, catalogue.PartProducts}
}

func (lean) GetCurrencies(context.Context, ...ding.CallOption) (*ding.GetCurrenciesResponse, error) {
	return &ding.GetCurrenciesResponse{ResultCode: ding.ResultCodeSuccess}, nil
}

func (lean) GetRegions(context.Context, ding.GetRegionsParams, ...ding.CallOption) (*ding.GetRegionsResponse, error) {
	return &ding.GetRegionsResponse{ResultCode: ding.ResultCodeSuccess}, nil
}

func (lean) GetProductDescriptions(context.Context, ding.GetProductDescriptionsParams, ...ding.CallOption) (*ding.GetProductDescriptionsResponse, error) {
	return &ding.GetProductDescriptionsResponse{ResultCode: ding.ResultCodeSuccess}, nil
}

func (lean) GetPromotions(context.Context, ding.GetPromotionsParams, ...ding.CallOption) (*ding.GetPromotionsResponse, error) {
	return &ding.GetPromotionsResponse{ResultCode: ding.ResultCodeSuccess}, nil
}

func (lean) GetPromotionDescriptions(context.Context, ding.GetPromotionDescriptionsParams, ...ding.CallOption) (*ding.GetPromotionDescriptionsResponse, error) {
	return &ding.GetPromotionDescriptionsResponse{ResultCode: ding.ResultCodeSuccess}, nil
}

func (lean) GetErrorCodeDescriptions(context.Context, ...ding.CallOption) (*ding.GetErrorCodeDescriptionsResponse, error) {
	return &ding.GetErrorCodeDescriptionsResponse{ResultCode: ding.ResultCodeSuccess}, nil
}

// oneProduct is lean, and knows one product.
type oneProduct struct {
	lean
	sku string
}

func (oneProduct) loads() []catalogue.Part { return []catalogue.Part{catalogue.PartProducts} }

func (oneProduct) GetCountries(context.Context, ...ding.CallOption) (*ding.GetCountriesResponse, error) {
	return &ding.GetCountriesResponse{ResultCode: ding.ResultCodeSuccess}, nil
}

func (oneProduct) GetProviders(context.Context, ding.GetProvidersParams, ...ding.CallOption) (*ding.GetProvidersResponse, error) {
	return &ding.GetProvidersResponse{ResultCode: ding.ResultCodeSuccess}, nil
}

func (c oneProduct) GetProducts(ctx context.Context, _ ding.GetProductsParams, opts ...ding.CallOption) (*ding.GetProductsResponse, error) {
	return c.Client.GetProducts(ctx, ding.GetProductsParams{SKUCodes: []string{c.sku}}, opts...)
}

// oneNumber is lean, and has looked one number up already.
type oneNumber struct {
	lean
	number string
	answer *ding.GetAccountLookupResponse
	err    error
}

func (c oneNumber) GetAccountLookup(ctx context.Context, number string, opts ...ding.CallOption) (*ding.GetAccountLookupResponse, error) {
	if number != c.number {
		return c.Client.GetAccountLookup(ctx, number, opts...)
	}
	return c.answer, c.err
}

// catalogueFor returns a catalogue in which the account number can be matched. A number that the look-up names a provider for
// needs the products of its country and of those that are sold everywhere (and is no test number, which is never a valid phone
// number). All others may belong to any country's products.
func (a *app) catalogueFor(ctx context.Context, client *ding.Client, written string, kept snapshot) (*catalogue.Catalogue, error) {
	if kept != "" {
		c, _, err := a.openCatalogue(ctx, client, kept)
		return c, err
	}
	known := oneNumber{lean: lean{client}}
	var isPhone bool
	if known.number, isPhone = catalogue.PhoneNumber(written); isPhone {
		known.answer, known.err = client.GetAccountLookup(ctx, known.number)
		if ctx.Err() != nil || errors.Is(known.err, ding.CodeAuthenticationFailed) {
			return nil, known.err
		}
	}
	if known.namesProviders() {
		c, data, err := a.openCatalogue(ctx, known, "", catalogue.WithCountries(known.answer.CountryISO))
		if err != nil || known.areAllIn(data) {
			return c, err
		}
	}
	c, _, err := a.openCatalogue(ctx, known, "")
	return c, err
}

// namesProviders reports that the look-up knows who the number belongs to.
func (c oneNumber) namesProviders() bool {
	return c.answer != nil && c.err == nil && len(c.answer.Items) > 0 && isCountry(c.answer.CountryISO)
}

func isCountry(iso string) bool {
	return len(iso) == 2 && !slices.ContainsFunc([]byte(iso), func(b byte) bool { return b < 'A' || b > 'Z' })
}

// areAllIn reports that the catalogue has all providers that the look-up names: one of them may trade in another country.
func (c oneNumber) areAllIn(data *catalogue.Data) bool {
	return !slices.ContainsFunc(c.answer.Items, func(item ding.AccountLookup) bool {
		_, known := data.Provider(item.ProviderCode)
		return !known
	})
}
