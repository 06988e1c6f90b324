// Playing faults: around the work, and in the place of its answer.

package sandbox

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"net"
	"net/http"
	"strconv"
	"time"
)

// serveWithFaults does the work of a request with everything that is to go wrong.
func (s *Sandbox) serveWithFaults(w http.ResponseWriter, r *http.Request) {
	about := subjectOf(r)
	striking := s.faults.strike(about)
	if len(striking) == 0 {
		s.serve(w, r)
		return
	}
	p := performance{about: about, faults: striking}
	p.wait(r.Context(), BeforeWork)
	if f, destroyed := p.end(BeforeWork); destroyed {
		f.play(w, unfinished(about.service), f.instead(r, about))
		return
	}
	// From here on the work is done, whether the client still waits for it or not.
	undisturbed := context.WithoutCancel(r.Context())
	done := newRecording()
	s.serve(done, r.WithContext(hiding(undisturbed, p.hidden())))
	p.wait(r.Context(), AfterWork)
	if f, destroyed := p.end(AfterWork); destroyed {
		f.play(w, done, f.instead(r, about))
		return
	}
	done.send(w, done.body.Bytes())
}

// performance is the faults of one request.
type performance struct {
	about  subject
	faults []Fault
}

// wait plays the delays of a moment. It aborts the request if the client has gone away and nothing is left to be done:
// after the work, or before work that is given up then.
func (p performance) wait(ctx context.Context, when Moment) {
	for _, f := range p.faults {
		if f.Kind != Delay || f.When != when {
			continue
		}
		giveUp := ctx.Done()
		if when == BeforeWork && !f.Abandon {
			giveUp = nil
		}
		timer := time.NewTimer(f.For)
		select {
		case <-timer.C:
		case <-giveUp:
			timer.Stop()
			panic(http.ErrAbortHandler) // net/http's way to end a request without an answer
		}
	}
}

// end returns the fault that takes the answer's place at a moment, if one does.
func (p performance) end(when Moment) (Fault, bool) {
	for _, f := range p.faults {
		if f.destroys() && f.When == when {
			return f, true
		}
	}
	return Fault{}, false
}

// hidden is how long the transfer that is made is to stay out of the lists.
func (p performance) hidden() time.Duration {
	var longest time.Duration
	for _, f := range p.faults {
		if f.Kind == HideRecords {
			longest = max(longest, f.For)
		}
	}
	return longest
}

// hidingKey is the context's key of a duration.
type hidingKey struct{}

// hiding tells the work that its transfer stays out of the lists for a while.
func hiding(ctx context.Context, lasts time.Duration) context.Context {
	return context.WithValue(ctx, hidingKey{}, lasts)
}

// hiddenFor returns how long a transfer that is made now stays out of the lists.
func hiddenFor(ctx context.Context) time.Duration {
	lasts, _ := ctx.Value(hidingKey{}).(time.Duration)
	return lasts
}

// play puts the fault in the place of an answer: genuine is what is cut or dropped, instead what is said in its place.
func (f Fault) play(w http.ResponseWriter, genuine, instead *recording) {
	body := genuine.body.Bytes()
	half := body[:len(body)/2]
	switch f.Kind {
	case DropConnection:
		drop(w)
	case ResetMidAnswer:
		genuine.header.Set("Content-Length", strconv.Itoa(len(body)))
		genuine.send(w, half)
		// Without the flush nothing would be on the wire. Where it can't be done the connection is dropped all the same.
		_ = http.NewResponseController(w).Flush()
		drop(w)
	case TruncatedBody:
		genuine.send(w, half)
	default:
		instead.send(w, instead.body.Bytes())
	}
}

// drop ends the connection: by RST where it is TCP, by a plain close where it is something else, and by the end of the
// stream alone where several requests share it (HTTP/2).
func drop(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	reset(conn)
}

func reset(conn net.Conn) {
	raw := conn
	if secured, ok := conn.(interface{ NetConn() net.Conn }); ok {
		raw = secured.NetConn() // TLS would say good-bye first
	}
	if tcp, ok := raw.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // then it is closed without RST, which the client notices just as well
	}
	_ = raw.Close()
}

// maxRecording bounds a recorded answer, in bytes. The sandbox's own answers stay far below.
const maxRecording = 16 << 20

// recording is an answer that nobody has seen yet. It is an http.ResponseWriter.
type recording struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func newRecording() *recording { return &recording{header: http.Header{}} }

// Header returns the headers to be sent.
func (a *recording) Header() http.Header { return a.header }

// WriteHeader sets the status; the first one counts.
func (a *recording) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
	}
}

var errRecordingTooLarge = errors.New("sandbox: the answer is too large to be recorded")

// Write takes part of the body, up to the bound.
func (a *recording) Write(text []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	if a.body.Len()+len(text) > maxRecording {
		return 0, errRecordingTooLarge
	}
	return a.body.Write(text)
}

// send sends the recorded status and headers, with a body.
func (a *recording) send(w http.ResponseWriter, body []byte) {
	maps.Copy(w.Header(), a.header)
	a.WriteHeader(http.StatusOK)
	w.WriteHeader(a.status)
	_, _ = w.Write(body) // the client may have gone; there is nobody left to tell
}
