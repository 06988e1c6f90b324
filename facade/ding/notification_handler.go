package ding

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/airtime-go/airtime/facade"
	"github.com/airtime-go/airtime/facade/internal/inbound"
	"github.com/airtime-go/airtime/facade/internal/settle"
)

// NotificationHandler receives the notifications by which Ding tells the end of deferred transfers. Its URL goes into the portal
// (Settings, Developer, Webhooks); Ding calls https alone.
//
// Ding documents no signature, so anybody can send what looks like a notification. By default, it is read back before it is
// believed: the list of transfers has to show the same references, SKU, account, state and value. A failure may come without
// references, as SendTransfer answers one: its correlation id names the transfer then.
//
// Of the 50 lists in ten minutes that Ding allows, read-backs leave a quarter to payments whose answer was lost, and half if neither
// this client nor its journal has sent the transfer: let those receive who send, or share their journal. [WithPathSecret] and
// [WithAllowedSenders] keep strangers out before that. Give one of them: if the list shows a failure that Ding is about to try again,
// which is not documented, a stranger who knows of it could tell it as the end at that moment.
//
// A notification that is believed ends [Client.AwaitTransfer], and the user's function gets it. Once that has returned nil, the transfer's
// entry in the client's journal is settled, and the answer is 200; the sender may send again what was answered otherwise:
//
//   - 400, 405, 408, 413, 415: it is no notification of an end. The text says what is wrong, and names the field if it is one.
//   - 404, 403: a wrong path secret; a sender who is not allowed, or a notification that contradicts the list.
//   - 503, with Retry-After: it cannot be confirmed now, or is being taken elsewhere.
//   - 500: the function failed.
//
// The server needs a ReadHeaderTimeout and an IdleTimeout of its own, since a handler sees no connection that sends no request, and no
// WriteTimeout below a minute: reading back may take 20 seconds, and the function 30.
//
// What was taken is not handed to the function again: the same references and state are answered with 200 from then on. That is
// remembered for a day, of the latest 10,000, and with [WithJournal] for good, across restarts and processes. A process that is
// killed after the function has returned and before that is noted leaves it to be taken once more: the function must bear that.
type NotificationHandler struct {
	client *Client
	take   func(context.Context, Notification) error
	config notificationConfig
	once   *inbound.Once
	// readBacks holds one token for each that is under way.
	readBacks chan struct{}
}

const (
	// maxReadBacks is how many notifications are read back at once, and readBackWithin how long one may take.
	maxReadBacks   = 64
	readBackWithin = 20 * time.Second
	// strangersLeave is how many percent of the usage limit of ListTransferRecords a read-back leaves to those who have lost an answer, and
	// expectedLeave how many if it is of a transfer that is known. Anybody can make up references.
	strangersLeave = 50
	expectedLeave  = 25
	// rememberedEnds is how many notifications are remembered, and rememberedFor how long.
	rememberedEnds = 10_000
	rememberedFor  = 24 * time.Hour
	// againLater is what Retry-After asks for.
	againLater = 30 * time.Second
	// operationNotification is under what the journal notes them.
	operationNotification = "TransferNotification"
)

// NewNotificationHandler returns a handler that hands notifications to take, or an error that names every option that is wrong. The client is
// the one that the transfers are sent with, for its list, its journal and those who await their end.
//
// Take gets a context that outlives the sender's connection and ends after 30 seconds. It may be called by several goroutines, for one
// notification at a time. Its error is logged, and not shown to the sender.
func NewNotificationHandler(client *Client, take func(context.Context, Notification) error, opts ...NotificationOption) (*NotificationHandler, error) {
	var config notificationConfig
	var problems []error
	if client == nil {
		problems = append(problems, errors.New("there is no client: give the one that the transfers are sent with"))
	}
	if take == nil {
		problems = append(problems, errors.New("there is no function to take the notifications"))
	}
	for i, opt := range opts {
		if opt == nil {
			problems = append(problems, fmt.Errorf("option %d is nil", i+1))
		} else if err := opt(&config); err != nil {
			problems = append(problems, err)
		}
	}
	if err := errors.Join(problems...); err != nil {
		return nil, fmt.Errorf("ding: no notification handler can be made:\n%w", err)
	}
	if config.logger == nil {
		config.logger = client.logger
	}
	return &NotificationHandler{
		client: client, take: take, config: config,
		once:      inbound.NewOnce(rememberedEnds, rememberedFor),
		readBacks: make(chan struct{}, maxReadBacks),
	}, nil
}

