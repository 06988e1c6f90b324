package catalogue

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/facade"
	"github.com/airtime-go/airtime/facade/ding"
)

// world has countries that share prefixes, an MVNO, an electricity company, a shop and a provider of XG.
func world() parts {
	return parts{
		countries: []ding.Country{
			country("US", 11, 11, "1"), country("CA", 11, 11, "1"), country("JM", 7, 7, "1876", "1-658"),
			country("GB", 12, 12, "44"), country("JE", 12, 12, "447797"), country("RU", 11, 11, "7"), country("KZ", 11, 11, "7"),
			country("NG", 13, 13, "234"), country("XG", 0, 0), country("SM", 10, 12, "378"), country("VA", 9, 9, "378"),
		},
		providers: []ding.Provider{
			provider("ANUS", "US", `^1\d{10}$`), provider("ANCA", "CA", `^1(416|905)\d{7}$`),
			provider("BMJM", "JM", `^1(?:876|658)\d{7}$`),
			provider("GBALL", "GB", `^44\d{10}$`), provider("ABGB", "GB", `^(?!440)44(?:7700|7911)\d{6}$`), provider("THGB", "GB", `^447700\d{6}$`),
			provider("SUJE", "JE", `^447797\d{6}$`),
			provider("VORU", "RU", `^79\d{9}$`), provider("KCKZ", "KZ", `^77\d{9}$`),
			provider("NLNG", "NG", `^234803\d{7}$`), provider("LWNG", "NG", `^\d{11}$`),
			provider("LVES", "ES", `^[0-9A-Za-z@._-]{3,40}$`),
			provider("SMSM", "SM", `^378\d+$`), provider("VAVA", "VA", `^378\d+$`),
			provider("GIXG", "XG", `^\d+$`), provider("ANYXG", "XG", ""), provider("NOXG", "XG", `^gift-`),
		},
		products: []ding.Product{
			{SKUCode: "BM1", ProviderCode: "BMJM", UATNumber: "18760000000"}, {SKUCode: "BM2", ProviderCode: "BMJM", UATNumber: "18760000000"},
			{SKUCode: "LW1", ProviderCode: "LWNG", UATNumber: "00000000000"}, {SKUCode: "LW2", ProviderCode: "LWNG"},
		},
	}
}

func candidates(m *Match) []string {
	var all []string
	for _, c := range m.Candidates {
		all = append(all, c.Provider.ProviderCode+" "+string(c.By))
	}
	return all
}

var everywhere = []string{"GIXG everywhere", "ANYXG everywhere"}

func TestPatternsDecideWhereTheLookUpDoesNot(t *testing.T) {
	for name, tc := range map[string]struct {
		number, answer string
		want           []string
		countryISO     string
	}{
		"the country alone has the prefix":         {"2348031234567", "", []string{"NLNG pattern"}, "NG"},
		"as people write it":                       {"+234 (803) 123-45.67", "", []string{"NLNG pattern"}, "NG"},
		"with 00 in front":                         {"00234 803 1234567", "", []string{"NLNG pattern"}, "NG"},
		"the longest prefix first":                 {"18761234567", "", []string{"BMJM pattern"}, "JM"},
		"a prefix that is written with a dash":     {"16581234567", "", []string{"BMJM pattern"}, "JM"},
		"a shorter prefix where nobody takes it":   {"447797123456", "", []string{"SUJE pattern"}, "JE"},
		"a shared prefix, both take it":            {"14161234567", "", []string{"ANCA pattern", "ANUS pattern"}, ""},
		"a shared prefix, one takes it":            {"12125550100", "", []string{"ANUS pattern"}, "US"},
		"a shared prefix, told apart by patterns":  {"77012345678", "", []string{"KCKZ pattern"}, "KZ"},
		"the pattern that pins more down is first": {"447700900123", "", []string{"ABGB pattern", "THGB pattern", "GBALL pattern"}, "GB"},
		"lengths tell countries apart":             {"3781234567", "", []string{"SMSM pattern"}, "SM"},
		"and the other one":                        {"378123456", "", []string{"VAVA pattern"}, "VA"},
		"lengths may leave the prefix out":         {"378123456789", "", []string{"SMSM pattern", "VAVA pattern"}, ""},
		"no length fits":                           {"37812345", "", []string{"SMSM pattern", "VAVA pattern"}, ""},
		"the look-up knows the country": {
			"378123456", `{"ResultCode":2,"ErrorCodes":[{"Code":"NearestMatch"}],"Items":[],"CountryIso":"SM","AccountNumberNormalized":"+378123456"}`,
			[]string{"SMSM pattern"}, "SM",
		},
		"the look-up corrects the number": {
			"2340803123456", `{"ResultCode":2,"ErrorCodes":[{"Code":"NearestMatch"}],"Items":[],"CountryIso":"NG","AccountNumberNormalized":"2348031234567"}`,
			[]string{"NLNG pattern"}, "NG",
		},
		"the country is known and nobody takes it": {
			"44012345678", `{"ResultCode":2,"ErrorCodes":[{"Code":"NearestMatch"}],"Items":[],"CountryIso":"GB","AccountNumberNormalized":null}`, nil, "GB",
		},
		"a meter's number that is no phone number": {"45012345678", "", []string{"LWNG pattern", "LVES pattern"}, ""},
		"a phone number that is nobody's":          {"+45012345678", "", nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := &service{}
			if tc.answer != "" {
				s.lookUp = ok(tc.answer)
			}
			m, err := selling(t, s, world()).Match(t.Context(), tc.number)
			require.NoError(t, err)
			assert.Equal(t, append(tc.want, everywhere...), candidates(m))
			assert.Equal(t, tc.countryISO, m.CountryISO)
			assert.Empty(t, m.Warnings)
			assert.Equal(t, 1, s.requests["GetAccountLookup"])
			assert.Equal(t, 1, s.requests["GetProviderStatus"])
		})
	}
}

