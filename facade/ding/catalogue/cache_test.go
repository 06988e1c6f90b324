package catalogue

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/facade/ding"
)

func TestEverythingIsLoadedOnceAndKept(t *testing.T) {
	virtually(t, func(t *testing.T) {
		s := count(t)
		c := s.catalogue()
		assert.Zero(t, s.total(), "New asks nothing")
		first, err := c.Data(t.Context())
		require.NoError(t, err)
		assert.Equal(t, partCount, s.total())
		again, err := c.Data(t.Context())
		require.NoError(t, err)
		assert.Same(t, first, again)
		assert.Equal(t, partCount, s.total())
	})
}

func TestWhatHeadersDoNotTellHasDefaults(t *testing.T) {
	virtually(t, func(t *testing.T) {
		s := count(t)
		c := s.catalogue()
		begun := time.Now()
		at := func(after time.Duration, products, providers int) {
			time.Sleep(time.Until(begun.Add(after)))
			_, err := c.Data(t.Context())
			require.NoError(t, err)
			assert.Len(t, s.requests("GetProducts"), products, "after %v", after)
			assert.Len(t, s.requests("GetProviders"), providers, "after %v", after)
		}
		at(0, 1, 1)
		at(3*time.Hour-time.Second, 1, 1)
		at(3*time.Hour, 2, 1)
		at(24*time.Hour-time.Second, 3, 1)
		at(24*time.Hour, 3, 2)
	})
}

func TestHeadersDecideWhenTheServiceIsAsked(t *testing.T) {
	for name, test := range map[string]struct {
		header []string
		// asked is how many requests for products have come after calls at 0 s, 0 s, 59 s and 60 s.
		asked [4]int
	}{
		"max-age":                 {[]string{"Cache-Control", "max-age=60"}, [4]int{1, 1, 1, 2}},
		"max-age of nothing":      {[]string{"Cache-Control", "max-age=0"}, [4]int{1, 2, 3, 4}},
		"max-age that is junk":    {[]string{"Cache-Control", "max-age=junk"}, [4]int{1, 2, 3, 4}},
		"no-store":                {[]string{"Cache-Control", "no-store"}, [4]int{1, 2, 3, 4}},
		"no-store, max-age":       {[]string{"Cache-Control", "max-age=60, no-store", "ETag", `"a"`}, [4]int{1, 2, 3, 4}},
		"no-cache":                {[]string{"Cache-Control", "max-age=60, no-cache"}, [4]int{1, 2, 3, 4}},
		"no-cache of a field":     {[]string{"Cache-Control", `max-age=60, no-cache="Set-Cookie"`}, [4]int{1, 1, 1, 2}},
		"private":                 {[]string{"Cache-Control", "private, max-age=60"}, [4]int{1, 1, 1, 2}},
		"s-maxage":                {[]string{"Cache-Control", "s-maxage=1, max-age=60"}, [4]int{1, 1, 1, 2}},
		"immutable":               {[]string{"Cache-Control", "max-age=60, immutable"}, [4]int{1, 1, 1, 2}},
		"Expires that is junk":    {[]string{"Expires", "-1"}, [4]int{1, 2, 3, 4}},
		"Age":                     {[]string{"Cache-Control", "max-age=119", "Age", "60"}, [4]int{1, 1, 2, 2}},
		"Vary":                    {[]string{"Cache-Control", "max-age=60", "Vary", "Accept, *"}, [4]int{1, 2, 3, 4}},
		"Vary by a name":          {[]string{"Cache-Control", "max-age=60", "Vary", "Accept-Encoding"}, [4]int{1, 1, 1, 2}},
		"nothing":                 {nil, [4]int{1, 1, 1, 1}},
		"Last-Modified, long ago": {[]string{"Last-Modified", "Mon, 01 Jan 1990 00:00:00 GMT"}, [4]int{1, 1, 1, 1}},
	} {
		t.Run(name, func(t *testing.T) {
			virtually(t, func(t *testing.T) {
				s := count(t)
				s.on("GetProducts", func(_ int, w http.ResponseWriter, _ *http.Request) {
					for i := 0; i < len(test.header); i += 2 {
						w.Header().Set(test.header[i], test.header[i+1])
					}
					_, _ = w.Write(s.bodies["GetProducts"])
				})
				c := s.catalogue()
				begun := time.Now()
				for i, after := range []time.Duration{0, 0, 59 * time.Second, time.Minute} {
					time.Sleep(time.Until(begun.Add(after)))
					data, err := c.Data(t.Context())
					require.NoError(t, err)
					assert.Len(t, data.products.rows, smallShape().products)
					assert.Len(t, s.requests("GetProducts"), test.asked[i], "call %d", i+1)
				}
				assert.Len(t, s.requests("GetCountries"), 1, "the other parts keep their own time")
			})
		})
	}
}

