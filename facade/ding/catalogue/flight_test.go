package catalogue

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/facade/ding"
)

func TestCallersShareOneRequest(t *testing.T) {
	virtually(t, func(t *testing.T) {
		s := count(t)
		s.on("GetProducts", func(_ int, w http.ResponseWriter, _ *http.Request) {
			time.Sleep(time.Second)
			w.Header().Set("Cache-Control", "no-store")
			_, _ = w.Write(s.bodies["GetProducts"])
		})
		c := s.catalogue()
		var waiting sync.WaitGroup
		for range 200 {
			waiting.Go(func() {
				_, err := c.Data(t.Context())
				assert.NoError(t, err)
			})
		}
		waiting.Wait()
		assert.Equal(t, partCount, s.total())
	})
}

func TestACallerWhoLeavesDoesNotEndTheRequestOfOthers(t *testing.T) {
	virtually(t, func(t *testing.T) {
		s := count(t)
		var ended []time.Duration
		s.on("GetProducts", func(n int, w http.ResponseWriter, r *http.Request) {
			begun := time.Now()
			select {
			case <-r.Context().Done():
				ended = append(ended, time.Since(begun))
			case <-time.After(30 * time.Second):
				_, _ = w.Write(s.bodies["GetProducts"])
			}
		})
		c := s.catalogue()
		call := func(patience time.Duration) error {
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			_, err := c.Data(ctx)
			return err
		}
		var waiting sync.WaitGroup
		waiting.Go(func() { assert.ErrorIs(t, call(time.Second), context.DeadlineExceeded) })
		time.Sleep(time.Millisecond)
		waiting.Go(func() { assert.NoError(t, call(2*time.Minute)) })
		waiting.Wait()
		assert.Len(t, s.requests("GetProducts"), 1)
		assert.Empty(t, ended)

		time.Sleep(24 * time.Hour)
		waiting.Go(func() { assert.ErrorIs(t, call(time.Second), context.DeadlineExceeded) })
		waiting.Go(func() { assert.ErrorIs(t, call(2*time.Second), context.DeadlineExceeded) })
		waiting.Wait()
		synctest.Wait()
		assert.Equal(t, []time.Duration{2 * time.Second}, ended, "the last to leave ends it")
		assert.NoError(t, call(time.Hour), "and nobody joins what was given up")
	})
}

func TestRefreshAsksAboutEverything(t *testing.T) {
	virtually(t, func(t *testing.T) {
		s := count(t)
		s.head("ETag", `"v"`)
		c := s.catalogue()
		first, err := c.Data(t.Context())
		require.NoError(t, err)
		s.on("GetProducts", func(_ int, w http.ResponseWriter, r *http.Request) {
			assert.Equal(t, `"v"`, r.Header.Get("If-None-Match"))
			_, _ = w.Write([]byte(`{"ResultCode":1,"Items":[{"SkuCode":"New"}]}`))
		})
		s.on("GetProviders", overloaded)
		require.ErrorContains(t, c.Refresh(t.Context()), "the providers could not be loaded")
		assert.Equal(t, 2*partCount, s.total())
		data, err := c.Data(t.Context())
		require.NoError(t, err)
		_, there := data.Product("New")
		assert.True(t, there, "what could be loaded is in use")
		assert.Len(t, data.providers, len(first.providers), "and the rest as it was")
		assert.Equal(t, 2*partCount, s.total())
	})
}