// NotificationOption configures a NotificationHandler.
type NotificationOption func(*notificationConfig) error

type notificationConfig struct {
	withoutReadBack bool
	secrets         inbound.Secrets
	senders         []netip.Prefix
	logger          *slog.Logger
}

// WithoutReadBack believes every notification as it comes; [Notification].Verified is false. Anybody who can reach the handler can
// then make transfers look paid or failed, in the journal and to AwaitTransfer as well: use it behind something that knows Ding.
func WithoutReadBack() NotificationOption {
	return func(c *notificationConfig) error {
		c.withoutReadBack = true
		return nil
	}
}

// WithPathSecret answers 404 unless the last segment of the path is one of the secrets; several serve while one replaces another.
// Make them long and random. The handler shows them nowhere, but a proxy in front of it may log paths.
func WithPathSecret(secrets ...string) NotificationOption {
	return func(c *notificationConfig) error {
		usable := func(secret string) bool {
			return strings.TrimSpace(secret) == secret && secret != "" && secret != "." && secret != ".." && !strings.Contains(secret, "/")
		}
		if len(secrets) == 0 || !slices.ContainsFunc(secrets, usable) || slices.ContainsFunc(secrets, func(s string) bool { return !usable(s) }) {
			return errors.New("a path secret is missing, blank, or no single segment of a path")
		}
		c.secrets = inbound.NewSecrets(secrets...)
		return nil
	}
}

// WithAllowedSenders answers 403 unless the connection comes from one of the networks. Ding's support tells which they are. Behind a
// proxy, every connection comes from the proxy: let that check them.
func WithAllowedSenders(networks ...netip.Prefix) NotificationOption {
	return func(c *notificationConfig) error {
		if len(networks) == 0 || slices.ContainsFunc(networks, func(network netip.Prefix) bool { return !network.IsValid() }) {
			return errors.New("no network of allowed senders is given, or one that is invalid")
		}
		c.senders = slices.Clone(networks)
		return nil
	}
}

// WithNotificationLogger logs what was taken (debug), what was refused (warn) and failures (error), instead of the client's logger.
func WithNotificationLogger(logger *slog.Logger) NotificationOption {
	return func(c *notificationConfig) error {
		if logger == nil {
			return errors.New("the logger is nil; leave the option out for the client's")
		}
		c.logger = logger
		return nil
	}
}

// ServeHTTP takes one notification.
func (h *NotificationHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var told *Notification
	limits := inbound.Limits{Take: readBackWithin + inbound.DefaultTake}
	err := limits.Serve(w, r, func() error { return h.admit(r) }, func(ctx context.Context, body []byte) error {
		n, err := readNotification(r.Header, body)
		if err != nil {
			return err
		}
		told = &n
		if err := h.check(n); err != nil {
			return err
		}
		return h.receive(ctx, n)
	})
	h.log(r, told, err)
}

// admit decides whether the sender may deliver at all.
func (h *NotificationHandler) admit(r *http.Request) error {
	if h.config.secrets != nil && !h.config.secrets.Match(r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:]) {
		return inbound.Refuse(http.StatusNotFound, "there is nothing here")
	}
	if h.config.senders == nil {
		return nil
	}
	from, err := netip.ParseAddrPort(r.RemoteAddr)
	sender := from.Addr().Unmap().WithZone("")
	if err != nil || !slices.ContainsFunc(h.config.senders, func(network netip.Prefix) bool { return network.Contains(sender) }) {
		return inbound.Refuse(http.StatusForbidden, "this sender is not allowed")
	}
	return nil
}

