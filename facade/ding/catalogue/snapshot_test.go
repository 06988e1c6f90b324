package catalogue

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/facade/ding"
)

// everything is a generation in the API's own form.
func everything(d *Data) parts {
	p := parts{
		countries: d.countries, currencies: d.currencies, regions: d.regions, providers: d.providers,
		promotions: d.promotions, promotionTexts: d.promotionTexts, errorDescriptions: d.errors,
	}
	for product := range d.Products(Filter{}) {
		p.products = append(p.products, *product)
	}
	for row := range d.productTexts.rows {
		p.productTexts = append(p.productTexts, *d.productTexts.at(uint32(row)))
	}
	return p
}

// saved is the snapshot of a catalogue that was loaded from the service just now.
func saved(t *testing.T, s *countingService, opts ...Option) (*Data, []byte) {
	t.Helper()
	c := s.catalogue(opts...)
	data, err := c.Data(t.Context())
	require.NoError(t, err)
	var snapshot bytes.Buffer
	require.NoError(t, c.Save(&snapshot))
	return data, snapshot.Bytes()
}

func TestASnapshotSparesTheService(t *testing.T) {
	virtually(t, func(t *testing.T) {
		s := count(t)
		data, snapshot := saved(t, s)
		time.Sleep(2 * time.Hour)
		c := s.catalogue()
		require.NoError(t, c.Load(bytes.NewReader(snapshot)))
		loaded, err := c.Data(t.Context())
		require.NoError(t, err)
		assert.Equal(t, partCount, s.total(), "nothing was asked")
		assert.Equal(t, everything(data), everything(loaded), "down to the scale of every amount")

		time.Sleep(time.Hour)
		_, err = c.Data(t.Context())
		require.NoError(t, err)
		assert.Len(t, s.requests("GetProducts"), 2, "the age went on")
		assert.Equal(t, partCount+1, s.total())
	})
}

func TestASnapshotKnowsHowToAsk(t *testing.T) {
	virtually(t, func(t *testing.T) {
		s := count(t)
		s.head("ETag", `"v"`, "Cache-Control", "max-age=60, stale-if-error=600")
		_, snapshot := saved(t, s)
		time.Sleep(5 * time.Minute)
		s.on("GetProducts", overloaded)
		s.on("GetProviders", func(_ int, w http.ResponseWriter, r *http.Request) {
			assert.Equal(t, `"v"`, r.Header.Get("If-None-Match"))
			w.WriteHeader(http.StatusNotModified)
		})
		c := s.catalogue()
		require.NoError(t, c.Load(bytes.NewReader(snapshot)))
		data, err := c.Data(t.Context())
		require.NoError(t, err, "what was saved stands in")
		assert.Len(t, data.products.rows, smallShape().products)
		assert.Len(t, data.providers, smallShape().providers)
		time.Sleep(7 * time.Minute)
		_, err = c.Data(t.Context())
		require.ErrorContains(t, err, "the products could not be loaded")
	})
}

func TestWhatMustNotBeKeptIsNotSaved(t *testing.T) {
	virtually(t, func(t *testing.T) {
		s := count(t)
		s.on("GetProducts", func(_ int, w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Cache-Control", "no-store")
			_, _ = w.Write(s.bodies["GetProducts"])
		})
		_, snapshot := saved(t, s)
		assert.NotContains(t, unpacked(t, snapshot), "SkuCode")
		c := s.catalogue()
		require.NoError(t, c.Load(bytes.NewReader(snapshot)))
		_, err := c.Data(t.Context())
		require.NoError(t, err)
		assert.Equal(t, partCount+1, s.total(), "the products alone are asked for")
	})
}

func TestALaterAnswerIsNotReplacedByASnapshot(t *testing.T) {
	virtually(t, func(t *testing.T) {
		s := count(t)
		_, snapshot := saved(t, s)
		time.Sleep(time.Minute)
		s.on("GetProducts", func(_ int, w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(`{"ResultCode":1,"Items":[{"SkuCode":"New"}]}`))
		})
		c := s.catalogue()
		_, err := c.Data(t.Context())
		require.NoError(t, err)
		require.NoError(t, c.Load(bytes.NewReader(snapshot)))
		data, err := c.Data(t.Context())
		require.NoError(t, err)
		_, there := data.Product("New")
		assert.True(t, there)
	})
}

