// What a catalogue of the live one's size costs, against the plain way: io.ReadAll, encoding/json into the same types, and maps. Each
// load goes through a client, as users do it; the network is memory. docs/performance.md tells how to read the figures.

package catalogue

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"path"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/facade/ding"
)

// catalogues are those that are loaded: with texts of which none repeat, half, or all. Each is made when it is first asked for.
var catalogues = []struct {
	name string
	make func() generated
}{
	{"distinct", sync.OnceValue(func() generated { return generate(live(0), 1) })},
	{"half", sync.OnceValue(func() generated { return generate(live(50), 2) })},
	{"repeated", sync.OnceValue(func() generated { return generate(live(100), 3) })},
}

// inMemory answers requests with bodies, without a network.
type inMemory generated

func (m inMemory) RoundTrip(r *http.Request) (*http.Response, error) {
	body := m[path.Base(r.URL.Path)]
	return &http.Response{
		StatusCode: http.StatusOK, ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{"Date": {time.Now().UTC().Format(http.TimeFormat)}},
		Body: io.NopCloser(bytes.NewReader(body)), ContentLength: -1, Request: r,
	}, nil
}

func (g generated) size() (n int64) {
	for _, body := range g {
		n += int64(len(body))
	}
	return n
}

// ours loads a catalogue.
func ours(b testing.TB, bodies generated) (*Catalogue, *Data) {
	client, err := ding.NewClient(ding.WithAPIKey("key-of-the-bench"), ding.WithBaseURL("http://localhost"), ding.WithHTTPClient(&http.Client{Transport: inMemory(bodies)}))
	require.NoError(b, err)
	c, err := New(client, WithLanguages("es", "fr"))
	require.NoError(b, err)
	data, err := c.Data(b.Context())
	require.NoError(b, err)
	return c, data
}

// plainly holds what the plain way makes.
type plainly struct {
	products       map[string]*ding.Product
	byProvider     map[string][]*ding.Product
	byUAT          map[string][]*ding.Product
	providers      map[string]*ding.Provider
	byCountry      map[string][]*ding.Provider
	countries      map[string]*ding.Country
	currencies     map[string]*ding.Currency
	regions        map[string]*ding.Region
	texts          map[string][]*ding.LocalizedProductDescription
	promotions     []ding.Promotion
	promotionTexts map[string][]*ding.LocalizedPromotionDescription
	errors         map[string]string
}