func TestTheBackgroundRefreshesBeforeReadersWait(t *testing.T) {
	virtually(t, func(t *testing.T) {
		s := count(t)
		s.head("Cache-Control", "max-age=600")
		s.on("GetRegions", func(_ int, w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Cache-Control", "no-cache")
			_, _ = w.Write(s.bodies["GetRegions"])
		})
		var log strings.Builder
		c := s.catalogue(WithBackgroundRefresh(), WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
		time.Sleep(time.Hour)
		assert.Zero(t, s.total(), "it begins with the first generation")
		_, err := c.Data(t.Context())
		require.NoError(t, err)
		begun := time.Now()
		for _, test := range []struct {
			after    time.Duration
			products int
		}{{539 * time.Second, 1}, {541 * time.Second, 2}, {1079 * time.Second, 2}, {1081 * time.Second, 3}} {
			time.Sleep(time.Until(begun.Add(test.after)))
			synctest.Wait()
			assert.Len(t, s.requests("GetProducts"), test.products, "after %v", test.after)
		}
		assert.Len(t, s.requests("GetRegions"), 1, "what must be asked about every time is left to the readers")

		s.on("GetProducts", overloaded)
		before := len(s.requests("GetProducts"))
		time.Sleep(time.Hour)
		assert.LessOrEqual(t, len(s.requests("GetProducts"))-before, 80, "no more often than the limits of usage allow")

		s.on("GetProducts", nil)
		time.Sleep(time.Minute)
		require.NoError(t, c.Close())
		total := s.total()
		time.Sleep(time.Hour)
		assert.Equal(t, total, s.total(), "Close ends it")
		assert.Contains(t, log.String(), "could not be refreshed")
	})
}

func TestNothingIsLoadedAfterClose(t *testing.T) {
	virtually(t, func(t *testing.T) {
		s := count(t)
		s.on("GetProducts", func(_ int, w http.ResponseWriter, r *http.Request) {
			select {
			case <-r.Context().Done():
			case <-time.After(time.Hour):
			}
		})
		c := s.catalogue()
		closed := make(chan error)
		go func() {
			_, err := c.Data(t.Context())
			closed <- err
		}()
		time.Sleep(time.Second)
		require.NoError(t, c.Close())
		require.ErrorIs(t, <-closed, ErrClosed, "the request under way is ended")
		_, err := c.Data(t.Context())
		require.Equal(t, ErrClosed, err, "which is said once, not for every part")
		require.NoError(t, c.Close())

		s.on("GetProducts", nil)
		c = s.catalogue()
		_, err = c.Data(t.Context())
		require.NoError(t, err)
		require.NoError(t, c.Close())
		_, err = c.Data(t.Context())
		require.NoError(t, err, "the generation in use stays")
		time.Sleep(productsLifetime)
		_, err = c.Data(t.Context())
		require.ErrorIs(t, err, ErrClosed)
	})
}

func TestCataloguesShareNothing(t *testing.T) {
	virtually(t, func(t *testing.T) {
		s := count(t)
		client := s.ding()
		for range 2 {
			c, err := New(client)
			require.NoError(t, err)
			_, err = c.Data(t.Context())
			require.NoError(t, err)
		}
		assert.Equal(t, 2*partCount, s.total())
	})
}

func TestTheScopeIsAskedFor(t *testing.T) {
	virtually(t, func(t *testing.T) {
		s := count(t)
		c := s.catalogue(WithLanguages("es", "en", "fr", "ES"), WithCountries("ie", "NG", "IE"))
		_, err := c.Data(t.Context())
		require.NoError(t, err)
		for method, parameters := range map[string]map[string][]string{
			"GetProductDescriptions":   {"languageCodes": {"en", "es", "fr"}},
			"GetPromotionDescriptions": {"languageCodes": {"en", "es", "fr"}},
			"GetProducts":              {"countryIsos": {"IE", "NG", "XG"}},
			"GetProviders":             {"countryIsos": {"IE", "NG", "XG"}},
			"GetRegions":               {"countryIsos": {"IE", "NG", "XG"}},
			"GetPromotions":            {"countryIsos": {"IE", "NG", "XG"}},
			"GetCountries":             {},
			"GetCurrencies":            {},
			"GetErrorCodeDescriptions": {},
		} {
			assert.Equal(t, parameters, map[string][]string(s.requests(method)[0].URL.Query()), method)
		}
	})
}

func TestProgressIsReported(t *testing.T) {
	virtually(t, func(t *testing.T) {
		s := count(t)
		s.on("GetPromotions", overloaded)
		var reports []Progress
		c := s.catalogue(WithProgress(func(p Progress) { reports = append(reports, p) }))
		_, err := c.Data(t.Context())
		require.Error(t, err)
		require.Len(t, reports, 2*partCount)
		last := map[Part]Progress{}
		for i, p := range reports {
			assert.Equal(t, partCount, p.Total)
			assert.LessOrEqual(t, p.Done, i)
			last[p.Part] = p
		}
		assert.Equal(t, StateLoaded, last[PartProducts].State)
		assert.Equal(t, smallShape().products, last[PartProducts].Items)
		assert.Equal(t, StateFailed, last[PartPromotions].State)
		assert.Error(t, last[PartPromotions].Err)

		s.on("GetPromotions", nil)
		time.Sleep(errorPause)
		_, err = c.Data(t.Context())
		require.NoError(t, err)
		assert.Equal(t, Progress{Part: PartPromotions, State: StateLoaded, Items: 1, Done: partCount, Total: partCount}, reports[len(reports)-1])
	})
}

func TestOptionsThatAreWrongAreAllReported(t *testing.T) {
	_, err := New(nil, nil, WithLanguages("e"), WithLanguages("not a language"), WithCountries(), WithCountries("IRL"), WithStaleIfError(-1), WithLogger(nil), WithProgress(nil), WithOptional("weather"), WithQuoteAge(0))
	for _, part := range []string{"the client is nil", "option 1 is nil", `"e" is no`, `"not a language" is no`, "no countries are named", `"IRL" is no`, "is negative", "the logger is nil", "the report of progress is nil", `"weather" is no part`, "a quote age of 0s"} {
		assert.ErrorContains(t, err, part)
	}
	assert.Equal(t, 1, strings.Count(err.Error(), "catalogue:"))
}

// plainClient reads for itself: it knows nothing of the options of a call, so that there are no headers either.
type plainClient struct {
	Client
	products []ding.Product
	err      error
}

func (c plainClient) Account() string { return "plain" }
func (c plainClient) GetProducts(context.Context, ding.GetProductsParams, ...ding.CallOption) (*ding.GetProductsResponse, error) {
	return &ding.GetProductsResponse{ResultCode: 1, Items: c.products}, c.err
}
func (c plainClient) GetProductDescriptions(context.Context, ding.GetProductDescriptionsParams, ...ding.CallOption) (*ding.GetProductDescriptionsResponse, error) {
	return &ding.GetProductDescriptionsResponse{ResultCode: 1, Items: []ding.LocalizedProductDescription{{LocalizationKey: "K", DisplayText: "D"}}}, nil
}

func TestAnotherClientCanReadForItself(t *testing.T) {
	virtually(t, func(t *testing.T) {
		s := count(t)
		client := &plainClient{Client: s.ding(), products: []ding.Product{{SKUCode: "A", LocalizationKey: "K"}}}
		c, err := New(client)
		require.NoError(t, err)
		data, err := c.Data(t.Context())
		require.NoError(t, err)
		product, there := data.Product("A")
		require.True(t, there)
		assert.Equal(t, "D", data.ProductTexts(product.LocalizationKey)[0].DisplayText)

		client.err = errors.New("no way there")
		time.Sleep(productsLifetime)
		_, err = c.Data(t.Context())
		require.NoError(t, err, "the defaults hold for it as well")
	})
}
