// What a cache needs of a call: conditional requests, decoders of its own, and the account's name.

package ding_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/facade"
	"github.com/airtime-go/airtime/facade/ding"
)

// notModified is an answer with HTTP 304, as caches get it.
func notModified() reply {
	return reply{status: http.StatusNotModified, header: map[string]string{"ETag": `"v1"`, "Cache-Control": "max-age=60"}}
}

const yesterday = "Fri, 08 May 2026 15:23:28 GMT"

func TestConditionalRequests(t *testing.T) {
	for name, tc := range map[string]struct {
		opts        []ding.CallOption
		etag, since string
		answer      reply
		unchanged   bool
		says        string
	}{
		"an ETag, nothing has changed":   {[]ding.CallOption{ding.WithCondition(`"v1"`, "")}, `"v1"`, "", notModified(), true, "nothing has changed"},
		"a date, nothing has changed":    {[]ding.CallOption{ding.WithCondition("", yesterday)}, "", yesterday, notModified(), true, "nothing has changed"},
		"both, nothing has changed":      {[]ding.CallOption{ding.WithCondition(`"v1"`, yesterday)}, `"v1"`, yesterday, notModified(), true, "nothing has changed"},
		"both, something has changed":    {[]ding.CallOption{ding.WithCondition(`"v1"`, yesterday)}, `"v1"`, yesterday, ok(plain), false, ""},
		"no condition, and a 304":        {nil, "", "", notModified(), false, "HTTP 304"},
		"an empty condition, and a 304":  {[]ding.CallOption{ding.WithCondition("", "")}, "", "", notModified(), false, "HTTP 304"},
		"a condition, and a failure":     {[]ding.CallOption{ding.WithCondition(`"v1"`, "")}, `"v1"`, "", envelope(400, 4, "ParameterInvalid", "x"), false, "ParameterInvalid"},
		"a condition, and a redirect":    {[]ding.CallOption{ding.WithCondition(`"v1"`, "")}, `"v1"`, "", reply{status: 302}, false, "redirects elsewhere"},
		"an ETag, then no condition":     {[]ding.CallOption{ding.WithCondition(`"v1"`, ""), ding.WithCondition("", "")}, "", "", ok(plain), false, ""},
		"a condition, and an empty body": {[]ding.CallOption{ding.WithCondition(`"v1"`, "")}, `"v1"`, "", ok(""), false, "could not be read"},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, tc.answer)
			var attempts []facade.Attempt
			var head *http.Response
			client := newClient(t, s, ding.WithAttemptHook(func(_ context.Context, a facade.Attempt) { attempts = append(attempts, a) }))

			answer, err := client.GetProducts(t.Context(), ding.GetProductsParams{}, append(tc.opts, ding.WithResponseHead(&head))...)

			assert.Equal(t, tc.unchanged, errors.Is(err, ding.ErrNotModified))
			if tc.says == "" {
				assert.NoError(t, err)
			} else {
				assert.ErrorContains(t, err, tc.says)
				assert.Nil(t, answer)
			}
			sent := s.seen()
			require.Len(t, sent, 1, "it is not repeated")
			assert.Equal(t, tc.etag, sent[0].header.Get("If-None-Match"))
			assert.Equal(t, tc.since, sent[0].header.Get("If-Modified-Since"))
			require.NotNil(t, head, "the head says how long the answer keeps")
			assert.Equal(t, tc.answer.status, head.StatusCode)
			if tc.answer.status == http.StatusNotModified {
				assert.Equal(t, "max-age=60", head.Header.Get("Cache-Control"))
			}
			require.Len(t, attempts, 1)
			if tc.unchanged {
				assert.NoError(t, attempts[0].Err, "it is no failure")
				assert.Equal(t, http.StatusNotModified, attempts[0].Status)
			}
		})
	}
}

func TestAConditionIsKeptOverAllAttempts(t *testing.T) {
	s := serve(t, html(502), notModified())
	_, err := newClient(t, s).GetCountries(t.Context(), ding.WithCondition(`"v1"`, ""))
	require.ErrorIs(t, err, ding.ErrNotModified)
	for _, request := range s.seen() {
		assert.Equal(t, `"v1"`, request.header.Get("If-None-Match"))
	}
}

// failing decodes nothing.
func failing([]byte, any) error { return errors.New("not mine: " + account) }

func TestWhatMovesMoneyTakesNoNoticeOfCaches(t *testing.T) {
	for _, o := range operations() {
		if !o.money {
			continue
		}
		t.Run(o.name, func(t *testing.T) {
			s := serveMoney(t, notModified())
			_, err := o.call(t.Context(), newClient(t, s, ding.WithSettleTimeout(1)), ding.WithCondition(`"v1"`, yesterday))
			assert.ErrorIs(t, err, facade.ErrOutcomeUnknown, "a 304 proves nothing")
			assert.Empty(t, s.seen()[0].header.Get("If-None-Match"))

			s = serveMoney(t, o.reply())
			_, err = o.call(t.Context(), newClient(t, s), ding.WithDecoder(failing))
			assert.NoError(t, err)
		})
	}
}

