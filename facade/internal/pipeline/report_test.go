// What the hook and the log are told of a call.

package pipeline

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/facade"
)

func TestTheHookSeesEveryAttempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		transport := inMemory(t, func(w http.ResponseWriter, _ *http.Request) {
			calls++
			<-time.After(time.Duration(calls) * time.Second)
			switch calls {
			case 1:
				w.Header().Set("Retry-After", "7")
				w.WriteHeader(503)
			case 2:
				w.WriteHeader(401)
			}
		})
		r := newRig(t, transport, func(s *Settings) { s.Credentials = &renewable{} })
		_, err := r.send(t.Context(), nil)
		require.NoError(t, err)

		var errs []string
		for i, attempt := range r.attempts {
			text := ""
			if attempt.Err != nil {
				text = attempt.Err.Error()
			}
			errs = append(errs, text)
			r.attempts[i].Err = nil
		}
		assert.Equal(t, []string{"HTTP 503", "HTTP 401", ""}, errs)
		assert.Equal(t, []facade.Attempt{
			{Operation: "GetThings", CorrelationID: "corr-1", Number: 1, Status: 503, Duration: time.Second, Repeated: true, Pause: 7 * time.Second},
			{Operation: "GetThings", CorrelationID: "corr-1", Number: 2, Status: 401, Duration: 2 * time.Second, Repeated: true},
			{Operation: "GetThings", CorrelationID: "corr-1", Number: 3, Status: 200, Duration: 3 * time.Second},
		}, r.attempts)
	})
}

func TestAttemptsAreCountedOnFromThoseThatWereMadeEarlier(t *testing.T) {
	r := newRig(t, scripted(t, respond(503, ""), respond(200, "")), nil)
	for earlier := range 2 {
		got, _ := r.send(t.Context(), func(call *Call) {
			money(testURL)(call)
			call.Earlier = earlier
		})
		assert.Equal(t, earlier+1, got.Attempt, "what the judge is told")
		assert.Equal(t, earlier+1, r.attempts[earlier].Number, "what the hook is told")
	}
	var logged []any
	for _, entry := range r.entries(t) {
		logged = append(logged, entry["attempt"])
	}
	assert.Equal(t, []any{1.0, 2.0}, logged)
}

func TestTheHookIsGivenTheCallersContext(t *testing.T) {
	type key struct{}
	var span any
	r := newRig(t, scripted(t, respond(200, "")), func(s *Settings) {
		s.OnAttempt = func(ctx context.Context, _ facade.Attempt) { span = ctx.Value(key{}) }
	})
	_, err := r.send(context.WithValue(t.Context(), key{}, "span-1"), nil)
	require.NoError(t, err)
	assert.Equal(t, "span-1", span)
}

func TestTheHookSeesAnAttemptWithoutAnAnswer(t *testing.T) {
	r := newRig(t, ownTransport(t), func(s *Settings) { s.Retry.MaxAttempts = 1 })
	_, err := r.send(t.Context(), func(call *Call) { call.Build = get(refused + "/?accountNumber=" + testAccount) })
	require.Error(t, err)
	require.Len(t, r.attempts, 1)
	assert.Zero(t, r.attempts[0].Status)
	assert.Equal(t, err, r.attempts[0].Err)
	assertNothingSecret(t, r, err)
}

// entries decodes the log, without its clock.
func (r *rig) entries(t *testing.T) []map[string]any {
	var entries []map[string]any
	for line := range strings.Lines(r.log.String()) {
		var entry map[string]any
		require.NoError(t, json.Unmarshal([]byte(line), &entry))
		delete(entry, slog.TimeKey)
		entries = append(entries, entry)
	}
	return entries
}

func TestTheLogTellsWhatTheHookTells(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, scripted(t, respond(503, "", "Retry-After", "2"), respond(200, ""), respond(503, "", "Retry-After", "1000000")), nil)
		_, err := r.send(t.Context(), nil)
		require.NoError(t, err)
		_, err = r.send(t.Context(), func(call *Call) { call.CorrelationID = "" })
		require.Error(t, err)

		assert.Equal(t, []map[string]any{
			{"level": "INFO", "msg": "call will be repeated", "service": "test", "operation": "GetThings", "attempt": 1.0, "httpStatus": 503.0,
				"duration": 0.0, "correlationId": "corr-1", "pause": 2e9, "error": "HTTP 503"},
			{"level": "DEBUG", "msg": "call succeeded", "service": "test", "operation": "GetThings", "attempt": 2.0, "httpStatus": 200.0,
				"duration": 0.0, "correlationId": "corr-1"},
			{"level": "WARN", "msg": "call failed", "service": "test", "operation": "GetThings", "attempt": 1.0, "httpStatus": 503.0,
				"duration": 0.0, "error": "HTTP 503"},
		}, r.entries(t))
		assertNothingSecret(t, r, err)
	})
}

func TestTheLogKeepsToItsLevel(t *testing.T) {
	var r *rig
	r = newRig(t, scripted(t, respond(200, "")), func(s *Settings) {
		s.Logger = slog.New(slog.NewJSONHandler(writer(func(line []byte) (int, error) { return r.Write(line) }), nil))
	})
	_, err := r.send(t.Context(), nil)
	require.NoError(t, err)
	assert.Empty(t, r.log.String(), "a success is for those who debug")
}

type writer func([]byte) (int, error)

func (w writer) Write(p []byte) (int, error) { return w(p) }