func TestWhatHasNotChangedIsNotLoadedAgain(t *testing.T) {
	virtually(t, func(t *testing.T) {
		s := count(t)
		s.on("GetProducts", func(n int, w http.ResponseWriter, r *http.Request) {
			w.Header().Set("ETag", `W/"v1"`)
			w.Header().Set("Last-Modified", "Fri, 08 May 2026 12:00:00 GMT")
			switch n {
			case 1:
				w.Header().Set("Cache-Control", "max-age=60")
				_, _ = w.Write(s.bodies["GetProducts"])
			case 2: // with a lifetime of its own
				w.Header().Set("Cache-Control", "max-age=600")
				w.WriteHeader(http.StatusNotModified)
			default:
				w.WriteHeader(http.StatusNotModified)
			}
			if n > 1 {
				assert.Equal(t, `W/"v1"`, r.Header.Get("If-None-Match"))
				assert.Equal(t, "Fri, 08 May 2026 12:00:00 GMT", r.Header.Get("If-Modified-Since"))
			} else {
				assert.Empty(t, r.Header.Get("If-None-Match"))
			}
		})
		c := s.catalogue()
		first, err := c.Data(t.Context())
		require.NoError(t, err)
		for i, wait := range []time.Duration{time.Minute, 10*time.Minute - 1, time.Second, 10 * time.Minute} {
			time.Sleep(wait)
			data, err := c.Data(t.Context())
			require.NoError(t, err)
			assert.Same(t, first, data, "nothing has changed, so nothing is built anew")
			assert.Len(t, s.requests("GetProducts"), []int{2, 2, 3, 4}[i])
		}
	})
}

func TestANewAnswerReplacesTheOldOne(t *testing.T) {
	virtually(t, func(t *testing.T) {
		s := count(t)
		s.on("GetProducts", func(n int, w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Cache-Control", "max-age=60")
			if n == 1 {
				w.Header().Set("ETag", `"v1"`)
			}
			_, _ = fmt.Fprintf(w, `{"ResultCode":1,"Items":[{"SkuCode":"Number%d"}]}`, n)
			if n == 3 {
				assert.Empty(t, r.Header.Get("If-None-Match"), "the second answer had no ETag")
			}
		})
		c := s.catalogue()
		old, err := c.Data(t.Context())
		require.NoError(t, err)
		for n := 2; n <= 3; n++ {
			time.Sleep(time.Minute)
			data, err := c.Data(t.Context())
			require.NoError(t, err)
			_, there := data.Product(fmt.Sprintf("Number%d", n))
			assert.True(t, there)
			_, there = data.Product("Number1")
			assert.False(t, there)
		}
		_, there := old.Product("Number1")
		assert.True(t, there, "a generation never changes")
	})
}

func TestA304AboutAnotherAnswerIsNotBelieved(t *testing.T) {
	virtually(t, func(t *testing.T) {
		s := count(t)
		s.on("GetProducts", func(n int, w http.ResponseWriter, r *http.Request) {
			w.Header().Set("ETag", fmt.Sprintf(`"v%d"`, n))
			if r.Header.Get("If-None-Match") != "" {
				w.WriteHeader(http.StatusNotModified)
				return
			}
			_, _ = fmt.Fprintf(w, `{"ResultCode":1,"Items":[{"SkuCode":"Number%d"}]}`, n)
		})
		c := s.catalogue()
		_, err := c.Data(t.Context())
		require.NoError(t, err)
		time.Sleep(productsLifetime)
		data, err := c.Data(t.Context())
		require.NoError(t, err)
		_, there := data.Product("Number3")
		assert.True(t, there, "it was asked for without a condition")
	})
}

