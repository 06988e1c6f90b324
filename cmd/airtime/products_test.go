package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestProductsAreShownInTheFirstLanguageThatExists(t *testing.T) {
	for lang, says := range map[string]string{
		"es": "Azteca Recarga 10", "fr,es": "Azteca Recarga 10", "es-MX": "Azteca Recarga 10", "fr": "Azteca Top-up 10", "en,es": "Azteca Top-up 10",
	} {
		r := airtime(t, nil, "--sandbox ding products --sku MX_AZ_10 --lang "+lang)
		assert.Equal(t, 0, r.code, r.err)
		assert.Contains(t, r.out, "MX_AZ_10  AZMX      "+says+"  ", lang)
	}
}

func TestTextsAreAskedForInEnglishTooAndForTheListedProductsAlone(t *testing.T) {
	box := countingSandbox(t, nil)
	require.Equal(t, 0, airtime(t, box.env, "ding products --sku MX_AZ_10,MX_AZ_TopUp --lang es-MX --lang EN,fr").code)
	sent, err := url.ParseQuery(box.query("GetProductDescriptions"))
	require.NoError(t, err)
	assert.Equal(t, []string{"en", "es-MX", "es", "fr"}, sent["languageCodes"])
	assert.ElementsMatch(t, []string{"MX_AZ_10", "MX_AZ_TopUp"}, sent["skuCodes"])
	assert.Len(t, box.seen(), 2, "and nothing else is loaded")

	require.Equal(t, 0, airtime(t, box.env, "ding products --sku NOPE --lang es").code)
	assert.Equal(t, 1, box.sent("GetProductDescriptions"), "no products need no texts")
}

func TestManyProductsAreNamedInBatchesAndTooManyNotAtAll(t *testing.T) {
	for total, batches := range map[int]int{100: 1, 101: 2, 500: 5, 501: 1} {
		var products []string
		for i := range total {
			products = append(products, fmt.Sprintf(`{"SkuCode":"S%d","LocalizationKey":"S%d"}`, i, i))
		}
		server := serve(t, func(w http.ResponseWriter, r *http.Request) {
			body := `{"ResultCode":1,"Items":[{"LocalizationKey":"S7","LanguageCode":"es","DisplayText":"siete"}]}`
			if path.Base(r.URL.Path) == "GetProducts" {
				body = `{"ResultCode":1,"Items":[` + strings.Join(products, ",") + `]}`
			}
			says(200, body)(w, r)
		})
		r := airtime(t, servedAt(server.URL), "ding products --lang es")
		assert.Contains(t, r.out, "siete")
		assert.Equal(t, batches, server.sent("GetProductDescriptions"))
		last := server.seen()[batches].query
		assert.Equal(t, total <= mostNamed, strings.Contains(last, "skuCodes"), total)
	}
}

func TestJSONHasTheTextsFieldsBesideTheProducts(t *testing.T) {
	r := airtime(t, nil, "--sandbox ding products --country MX --lang es --json")
	var all []map[string]any
	require.NoError(t, json.Unmarshal([]byte(r.out), &all))
	assert.Empty(t, r.err, "no progress for programs")
	product := all[1]
	assert.Equal(t, "MX_AZ_10", product["SkuCode"])
	assert.Equal(t, "MX_AZ_10", product["LocalizationKey"])
	assert.Equal(t, "Azteca Recarga 10", product["DisplayText"])
	assert.Equal(t, "es", product["LanguageCode"])
	assert.Contains(t, product["DescriptionMarkdown"], "Saldo")
	assert.Contains(t, product, "ReadMoreMarkdown")

	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body := `{"ResultCode":1,"Items":[]}`
		if path.Base(r.URL.Path) == "GetProducts" {
			body = `{"ResultCode":1,"Items":[{"SkuCode":"S","LocalizationKey":"S","DefaultDisplayText":"its own"}]}`
		}
		says(200, body)(w, r)
	})
	require.NoError(t, json.Unmarshal([]byte(airtime(t, servedAt(server.URL), "ding products --describe --json").out), &all))
	assert.Equal(t, "its own", all[0]["DisplayText"])
	assert.Empty(t, all[0]["LanguageCode"])
}

func TestLongTextsAreForPeopleAndCannotControlTheTerminal(t *testing.T) {
	r := airtime(t, nil, "--sandbox ding products --describe --sku NG_NL_1GB,MX_AZ_10 --lang es")
	assert.Equal(t, 0, r.code, r.err)
	assert.Contains(t, r.out, "PRODUCT   Azteca Recarga 10\n")
	assert.Contains(t, r.out, "• Starts at once\n")
	assert.Contains(t, r.out, "VALIDITY  P30D\n")
	assert.NotContains(t, r.out, "\x1b", "stdout is no terminal")

	text, err := json.Marshal("**bold** \x1b[2J&#x202e;evil\u202e\n\n" + dingKey)
	require.NoError(t, err)
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body := `{"ResultCode":1,"Items":[{"LocalizationKey":"S","LanguageCode":"en","DisplayText":"D","DescriptionMarkdown":` + string(text) + `,"ReadMoreMarkdown":"more of it"}]}`
		if path.Base(r.URL.Path) == "GetProducts" {
			body = `{"ResultCode":1,"Items":[{"SkuCode":"S","LocalizationKey":"S"},{"SkuCode":"T","LocalizationKey":"T"}]}`
		}
		says(200, body)(w, r)
	})
	plain := airtime(t, servedAt(server.URL), "ding products --describe")
	assert.NotContains(t, plain.out, "\x1b")
	assert.NotContains(t, plain.out, "\u202e")
	assert.Contains(t, plain.out, "more of it")
	assert.Contains(t, plain.out, "[redacted]")
}

func TestProductsAreListedFromASnapshot(t *testing.T) {
	box := countingSandbox(t, nil)
	file := filepath.Join(t.TempDir(), "catalogue")
	for _, line := range []string{
		"--country ES", "--country ES --lang es", "--country ES,MX --benefit Data,TV --lang es-MX", "--provider MSES --describe", "--sku NOPE", "--region ES --json", "--sku MX_AZ_10 --lang es --json",
	} {
		asked, kept := airtime(t, box.env, "ding products "+line), airtime(t, box.env, "ding products "+line+" --snapshot "+file)
		require.Equal(t, 0, kept.code, kept.err)
		assert.Equal(t, asked.out, kept.out, line)
	}
	require.Equal(t, 0, airtime(t, box.env, "ding products --snapshot "+file).code)
	before := len(box.seen())
	require.Equal(t, 0, airtime(t, box.env, "ding products --describe --snapshot "+file).code)
	require.Equal(t, 0, airtime(t, box.env, "ding quote --sku ES_MS_TopUp --send 10 --estimate --snapshot "+file).code)
	assert.Len(t, box.seen(), before, "nothing is asked for while it is fresh")

	r := airtime(t, box.env, "ding products --lang x! --snapshot "+file)
	assert.Equal(t, 2, r.code)
	assert.Contains(t, r.err, `catalogue: it cannot be made: "x!" is no language code`)

	r = airtime(t, box.env, "ding products --account 34600123456 --snapshot "+file)
	assert.Equal(t, 2, r.code)
	assert.Contains(t, r.err, "airtime ding match ACCOUNT --products")
}