func TestWhatIsNoPhoneNumberIsNotLookedUp(t *testing.T) {
	for number, want := range map[string][]string{
		"anna@example.com":     {"LVES pattern", "ANYXG everywhere"},
		" 00123456789 ":        nil, // phone digits once 00 is gone
		"01234567890":          {"LWNG pattern", "LVES pattern", "GIXG everywhere", "ANYXG everywhere"},
		"gift-1":               {"LVES pattern", "ANYXG everywhere", "NOXG everywhere"},
		"1234567890123456":     {"LVES pattern", "GIXG everywhere", "ANYXG everywhere"},
		"!":                    {"ANYXG everywhere"},
		"+123456":              {"ANYXG everywhere"},
		"123-456":              {"LVES pattern", "ANYXG everywhere"},
		"+44 7700 900123 x 12": {"ANYXG everywhere"},
	} {
		s := &service{}
		m, err := selling(t, s, world()).Match(t.Context(), number)
		require.NoError(t, err, number)
		if want == nil {
			continue
		}
		assert.Equal(t, want, candidates(m), number)
		assert.Equal(t, strings.TrimSpace(number), m.AccountNumber)
		assert.Zero(t, s.requests["GetAccountLookup"], number)
	}
}

func TestAMetersNumberKeepsItsZeros(t *testing.T) {
	s := &service{lookUp: func(string) (int, string) { return http.StatusBadRequest, invalid }}
	m, err := selling(t, s, world()).Match(t.Context(), "00923456789")
	require.NoError(t, err)
	assert.Equal(t, []string{"LWNG pattern", "LVES pattern", "GIXG everywhere", "ANYXG everywhere"}, candidates(m))
	assert.Equal(t, "00923456789", m.AccountNumber)
	assert.Equal(t, []string{"923456789"}, s.numbers)
	require.ErrorIs(t, m.LookupErr, ding.CodeAccountNumberInvalid)
	assert.Contains(t, m.Warnings[0].Error(), "could not be looked up")
}

func TestTheLookUpIsBelieved(t *testing.T) {
	s := &service{
		lookUp: ok(`{"ResultCode":1,"Items":[{"ProviderCode":"THGB","RegionCode":"GB"},{"ProviderCode":"NEWGB","RegionCode":"GB"},{"ProviderCode":"GBALL","RegionCode":""}],"CountryIso":"GB","AccountNumberNormalized":"447700900123"}`),
		down:   map[string]string{"THGB": "Back at noon."},
	}
	c := selling(t, s, world())
	m, err := c.Match(t.Context(), "+44 7700 900123")
	require.NoError(t, err)
	assert.Equal(t, append([]string{"THGB lookup", "GBALL lookup"}, everywhere...), candidates(m))
	assert.Equal(t, "447700900123", m.AccountNumber)
	assert.Equal(t, []string{"THGB", "GBALL", "GIXG", "ANYXG"}, s.codes)
	assert.True(t, m.Candidates[0].Down)
	assert.Equal(t, "Back at noon.", m.Candidates[0].Message)
	assert.False(t, m.Candidates[1].Down)
	require.Len(t, m.Warnings, 1)
	assert.ErrorContains(t, m.Warnings[0], `"NEWGB"`)

	_, err = c.Match(t.Context(), "+44 7700 900123")
	require.NoError(t, err)
	assert.Equal(t, 2, s.requests["GetAccountLookup"], "a look-up is never served from a cache")
	assert.Equal(t, 2, s.requests["GetProviderStatus"], "and neither is a status")
}

