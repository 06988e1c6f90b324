package html_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/facade/ding/catalogue/html"
)

func TestCommonMarkBecomesHTML(t *testing.T) {
	for name, tc := range map[string]struct{ text, want string }{
		"a paragraph":       {"5 GB *for* 30 days", "<p>5 GB <em>for</em> 30 days</p>\n"},
		"a list":            {"- one\n- two", "<ul>\n<li>one</li>\n<li>two</li>\n</ul>\n"},
		"nothing":           {"", ""},
		"what HTML escapes": {`5 < 6 & "so"`, "<p>5 &lt; 6 &amp; &quot;so&quot;</p>\n"},
		"an address":        {"see https://example.com/terms", "<p>see <a href=\"https://example.com/terms\">https://example.com/terms</a></p>\n"},
	} {
		t.Run(name, func(t *testing.T) {
			page, err := html.Render(tc.text)
			require.NoError(t, err)
			assert.Equal(t, tc.want, page)
		})
	}
}

func TestATextCannotRunAnything(t *testing.T) {
	for _, text := range []string{
		`<script>alert(1)</script>`,
		`hello <img src=x onerror=alert(1)>`,
		`[click](javascript:alert(1))`,
		`[click](JaVaScRiPt:alert(1))`,
		`![x](data:text/html;base64,PHNjcmlwdD4=)`,
		`<a href="javascript:alert(1)">x</a>`,
		`[click](vbscript:msgbox)`,
	} {
		page, err := html.Render(text)
		require.NoError(t, err)
		for _, forbidden := range []string{"<script", "onerror", "javascript:", "data:text", "vbscript:", "<img src=x"} {
			assert.NotContains(t, page, forbidden, text)
		}
	}
}

func ExampleRender() {
	page, err := html.Render("**Double data** until Sunday")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Print(page)
	// Output: <p><strong>Double data</strong> until Sunday</p>
}
