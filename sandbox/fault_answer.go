// What is answered in the place of the truth.

package sandbox

import (
	"net/http"
	"strconv"
	"time"

	"github.com/airtime-go/airtime/gen/ding"
	"github.com/airtime-go/airtime/gen/dizlee"
)

// proxyPage is what a proxy shows when the server behind it has failed.
const proxyPage = `<!DOCTYPE html>
<html><head><title>502 Bad Gateway</title></head>
<body><h1>Bad Gateway</h1><p>The server behind this gateway gave no answer that makes sense.</p></body></html>
`

// unfinished is what an answer is cut from when no work has been done: it begins like a success, which nobody may
// believe before the end.
func unfinished(service Service) *recording {
	text := map[Service]string{
		ServiceDing:   `{"ResultCode":1,"ErrorCodes":[],"Items":[],"TransferRecord":null}`,
		ServiceDizlee: `{"status":"1","statusDetail":"Successful Operation.","chargeResponseId":"1"}`,
		ServiceToken:  `{"access_token":"none","token_type":"Bearer","expires_in":1800}`,
	}[service]
	return said(http.StatusOK, "application/json", text)
}

func said(status int, contentType, text string) *recording {
	a := newRecording()
	if contentType != "" {
		a.header.Set("Content-Type", contentType)
	}
	a.WriteHeader(status)
	_, _ = a.body.WriteString(text)
	return a
}

// plainAnswer is the false answer of a fault that comes from something in front of the service.
func plainAnswer(f Fault) *recording {
	var a *recording
	switch f.Kind {
	case HTML502:
		a = said(http.StatusBadGateway, "text/html; charset=utf-8", proxyPage)
	case ServiceUnavailable503:
		a = said(http.StatusServiceUnavailable, "text/plain; charset=utf-8", "Service Unavailable\n")
	case TooManyRequests429:
		a = said(http.StatusTooManyRequests, "", "")
	default:
		a = said(http.StatusServiceUnavailable, "", "")
	}
	return f.withRetryAfter(a)
}

// withRetryAfter sets the header, or takes away what the envelope came with.
func (f Fault) withRetryAfter(a *recording) *recording {
	a.header.Del("Retry-After")
	if f.RetryAfter > 0 || f.Kind == ServiceUnavailable503 {
		a.header.Set("Retry-After", strconv.Itoa(int(f.RetryAfter/time.Second)))
	}
	return a
}

// instead returns what is said at that moment in the answer's place.
func (f Fault) instead(r *http.Request, about subject) *recording {
	if f.Kind != TokenExpired401 && !f.Envelope {
		return plainAnswer(f)
	}
	a := newRecording()
	loaded, _ := loadContracts() // New has loaded them, so there is no error
	switch {
	case about.service == ServiceDizlee:
		f.sayAsDizlee(loaded.dizlee.arranged(a, about.operation))
	case about.service == ServiceToken:
		f.sayAsIdentityProvider(a)
	case f.When == BeforeWork:
		prepareAnswer(a, r)
		f.refuseAsDing(loaded.ding.arranged(a, about.operation), r, about.operation)
	default:
		prepareAnswer(a, r)
		f.loseAsDing(loaded.ding.arranged(a, about.operation), about.operation)
	}
	return f.withRetryAfter(a)
}

// refuseAsDing says that nothing was done, and why: it is true before the work.
func (f Fault) refuseAsDing(w http.ResponseWriter, r *http.Request, operation string) {
	code := ding.ErrorCode{Code: codeTransientProviderError, Context: contextUnavailable}
	switch f.Kind {
	case TokenExpired401:
		refuseStranger(w, contextTokenExpired)
		return
	case TooManyRequests429:
		code = ding.ErrorCode{Code: codeRateLimited}
	}
	if operation != sendTransfer {
		refuse(w, operation, code)
		return
	}
	if request, ok := decode[ding.SendTransferRequest](w, r, operation); ok {
		failSend(w, request, []ding.ErrorCode{code})
	}
}

// loseAsDing says that something is wrong, and nothing of what was done: there is no record, and the code leaves it open.
func (f Fault) loseAsDing(w http.ResponseWriter, operation string) {
	code := ding.ErrorCode{Code: codeTransientProviderError, Context: contextTimedOut}
	if f.Kind == TooManyRequests429 {
		code = ding.ErrorCode{Code: codeRateLimited, Context: contextStillInProgress}
	}
	refuse(w, operation, code)
}

// status is that of the kinds with an envelope which are not DingConnect's alone.
func (f Fault) status() int {
	if f.Kind == TooManyRequests429 {
		return http.StatusTooManyRequests
	}
	return http.StatusServiceUnavailable
}

// sayAsDizlee answers -429, which means that nothing was done, or -504, which means nothing at all.
func (f Fault) sayAsDizlee(w http.ResponseWriter) {
	prepareDizleeAnswer(w)
	code := dizlee.StatusCodeOperatorTimeout
	if f.Kind == TooManyRequests429 {
		code = dizlee.StatusCodeTooManyRequests
	}
	refuseDizlee(w, f.status(), code, "")
}

// sayAsIdentityProvider borrows a code from RFC 6749, section 4.1.2.1: the token endpoint has none of its own for it.
func (f Fault) sayAsIdentityProvider(w http.ResponseWriter) {
	prepareTokenAnswer(w)
	refuseToken(w, f.status(), "temporarily_unavailable")
}
