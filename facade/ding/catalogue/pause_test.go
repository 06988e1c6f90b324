// How the service is spared while it fails, and what is in use meanwhile.

package catalogue

import (
	"bytes"
	"math"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/facade/ding"
)

// comeBackIn answers as a service does that is overloaded, and says for how many seconds.
func comeBackIn(seconds string) func(int, http.ResponseWriter, *http.Request) {
	return func(n int, w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Retry-After", seconds)
		overloaded(n, w, r)
	}
}

func TestAServiceThatFailsAtTheStartIsSpared(t *testing.T) {
	for name, test := range map[string]struct {
		failure func(int, http.ResponseWriter, *http.Request)
		pause   time.Duration
	}{
		"for a moment":                   {overloaded, errorPause},
		"as long as it asks for":         {comeBackIn("600"), 10 * time.Minute},
		"but not for ever":               {comeBackIn("999999999"), longestPause},
		"also where it refuses the key":  {says(401, 4, "AuthenticationFailed"), errorPause},
		"at least for a moment, however": {comeBackIn("1"), errorPause},
	} {
		t.Run(name, func(t *testing.T) {
			virtually(t, func(t *testing.T) {
				s := count(t)
				s.on("GetProducts", test.failure)
				c := s.catalogue()
				for range 5 {
					_, err := c.Data(t.Context())
					failed := (*ding.Error)(nil)
					require.ErrorAs(t, err, &failed, "the error is remembered")
				}
				assert.Len(t, s.requests("GetProducts"), 1)
				time.Sleep(test.pause - time.Second)
				_, err := c.Data(t.Context())
				require.ErrorContains(t, err, "it is asked for again in 1s")
				s.on("GetProducts", nil)
				time.Sleep(time.Second)
				_, err = c.Data(t.Context())
				require.NoError(t, err)
				assert.Len(t, s.requests("GetProducts"), 2)
				if test.pause < productsLifetime {
					assert.Equal(t, partCount+1, s.total(), "what came is kept")
				}
			})
		})
	}
}

func TestRefreshDoesNotWaitForThePause(t *testing.T) {
	virtually(t, func(t *testing.T) {
		s := count(t)
		s.on("GetProducts", comeBackIn("600"))
		c := s.catalogue()
		_, err := c.Data(t.Context())
		require.Error(t, err)
		require.Error(t, c.Refresh(t.Context()))
		s.on("GetProducts", nil)
		require.NoError(t, c.Refresh(t.Context()))
		_, err = c.Data(t.Context())
		require.NoError(t, err)
	})
}

func TestWhatARefreshLoadedIsInUseWhateverBecomesOfTheRest(t *testing.T) {
	virtually(t, func(t *testing.T) {
		s := count(t)
		c := s.catalogue()
		_, err := c.Data(t.Context())
		require.NoError(t, err)
		s.on("GetCountries", says(400, 4, "ParameterInvalid"))
		s.on("GetProducts", func(_ int, w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(`{"ResultCode":1,"Items":[{"SkuCode":"Later"}]}`))
		})
		require.ErrorContains(t, c.Refresh(t.Context()), "the countries could not be loaded")
		data, err := c.Data(t.Context())
		require.NoError(t, err)
		_, there := data.Product("Later")
		assert.True(t, there)
		assert.NotEmpty(t, data.Countries(), "as they were")
	})
}

func TestTheBackgroundWaitsAsLongAsItIsAskedTo(t *testing.T) {
	virtually(t, func(t *testing.T) {
		s := count(t)
		s.head("Cache-Control", "max-age=600")
		c := s.catalogue(WithBackgroundRefresh())
		_, err := c.Data(t.Context())
		require.NoError(t, err)
		s.on("GetProducts", comeBackIn("1800"))
		time.Sleep(time.Hour)
		synctest.Wait()
		assert.Len(t, s.requests("GetProducts"), 3, "at the start, after 9 minutes, and half an hour later")
	})
}

func TestLifetimesBeyondAllMeasureDoNotOverflow(t *testing.T) {
	for name, header := range map[string][]string{
		"max-age":        {"Cache-Control", "max-age=99999999999999999999"},
		"stale-if-error": {"Cache-Control", "max-age=2147483648, stale-if-error=99999999999"},
		"Expires":        {"Expires", "Fri, 31 Dec 9999 23:59:59 GMT"},
	} {
		t.Run(name, func(t *testing.T) {
			virtually(t, func(t *testing.T) {
				s := count(t)
				s.head(header...)
				c := s.catalogue(WithBackgroundRefresh(), WithStaleIfError(math.MaxInt64))
				for range 3 {
					_, err := c.Data(t.Context())
					require.NoError(t, err)
					time.Sleep(10 * 365 * 24 * time.Hour)
				}
				assert.Equal(t, partCount, s.total())
			})
		})
	}
	virtually(t, func(t *testing.T) {
		s := count(t)
		c := s.catalogue(WithStaleIfError(math.MaxInt64))
		_, err := c.Data(t.Context())
		require.NoError(t, err)
		s.on("GetProducts", overloaded)
		time.Sleep(365 * 24 * time.Hour)
		_, err = c.Data(t.Context())
		require.NoError(t, err, "it may stand in for as long as one likes")
	})
}

func TestAnAnswerWithoutItemsIsNotTakenForNone(t *testing.T) {
	for _, method := range []string{
		"GetCountries", "GetCurrencies", "GetRegions", "GetProviders", "GetProducts", "GetProductDescriptions", "GetPromotions", "GetPromotionDescriptions",
		"GetErrorCodeDescriptions",
	} {
		t.Run(method, func(t *testing.T) {
			virtually(t, func(t *testing.T) {
				s := count(t)
				answers := map[int]string{1: `{"ResultCode":1,"ErrorCodes":[]}`, 2: `{"ResultCode":1,"Items":[]}`}
				s.on(method, func(n int, w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(answers[n])) })
				c := s.catalogue()
				_, err := c.Data(t.Context())
				require.ErrorContains(t, err, "it has no Items")
				time.Sleep(errorPause)
				_, err = c.Data(t.Context())
				require.NoError(t, err, "to have none is something else")
			})
		})
	}
}

func TestAnswersAsLargeAsTheyAreInPracticeAreRead(t *testing.T) {
	for _, method := range []string{"GetProviders", "GetPromotionDescriptions", "GetProducts", "GetProductDescriptions"} {
		t.Run(method, func(t *testing.T) {
			virtually(t, func(t *testing.T) {
				s := count(t)
				s.on(method, func(_ int, w http.ResponseWriter, _ *http.Request) {
					_, _ = w.Write(s.bodies[method])
					_, _ = w.Write(bytes.Repeat([]byte(" "), 8<<20))
				})
				_, err := s.catalogue().Data(t.Context())
				require.NoError(t, err)
			})
		})
	}
}