// fetch reads an answer.
func fetch[A any](b testing.TB, client *http.Client, method string) *A {
	response, err := client.Get("http://localhost/api/V1/" + method)
	require.NoError(b, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(b, err)
	answer := new(A)
	require.NoError(b, json.Unmarshal(body, answer))
	return answer
}

func loadPlainly(b testing.TB, bodies generated) *plainly {
	client := &http.Client{Transport: inMemory(bodies)}
	p := &plainly{
		products: map[string]*ding.Product{}, byProvider: map[string][]*ding.Product{}, byUAT: map[string][]*ding.Product{},
		byCountry: map[string][]*ding.Provider{}, texts: map[string][]*ding.LocalizedProductDescription{},
		promotionTexts: map[string][]*ding.LocalizedPromotionDescription{}, errors: map[string]string{},
		promotions: fetch[ding.GetPromotionsResponse](b, client, "GetPromotions").Items,
		countries:  byKey(fetch[ding.GetCountriesResponse](b, client, "GetCountries").Items, func(c *ding.Country) string { return c.CountryISO }),
		currencies: byKey(fetch[ding.GetCurrenciesResponse](b, client, "GetCurrencies").Items, func(c *ding.Currency) string { return c.CurrencyISO }),
		regions:    byKey(fetch[ding.GetRegionsResponse](b, client, "GetRegions").Items, func(r *ding.Region) string { return r.RegionCode }),
		providers:  byKey(fetch[ding.GetProvidersResponse](b, client, "GetProviders").Items, func(p *ding.Provider) string { return p.ProviderCode }),
	}
	products := fetch[ding.GetProductsResponse](b, client, "GetProducts").Items
	for i := range products {
		product := &products[i]
		p.products[product.SKUCode] = product
		p.byProvider[product.ProviderCode] = append(p.byProvider[product.ProviderCode], product)
		p.byUAT[withoutLast(product.UATNumber)] = append(p.byUAT[withoutLast(product.UATNumber)], product)
	}
	for _, provider := range p.providers {
		p.byCountry[provider.CountryISO] = append(p.byCountry[provider.CountryISO], provider)
	}
	texts := fetch[ding.GetProductDescriptionsResponse](b, client, "GetProductDescriptions").Items
	for i := range texts {
		p.texts[texts[i].LocalizationKey] = append(p.texts[texts[i].LocalizationKey], &texts[i])
	}
	promotionTexts := fetch[ding.GetPromotionDescriptionsResponse](b, client, "GetPromotionDescriptions").Items
	for i := range promotionTexts {
		p.promotionTexts[promotionTexts[i].LocalizationKey] = append(p.promotionTexts[promotionTexts[i].LocalizationKey], &promotionTexts[i])
	}
	for _, description := range fetch[ding.GetErrorCodeDescriptionsResponse](b, client, "GetErrorCodeDescriptions").Items {
		p.errors[description.Code] = description.Message
	}
	return p
}

// loaded measures one way of loading: its time, and how much is in use once the garbage is collected.
func loaded[T any](b *testing.B, bodies generated, load func(generated) T) {
	before := inUse()
	result := load(bodies)
	heap := float64(inUse()-before) / (1 << 20)
	runtime.KeepAlive(result)
	b.SetBytes(bodies.size())
	b.ReportAllocs()
	for b.Loop() {
		result = load(bodies)
	}
	runtime.KeepAlive(result)
	b.ReportMetric(heap, "live-MB")
}

// inUse is the heap after a collection; the second one frees what the first only finalised.
func inUse() int64 {
	runtime.GC()
	runtime.GC()
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	return int64(memory.HeapAlloc)
}

// BenchmarkLoad loads through New and Data.
func BenchmarkLoad(b *testing.B) {
	for _, of := range catalogues {
		b.Run(of.name, func(b *testing.B) {
			loaded(b, of.make(), func(bodies generated) *Catalogue {
				c, _ := ours(b, bodies)
				return c
			})
		})
	}
}

// BenchmarkPlain is the plain way to the same.
func BenchmarkPlain(b *testing.B) {
	for _, of := range catalogues {
		b.Run(of.name, func(b *testing.B) {
			loaded(b, of.make(), func(bodies generated) *plainly { return loadPlainly(b, bodies) })
		})
	}
}

// BenchmarkDecode reads and indexes the largest answer alone, on one core.
func BenchmarkDecode(b *testing.B) {
	body := catalogues[0].make()["GetProducts"]
	b.Run("ours", func(b *testing.B) {
		b.SetBytes(int64(len(body)))
		b.ReportAllocs()
		for b.Loop() {
			_, _, err := readProducts(body)
			require.NoError(b, err)
		}
	})
	b.Run("plain", func(b *testing.B) {
		b.SetBytes(int64(len(body)))
		b.ReportAllocs()
		for b.Loop() {
			var answer ding.GetProductsResponse
			require.NoError(b, json.Unmarshal(body, &answer))
			byKey(answer.Items, func(p *ding.Product) string { return p.SKUCode })
		}
	})
}

// BenchmarkProduct looks up one product after another, across the whole catalogue.
func BenchmarkProduct(b *testing.B) {
	_, data := ours(b, catalogues[0].make())
	var codes []string
	for product := range data.Products(Filter{}) {
		codes = append(codes, product.SKUCode)
	}
	for _, code := range codes {
		data.Product(code)
	}
	const step = 7919 // a prime: neighbours lie far apart
	at := 0
	b.ReportAllocs()
	for b.Loop() {
		at = (at + step) % len(codes)
		if _, ok := data.Product(codes[at]); !ok {
			b.Fatal(codes[at])
		}
	}
}

// BenchmarkHit asks for a generation that is fresh.
func BenchmarkHit(b *testing.B) {
	c, _ := ours(b, catalogues[0].make())
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Data(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkSnapshot loads what Save has written.
func BenchmarkSnapshot(b *testing.B) {
	c, _ := ours(b, catalogues[0].make())
	var snapshot bytes.Buffer
	require.NoError(b, c.Save(&snapshot))
	b.SetBytes(int64(snapshot.Len()))
	b.ReportAllocs()
	for b.Loop() {
		again, err := New(c.client, WithLanguages("es", "fr"))
		require.NoError(b, err)
		require.NoError(b, again.Load(bytes.NewReader(snapshot.Bytes())))
	}
}

func TestBothWaysHaveTheSame(t *testing.T) {
	of := live(50)
	of.providers, of.products = of.providers/20, of.products/20
	bodies := generate(of, 9)
	_, data := ours(t, bodies)
	plain := loadPlainly(t, bodies)
	for code, want := range plain.products {
		got, ok := data.Product(code)
		require.True(t, ok)
		require.Equal(t, want, got)
		require.Equal(t, plain.texts[want.LocalizationKey], data.ProductTexts(got.LocalizationKey))
	}
	for code, want := range plain.providers {
		got, ok := data.Provider(code)
		require.True(t, ok)
		require.Equal(t, want, got)
	}
}
