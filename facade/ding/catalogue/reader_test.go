package catalogue

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/facade/ding"
	"github.com/airtime-go/airtime/money"
)

// reading is what has been read of an answer, in the API's own form.
type reading struct {
	ResultCode ding.ResultCode
	ErrorCodes []ding.ErrorCode
	Items      any
}

// readBoth reads a body as one of the four large answers, in our way and in the plain one.
func readBoth(method string, body []byte) (ours, plain reading, oursErr, plainErr error) {
	switch method {
	case "GetProducts":
		var a, b ding.GetProductsResponse
		table, err := decodeProducts(body, &a)
		if table == nil && err == nil {
			table = tabulateProducts(a.Items)
		}
		items := []ding.Product{}
		for row := range rowsOf(table, err) {
			items = append(items, *table.at(uint32(row)))
		}
		plainErr = json.Unmarshal(body, &b)
		return reading{a.ResultCode, a.ErrorCodes, items}, reading{b.ResultCode, b.ErrorCodes, append([]ding.Product{}, b.Items...)}, err, plainErr
	case "GetProductDescriptions":
		var a, b ding.GetProductDescriptionsResponse
		table, err := decodeProductTexts(body, &a)
		if table == nil && err == nil {
			table = tabulateTexts(a.Items)
		}
		items := []ding.LocalizedProductDescription{}
		if err == nil {
			for row := range table.rows {
				items = append(items, *table.at(uint32(row)))
			}
		}
		plainErr = json.Unmarshal(body, &b)
		return reading{a.ResultCode, a.ErrorCodes, items}, reading{b.ResultCode, b.ErrorCodes, append([]ding.LocalizedProductDescription{}, b.Items...)}, err, plainErr
	case "GetProviders":
		var a, b ding.GetProvidersResponse
		err := decodeProviders(body, &a)
		plainErr = json.Unmarshal(body, &b)
		return reading{a.ResultCode, a.ErrorCodes, append([]ding.Provider{}, a.Items...)}, reading{b.ResultCode, b.ErrorCodes, append([]ding.Provider{}, b.Items...)}, err, plainErr
	default:
		var a, b ding.GetPromotionDescriptionsResponse
		err := decodePromotionTexts(body, &a)
		plainErr = json.Unmarshal(body, &b)
		return reading{a.ResultCode, a.ErrorCodes, append([]ding.LocalizedPromotionDescription{}, a.Items...)},
			reading{b.ResultCode, b.ErrorCodes, append([]ding.LocalizedPromotionDescription{}, b.Items...)}, err, plainErr
	}
}

func rowsOf(table *productTable, err error) []productRow {
	if err != nil {
		return nil
	}
	return table.rows
}

var largeMethods = []string{"GetProducts", "GetProductDescriptions", "GetProviders", "GetPromotionDescriptions"}

// assertSame holds our reading against that of encoding/json.
func assertSame(t *testing.T, method string, body []byte) {
	t.Helper()
	ours, plain, oursErr, plainErr := readBoth(method, body)
	require.Equal(t, plainErr == nil, oursErr == nil, "%s of %s\nplainly: %v\nours: %v", method, body, plainErr, oursErr)
	if plainErr == nil {
		require.Equal(t, plain, ours, "%s of %s", method, body)
	}
}