func TestASnapshotFromTheFutureIsNotFreshForEver(t *testing.T) {
	virtually(t, func(t *testing.T) {
		s := count(t)
		_, snapshot := saved(t, s)
		text := strings.ReplaceAll(unpacked(t, snapshot), `"born":"2000-`, `"born":"2999-`)
		c := s.catalogue()
		require.NoError(t, c.Load(bytes.NewReader(packed(text))))
		time.Sleep(24 * time.Hour)
		_, err := c.Data(t.Context())
		require.NoError(t, err)
		assert.Equal(t, 2*partCount, s.total())
	})
}

func unpacked(t *testing.T, snapshot []byte) string {
	t.Helper()
	r, err := gzip.NewReader(bytes.NewReader(snapshot))
	require.NoError(t, err)
	text, err := io.ReadAll(r)
	require.NoError(t, err)
	return string(text)
}

func packed(text string) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = io.WriteString(w, text)
	_ = w.Close()
	return b.Bytes()
}

func TestSnapshotsThatCannotBeUsedAreRefused(t *testing.T) {
	virtually(t, func(t *testing.T) {
		s := count(t)
		_, good := saved(t, s)
		text := unpacked(t, good)
		lines := strings.SplitAfter(text, "\n")
		change := func(old, new string) []byte { return packed(strings.Replace(text, old, new, 1)) }
		for name, test := range map[string]struct {
			snapshot []byte
			err      error
		}{
			"empty":                      {nil, ErrSnapshotDamaged},
			"something else":             {[]byte("PK\x03\x04 something else altogether"), ErrSnapshotDamaged},
			"packed, but something else": {packed("{}\n"), ErrSnapshotDamaged},
			"no JSON":                    {packed("hello\n"), ErrSnapshotDamaged},
			"a line that does not end":   {packed(strings.Repeat(" ", 2*longestLine)), ErrSnapshotDamaged},
			"a byte changed":             {flipped(good, len(good)/2), ErrSnapshotDamaged},
			"the checksum changed":       {flipped(good, len(good)-6), ErrSnapshotDamaged},
			"the end is missing":         {packed(strings.Join(lines[:len(lines)-2], "")), ErrSnapshotDamaged},
			"something after the end":    {packed(text + "more"), ErrSnapshotDamaged},
			"a part is missing":          {change(`"parts":9`, `"parts":8`), ErrSnapshotDamaged},
			"more parts than there are":  {change(`"parts":9`, `"parts":10`), ErrSnapshotDamaged},
			"a part twice":               {change(`{"part":"currencies"`, `{"part":"countries"`), ErrSnapshotDamaged},
			"a part of its own":          {change(`{"part":"currencies"`, `{"part":"weather"`), ErrSnapshotDamaged},
			"a length below nothing":     {change(`"bytes":`, `"bytes":-`), ErrSnapshotDamaged},
			"a length beyond bounds":     {change(`"bytes":`, `"bytes":9999999`), ErrSnapshotDamaged},
			"items that do not fit":      {change(`{"CountryIso":"`, `{"CountryIso":0,"":"`), ErrSnapshotDamaged},
			"no such format":             {change(`"format":1`, `"format":0`), ErrSnapshotDamaged},
			"a newer format":             {change(`"format":1`, `"format":2`), ErrSnapshotFormat},
			"another account":            {change(`"account":"`, `"account":"0`), ErrSnapshotAccount},
			"other languages":            {change(`"languages":["en"`, `"languages":["en","fr"`), ErrSnapshotScope},
			"other countries":            {change(`"languages":`, `"countries":["IE","XG"],"languages":`), ErrSnapshotScope},
		} {
			c := s.catalogue()
			err := c.Load(bytes.NewReader(test.snapshot))
			assert.ErrorIs(t, err, test.err, name)
			for _, source := range c.sources {
				assert.Nil(t, source.held, "%s: the catalogue is what it was", name)
			}
		}
		c := s.catalogue()
		for cut := 0; cut < len(good); cut += 11 {
			require.ErrorIs(t, c.Load(bytes.NewReader(good[:cut])), ErrSnapshotDamaged, "cut at %d", cut)
		}
	})
}

// partLine is a part of a snapshot with this body.
func partLine(part Part, body string) string {
	return fmt.Sprintf("{\"part\":%q,\"bytes\":%d,\"born\":\"2000-01-01T00:00:00Z\",\"header\":{}}\n%s\n", part, len(body)+1, body)
}

