// Usage limits: how many requests of a method the account may make in ten minutes, as the specification states it.

package sandbox

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/airtime-go/airtime/gen/ding"
)

// usageWindow is what a limit is counted over. The real service does not say whether its windows slide; these do, which is the stricter
// way.
const usageWindow = 10 * time.Minute

// The extensions that state a limit. SendTransfers that only validate are counted apart.
const (
	limitExtension             = "x-usage-limit"
	limitExtensionValidateOnly = "x-usage-limit-validate-only"
	rowValidateOnly            = "SendTransfer (Validate Only)"
)

// usageLimits reads the limits out of a document, by operation id, and that of validations by rowValidateOnly.
func usageLimits(document *openapi3.T) (map[string]int, error) {
	limits := map[string]int{}
	for path, item := range document.Paths.Map() {
		for _, operation := range item.Operations() {
			for extension, row := range map[string]string{limitExtension: operation.OperationID, limitExtensionValidateOnly: rowValidateOnly} {
				stated, found := operation.Extensions[extension]
				if !found {
					continue
				}
				limit, isNumber := stated.(float64)
				if !isNumber || limit < 1 || limit != float64(int(limit)) {
					return nil, fmt.Errorf("%s of %s is %v, which is no limit", extension, path, stated)
				}
				limits[row] = int(limit)
			}
		}
	}
	return limits, nil
}

// usage counts the requests of the one account that there is, whatever credentials they come with.
type usage struct {
	limits map[string]int
	clock  func() time.Time

	mu     sync.Mutex
	counts map[string][]time.Time // when those came that were not refused, oldest first
}

func newUsage(limits map[string]int, clock func() time.Time) *usage {
	return &usage{limits: limits, clock: clock, counts: map[string][]time.Time{}}
}

// count takes a request in. If it is beyond the limit, it does not count, and count returns how long it will be until there is room.
func (u *usage) count(row string) (wait time.Duration, admitted bool) {
	limit, limited := u.limits[row]
	if !limited {
		return 0, true
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	at, counted := u.clock(), u.counts[row]
	for len(counted) > 0 && !at.Before(counted[0].Add(usageWindow)) {
		counted = counted[1:]
	}
	if len(counted) >= limit {
		return counted[0].Add(usageWindow).Sub(at), false
	}
	u.counts[row] = append(counted, at)
	return 0, true
}

// reset forgets all requests: a transfer has succeeded.
func (u *usage) reset() {
	u.mu.Lock()
	defer u.mu.Unlock()
	clear(u.counts)
}

// admit counts a request for an operation, or refuses it.
func (u *usage) admit(w http.ResponseWriter, r *http.Request, operation string) bool {
	row := operation
	if operation == sendTransfer && onlyValidates(r) {
		row = rowValidateOnly
	}
	wait, admitted := u.count(row)
	if !admitted {
		// Rounded up, so that whoever waits so long is admitted.
		w.Header().Set("Retry-After", strconv.Itoa(int((wait+time.Second-1)/time.Second)))
		refuse(w, operation, ding.ErrorCode{Code: codeRateLimited})
	}
	return admitted
}

// onlyValidates looks into a SendTransfer. Its body can be read again afterwards.
func onlyValidates(r *http.Request) bool {
	body, _ := io.ReadAll(io.LimitReader(r.Body, maxBody))
	r.Body = rewound{io.MultiReader(bytes.NewReader(body), r.Body), r.Body}
	var request struct{ ValidateOnly json.RawMessage }
	_ = json.Unmarshal(body, &request)                                                 // what is no request is refused by others
	return strings.EqualFold(strings.Trim(string(request.ValidateOnly), `" `), "true") // "true" is taken too, see coerced
}

// rewound is a body that is read from its beginning again.
type rewound struct {
	io.Reader
	io.Closer
}