func TestAnswersAreReadAsEncodingJSONReadsThem(t *testing.T) {
	for name, item := range map[string]string{
		"nothing":                                   `{}`,
		"null in place of an item":                  `null`,
		"null in every field":                       `{"SkuCode":null,"ProviderCode":null,"Minimum":null,"Benefits":null,"CommissionRate":null,"LookupBillsRequired":null,"SettingDefinitions":null,"LocalizationKey":null,"SendAmounts":null,"RegionCodes":null}`,
		"empty lists":                               `{"Benefits":[],"PaymentTypes":[ ],"SettingDefinitions":[],"RegionCodes":[],"SendAmounts":[]}`,
		"unknown fields of every kind":              `{"New":1,"New2":"a\"}b","New3":{"SkuCode":"x","a":[1,{"b":null}]},"New4":[[],{}],"New5":true,"SkuCode":"S","Name":"N"}`,
		"an unknown field that is no JSON":          `{"New":nul,"SkuCode":"S"}`,
		"names in another case":                     `{"skucode":"S","PROVIDERCODE":"P","minimum":{"sendvalue":1.50},"displaytext":"D","localizationkey":"K","NAME":"N"}`,
		"names in another alphabet":                 `{"S\u212aUCODE":"S","\u017fkucode":"T","\u212aind":1}`,
		"names with escapes":                        `{"\u0053kuCode":"S","Sku\u0043ode2":"T","\u004eame":"N"}`,
		"a name twice":                              `{"SkuCode":"A","SkuCode":"B","Name":"A","Name":"B"}`,
		"a name twice, then null":                   `{"SkuCode":"A","SkuCode":null,"Name":"A","NAME":null}`,
		"a price twice":                             `{"Minimum":{"SendValue":1},"Minimum":{"CustomerFee":2}}`,
		"a list twice":                              `{"Benefits":["A","B"],"Benefits":["C"],"RegionCodes":["A","B"],"RegionCodes":[null]}`,
		"amounts of every form":                     `{"CommissionRate":0.70,"Minimum":{"SendValue":"12.50","TaxRate":1E+2,"CustomerFee":-0.0,"ReceiveValue":79228162514264337593543950335}}`,
		"amounts with an exponent of nothing":       `{"CommissionRate":1.50e0,"Minimum":{"SendValue":0e5,"TaxRate":-0e0,"ReceiveValue":0.00}}`,
		"an amount of 64 digits":                    `{"CommissionRate":` + strings.Repeat("9", 64) + `}`,
		"an amount of 65 digits":                    `{"CommissionRate":` + strings.Repeat("9", 65) + `}`,
		"an amount of 65 places":                    `{"CommissionRate":0.` + strings.Repeat("9", 65) + `}`,
		"an amount in quotes with escapes":          `{"CommissionRate":"1\u002e5"}`,
		"amounts that begin alike":                  `{"CommissionRate":1},{"CommissionRate":10},{"CommissionRate":1.0},{"CommissionRate": 1 },{"CommissionRate":1`,
		"an amount that is none":                    `{"CommissionRate":"a lot"}`,
		"an amount that is a list":                  `{"CommissionRate":[1]}`,
		"an amount beyond the bounds":               `{"CommissionRate":1e999}`,
		"an amount with a plus":                     `{"CommissionRate":+1}`,
		"an amount with a zero before it":           `{"CommissionRate":01}`,
		"a number for a text":                       `{"SkuCode":1,"Name":1,"DisplayText":1,"Dates":1}`,
		"a text for a truth":                        `{"LookupBillsRequired":"true"}`,
		"a text for a list":                         `{"Benefits":"Mobile"}`,
		"a list for a price":                        `{"Minimum":[]}`,
		"a number in a list of texts":               `{"Benefits":[1],"RegionCodes":[1]}`,
		"texts with every escape":                   `{"DefaultDisplayText":"\"\\\/\b\f\n\r\t\u00e9\u4e2d\ud83d\ude00","DisplayText":"\u00e9\n","Name":"\"","Headline":"\u0000"}`,
		"half a pair":                               `{"DefaultDisplayText":"\ud83d!","DisplayText":"\ud83d","Name":"\ude00\ud83d","Headline":"\ud83d\n"}`,
		"half a pair before a pair":                 `{"DefaultDisplayText":"\ud83d\ud83d\ude00","DisplayText":"\ud83d\ud83d\ude00"}`,
		"a bad escape":                              `{"DefaultDisplayText":"\x","DisplayText":"\u12","Name":"\u12g4","Headline":"\u+123"}`,
		"bytes that are no UTF-8":                   "{\"DefaultDisplayText\":\"a\xff\xfeb\",\"DisplayText\":\"\xc3\",\"Name\":\"\xff\",\"Headline\":\"\xff\\n\"}",
		"a control character":                       "{\"DefaultDisplayText\":\"a\nb\",\"DisplayText\":\"a\tb\",\"Name\":\"\x00\",\"Headline\":\"\x1f\\n\"}",
		"a delete, which is none":                   "{\"DefaultDisplayText\":\"a\x7fb\",\"DisplayText\":\"a\x7fb\"}",
		"blanks everywhere":                         " {\t\"SkuCode\" :\r\n\"S\" , \"Minimum\" : { \"SendValue\" : 1.5 } , \"Name\" : \"N\" } ",
		"a comma too many":                          `{"SkuCode":"S",}`,
		"a colon too few":                           `{"SkuCode" "S"}`,
		"an item that does not end":                 `{"SkuCode":"S"`,
		"a text that does not end":                  `{"SkuCode":"S`,
		"a text that ends in a backslash":           `{"SkuCode":"S\`,
		"an item that is a text":                    `"S"`,
		"two items without a comma":                 `{}{}`,
		"the same item twice":                       `{"SkuCode":"S","Name":"N","DisplayText":"D"},{"SkuCode":"S","Name":"N","DisplayText":"D"}`,
		"a price of which another is the beginning": `{"Minimum":{"SendValue":1},"Maximum":{"SendValue":1} }`,
		"fields in the wrong place":                 `{"Items":[1],"ResultCode":7,"TaxName":"T","SendValue":1.5,"Minimum":{"TaxName":"T","SendValue":1.5,"SkuCode":"S"},"SkuCode":"S"}`,
		"a text that is null":                       `{"SkuCode":"null","Name":"null"}`,
		"words that are none":                       `{"SkuCode":nil}`,
	} {
		t.Run(name, func(t *testing.T) {
			for _, method := range largeMethods {
				assertSame(t, method, []byte(`{"ResultCode":1,"ErrorCodes":[],"Items":[`+item+`]}`))
			}
		})
	}
}

func TestEnvelopesAreReadAsEncodingJSONReadsThem(t *testing.T) {
	for _, body := range []string{
		``, ` `, `null`, `{}`, `[]`, `5`, `"a"`, `{"ResultCode":1}`, `{"ResultCode":1,"Items":null}`, `{"Items":[],"ErrorCodes":null,"ResultCode":2}`,
		`{"ResultCode":4,"ErrorCodes":[{"Code":"A","Context":null},{"Code":"B","New":1}]}`, `{"ResultCode":1.0}`, `{"ResultCode":"1"}`, `{"ResultCode":99999999999}`,
		`{"ResultCode":1,"Items":{}}`, `{"ResultCode":1,"Items":[]} `, `{"ResultCode":1,"Items":[]}x`, `{"ResultCode":1,"Items":[]}{}`, `{"ResultCode":1,"Items":[`,
		`{"ResultCode":1,"Items":[{"SkuCode":"A","Name":"A","DisplayText":"A"}],"Items":[{"ProviderCode":"B","LanguageCode":"B"}]}`, `{"resultcode":1,"ITEMS":[{}]}`,
		`{"SkuCode":"A","Name":"A","DisplayText":"A","Headline":"A","ResultCode":1,"Items":[{"SkuCode":"A","Name":"A","DisplayText":"A","Headline":"A"}]}`, `{"ResultCode":1,"Items":[{}],}`, "\ufeff{}", `<html>`, `{"Message":"An error has occurred."}`, `{"ResultCode":1,"ResultCode":null}`, `{"Items":[[]]}`,
	} {
		for _, method := range largeMethods {
			assertSame(t, method, []byte(body))
		}
	}
}

func TestALargeAnswerIsReadFast(t *testing.T) {
	for _, repeating := range []int{0, 100} {
		of := live(repeating)
		of.providers, of.products = of.providers/20, of.products/20
		bodies := generate(of, 7)
		for _, method := range largeMethods {
			assertSame(t, method, bodies[method])
		}
		_, _, productsErr := readProducts(bodies["GetProducts"])
		_, _, textsErr := readProductTexts(bodies["GetProductDescriptions"])
		_, _, providersErr := readProviders(bodies["GetProviders"])
		_, _, promotionsErr := readPromotionTexts(bodies["GetPromotionDescriptions"])
		assert.Equal(t, []error{nil, nil, nil, nil}, []error{productsErr, textsErr, providersErr, promotionsErr}, "not left to encoding/json")
	}
}

func TestEqualThingsAreKeptOnce(t *testing.T) {
	table, _, err := readProducts([]byte(`{"ResultCode":1,"Items":[
		{"SkuCode":"A","ProviderCode":"P","Benefits":["Mobile"],"Minimum":{"SendValue":1.50},"Maximum":{"SendValue":1.50}},
		{"SkuCode":"B","ProviderCode":"P","Benefits":["Mobile"],"Minimum":{"SendValue":1.50},"Maximum":{"SendValue":1.5}}]}`))
	require.NoError(t, err)
	a, b := table.at(0), table.at(1)
	assert.Same(t, &a.Benefits[0], &b.Benefits[0])
	assert.Len(t, table.prices, 3, "the empty one and two more")
	assert.Equal(t, arena("\x00"+"\x01A"+"\x01P"+"\x041.50"+"\x01B"+"\x031.5"), table.texts, "each text once, after its length")
	assert.Equal(t, money.MustParse("1.5"), b.Maximum.SendValue, "the scale stays as it was sent")
	assert.Equal(t, money.MustParse("1.50"), b.Minimum.SendValue)
}

func TestTablesOfWhatWasReadElsewhereAreTheSame(t *testing.T) {
	bodies := generate(smallShape(), 3)
	var answer ding.GetProductsResponse
	require.NoError(t, json.Unmarshal(bodies["GetProducts"], &answer))
	answer.Items = append(answer.Items, ding.Product{}, ding.Product{Benefits: []ding.Benefit{}, SettingDefinitions: []ding.SettingDefinition{{Name: "A", IsMandatory: true}}})
	table := tabulateProducts(answer.Items)
	for i := range answer.Items {
		require.Equal(t, answer.Items[i], *table.at(uint32(i)))
	}
}

// FuzzReading changes answers, and holds what is read of them against encoding/json.
func FuzzReading(f *testing.F) {
	bodies := generate(shape{countries: 2, providers: 4, products: 4, languages: []string{"en"}, repeating: 50}, 1)
	for i, method := range largeMethods {
		f.Add(uint8(i), bodies[method], uint64(i))
		f.Add(uint8(i), []byte(`{"ResultCode":1,"Items":[{"SkuCode":"\u00e9\ud83d\ude00","Benefits":["A"],"CommissionRate":"1.0"},null]}`), uint64(i))
	}
	f.Fuzz(func(t *testing.T, which uint8, body []byte, seed uint64) {
		method := largeMethods[int(which)%len(largeMethods)]
		assertSame(t, method, body)
		assertSame(t, method, mutate(bodies[method], seed))
	})
}

// mutate replaces some bytes of a body by others that mean something in JSON.
func mutate(body []byte, seed uint64) []byte {
	random := rand.New(rand.NewPCG(seed, 1))
	changed := bytes.Clone(body)
	pieces := []string{`"`, `\`, `{`, `}`, `[`, `]`, `,`, `:`, `null`, `true`, `1`, `-`, `.`, ` `, "\n", "\xff", `\u00e9`, `""`, `{}`, `"SkuCode":`, `"Minimum":{},`, `e5`}
	for range 1 + random.IntN(3) {
		at := random.IntN(len(changed))
		end := min(len(changed), at+random.IntN(3))
		changed = append(changed[:at:at], append([]byte(pieces[random.IntN(len(pieces))]), changed[end:]...)...)
	}
	return changed
}
