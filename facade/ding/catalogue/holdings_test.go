// What is asked about the parts of a catalogue, and which of them may be missing.

package catalogue

import (
	"bytes"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// held is what a catalogue says of a part.
func held(t *testing.T, c *Catalogue, part Part) Holding {
	t.Helper()
	for _, holding := range c.Holdings() {
		if holding.Part == part {
			return holding
		}
	}
	require.Fail(t, "there is no such part")
	return Holding{}
}

func TestHoldingsTellHowOldThingsAre(t *testing.T) {
	virtually(t, func(t *testing.T) {
		s := count(t)
		s.head("Cache-Control", "max-age=600", "Age", "100", "ETag", `"v"`)
		s.on("GetRegions", func(_ int, w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Cache-Control", "no-cache")
			_, _ = w.Write(s.bodies["GetRegions"])
		})
		c := s.catalogue()
		for i, holding := range c.Holdings() {
			assert.Equal(t, Holding{Part: kinds[i].part}, holding, "nothing is in use yet")
		}
		_, err := c.Data(t.Context())
		require.NoError(t, err)
		loaded := time.Now()
		products := held(t, c, PartProducts)
		assert.Equal(t, smallShape().products, products.Items)
		assert.WithinDuration(t, loaded.Add(-100*time.Second), products.AsOf, 0)
		assert.WithinDuration(t, loaded.Add(500*time.Second), products.FreshUntil, 0)
		assert.Zero(t, held(t, c, PartRegions).FreshUntil, "it is asked about every time")

		s.on("GetProducts", func(_ int, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotModified) })
		s.on("GetProviders", overloaded)
		time.Sleep(500 * time.Second)
		_, err = c.Data(t.Context())
		require.NoError(t, err)
		assert.WithinDuration(t, time.Now().Add(-100*time.Second), held(t, c, PartProducts).AsOf, 0, "nothing has changed until then")
		providers := held(t, c, PartProviders)
		assert.WithinDuration(t, loaded.Add(-100*time.Second), providers.AsOf, 0)
		require.ErrorContains(t, providers.Err, "the providers could not be loaded", "so it stands in")

		s.on("GetProviders", nil)
		time.Sleep(errorPause)
		_, err = c.Data(t.Context())
		require.NoError(t, err)
		assert.NoError(t, held(t, c, PartProviders).Err)
		assert.WithinDuration(t, time.Now().Add(-100*time.Second), held(t, c, PartProviders).AsOf, 0)
	})
}

func TestHoldingsTellWhyNothingIsThere(t *testing.T) {
	virtually(t, func(t *testing.T) {
		s := count(t)
		s.on("GetProducts", overloaded)
		c := s.catalogue()
		_, err := c.Data(t.Context())
		require.Error(t, err)
		products := held(t, c, PartProducts)
		assert.Zero(t, products.AsOf)
		assert.ErrorContains(t, products.Err, "the products could not be loaded")
		assert.NoError(t, held(t, c, PartProviders).Err)
	})
}

func TestAnOptionalPartMayBeMissing(t *testing.T) {
	virtually(t, func(t *testing.T) {
		s := count(t)
		s.on("GetErrorCodeDescriptions", overloaded)
		s.on("GetPromotions", says(400, 4, "ParameterInvalid"))
		var log strings.Builder
		c := s.catalogue(WithOptional(PartErrorDescriptions, PartPromotions), WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
		first, err := c.Data(t.Context())
		require.NoError(t, err)
		assert.Empty(t, first.errorDescriptions)
		assert.Len(t, first.products.rows, smallShape().products)
		assert.Contains(t, log.String(), `part="error descriptions"`)
		missing := held(t, c, PartErrorDescriptions)
		assert.Zero(t, missing.AsOf)
		require.Error(t, missing.Err)
		again, err := c.Data(t.Context())
		require.NoError(t, err)
		assert.Same(t, first, again)
		assert.Equal(t, partCount, s.total(), "the service is spared")

		time.Sleep(errorPause)
		again, err = c.Data(t.Context())
		require.NoError(t, err)
		assert.Same(t, first, again, "it is missing still")
		assert.Equal(t, partCount+2, s.total())

		var snapshot bytes.Buffer
		require.NoError(t, c.Save(&snapshot))
		assert.NotContains(t, unpacked(t, snapshot.Bytes()), "error descriptions")

		s.on("GetErrorCodeDescriptions", nil)
		s.on("GetPromotions", nil)
		time.Sleep(errorPause)
		data, err := c.Data(t.Context())
		require.NoError(t, err)
		assert.NotEmpty(t, data.errorDescriptions)
		assert.Same(t, first.products, data.products)
		assert.Equal(t, partCount+4, s.total())
		assert.NotZero(t, held(t, c, PartErrorDescriptions).AsOf)

		s.on("GetErrorCodeDescriptions", overloaded)
		time.Sleep(defaultLifetime)
		data, err = c.Data(t.Context())
		require.NoError(t, err)
		assert.NotEmpty(t, data.errorDescriptions, "an older answer is better than none")
		time.Sleep(DefaultStaleIfError)
		data, err = c.Data(t.Context())
		require.NoError(t, err)
		assert.Empty(t, data.errorDescriptions, "up to its end")
	})
}

func TestTheBackgroundAsksForWhatIsMissing(t *testing.T) {
	virtually(t, func(t *testing.T) {
		s := count(t)
		s.on("GetPromotions", overloaded)
		c := s.catalogue(WithOptional(PartPromotions), WithBackgroundRefresh())
		_, err := c.Data(t.Context())
		require.NoError(t, err)
		time.Sleep(time.Hour)
		assert.LessOrEqual(t, len(s.requests("GetPromotions")), 82, "no more often than the limits of usage allow")
		begun := time.Now()
		_, err = c.Data(t.Context())
		require.NoError(t, err)
		assert.Equal(t, begun, time.Now())
		s.on("GetPromotions", nil)
		time.Sleep(time.Minute)
		synctest.Wait()
		assert.NotZero(t, held(t, c, PartPromotions).AsOf)
		require.NoError(t, c.Close())
	})
}

func TestWhatIsSoldCannotBeMissing(t *testing.T) {
	for _, part := range []Part{PartCountries, PartProviders, PartProducts, "weather"} {
		_, err := New(&billing{}, WithOptional(PartPromotions, part))
		require.ErrorContains(t, err, string(part))
	}
	virtually(t, func(t *testing.T) {
		s := count(t)
		s.on("GetProducts", overloaded)
		s.on("GetPromotions", overloaded)
		_, err := s.catalogue(WithOptional(PartPromotions)).Data(t.Context())
		require.ErrorContains(t, err, "the products could not be loaded")
		assert.NotContains(t, err.Error(), "promotions")
	})
}
