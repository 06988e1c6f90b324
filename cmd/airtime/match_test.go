package main

import (
	"encoding/json"
	"net/http"
	"path"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/sandbox"
)

// counting is a sandbox that remembers what it was asked, and can be told to answer a method otherwise.
type counting struct {
	*scripted
	env environment
}

func countingSandbox(t *testing.T, instead map[string]http.HandlerFunc) counting {
	t.Helper()
	box, err := sandbox.New()
	require.NoError(t, err)
	recorder := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if other := instead[path.Base(r.URL.Path)]; other != nil {
			other(w, r)
			return
		}
		box.ServeHTTP(w, r)
	})
	c := counting{recorder, environment{}}
	for _, line := range box.Environment(recorder.URL) {
		name, value, _ := strings.Cut(line, "=")
		c.env[name] = value
	}
	return c
}

// query returns that of the last request to an operation.
func (c counting) query(operation string) string {
	query := "not asked"
	for _, request := range c.seen() {
		if strings.HasSuffix(request.path, "/"+operation) {
			query = request.query
		}
	}
	return query
}

type shownCandidate struct {
	ProviderCode, Name, CountryISO, AccountNumber, RegionCode, By, Message string
	Down                                                                   bool
	Products                                                               []struct{ SKUCode string }
}

func matched(t *testing.T, r result) []shownCandidate {
	t.Helper()
	require.Equal(t, 0, r.code, r.err)
	var all []shownCandidate
	require.NoError(t, json.Unmarshal([]byte(r.out), &all), r.out)
	return all
}

func TestMatchNamesTheProvidersBestFirst(t *testing.T) {
	r := airtime(t, nil, "--sandbox ding match 447911123456")
	assert.Equal(t, 0, r.code, r.err)
	assert.Equal(t, strings.Join([]string{
		"PROVIDER  NAME              COUNTRY  REGION  FOUND BY    DOWN",
		"ABGB      Albion Mobile     GB       GB      lookup      no",
		"THGB      Thistle SIM       GB       GB      lookup      no",
		"ORXG      Orbit Gift Cards  XG               everywhere  no",
		"",
	}, "\n"), r.out)

	all := matched(t, airtimeArgs(t.Context(), t, nil, "--sandbox", "ding", "match", "+44 (7911) 123-456", "--json"))
	require.Len(t, all, 3)
	assert.Equal(t, shownCandidate{ProviderCode: "ABGB", Name: "Albion Mobile", CountryISO: "GB", AccountNumber: "447911123456", RegionCode: "GB", By: "lookup"}, all[0])
	assert.Equal(t, "everywhere", all[2].By)
}

func TestMatchSaysHowACandidateWasFoundAndWhatIsDown(t *testing.T) {
	for number, says := range map[string]string{
		"233200123456":     "lookup      yes: We are working on our network",
		"50900000000":      "test number  no",
		"anna@example.com": "pattern     no",
	} {
		r := airtime(t, nil, "--sandbox ding match --account "+number)
		assert.Equal(t, 0, r.code, r.err)
		assert.Contains(t, r.out, says, number)
	}
	assert.Contains(t, airtime(t, nil, "--sandbox ding match 50900000000").err, "a test number: transfers to it cost and deliver nothing")
}

func TestMatchListsTheProductsThatFit(t *testing.T) {
	r := airtime(t, nil, "--sandbox ding match 447911123456 --products")
	assert.Contains(t, r.out, "\n\nSKU ")
	assert.Contains(t, r.out, "GB_TH_10 ")
	assert.NotContains(t, r.out, "NG_NL_TopUp")

	all := matched(t, airtime(t, nil, "--sandbox ding match 447911123456 --products --json"))
	require.Len(t, all[1].Products, 2)
	assert.Equal(t, "GB_TH_10", all[1].Products[0].SKUCode)
	assert.NotContains(t, airtime(t, nil, "--sandbox ding match 447911123456 --json").out, `"Products"`)
}

func TestMatchSaysThatPatternsDecidedWhereTheLookUpFailed(t *testing.T) {
	box := countingSandbox(t, map[string]http.HandlerFunc{"GetAccountLookup": says(500, envelope(5, "OtherError", ""))})
	r := airtime(t, box.env, "ding match 2348031234567")
	assert.Equal(t, 0, r.code, r.err)
	assert.Contains(t, r.out, "pattern")
	assert.Equal(t, 1, strings.Count(r.err, "the look-up failed, and patterns decided: ding: GetAccountLookup"))
	assert.NotContains(t, r.err, "could not be looked up", "once is enough")

	asJSON := airtime(t, box.env, "ding match 2348031234567 --json")
	assert.Equal(t, "pattern", matched(t, asJSON)[0].By)
	var notice struct{ Notice struct{ Message string } }
	require.NoError(t, json.Unmarshal([]byte(asJSON.err), &notice), asJSON.err)
	assert.Contains(t, notice.Notice.Message, "patterns decided")
}

