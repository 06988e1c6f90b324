// What a request is about, as far as faults pick requests by it.

package sandbox

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
)

// subject is what a request is about.
type subject struct {
	endpoint
	references []string
	accounts   []string
	// pays tells a SendTransfer that is no validation.
	pays bool
}

// bodyNames has the members of every request body by which a request can be picked. Names are compared as encoding/json
// does, without regard to case.
type bodyNames struct {
	DistributorRef  string
	ChargeRequestID string
	RefundRequestID string
	SMSRequestID    string
	TransferID      struct{ DistributorRef string }

	AccountNumber string
	UserID        string
	Receiver      string

	ValidateOnly bool
}

// subjectOf reads what a request is about. Its body can be read again afterwards.
func subjectOf(r *http.Request) subject {
	about := subject{endpoint: endpoint{service: serviceOf(r.URL.Path)}}
	if known, found := endpoints()[r.URL.Path]; found {
		about.endpoint = known
	}
	if about.service == ServiceToken {
		return about
	}
	for _, names := range readNames(r) {
		about.references = append(about.references, names.DistributorRef, names.ChargeRequestID, names.RefundRequestID,
			names.SMSRequestID, names.TransferID.DistributorRef)
		about.accounts = append(about.accounts, names.AccountNumber, names.UserID, names.Receiver)
		about.pays = about.operation == sendTransfer && !names.ValidateOnly
	}
	about.accounts = append(about.accounts, r.URL.Query()["accountNumber"]...)
	return about
}

// readNames reads one object or a list of them. What is of another type than it should be counts as absent: refusing is
// the service's business.
func readNames(r *http.Request) []bodyNames {
	body, _ := io.ReadAll(io.LimitReader(r.Body, maxBody+1)) // whoever reads on meets the same error
	r.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(body), r.Body), r.Body}
	list := make([]bodyNames, 1)
	if bytes.HasPrefix(bytes.TrimSpace(body), []byte("[")) {
		_ = json.Unmarshal(body, &list)
		return list
	}
	_ = json.Unmarshal(body, &list[0])
	return list
}

// fits reports whether a fault is meant for the request.
func (s subject) fits(f Fault) bool {
	return (f.Service == "" || f.Service == s.service) &&
		(f.Operation == "" || f.Operation == s.operation) &&
		(f.Reference == "" || slices.Contains(s.references, f.Reference)) &&
		(f.Account == "" || slices.Contains(s.accounts, f.Account)) &&
		(f.Kind != HideRecords || s.pays)
}

// key is the same for requests of one operation with the same references and accounts.
func (s subject) key() string {
	return strings.Join(slices.Concat([]string{string(s.service), s.operation}, s.references, s.accounts), "\x01")
}