func TestAnOldAnswerStandsInForAFailure(t *testing.T) {
	virtually(t, func(t *testing.T) {
		s := count(t)
		s.head("Cache-Control", "max-age=60")
		var log strings.Builder
		c := s.catalogue(WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
		first, err := c.Data(t.Context())
		require.NoError(t, err)

		s.on("GetProducts", overloaded)
		time.Sleep(time.Minute)
		data, err := c.Data(t.Context())
		require.NoError(t, err)
		assert.Same(t, first.products, data.products)
		assert.Contains(t, log.String(), "part=products")
		assert.Len(t, s.requests("GetProducts"), 2)

		_, err = c.Data(t.Context())
		require.NoError(t, err)
		assert.Len(t, s.requests("GetProducts"), 2, "the service is spared for a moment")
		time.Sleep(errorPause)
		_, err = c.Data(t.Context())
		require.NoError(t, err)
		assert.Len(t, s.requests("GetProducts"), 3)

		s.on("GetProducts", nil)
		time.Sleep(errorPause)
		_, err = c.Data(t.Context())
		require.NoError(t, err)
		time.Sleep(30 * time.Second)
		_, err = c.Data(t.Context())
		require.NoError(t, err)
		assert.Len(t, s.requests("GetProducts"), 4, "it is fresh again")

		s.on("GetProducts", overloaded)
		time.Sleep(DefaultStaleIfError + time.Minute)
		_, err = c.Data(t.Context())
		require.ErrorContains(t, err, "the products could not be loaded")
		assert.NotContains(t, err.Error(), "countries")
	})
}

func TestWhenAnOldAnswerMayStandIn(t *testing.T) {
	for name, test := range map[string]struct {
		control string
		option  Option
		failure func(n int, w http.ResponseWriter, r *http.Request)
		after   time.Duration
		stands  bool
	}{
		"within a day":                   {"max-age=60", nil, overloaded, 24*time.Hour + 59*time.Second, true},
		"beyond a day":                   {"max-age=60", nil, overloaded, 24*time.Hour + time.Minute, false},
		"within the limit":               {"max-age=60", WithStaleIfError(time.Hour), overloaded, time.Hour + 59*time.Second, true},
		"beyond the limit":               {"max-age=60", WithStaleIfError(time.Hour), overloaded, time.Hour + time.Minute, false},
		"never":                          {"max-age=60", WithStaleIfError(0), overloaded, time.Minute, false},
		"within its own stale-if-error":  {"max-age=60, stale-if-error=60", nil, overloaded, 119 * time.Second, true},
		"beyond its own stale-if-error":  {"max-age=60, stale-if-error=60", nil, overloaded, 120 * time.Second, false},
		"must-revalidate":                {"max-age=60, must-revalidate", nil, overloaded, time.Minute, false},
		"no-cache":                       {"no-cache", nil, overloaded, time.Second, false},
		"no-store":                       {"no-store", nil, overloaded, time.Second, false},
		"nothing is fresh but may stand": {"max-age=0", nil, overloaded, time.Second, true},
		"a failure of the server":        {"max-age=60", nil, says(500, 5, "OtherError"), time.Minute, true},
		"a page of a proxy":              {"max-age=60", nil, func(_ int, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(502) }, time.Minute, true},
		"a page instead of JSON":         {"max-age=60", nil, func(_ int, w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) }, time.Minute, true},
		"a redirect to a page":           {"max-age=60", nil, page(302), time.Minute, true},
		"a 304 that nobody asked for":    {"max-age=60", nil, page(304), time.Minute, true},
		"an answer beyond all bounds": {"max-age=60", nil, func(_ int, w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write(bytes.Repeat([]byte(" "), 64<<20+1))
		}, time.Minute, true},
		"a refusal":                     {"max-age=60", nil, says(401, 4, "AuthenticationFailed"), time.Minute, false},
		"a refusal that is no JSON":     {"max-age=60", nil, page(401), time.Minute, false},
		"forbidden by a page":           {"max-age=60", nil, page(403), time.Minute, false},
		"forbidden, for the moment":     {"max-age=60", nil, says(403, 3, "RateLimited"), time.Minute, false},
		"an address that is gone":       {"max-age=60", nil, page(404), time.Minute, false},
		"gone, with an envelope":        {"max-age=60", nil, says(404, 5, "OtherError"), time.Minute, false},
		"a refusal with HTTP 500":       {"max-age=60", nil, says(500, 4, "AuthenticationFailed"), time.Minute, false},
		"a wrong request with HTTP 500": {"max-age=60", nil, says(500, 4, "ParameterInvalid"), time.Minute, false},
		"a failure with HTTP 200":       {"max-age=60", nil, says(200, 5, "OtherError"), time.Minute, true},
		"a failure with HTTP 400":       {"max-age=60", nil, says(400, 5, "OtherError"), time.Minute, true},
		"a wrong request without words": {"max-age=60", nil, page(400), time.Minute, false},
		"too many requests":             {"max-age=60", nil, page(429), time.Minute, true},
		"a refusal with HTTP 200":       {"max-age=60", nil, says(200, 4, "AuthenticationFailed"), time.Minute, false},
		"a lost connection": {"max-age=60", nil, func(_ int, w http.ResponseWriter, _ *http.Request) {
			panic(http.ErrAbortHandler)
		}, time.Minute, true},
	} {
		t.Run(name, func(t *testing.T) {
			virtually(t, func(t *testing.T) {
				s := count(t)
				s.on("GetProducts", func(_ int, w http.ResponseWriter, _ *http.Request) {
					w.Header().Set("Cache-Control", test.control)
					_, _ = w.Write(s.bodies["GetProducts"])
				})
				var opts []Option
				if test.option != nil {
					opts = append(opts, test.option)
				}
				c := s.catalogue(opts...)
				_, err := c.Data(t.Context())
				require.NoError(t, err)
				s.on("GetProducts", test.failure)
				time.Sleep(test.after)
				_, err = c.Data(t.Context())
				assert.Equal(t, test.stands, err == nil, "%v", err)
				s.on("GetProducts", nil)
				time.Sleep(errorPause)
				_, err = c.Data(t.Context())
				assert.NoError(t, err, "the service is back")
			})
		})
	}
}

