package catalogue

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAnOutlineExcludesNothingThatFits(t *testing.T) {
	for _, tc := range []struct {
		pattern  string
		fitting  []string
		excluded []string
	}{
		{`^2348\d{9}$`, []string{"2348123456789"}, []string{"2349123456789", "234812345678", "23481234567890", "234"}},
		{`^(1876|1658)\d{7}$`, []string{"18761234567", "16581234567"}, []string{"28761234567", "19761234567", "1876123456"}},
		{`^44(7|20)\d{8}$`, []string{"44712345678", "442012345678"}, []string{"44312345678", "4471234567"}},
		{`^(?:00)?49\d+$`, []string{"0049123", "49123"}, []string{"4"}},
		{`^4[1-35]?\d*$`, []string{"4", "41", "49999999999"}, []string{"5"}},
		{`^91[6-9]\d{9}|92\d+$`, []string{"916000000000", "x92111"}, nil},
		{`123`, []string{"9991239"}, nil},
		{`^123`, []string{"12345678901234"}, []string{"12", "9123"}},
		{`^[^@]+@[^@]+$`, []string{"a@b"}, []string{"@", "a"}},
		{`^(12){2,3}$`, []string{"1212", "121212"}, []string{"12", "1112", "12121212"}},
		{`^(1|22)+$`, []string{"1", "2211"}, []string{"3"}},
		{`^$`, []string{""}, []string{"1"}},
		{`(?<=1)2`, []string{"12"}, nil}, // not told
		{`^(?!440)44(?:7700|7911)\d{6}$`, []string{"447700123456"}, []string{"457700123456", "44770012345"}},
		{`^(?=\d{3}$)1(?![0-5])\d+(?<!7)$`, []string{"168"}, []string{"268"}},
		{`^1(?=2){0}3`, []string{"13"}, []string{"12"}},
		{`^[(?=a)]$`, []string{"a", "="}, nil},
		{`^[^](?=x)]1$`, []string{"a1"}, nil},
		{`^(\(?=a)1$`, []string{"=a1", "(=a1"}, nil},
		{`^(`, nil, nil},
	} {
		p := &pattern{text: tc.pattern}
		for _, account := range tc.fitting {
			fits, err := p.matches(account, enough())
			require.NoError(t, err)
			assert.True(t, fits, "%s %s", tc.pattern, account)
			assert.False(t, p.outline.excludes(tc.pattern, account), "%s %s", tc.pattern, account)
		}
		for _, account := range tc.excluded {
			assert.True(t, p.outline.excludes(tc.pattern, account), "%s %s", tc.pattern, account)
		}
	}
}

func TestANumberOfNowhereKeepsNoPatterns(t *testing.T) {
	var p parts
	for i := range 300 {
		p.providers = append(p.providers, provider(fmt.Sprintf("P%03d", i), "GB", fmt.Sprintf(`^44%03d\d{3,6}$`, i)))
	}
	p.providers = append(p.providers, provider("METER", "GB", `^99\d{6,8}$`))
	s := &service{lookUp: ok(nobody)}
	c := selling(t, s, p)
	m, err := c.Match(t.Context(), "99123456")
	require.NoError(t, err)
	require.Len(t, m.Candidates, 1)
	assert.Equal(t, "METER", m.Candidates[0].Provider.ProviderCode)
	for _, served := range c.current.Load().data.numbering().all {
		assert.Nil(t, served.pattern.compiled.Load(), served.provider.ProviderCode)
	}
}
