package sandbox_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi2"
	"github.com/getkin/kin-openapi/openapi2conv"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTheSwaggerDocumentIsWhereTheRealOneIs(t *testing.T) {
	c := serve(t).with("api_key", "")
	for _, path := range []string{"/swagger/docs/v1", "/swagger/docs/V1", "/Swagger/Docs/v1/"} {
		answer := c.do("GET", path, "", "")
		require.Equal(t, http.StatusOK, answer.status)
		assert.Equal(t, "application/json; charset=utf-8", answer.header.Get("Content-Type"))
		var document openapi2.T
		require.NoError(t, json.Unmarshal(answer.body, &document))
		assert.Equal(t, strings.TrimPrefix(c.server.URL, "http://"), document.Host, "where it was asked for")
		assert.Equal(t, []string{"http"}, document.Schemes)
	}
	assert.Equal(t, http.StatusMethodNotAllowed, c.do("POST", "/swagger/docs/v1", "", "").status)
	assert.Equal(t, http.StatusNotFound, c.do("GET", "/swagger/docs/v2", "", "").status)
}

// The shape is the real document's, which generators of strangers have been fed on.
func TestTheSwaggerDocumentHasTheRealOnesShape(t *testing.T) {
	var document openapi2.T
	require.NoError(t, json.Unmarshal(serve(t).do("GET", "/swagger/docs/v1", "", "").body, &document))

	send := document.Paths["/api/V1/SendTransfer"].Post
	assert.Equal(t, "SendTransfer", send.OperationID)
	assert.Equal(t, []string{"V1"}, send.Tags)
	assert.Equal(t, []string{"application/json"}, send.Consumes)
	assert.Len(t, send.Parameters, 2, "X-Correlation-Id and the body")
	assert.Equal(t, "body", send.Parameters[1].In)
	assert.Equal(t, "request", send.Parameters[1].Name)
	assert.Equal(t, "requestedEstimations", document.Paths["/api/V1/EstimatePrices"].Post.Parameters[1].Name)
	assert.Equal(t, "cancellationRequests", document.Paths["/api/V1/CancelTransfers"].Post.Parameters[1].Name)

	countries := document.Paths["/api/V1/GetRegions"].Get.Parameters[0]
	assert.Equal(t, "multi", countries.CollectionFormat)
	assert.True(t, countries.Type.Is("array"))

	assert.Len(t, document.Paths, 17)
	assert.Len(t, document.Definitions, 47, "objects, and no lists of words")
	assert.Equal(t, "#/definitions/Price", document.Definitions["TransferRecord"].Value.Properties["Price"].Ref)
	result := document.Definitions["IApiResponse"].Value.Properties["ResultCode"].Value
	assert.Equal(t, "int32", result.Format)
	assert.Equal(t, "api_key", document.SecurityDefinitions["APIKeyHeader"].Name)
	assert.True(t, strings.HasSuffix(document.SecurityDefinitions["OAuth2"].TokenURL, "/connect/token"))

	_, err := openapi2conv.ToV3(&document)
	assert.NoError(t, err)
}

// postman is what the test needs of a collection, which goes by the format's own names.
type postman struct {
	Info struct{ Schema string }
	Item []struct {
		Name    string
		Event   []postmanEvent
		Request struct {
			Method string
			Header []postmanPair
			Body   *struct {
				Raw        string
				URLEncoded []postmanPair
			}
			URL json.RawMessage
		}
	}
	Variable []postmanPair
}

type postmanPair struct {
	Key, Value string
	Disabled   bool
}

type postmanEvent struct {
	Listen string
	Script struct{ Exec []string }
}

// run sends every request of a collection as Postman would, and holds its answer against the specification.
func (p postman) run(t *testing.T, c *client) {
	t.Helper()
	values := map[string]string{}
	for _, v := range p.Variable {
		values[v.Key] = v.Value
	}
	fill := func(text string) string {
		return regexp.MustCompile(`\{\{\w+\}\}`).ReplaceAllStringFunc(text, func(name string) string {
			value, known := values[strings.Trim(name, "{}")]
			require.True(t, known, name)
			return value
		})
	}
	for _, item := range p.Item {
		bare, contentType, body := *c, "", ""
		bare.header = http.Header{}
		for _, h := range item.Request.Header {
			if h.Key == "Content-Type" {
				contentType = h.Value
			} else if !h.Disabled {
				bare.header[h.Key] = []string{fill(h.Value)}
			}
		}
		if item.Request.Body != nil {
			body = fill(item.Request.Body.Raw)
			if form := item.Request.Body.URLEncoded; form != nil {
				contentType, body = "application/x-www-form-urlencoded", encoded(form, fill)
			}
		}
		answer := bare.do(item.Request.Method, strings.TrimPrefix(fill(address(t, item.Request.URL)), c.server.URL), contentType, body)
		assert.Equal(t, http.StatusOK, answer.status, "%s: %s", item.Name, answer.body)
		assert.NotContains(t, string(answer.body), `"status":"-`, item.Name)
	}
}

func encoded(form []postmanPair, fill func(string) string) string {
	values := url.Values{}
	for _, pair := range form {
		values.Set(pair.Key, fill(pair.Value))
	}
	return values.Encode()
}

// address is a URL with the parts of its query that are switched on.
func address(t *testing.T, text json.RawMessage) string {
	t.Helper()
	var raw string
	if json.Unmarshal(text, &raw) == nil {
		return raw
	}
	var parts struct {
		Raw   string
		Query []postmanPair
	}
	require.NoError(t, json.Unmarshal(text, &parts))
	query := url.Values{}
	for _, q := range parts.Query {
		if !q.Disabled {
			query.Add(q.Key, q.Value)
		}
	}
	if len(query) > 0 {
		return parts.Raw + "?" + query.Encode()
	}
	return parts.Raw
}

func TestThePostmanCollectionsRunAsTheyAre(t *testing.T) {
	c := serve(t)
	for path, requests := range map[string]int{"/postman/ding.json": 18, "/postman/dizlee.json": 3} {
		var collection postman
		require.NoError(t, json.Unmarshal(c.do("GET", path, "", "").body, &collection))
		assert.Equal(t, "https://schema.getpostman.com/json/collection/v2.1.0/collection.json", collection.Info.Schema)
		assert.Len(t, collection.Item, requests)
		collection.run(t, c)
	}
	assert.Empty(t, c.sb.Payments(), "the example of SendTransfer only validates")
	assert.Len(t, c.sb.Charges(), 1)
	assert.Len(t, c.sb.Refunds(), 1, "of the charge before it")
}

func TestMoneyInPostmanHasAFreshIDEachTime(t *testing.T) {
	c := serve(t)
	for path, operations := range map[string][]string{"/postman/ding.json": {"SendTransfer"}, "/postman/dizlee.json": {"Charge", "Refund", "SendSMS"}} {
		var collection postman
		require.NoError(t, json.Unmarshal(c.do("GET", path, "", "").body, &collection))
		for _, item := range collection.Item {
			fresh := len(item.Event) > 0 && item.Event[0].Listen == "prerequest"
			assert.Equal(t, slices.Contains(operations, item.Name), fresh, item.Name)
		}
	}
}