func TestThePauseAfterAFailureIsWhatTheServiceAsksFor(t *testing.T) {
	virtually(t, func(t *testing.T) {
		s := count(t)
		c := s.catalogue()
		_, err := c.Data(t.Context())
		require.NoError(t, err)
		s.on("GetProducts", func(n int, w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Retry-After", "300")
			overloaded(n, w, r)
		})
		time.Sleep(productsLifetime)
		for _, asked := range []int{2, 2, 3} {
			_, err = c.Data(t.Context())
			require.NoError(t, err)
			assert.Len(t, s.requests("GetProducts"), asked)
			time.Sleep(150 * time.Second)
		}
	})
}

func TestAFirstLoadThatFailsSaysWhatIsMissing(t *testing.T) {
	virtually(t, func(t *testing.T) {
		s := count(t)
		s.on("GetProviders", says(500, 5, "OtherError"))
		s.on("GetPromotions", says(200, 4, "RequestInvalid"))
		c := s.catalogue()
		_, err := c.Data(t.Context())
		require.ErrorContains(t, err, "the providers could not be loaded")
		require.ErrorContains(t, err, "the promotions could not be loaded")
		assert.ErrorIs(t, err, ding.CodeOtherError)
		s.on("GetProviders", nil)
		s.on("GetPromotions", nil)
		time.Sleep(errorPause)
		_, err = c.Data(t.Context())
		require.NoError(t, err)
		assert.Equal(t, partCount+2, s.total(), "what came is kept, and an application error is not")
	})
}