// receive finds out whether what was told is so, tells those who await the end, and hands it over once.
func (h *NotificationHandler) receive(ctx context.Context, told Notification) error {
	if h.once.Took(told.key()) || h.isNoted(ctx, told) {
		return nil
	}
	seen, confirmed, err := h.confirm(ctx, told)
	if err != nil {
		return err
	}
	end := news{sighting: seen, end: &confirmed.TransferRecord, by: "look-up"}
	if !confirmed.Verified {
		end.by = "notification"
	}
	h.client.endings.tell(confirmed.TransferRecord.TransferID.DistributorRef, end)
	err = h.once.Do(ctx, confirmed.key(), func() error { return h.deliver(ctx, confirmed) })
	if err == nil {
		// Not before: until somebody has taken the end, RecoverTransfers has to tell it.
		known := failures{}
		known.believe(confirmed.TransferRecord)
		h.client.noteEnd(ctx, seen, confirmed.item(), known, end.by)
	}
	return err
}

// isExpected reports whether it is of a transfer that this client has sent, or that its journal knows.
func (h *NotificationHandler) isExpected(ctx context.Context, n Notification) bool {
	ref := n.TransferRecord.TransferID.DistributorRef
	if sent, known := h.client.correlated.find(n.CorrelationID); known && sent.DistributorRef == ref {
		return true
	}
	if h.client.journal == nil {
		return false
	}
	_, found, err := h.client.journal.Get(ctx, h.client.key(ref))
	return err == nil && found
}

// check completes the references, and refuses what the list could not tell apart without.
func (h *NotificationHandler) check(n Notification) error {
	if err := n.identify(h.client.correlated); err != nil {
		return err
	}
	if record := n.TransferRecord; refOf(record) == "" && !h.config.withoutReadBack && (record.SKUCode == "" || record.AccountNumber == "") {
		return inbound.Refuse(http.StatusBadRequest, "TransferRecord.TransferId is missing, and SkuCode or AccountNumber as well")
	}
	return nil
}

// confirm returns what the list says of the transfer, if that agrees with what was told.
func (h *NotificationHandler) confirm(ctx context.Context, told Notification) (sighting, Notification, error) {
	record := told.TransferRecord
	scrub := h.client.pipeline.Scrubber(record.AccountNumber)
	if h.config.withoutReadBack {
		told.ErrorCodes = shownCodes(told.ErrorCodes, scrub.Shown)
		return sighting{items: []TransferRecordWithErrorCodes{told.item()}, complete: true}, told, nil
	}
	select {
	case h.readBacks <- struct{}{}:
		defer func() { <-h.readBacks }()
	default:
		return sighting{}, told, unconfirmed("too many notifications are being confirmed")
	}
	bounded, cancel := context.WithTimeout(ctx, readBackWithin)
	defer cancel()
	leaves := strangersLeave
	if h.isExpected(ctx, told) {
		leaves = expectedLeave
	}
	seen := h.client.sweeper.lookLeaving(bounded, leaves, record.TransferID.DistributorRef, record.StartedUTC.Time, record.AccountNumber)
	if seen.err != nil {
		return seen, told, fmt.Errorf("%w: %s", unconfirmed("the list of transfers cannot be read"), scrub.Redact(seen.err.Error()))
	}
	item, err := told.against(seen)
	if err != nil {
		return seen, told, err
	}
	return seen, told.listed(item), nil
}

func unconfirmed(why string) error {
	return &inbound.Refusal{Status: http.StatusServiceUnavailable, Text: "it cannot be confirmed now: " + why + "; send it again later", RetryAfter: againLater}
}

// contradiction names the field for the log alone: a stranger could find out by it what was sent to whom.
func contradiction(field string) error {
	return fmt.Errorf("%w: in %s", inbound.Refuse(http.StatusForbidden, "it contradicts the list of transfers"), field)
}

// key is what the journal keeps a notification under.
func (h *NotificationHandler) key(n Notification) facade.Key {
	key := h.client.key(n.reference())
	key.Operation = operationNotification
	return key
}