func TestALookUpOfProvidersThatAreAllNewLeavesItToThePatterns(t *testing.T) {
	s := &service{lookUp: ok(`{"ResultCode":1,"Items":[{"ProviderCode":"NEWGB","RegionCode":"GB"}],"CountryIso":"GB","AccountNumberNormalized":"447797123456"}`)}
	m, err := selling(t, s, world()).Match(t.Context(), "447797123456")
	require.NoError(t, err)
	assert.Equal(t, append([]string{"GBALL pattern"}, everywhere...), candidates(m))
}

func TestALookUpThatFailsLeavesItToThePatterns(t *testing.T) {
	for name, tc := range map[string]struct {
		status int
		body   string
		is     error
		fatal  bool
	}{
		"for now":                   {http.StatusServiceUnavailable, busy, ding.CodeRateLimited, false},
		"for now, in HTML":          {http.StatusBadGateway, "<html>", facade.ErrUndecodable, false},
		"refused, as no number":     {http.StatusBadRequest, invalid, ding.ContextAccountNumberFailedRegex, false},
		"unauthorised, in HTML":     {http.StatusUnauthorized, "<html>", facade.ErrUndecodable, true},
		"forbidden":                 {http.StatusForbidden, "", facade.ErrUndecodable, true},
		"refused, with the account": {http.StatusUnauthorized, noKey, ding.CodeAuthenticationFailed, true},
	} {
		t.Run(name, func(t *testing.T) {
			s := &service{lookUp: func(string) (int, string) { return tc.status, tc.body }}
			m, err := selling(t, s, world()).Match(t.Context(), "2348031234567")
			if tc.fatal {
				require.ErrorIs(t, err, tc.is)
				return
			}
			require.NoError(t, err)
			require.ErrorIs(t, m.LookupErr, tc.is)
			assert.Equal(t, append([]string{"NLNG pattern"}, everywhere...), candidates(m))
			require.Len(t, m.Warnings, 1)
			assert.ErrorIs(t, m.Warnings[0], tc.is)
		})
	}
}

func TestAMatchEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s := &service{lookUp: func(string) (int, string) { cancel(); return http.StatusServiceUnavailable, busy }}
	_, err := selling(t, s, world()).Match(ctx, "2348031234567")
	require.ErrorIs(t, err, context.Canceled)
}

func TestAStatusThatCannotBeHadIsAWarning(t *testing.T) {
	m, err := selling(t, &service{statusFails: true}, world()).Match(t.Context(), "2348031234567")
	require.NoError(t, err)
	assert.Equal(t, append([]string{"NLNG pattern"}, everywhere...), candidates(m))
	require.Len(t, m.Warnings, 1)
	assert.ErrorIs(t, m.Warnings[0], ding.CodeRateLimited)
	assert.NoError(t, m.LookupErr)
}

func TestATestNumberMatchesItsProductsAndAsksNobody(t *testing.T) {
	for number, want := range map[string][]string{
		"18760000000": {"BM1", "BM2"}, "18760000009": {"BM1", "BM2"}, "+1 876 000 0003": {"BM1", "BM2"}, "00000000007": {"LW1"},
	} {
		s := &service{}
		m, err := selling(t, s, world()).Match(t.Context(), number)
		require.NoError(t, err)
		require.Len(t, m.Candidates, 1, number)
		var skus []string
		for _, p := range m.Candidates[0].Products() {
			skus = append(skus, p.SKUCode)
		}
		assert.Equal(t, want, skus, number)
		assert.Equal(t, ByUAT, m.Candidates[0].By)
		assert.Equal(t, onlyDigits(number), m.AccountNumber)
		assert.Empty(t, s.requests)
	}
}

