// How a run ends: the error for people or as JSON, and the exit code.

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/airtime-go/airtime/facade"
	"github.com/airtime-go/airtime/facade/ding"
	"github.com/airtime-go/airtime/facade/dizlee"
)

// exitCodes are the program's promise to scripts.
var exitCodes = map[facade.Outcome]int{
	facade.OutcomeAccepted:  0,
	facade.OutcomeRefused:   1,
	facade.OutcomeUsage:     2,
	facade.OutcomeTemporary: 3,
	facade.OutcomeUnknown:   4,
}

// outcomeError is an error of the command line itself, with the outcome that it stands for.
type outcomeError struct {
	outcome facade.Outcome
	message string
	// operation is the service's method; empty if the command is meant.
	operation string
	// cause is what the message was made of; nil if it stands alone.
	cause error
}

func (e *outcomeError) Error() string           { return e.message }
func (e *outcomeError) Outcome() facade.Outcome { return e.outcome }
func (e *outcomeError) Unwrap() error           { return e.cause }

// usagef makes the error for wrong usage or configuration.
func usagef(format string, args ...any) error {
	return &outcomeError{outcome: facade.OutcomeUsage, message: fmt.Sprintf(format, args...)}
}

// adviceError adds to an error what to do in terms of this program.
type adviceError struct {
	error
	advice string
	// reference is the request's own; empty if the advice is about none.
	reference string
}

func (e *adviceError) Error() string { return e.error.Error() + "; " + e.advice }
func (e *adviceError) Unwrap() error { return e.error }

// ifUnknown adds advice to an error after which money may have moved.
func ifUnknown(err error, format string, args ...any) error {
	if err == nil || facade.OutcomeOf(err) != facade.OutcomeUnknown {
		return err
	}
	return &adviceError{error: err, advice: fmt.Sprintf(format, args...)}
}

// finish reports err, if there is one, and returns the exit code.
func (a *app) finish(command *cobra.Command, args []string, err error) int {
	if err == nil {
		a.flush()
		return 0
	}
	if !a.running {
		// Parsing may have stopped before it came to --json.
		a.json = a.json || wantsJSON(args)
		var known *outcomeError
		if !errors.As(err, &known) {
			err = usagef("%s", err)
		}
	}
	err = withFlags(err)
	outcome := facade.OutcomeOf(err)
	if a.json {
		a.printJSONLine("error", newFailure(command.CommandPath(), err))
		return exitCodes[outcome]
	}
	text := "airtime: " + messageOf(err) + "\n"
	if !a.running {
		text += fmt.Sprintf("See %s --help.\n", command.CommandPath())
	}
	_, _ = a.stderr.Write([]byte(text))
	return exitCodes[outcome]
}

// messageOf returns an error's text on one line: errors that were joined have one each.
func messageOf(err error) string {
	return strings.NewReplacer(":\n", ": ", "\n", ": ").Replace(strings.TrimSpace(err.Error()))
}

// wantsJSON looks for --json where parsing the flags has failed.
func wantsJSON(args []string) bool {
	wanted := false
	for _, arg := range args {
		if arg == "--" {
			break
		}
		if arg == "--json" {
			wanted = true
		}
		if value, ok := strings.CutPrefix(arg, "--json="); ok {
			wanted, _ = strconv.ParseBool(value)
		}
	}
	return wanted
}

// failure is an error as JSON. What is unknown or does not apply is 0 or empty; one of the two parts is always there.
type failure struct {
	Operation  string         `json:"operation"`
	Outcome    facade.Outcome `json:"outcome"`
	HTTPStatus int            `json:"httpStatus"`
	*dingPart
	*dizleePart
	// CorrelationID is Ding's X-Correlation-Id; for Dizlee, the request's own id.
	CorrelationID     string `json:"correlationId"`
	RetryAfterSeconds int64  `json:"retryAfterSeconds"`
	// Reference is the caller's own, of what moves money.
	Reference string `json:"reference,omitempty"`
	Message   string `json:"message"`
	// Next is what to do, in terms of this program; the message ends with it.
	Next string `json:"next,omitempty"`
}

type dingPart struct {
	ResultCode int        `json:"resultCode"`
	Codes      []codePair `json:"codes"`
}

type dizleePart struct {
	Status       string `json:"status"`
	StatusDetail string `json:"statusDetail"`
}

type codePair struct {
	Code    string `json:"code"`
	Context string `json:"context"`
}

func newFailure(commandPath string, err error) failure {
	f := failure{
		Operation: strings.TrimPrefix(commandPath, "airtime "),
		Outcome:   facade.OutcomeOf(err),
		Message:   messageOf(err),
	}
	var (
		fromDing   *ding.Error
		fromDizlee *dizlee.Error
		request    *facade.RequestError
		own        *outcomeError
	)
	switch {
	case errors.As(err, &fromDing):
		f.fromDing(fromDing)
	case errors.As(err, &fromDizlee):
		f.fromDizlee(fromDizlee)
	case errors.As(err, &request):
		f.Operation = request.Operation
	case errors.As(err, &own) && own.operation != "":
		f.Operation = own.operation
	}
	var advice *adviceError
	if errors.As(err, &advice) {
		f.Reference, f.Next = advice.reference, advice.advice
	}
	if f.dingPart == nil && f.dizleePart == nil {
		if strings.HasPrefix(commandPath, "airtime dizlee") {
			f.dizleePart = &dizleePart{}
		} else {
			f.dingPart = &dingPart{Codes: []codePair{}}
		}
	}
	return f
}

func (f *failure) fromDing(err *ding.Error) {
	f.Operation, f.HTTPStatus, f.CorrelationID = err.Operation, err.HTTPStatus, err.CorrelationID
	f.RetryAfterSeconds = wholeSeconds(err.RetryAfter)
	f.dingPart = &dingPart{ResultCode: int(err.ResultCode), Codes: codePairs(err.Codes)}
}

func (f *failure) fromDizlee(err *dizlee.Error) {
	f.Operation, f.HTTPStatus, f.CorrelationID = err.Operation, err.HTTPStatus, err.RequestID
	f.RetryAfterSeconds = wholeSeconds(err.RetryAfter)
	f.dizleePart = &dizleePart{Status: string(err.Status), StatusDetail: err.StatusDetail}
}

func codePairs(codes []ding.ErrorCode) []codePair {
	pairs := make([]codePair, len(codes))
	for i, code := range codes {
		pairs[i] = codePair{Code: code.Code, Context: code.Context}
	}
	return pairs
}

// wholeSeconds rounds up: asking again too early is what a Retry-After forbids.
func wholeSeconds(d time.Duration) int64 { return int64(math.Ceil(d.Seconds())) }

// printJSONLine writes one object with one field to stderr. If even that cannot be written, the exit code has to do.
func (a *app) printJSONLine(name string, value any) {
	line, err := marshal(map[string]any{name: value}, "")
	if err != nil {
		line, _ = json.Marshal(map[string]string{name: err.Error()})
	}
	_, _ = a.stderr.Write(line)
}