// isNoted reports whether the journal has it as taken.
func (h *NotificationHandler) isNoted(ctx context.Context, n Notification) bool {
	if h.client.journal == nil {
		return false
	}
	entry, found, err := h.client.journal.Get(ctx, h.key(n))
	return err == nil && found && entry.Settlement != nil // what else there is, Begin tells
}

// deliver hands it to the user's function, and notes that.
func (h *NotificationHandler) deliver(ctx context.Context, n Notification) error {
	journal, key := h.client.journal, h.key(n)
	if journal == nil {
		return h.call(ctx, n)
	}
	// The same for every delivery, whatever else it says, or it would be another request under the key.
	names, err := json.Marshal(n.names())
	if err != nil {
		return err
	}
	entry, fresh, err := journal.Begin(ctx, facade.Intent{Key: key, Request: names, NotedAt: time.Now()})
	switch {
	case err != nil:
		return fmt.Errorf("%w: %w", &inbound.Refusal{Status: http.StatusServiceUnavailable, Text: "it cannot be noted; send it again later", RetryAfter: againLater}, err)
	case !fresh && entry.Settlement != nil:
		return nil
	case !fresh && entry.Leased:
		return &inbound.Refusal{Status: http.StatusServiceUnavailable, Text: "it is being taken at this moment; send it again later", RetryAfter: againLater}
	}
	taken := false
	defer func() {
		if !taken {
			h.noted(n, settle.Insist(ctx, func(ctx context.Context) error { return journal.Release(ctx, key) }))
		}
	}()
	if err := h.call(ctx, n); err != nil {
		return err
	}
	taken = true
	h.noted(n, settle.Insist(ctx, func(ctx context.Context) error {
		return journal.Settle(ctx, key, facade.Settlement{Outcome: facade.OutcomeAccepted, By: "notification", SettledAt: time.Now()})
	}))
	return nil
}

// call calls the user's function. The record is its own: others may be reading the same.
func (h *NotificationHandler) call(ctx context.Context, n Notification) error {
	n.TransferRecord, n.ErrorCodes = *own(&n.TransferRecord), slices.Clone(n.ErrorCodes)
	ctx, cancel := context.WithTimeout(ctx, inbound.DefaultTake)
	defer cancel()
	return h.take(ctx, n)
}

// noted tells of what could not be noted. What was taken stays so: it is known until the process ends.
func (h *NotificationHandler) noted(n Notification, err error) {
	if err != nil {
		h.config.logger.LogAttrs(context.Background(), slog.LevelError, "what became of a notification could not be noted",
			append(h.about(n), slog.String("error", err.Error()))...)
	}
}

// about names a notification in a log, as far as what anybody may have sent can be shown.
func (h *NotificationHandler) about(n Notification) []slog.Attr {
	names, scrub := n.names(), h.client.pipeline.Scrubber(n.TransferRecord.AccountNumber)
	return []slog.Attr{
		slog.String("service", "ding"),
		slog.String("distributorRef", scrub.Scrub(names[0])), slog.String("transferRef", scrub.Scrub(names[1])), slog.String("state", names[2]),
		slog.String("correlationId", scrub.Scrub(n.CorrelationID)),
	}
}

// log tells how a delivery ended.
func (h *NotificationHandler) log(r *http.Request, told *Notification, err error) {
	ctx := context.WithoutCancel(r.Context()) // the sender may have gone
	level, message := slog.LevelDebug, "notification taken"
	var refusal *inbound.Refusal
	switch {
	case errors.As(err, &refusal):
		level, message = slog.LevelWarn, "notification refused"
	case err != nil:
		level, message = slog.LevelError, "notification not taken"
	}
	if !h.config.logger.Enabled(ctx, level) {
		return
	}
	attrs := []slog.Attr{slog.String("service", "ding")}
	if told != nil {
		attrs = h.about(*told)
	}
	if refusal != nil {
		attrs = append(attrs, slog.Int("httpStatus", refusal.Status), slog.String("remote", r.RemoteAddr))
	}
	if err != nil {
		attrs = append(attrs, slog.String("error", err.Error()))
	}
	h.config.logger.LogAttrs(ctx, level, message, attrs...)
}