func TestMatchWarnsOfPatternsAFewOfThemByName(t *testing.T) {
	var providers []string
	for i := range 9 {
		providers = append(providers, `{"ProviderCode":"P`+string(rune('A'+i))+`","CountryIso":"XQ","Name":"N","ValidationRegex":"("}`)
	}
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body := `{"ResultCode":1,"Items":[]}`
		switch path.Base(r.URL.Path) {
		case "GetCountries":
			body = `{"ResultCode":1,"Items":[{"CountryIso":"XQ","InternationalDialingInformation":[{"Prefix":"999"}]}]}`
		case "GetProviders":
			body = `{"ResultCode":1,"Items":[` + strings.Join(providers, ",") + `]}`
		}
		says(200, body)(w, r)
	})
	r := airtime(t, servedAt(server.URL), "ding match +9991234567 --products")
	assert.Equal(t, 0, r.code, r.err)
	assert.Contains(t, r.out, "PA        N     XQ               country")
	assert.Contains(t, r.err, "provider PE: the provider's pattern cannot be used")
	assert.NotContains(t, r.err, "provider PF:")
	assert.Contains(t, r.err, "and 4 more warnings")
	assert.Contains(t, r.err, "they have no products for it")
}

func TestANumberThatIsNobodysIsAnEmptyList(t *testing.T) {
	server := serve(t, says(200, `{"ResultCode":1,"Items":[]}`))
	r := airtime(t, servedAt(server.URL), "ding match 447700900123")
	assert.Equal(t, 0, r.code)
	assert.Empty(t, r.out)
	assert.Contains(t, r.err, "no provider is known for this number\n")
	assert.Contains(t, airtimeArgs(t.Context(), t, servedAt(server.URL), "ding", "match", "07700 900123").err, "for this number; a phone number begins with its country's dialling prefix")
	assert.Empty(t, matched(t, airtime(t, servedAt(server.URL), "ding match 447700900123 --json")))
}

func TestAMatchLoadsNoMoreThanItNeeds(t *testing.T) {
	unused := []string{"GetCurrencies", "GetRegions", "GetProductDescriptions", "GetPromotions", "GetPromotionDescriptions", "GetErrorCodeDescriptions"}
	for name, tc := range map[string]struct{ number, products string }{
		"a number that the look-up knows":    {"447911123456", "countryIsos=GB&countryIsos=XG"},
		"one that it does not know":          {"447000000001", ""},
		"a test number of another country":   {"50900000000", ""},
		"one that is no phone number":        {"anna@example.com", ""},
		"a phone number as people write one": {"+44-7911-123456", "countryIsos=GB&countryIsos=XG"},
	} {
		t.Run(name, func(t *testing.T) {
			box := countingSandbox(t, nil)
			require.Equal(t, 0, airtime(t, box.env, "ding match "+tc.number).code)
			assert.Equal(t, tc.products, box.query("GetProducts"))
			assert.Equal(t, tc.products, box.query("GetProviders"))
			assert.LessOrEqual(t, box.sent("GetAccountLookup"), 1, "one look-up serves both purposes")
			for _, operation := range unused {
				assert.Zero(t, box.sent(operation), operation)
			}
		})
	}
}

func TestAProviderOfAnotherCountryIsFoundAllTheSame(t *testing.T) {
	box := countingSandbox(t, map[string]http.HandlerFunc{
		"GetAccountLookup": says(200, `{"ResultCode":1,"CountryIso":"GB","AccountNumberNormalized":"447911123456","Items":[{"ProviderCode":"NLNG","RegionCode":"NG"}]}`),
	})
	all := matched(t, airtime(t, box.env, "ding match 447911123456 --json"))
	assert.Equal(t, "NLNG", all[0].ProviderCode)
	assert.Equal(t, 2, box.sent("GetProducts"), "first those of the country, then all")
	assert.Empty(t, box.query("GetProducts"))
}

func TestRefusedCredentialsEndAMatchAtOnce(t *testing.T) {
	server := serve(t, says(401, envelope(4, "AuthenticationFailed", "")))
	r := airtime(t, servedAt(server.URL), "ding match 447911123456 --json")
	assert.Equal(t, 1, r.code)
	assert.Equal(t, "GetAccountLookup", failureOf(t, r)["operation"])
	assert.Zero(t, server.sent("GetProducts"))
}