func TestASnapshotThatUnpacksToTooMuchIsRefusedBeforeItIsRead(t *testing.T) {
	virtually(t, func(t *testing.T) {
		s := count(t)
		_, good := saved(t, s)
		head, _, _ := strings.Cut(unpacked(t, good), "\n")
		head = strings.Replace(head, `"parts":9`, `"parts":1`, 1) + "\n"
		end := "{\"end\":true}\n"
		items := func(item string, n int) string { return `{"Items":[` + strings.Repeat(item+",", n) + item + "]}" }
		for name, text := range map[string]string{
			"items that are empty":      partLine(PartCountries, items("{}", mostObjects)) + end,
			"values that are empty":     partLine(PartCountries, `{"Items":[{"RegionCodes":`+strings.TrimPrefix(items(`""`, mostValues), `{"Items":`)+"]}") + end,
			"a part that is too large":  partLine(PartProducts, strings.Repeat(" ", largestPart)) + end,
			"no JSON, and no end":       partLine(PartProducts, "none of it is JSON"),
			"no JSON, and a wrong size": partLine(PartProducts, "none of it is JSON") + end + "more",
		} {
			err := s.catalogue().Load(bytes.NewReader(packed(head + text)))
			require.ErrorIs(t, err, ErrSnapshotDamaged, name)
			assert.NotContains(t, err.Error(), "invalid character", "%s: it was not decoded", name)
		}
	})
}

func TestASnapshotIsForTheSameLanguagesInAnyOrder(t *testing.T) {
	virtually(t, func(t *testing.T) {
		s := count(t)
		_, snapshot := saved(t, s, WithLanguages("es", "fr"))
		require.NoError(t, s.catalogue(WithLanguages("FR", "es", "ES")).Load(bytes.NewReader(snapshot)))
		require.ErrorIs(t, s.catalogue(WithLanguages("fr")).Load(bytes.NewReader(snapshot)), ErrSnapshotScope)
	})
}

func TestALanguageWithARegionIsAskedForAlone(t *testing.T) {
	virtually(t, func(t *testing.T) {
		s := count(t)
		_, err := s.catalogue(WithLanguages("es-MX", "pt_BR", "ES")).Data(t.Context())
		require.NoError(t, err)
		for _, method := range []string{"GetProductDescriptions", "GetPromotionDescriptions"} {
			assert.Equal(t, []string{"en", "es-MX", "es", "pt_BR", "pt"}, s.requests(method)[0].URL.Query()["languageCodes"])
		}
	})
}

func flipped(snapshot []byte, at int) []byte {
	changed := bytes.Clone(snapshot)
	changed[at] ^= 0x10
	return changed
}

func TestASnapshotIsOfOneAccount(t *testing.T) {
	virtually(t, func(t *testing.T) {
		s := count(t)
		_, snapshot := saved(t, s)
		other, err := New(s.ding(ding.WithAPIKey("another-key-of-the-tests")))
		require.NoError(t, err)
		require.ErrorIs(t, other.Load(bytes.NewReader(snapshot)), ErrSnapshotAccount)
		assert.NotContains(t, unpacked(t, snapshot), "key-of-the-tests")
		assert.ErrorIs(t, other.Save(io.Discard), ErrNothingToSave)
	})
}

func TestASnapshotInAFile(t *testing.T) {
	virtually(t, func(t *testing.T) {
		s := count(t)
		c := s.catalogue(WithLanguages("es"), WithCountries("AA"))
		data, err := c.Data(t.Context())
		require.NoError(t, err)
		directory := t.TempDir()
		path := filepath.Join(directory, "catalogue.gz")
		require.NoError(t, c.SaveFile(path))
		about, err := os.Stat(path)
		require.NoError(t, err)
		assert.Equal(t, os.FileMode(0o600), about.Mode().Perm())

		again := s.catalogue(WithLanguages("es"), WithCountries("AA"))
		require.NoError(t, again.LoadFile(path))
		loaded, err := again.Data(t.Context())
		require.NoError(t, err)
		assert.Equal(t, everything(data), everything(loaded))

		require.ErrorIs(t, s.catalogue().SaveFile(path), ErrNothingToSave)
		require.NoError(t, again.LoadFile(path), "what fails leaves the file as it was")
		require.ErrorIs(t, again.LoadFile(filepath.Join(directory, "none")), os.ErrNotExist)
		require.Error(t, c.SaveFile(filepath.Join(directory, "none", "catalogue.gz")))
		require.Error(t, c.SaveFile(directory))
		left, err := os.ReadDir(directory)
		require.NoError(t, err)
		assert.Len(t, left, 1, "nothing is left behind")
	})
}

// full takes so many bytes and no more.
type full struct{ left int }

func (f *full) Write(p []byte) (int, error) {
	if f.left -= len(p); f.left < 0 {
		return 0, errors.New("no space left")
	}
	return len(p), nil
}