func TestADecoderReadsSuccesses(t *testing.T) {
	const body = `{"ResultCode":1,"ErrorCodes":[],"Items":[{"SkuCode":"GB_TEST_10"}]}`
	for _, o := range operations() {
		if o.money {
			continue
		}
		t.Run(o.name, func(t *testing.T) {
			s := serve(t, o.reply())
			var read []byte
			answer, err := o.call(t.Context(), newClient(t, s), ding.WithDecoder(func(body []byte, answer any) error {
				read = append(read, body...)
				return json.Unmarshal(body, answer)
			}))
			require.NoError(t, err)
			assert.NotNil(t, answer)
			assert.JSONEq(t, o.reply().body, string(read))
		})
	}
	t.Run("in its own way", func(t *testing.T) {
		answer, err := newClient(t, serve(t, ok(body))).GetProducts(t.Context(), ding.GetProductsParams{}, ding.WithDecoder(func(_ []byte, answer any) error {
			*answer.(*ding.GetProductsResponse) = ding.GetProductsResponse{ResultCode: 1, Items: []ding.Product{{SKUCode: "mine"}}}
			return nil
		}))
		require.NoError(t, err)
		assert.Equal(t, []ding.Product{{SKUCode: "mine"}}, answer.Items)
	})
}

func TestWhatADecoderDoesNotRead(t *testing.T) {
	never := func([]byte, any) error { return fmt.Errorf("not mine: %s %s", account, strings.Repeat("x", 5000)) }
	for name, tc := range map[string]struct {
		answers     []reply
		decode      func([]byte, any) error
		outcome     facade.Outcome
		undecodable bool
		is          error
	}{
		"a success that it fails on":                   {times(1, ok(plain)), never, facade.OutcomeRefused, true, nil},
		"a success of which it fills in no ResultCode": {times(1, ok(plain)), func([]byte, any) error { return nil }, facade.OutcomeRefused, true, nil},
		"a failure that it fails on":                   {times(1, envelope(400, 4, "ParameterInvalid", "SkuCode")), never, facade.OutcomeRefused, false, ding.CodeParameterInvalid},
		"a failure of which it fills in no codes": {times(1, envelope(400, 4, "ParameterInvalid", "SkuCode")), func(_ []byte, answer any) error {
			answer.(*ding.GetProductsResponse).ResultCode = 4
			return nil
		}, facade.OutcomeRefused, false, ding.CodeParameterInvalid},
		"a failure for now that it fails on": {times(3, envelope(503, 3, "RateLimited", "")), never, facade.OutcomeTemporary, false, ding.CodeRateLimited},
		"a proxy's page":                     {times(3, html(502)), never, facade.OutcomeTemporary, true, nil},
		"an answer that is cut off":          {times(3, ok(`{"ResultCode":1,"It`)), never, facade.OutcomeTemporary, true, nil},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, tc.answers...)
			answer, err := newClient(t, s).GetProducts(t.Context(), ding.GetProductsParams{}, ding.WithDecoder(tc.decode))
			assert.Nil(t, answer)
			failed := failure(t, err)
			assert.Equal(t, tc.outcome, failed.Outcome())
			assert.Equal(t, tc.undecodable, errors.Is(err, facade.ErrUndecodable))
			if tc.is != nil {
				assert.ErrorIs(t, err, tc.is)
			}
			assert.NotContains(t, err.Error(), account)
			assert.Less(t, len(err.Error()), 1000)
		})
	}
}

func TestAnAccountHasANameThatTellsNothing(t *testing.T) {
	name := func(opts ...ding.Option) string {
		client, err := ding.NewClient(opts...)
		require.NoError(t, err)
		return client.Account()
	}
	const host, other = "https://api.example", "https://other.example"
	names := map[string]string{
		"a key":                         name(ding.WithAPIKey("key-1"), ding.WithBaseURL(host)),
		"another key":                   name(ding.WithAPIKey("key-2"), ding.WithBaseURL(host)),
		"elsewhere":                     name(ding.WithAPIKey("key-1"), ding.WithBaseURL(other)),
		"the live service":              name(ding.WithAPIKey("key-1")),
		"a client id":                   name(ding.WithClientCredentials("key-1", "secret"), ding.WithBaseURL(host)),
		"another client id":             name(ding.WithClientCredentials("key-2", "secret"), ding.WithBaseURL(host)),
		"a key with a part of the host": name(ding.WithAPIKey("1key-1"), ding.WithBaseURL("https://api.example/")),
	}
	seen := map[string]string{}
	for what, account := range names {
		assert.Regexp(t, `^[0-9a-f]{32}$`, account, what)
		assert.Empty(t, seen[account], "%s is not %s", what, seen[account])
		seen[account] = what
	}
	for what, again := range map[string]string{
		"a key":       name(ding.WithAPIKey("key-1"), ding.WithBaseURL(host+"/"), ding.WithoutUsageLimits()),
		"a client id": name(ding.WithClientCredentials("key-1", "renewed"), ding.WithBaseURL(host), ding.WithIssuer("https://idp.example")),
	} {
		assert.Equal(t, names[what], again, "%s: the same account, whatever else is different", what)
	}
}