func TestProductsOfACandidateFitItsRegion(t *testing.T) {
	c := selling(t, &service{lookUp: ok(`{"ResultCode":1,"CountryIso":"IN","Items":[{"ProviderCode":"DKIN","RegionCode":"IN-MH"},{"ProviderCode":"DKIN","RegionCode":"IN-KA"},{"ProviderCode":"DKIN","RegionCode":"IN-MH"}]}`)}, parts{
		providers: []ding.Provider{provider("DKIN", "IN", `^91`), provider("OTIN", "IN", `^91`)},
		products: []ding.Product{
			{SKUCode: "MH", ProviderCode: "DKIN", RegionCode: "IN-MH"}, {SKUCode: "KA", ProviderCode: "DKIN", RegionCode: "IN-KA"},
			{SKUCode: "ALL", ProviderCode: "DKIN", RegionCode: "IN"}, {SKUCode: "BLANK", ProviderCode: "DKIN"},
			{SKUCode: "OTHER", ProviderCode: "OTIN", RegionCode: "IN-MH"},
		},
	})
	m, err := c.Match(t.Context(), "919823012345")
	require.NoError(t, err)
	require.Len(t, m.Candidates, 2, "one for each region")
	skus := func(candidate Candidate) (all []string) {
		for _, p := range candidate.Products() {
			all = append(all, p.SKUCode)
		}
		return all
	}
	assert.Equal(t, []string{"MH", "ALL", "BLANK"}, skus(m.Candidates[0]))
	assert.Equal(t, []string{"KA", "ALL", "BLANK"}, skus(m.Candidates[1]))
	data, err := c.Data(t.Context())
	require.NoError(t, err)
	for _, region := range []string{"", "IN"} {
		assert.Len(t, skus(Candidate{Provider: m.Candidates[0].Provider, RegionCode: region, data: data}), 4)
	}
	assert.Empty(t, Candidate{}.Products())
}

func TestAPatternThatCannotBeUsedIsWarnedOfOnce(t *testing.T) {
	m, err := selling(t, &service{}, parts{countries: []ding.Country{country("AF", 11, 11, "93")}, providers: []ding.Provider{provider("BADAF", "AF", `(`)}}).Match(t.Context(), "93700000000")
	require.NoError(t, err)
	assert.Equal(t, []string{"BADAF unchecked"}, candidates(m))
	require.Len(t, m.Warnings, 1)
	assert.ErrorIs(t, m.Warnings[0], ErrPattern)
}

func TestAPatternThatFitsComesBeforeOneThatCannotBeUsed(t *testing.T) {
	m, err := selling(t, &service{}, parts{
		countries: []ding.Country{country("AF", 11, 11, "93")}, providers: []ding.Provider{provider("BADAF", "AF", `(`), provider("METER", "KE", `^\d{11}$`)},
	}).Match(t.Context(), "93700000000")
	require.NoError(t, err)
	assert.Equal(t, []string{"METER pattern", "BADAF unchecked"}, candidates(m))
}

func TestWhatIsNoAccountNumberIsRefused(t *testing.T) {
	c := selling(t, &service{}, world())
	for _, number := range []string{"", "  ", "12\x0034567890", strings.Repeat("1", 400)} {
		_, err := c.Match(t.Context(), number)
		var wrong *facade.RequestError
		require.ErrorAs(t, err, &wrong)
		assert.Equal(t, "AccountNumber", wrong.Problems[0].Field)
		assert.NotContains(t, err.Error(), "34567890")
	}
}

func TestManyCandidatesAreNotNamedInTheRequestForTheirStatus(t *testing.T) {
	p := parts{countries: []ding.Country{country("NG", 0, 0, "234")}}
	for i := range 150 {
		p.providers = append(p.providers, provider("P"+string(rune('A'+i%26))+string(rune('A'+i/26)), "NG", `^234\d+$`))
	}
	s := &service{}
	m, err := selling(t, s, p).Match(t.Context(), "2348031234567")
	require.NoError(t, err)
	assert.Len(t, m.Candidates, 150)
	assert.Empty(t, s.codes)
	assert.Equal(t, 1, s.requests["GetProviderStatus"])
}

func TestAPhoneNumberIsReadAsPeopleWriteIt(t *testing.T) {
	for written, want := range map[string]string{
		" +44 (7700) 900-123 ": "447700900123", "0044 7700.900123": "447700900123", "447700900123": "447700900123",
		"+44 (0)7700 900123": "447700900123", "\u202a+44\u202f7700\u2013900\u2009123\u202c": "447700900123", "(0)447700900123": "",
		"07700900123": "", "anna@example.com": "", "123456": "", "1234567890123456": "", "": "",
	} {
		digits, ok := PhoneNumber(written)
		assert.Equal(t, want, digits, written)
		assert.Equal(t, want != "", ok, written)
	}
}