func TestSaveReportsWhatCouldNotBeWritten(t *testing.T) {
	virtually(t, func(t *testing.T) {
		s := count(t)
		c := s.catalogue()
		data, err := c.Data(t.Context())
		require.NoError(t, err)
		_, snapshot := saved(t, s)
		for _, room := range []int{0, 10, len(snapshot) / 2} {
			assert.ErrorContains(t, c.Save(&full{room}), "no space left", fmt.Sprint(room))
		}
		assert.NotEmpty(t, slices.Collect(data.Products(Filter{})))
	})
}

func TestSaveWritesNothingThatLoadWouldRefuse(t *testing.T) {
	for name, answer := range map[string]func(int, http.ResponseWriter, *http.Request){
		"an ETag as long as a page": func(_ int, w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("ETag", `"`+strings.Repeat("v", longestLine)+`"`)
			_, _ = io.WriteString(w, `{"ResultCode":1,"Items":[]}`)
		},
		"more items than any catalogue": func(_ int, w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, `{"ResultCode":1,"Items":[`+strings.Repeat("{},", mostObjects)+"{}]}")
		},
	} {
		t.Run(name, func(t *testing.T) {
			virtually(t, func(t *testing.T) {
				s := count(t)
				s.on("GetCurrencies", answer)
				c := s.catalogue()
				_, err := c.Data(t.Context())
				require.NoError(t, err)
				file := filepath.Join(t.TempDir(), "catalogue")
				require.ErrorContains(t, c.SaveFile(file), "the currencies are more than a snapshot has room for")
				assert.NoFileExists(t, file)
			})
		})
	}
	t.Run("a part as large as an answer may be", func(t *testing.T) {
		room, value := int64(largestTogether), []ding.Currency{{CurrencyISO: strings.Repeat("x", largestPart)}}
		s := &source{kind: kinds[slices.IndexFunc(kinds[:], func(k kind) bool { return k.part == PartCurrencies })]}
		require.Error(t, saveAnswer(io.Discard, &room, s, &answer{value: value, items: 1}))
		room, value[0].CurrencyISO = int64(largestTogether), value[0].CurrencyISO[:largestPart/2]
		for range largestTogether / (largestPart/2 + 1024) {
			require.NoError(t, saveAnswer(io.Discard, &room, s, &answer{value: value, items: 1}))
		}
		require.Error(t, saveAnswer(io.Discard, &room, s, &answer{value: value, items: 1}), "nor all of them together")
	})
}

func TestAFileThatCannotBeReplacedIsAnError(t *testing.T) {
	virtually(t, func(t *testing.T) {
		s := count(t)
		c := s.catalogue()
		_, err := c.Data(t.Context())
		require.NoError(t, err)
		directory := t.TempDir()
		require.NoError(t, os.Mkdir(filepath.Join(directory, "taken"), 0o700))
		require.ErrorContains(t, c.SaveFile(filepath.Join(directory, "taken")), "catalogue: the snapshot could not be written")
		left, err := os.ReadDir(directory)
		require.NoError(t, err)
		assert.Len(t, left, 1, "and nothing is left lying about")
	})
}

// FuzzSnapshot holds that whatever is in a file, it is taken in as a snapshot or refused as what it is, and that what was taken in
// can be saved again.
func FuzzSnapshot(f *testing.F) {
	s := count(f)
	full := s.catalogue()
	_, err := full.Data(f.Context())
	require.NoError(f, err)
	var packed bytes.Buffer
	require.NoError(f, full.Save(&packed))
	unpacked, err := gzip.NewReader(&packed)
	require.NoError(f, err)
	text, err := io.ReadAll(unpacked)
	require.NoError(f, err)
	f.Add(text)
	f.Add(text[:len(text)/2])
	f.Add(bytes.Replace(text, []byte(`"CountryIso"`), []byte(`"CountryIso":null,"Country"`), 3))
	head, _, _ := bytes.Cut(text, []byte("\n"))
	f.Add(append(head, "\n{\"part\":\"products\",\"bytes\":9000000000000000000}\n"...))
	client := s.ding()
	f.Fuzz(func(t *testing.T, text []byte) {
		var file bytes.Buffer
		w := gzip.NewWriter(&file)
		_, _ = w.Write(text)
		require.NoError(t, w.Close())
		c, err := New(client)
		require.NoError(t, err)
		defer c.Close()
		if err := c.Load(&file); err != nil {
			for _, known := range []error{ErrSnapshotDamaged, ErrSnapshotFormat, ErrSnapshotAccount, ErrSnapshotScope} {
				if errors.Is(err, known) {
					return
				}
			}
			require.NoError(t, err, "an error of its own kind")
		}
		if c.current.Load() != nil {
			require.NoError(t, c.Save(io.Discard))
		}
	})
}
