// Faults in JSON, as the admin endpoints read and write them.

package sandbox

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// faultJSON is a Fault with its durations as text.
type faultJSON struct {
	Kind        FaultKind `json:"kind"`
	When        Moment    `json:"when,omitempty"`
	Service     Service   `json:"service,omitempty"`
	Operation   string    `json:"operation,omitempty"`
	Reference   string    `json:"reference,omitempty"`
	Account     string    `json:"account,omitempty"`
	For         string    `json:"for,omitempty"`
	RetryAfter  string    `json:"retryAfter,omitempty"`
	Envelope    bool      `json:"envelope,omitempty"`
	Abandon     bool      `json:"abandon,omitempty"`
	Probability *float64  `json:"probability,omitempty"`
	Skip        int       `json:"skip,omitempty"`
	Count       int       `json:"count,omitempty"`
}

// MarshalJSON writes the members that are set, named in lower camel case, and durations as text such as "1m30s".
func (f Fault) MarshalJSON() ([]byte, error) {
	written := faultJSON{
		Kind: f.Kind, When: f.When, Service: f.Service, Operation: f.Operation, Reference: f.Reference, Account: f.Account,
		For: writtenDuration(f.For), RetryAfter: writtenDuration(f.RetryAfter), Envelope: f.Envelope, Abandon: f.Abandon,
		Skip: f.Skip, Count: f.Count,
	}
	if f.Probability != 0 {
		written.Probability = &f.Probability
	}
	return json.Marshal(written)
}

// UnmarshalJSON reads what MarshalJSON writes. A member that it does not know is an error, since a fault with a
// misspelt condition would strike everything; so is a probability of 0 that is written out.
func (f *Fault) UnmarshalJSON(text []byte) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	var read faultJSON
	if err := decoder.Decode(&read); err != nil {
		return fmt.Errorf("sandbox: fault: %w", err)
	}
	lasts, err := readDuration("for", read.For)
	if err != nil {
		return err
	}
	retryAfter, err := readDuration("retryAfter", read.RetryAfter)
	if err != nil {
		return err
	}
	var probability float64
	if read.Probability != nil {
		if probability = *read.Probability; probability == 0 {
			return errors.New("sandbox: fault: probability: 0 strikes nothing; leave it out to strike always")
		}
	}
	*f = Fault{
		Kind: read.Kind, When: read.When, Service: read.Service, Operation: read.Operation, Reference: read.Reference,
		Account: read.Account, For: lasts, RetryAfter: retryAfter, Envelope: read.Envelope, Abandon: read.Abandon,
		Probability: probability, Skip: read.Skip, Count: read.Count,
	}
	return nil
}

func writtenDuration(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return d.String()
}

func readDuration(member, text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		return 0, fmt.Errorf("sandbox: fault: %s: %q is no duration such as \"2s\"", member, text)
	}
	return d, nil
}
