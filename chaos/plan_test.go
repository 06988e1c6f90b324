// Plans: what a seed decides about its world.

package chaos

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/airtime-go/airtime/money"
	"github.com/airtime-go/airtime/sandbox"
)

// kind is what an order is for: an operation, by its name.
type kind string

const (
	transfer kind = "SendTransfer"
	charge   kind = "Charge"
	refund   kind = "Refund"
	message  kind = "SendSMS"
)

// order is one thing that has to happen once.
type order struct {
	kind      kind
	reference string
	sku       string // of a transfer
	account   string
	amount    money.Decimal // 0 for a refund of everything, and for a message
	charge    string        // the reference of the charge that a refund is for
	// scripted: the account has the sandbox answer with an error, and that says nothing about what it did.
	scripted bool
	starts   time.Duration
	callers  int
	// rival is another order under the same reference, and stranger one of another program's, which comes first.
	rival, stranger other
	// validated: somebody validates it first.
	validated bool
	// before: an earlier life, which had no journal, may have sent it, so that it is resumed.
	before bool
}

// other is how another order under the same reference differs; the zero other is none.
type other struct {
	sku, account string
	amount       money.Decimal
}

// as is the other order.
func (o order) as(differs other) order {
	o.sku, o.account, o.amount = differs.sku, differs.account, differs.amount
	o.rival, o.stranger, o.validated = other{}, other{}, false
	return o
}

// another draws an order that differs in one thing alone.
func (o order) another(d dice) other {
	same := other{o.sku, o.account, o.amount}
	last := o.account[len(o.account)-1:]
	switch n := d.pick(3, "differs", o.reference); {
	case n == 0 && o.sku == ten:
		same.sku = topUp
	case n == 1 && !o.scripted:
		same.account = strings.TrimSuffix(o.account, last) + map[bool]string{true: "1", false: "0"}[last == "0"]
	default:
		same.amount = o.amount.Add(money.FromInt(1))
		if o.sku == ten {
			same.sku = topUp
		}
	}
	return same
}

// protected reports whether a lost answer can be found out about.
func (o order) protected() bool {
	return o.kind == transfer || o.kind == charge || o.kind == refund && o.amount.IsZero()
}

// plan is what a seed has decided.
type plan struct {
	seed    uint64
	weather weather

	journal, oauth, preventsDuplicates, duplicateAsUnknown bool

	balance       money.Decimal
	tokenLifetime time.Duration
	faults        []sandbox.Fault
	// processes live at the same time; deaths is how often each of them dies.
	processes, deaths int
	// The probabilities that a caller loses patience, a connection can't be made, the journal's disk fails, a transfer
	// fails at the provider, Ding refuses one for its usage limit before it looks any further, and an answer is strange.
	impatient, unreachable, diskFails, failing, limited, strange float64
	// fullDisk is the probability, for every half minute, that nothing at all can be noted then.
	fullDisk float64
	// attempts is the retry policy's bound; 0 for its default.
	attempts int

	orders []order
}

// weather is a kind of world.
type weather struct {
	name string
	// shape fills in what sets the weather apart.
	shape func(*plan, dice)
	// rare bounds the share of orders, in percent, that nothing certain was said of in the end. Most of them never arrived:
	// what is absent is never sent again on a guess. The bounds are about twice what was measured over many seeds.
	rare int
}

var weathers = []weather{
	{name: "a bad day", rare: 10, shape: func(p *plan, d dice) {
		p.impatient, p.unreachable, p.strange, p.deaths = 0.02, 0.02, 0.08, d.pick(2, "deaths")
		p.faults = mix(d, 0.06, everyKind, dingMoney, dingReads, dizleeMoney, tokens)
	}},
	{name: "lost answers", rare: 12, shape: func(p *plan, d dice) {
		p.strange = 0.1
		p.faults = mix(d, 0.6, afterWork, dingMoney, dizleeMoney)
	}},
	{name: "hidden and late", rare: 20, shape: func(p *plan, d dice) {
		p.impatient, p.strange = 0.1, 0.06
		p.faults = append(mix(d, 0.3, everyKind, dingMoney, dizleeMoney), late(d)...)
	}},
	{name: "crashes", rare: 20, shape: func(p *plan, d dice) {
		p.deaths, p.impatient, p.failing, p.strange = 1+d.pick(5, "deaths"), 0.05, 0.15, 0.06
		p.faults = mix(d, 0.2, everyKind, dingMoney, dingReads, dizleeMoney)
	}},
	{name: "storm", rare: 30, shape: func(p *plan, d dice) {
		p.deaths, p.impatient, p.unreachable, p.diskFails, p.failing, p.strange = d.pick(6, "deaths"), 0.3, 0.1, 0.05, 0.1, 0.05
		p.faults = append(mix(d, 0.6, everyKind, dingMoney, dingReads, dizleeMoney, tokens), late(d)...)
	}},
	{name: "duplicates prevented", rare: 20, shape: func(p *plan, d dice) {
		p.preventsDuplicates, p.impatient, p.deaths = true, 0.1, d.pick(3, "deaths")
		p.failing, p.limited, p.diskFails, p.fullDisk, p.strange = 0.1, 0.15, 0.03, 0.05, 0.03
		p.faults = append(mix(d, 0.5, everyKind, dingMoney, dingReads, dizleeMoney), late(d)...)
		if d.chance(0.6, "patience") {
			p.impatient, p.deaths, p.limited, p.diskFails, p.fullDisk = 0, 0, 0, 0, 0
			if d.chance(0.5, "many attempts") {
				p.attempts = 45
			}
			p.faults = append(mix(d, 0.3, afterWork, dingMoney), late(d)...) // the list answers, so that it is seen to be absent
		}
		p.faults = append([]sandbox.Fault{{Kind: sandbox.DropConnection, When: sandbox.BeforeWork, Operation: "SendTransfer", Reference: neverArrives}}, p.faults...)
	}},
	{name: "no journal", rare: 25, shape: func(p *plan, d dice) {
		p.journal, p.preventsDuplicates = false, d.chance(0.3, "prevents duplicates")
		p.impatient, p.unreachable, p.deaths, p.failing, p.strange = 0.1, 0.05, d.pick(4, "deaths"), 0.1, 0.06
		p.faults = append(mix(d, 0.4, everyKind, dingMoney, dingReads, dizleeMoney), late(d)...)
	}},
	{name: "a failing provider", rare: 35, shape: func(p *plan, d dice) {
		p.failing, p.strange, p.deaths = 0.4, 0.04, d.pick(2, "deaths")
		p.faults = append(mix(d, 0.5, everyKind, dingMoney), late(d)...)
	}},
	{name: "a full disk", rare: 20, shape: func(p *plan, d dice) {
		p.diskFails, p.fullDisk, p.processes = 0.05, 0.15, 1
		p.faults = mix(d, 0.4, afterWork, dingMoney, dizleeMoney)
	}},
}

// neverArrives is a transfer that is lost before any work however often it is sent, in worlds where it is sent for as long as
// that is allowed, or as often.
const neverArrives = "transfer-7"

// begunBefore reports an order that an earlier life may have sent.
func (p plan) begunBefore(of name) bool {
	return slices.ContainsFunc(p.orders, func(o order) bool { return o.name() == of && o.before })
}

// planFor is the plan of a seed. Consecutive seeds go through all weathers.
func planFor(seed uint64) plan {
	d := dice(seed)
	p := plan{
		seed: seed, weather: weathers[seed%uint64(len(weathers))], journal: true,
		oauth: d.chance(0.5, "oauth"), duplicateAsUnknown: d.chance(0.3, "duplicate as unknown"),
		processes: 1 + d.pick(3, "processes"), tokenLifetime: 30 * time.Minute, balance: money.FromInt(1_000_000),
	}
	if d.chance(0.3, "short tokens") {
		p.tokenLifetime = 10 * time.Second
	}
	if d.chance(0.15, "poor") {
		p.balance = money.FromInt(1200)
	}
	p.weather.shape(&p, d)
	p.orders = p.drawOrders(d)
	return p
}

func (p plan) String() string {
	return fmt.Sprintf("%s: %d processes that die %d times each, journal %t, OAuth %t, %d faults, %d orders",
		p.weather.name, p.processes, p.deaths, p.journal, p.oauth, len(p.faults), len(p.orders))
}

// openFor is how long callers keep coming.
const openFor = 15 * time.Minute

func (p plan) drawOrders(d dice) []order {
	var all []order
	for n := range 110 {
		o := transferOrder(d, n)
		if n > 0 && o.rival == (other{}) && o.reference != neverArrives && d.chance(0.1, "twins", n) {
			twin := all[n-1] // the same thing again, for the same customer
			o.sku, o.account, o.amount, o.scripted = twin.sku, twin.account, twin.amount, twin.scripted
		}
		all = append(all, o)
	}
	for n := range 40 {
		o := chargeOrder(d, n)
		all = append(all, o)
		if d.chance(0.6, "refunded", n) {
			all = append(all, refundOrders(d, o, n, p.journal || p.duplicateAsUnknown)...)
		}
	}
	for n := range 12 {
		o := order{kind: message, reference: fmt.Sprintf("sms-%d", n), account: fmt.Sprintf("9647701234%03d", 600+d.pick(300, "receiver", n))}
		all = append(all, o)
	}
	for i := range all {
		o := &all[i]
		p.drawHistory(d, o)
		if o.starts == 0 {
			o.starts = d.between(0, openFor, "starts", o.reference)
		}
		o.callers = 1
		if d.chance(0.35, "company", o.reference) {
			o.callers = 2 + d.pick(2, "callers", o.reference)
		}
	}
	return all
}

// drawHistory decides what comes before an order, under its reference.
func (p plan) drawHistory(d dice, o *order) {
	lonely := o.rival == (other{}) && !o.scripted && p.balance.Cmp(money.FromInt(10_000)) > 0
	switch {
	case lonely && p.journal && (o.kind == transfer || o.kind == charge) && d.chance(0.04, "before", o.reference):
		o.before = true
	case lonely && (o.kind == transfer || o.kind == charge && p.journal) && d.chance(0.06, "a stranger", o.reference):
		o.stranger = o.another(d)
		if o.kind == transfer && d.chance(0.4, "the stranger's fails", o.reference) {
			o.stranger = other{topUp, failingAccount + "4", o.amount}
		}
	}
	o.validated = o.kind == transfer && d.chance(0.05, "validated", o.reference)
}

func transferOrder(d dice, n int) order {
	o := order{
		kind: transfer, reference: fmt.Sprintf("transfer-%d", n), sku: topUp,
		account: fmt.Sprintf("447700900%03d", d.pick(200, "account", n)),
		amount:  money.New(500+int64(d.pick(1500, "amount", n)), -2),
	}
	switch {
	case d.chance(0.08, "batch", n):
		o.sku, o.account = "US_PR_Nightly", "12025550100"
	case d.chance(0.1, "scripted", n):
		o.account, o.scripted = failingAccount+strconv.Itoa(1+d.pick(9, "script", n)), true
	case d.chance(0.1, "fixed", n):
		o.sku, o.amount = ten, money.FromInt(10)
	}
	if o.reference == neverArrives {
		// It comes when the others are done: it is seen to be absent only if the usage limit leaves time to look for it.
		o.sku, o.account, o.scripted, o.starts = topUp, "447700900123", false, openFor+30*time.Minute
	}
	if d.chance(0.04, "rival", n) {
		o.rival = o.another(d)
	}
	return o
}

// scripts are numbers whose answer is an error: refused (-304, -311, -318), for now (-322, -429), in doubt with nothing
// done (-308, -500), and in doubt after it was done (-504).
var scripts = []int{304, 308, 311, 318, 322, 429, 500, 504}

func chargeOrder(d dice, n int) order {
	o := order{
		kind: charge, reference: fmt.Sprintf("charge-%d", n), account: fmt.Sprintf("9647701234%03d", 600+d.pick(300, "user", n)),
		amount: money.FromInt(int64(100 + d.pick(900, "price", n))),
		starts: d.between(0, openFor/2, "charge starts", n),
	}
	if d.chance(0.15, "scripted charge", n) {
		o.account, o.scripted = fmt.Sprintf("9647701234%03d", scripts[d.pick(len(scripts), "charge script", n)]), true
	}
	if d.chance(0.1, "rival charge", n) {
		o.rival = o.another(d)
	}
	return o
}

// refundOrders is one refund of a charge, of all or of a part; or two of all, where a duplicate proves nothing.
func refundOrders(d dice, of order, n int, rivals bool) []order {
	o := order{
		kind: refund, reference: fmt.Sprintf("refund-%d", n), account: of.account, charge: of.reference, scripted: of.scripted,
		starts: of.starts + d.between(0, openFor/2, "refund starts", n),
	}
	if d.chance(0.4, "partial", n) {
		o.amount = money.FromInt(int64(1 + d.pick(99, "part", n)))
	}
	if !rivals || !d.chance(0.3, "two refunds", n) {
		return []order{o}
	}
	second := o
	second.reference += again
	second.starts += d.between(0, time.Second, "second refund starts", n)
	return []order{o, second}
}

// target is where faults strike.
type target struct {
	service    sandbox.Service
	operations []string
}

var (
	dingMoney   = target{sandbox.ServiceDing, []string{"SendTransfer"}}
	dingReads   = target{sandbox.ServiceDing, []string{"ListTransferRecords"}}
	dizleeMoney = target{sandbox.ServiceDizlee, []string{"Charge", "Refund", "SendSMS"}}
	tokens      = target{sandbox.ServiceToken, []string{""}}
)

// everyKind is all that the sandbox can do in an answer's place, at both moments.
var everyKind = []sandbox.Fault{
	{Kind: sandbox.DropConnection, When: sandbox.BeforeWork}, {Kind: sandbox.DropConnection, When: sandbox.AfterWork},
	{Kind: sandbox.ResetMidAnswer, When: sandbox.BeforeWork}, {Kind: sandbox.ResetMidAnswer, When: sandbox.AfterWork},
	{Kind: sandbox.TruncatedBody, When: sandbox.BeforeWork}, {Kind: sandbox.TruncatedBody, When: sandbox.AfterWork},
	{Kind: sandbox.HTML502, When: sandbox.BeforeWork}, {Kind: sandbox.HTML502, When: sandbox.AfterWork},
	{Kind: sandbox.Bare503, When: sandbox.BeforeWork}, {Kind: sandbox.Bare503, When: sandbox.AfterWork},
	{Kind: sandbox.ServiceUnavailable503, When: sandbox.BeforeWork, RetryAfter: 7 * time.Second},
	{Kind: sandbox.ServiceUnavailable503, When: sandbox.AfterWork, RetryAfter: 3 * time.Second},
	{Kind: sandbox.ServiceUnavailable503, When: sandbox.BeforeWork, RetryAfter: 80 * time.Second, Envelope: true},
	{Kind: sandbox.ServiceUnavailable503, When: sandbox.AfterWork, RetryAfter: time.Second, Envelope: true},
	{Kind: sandbox.TooManyRequests429, When: sandbox.BeforeWork}, {Kind: sandbox.TooManyRequests429, When: sandbox.AfterWork},
	{Kind: sandbox.TooManyRequests429, When: sandbox.BeforeWork, RetryAfter: 2 * time.Second, Envelope: true},
	{Kind: sandbox.TooManyRequests429, When: sandbox.AfterWork, Envelope: true},
	{Kind: sandbox.Delay, When: sandbox.BeforeWork, For: 20 * time.Second}, {Kind: sandbox.Delay, When: sandbox.AfterWork, For: 45 * time.Second},
	{Kind: sandbox.TokenExpired401},
}

// afterWork is those after which the work is done.
var afterWork = func() (kinds []sandbox.Fault) {
	for _, f := range everyKind {
		if f.When == sandbox.AfterWork && f.Kind != sandbox.Delay {
			kinds = append(kinds, f)
		}
	}
	return kinds
}()

// mix draws faults that strike together with about the given probability, at each target.
func mix(d dice, together float64, kinds []sandbox.Fault, targets ...target) []sandbox.Fault {
	var mixed []sandbox.Fault
	for _, t := range targets {
		for _, operation := range t.operations {
			source := d.roll("mix", t.service, operation)
			for _, f := range kinds {
				f.Service, f.Operation = t.service, operation
				if fits(f) && source.Float64() < 0.6 {
					f.Probability = 2 * together * source.Float64() / (0.6 * float64(len(kinds)))
					mixed = append(mixed, f)
				}
			}
		}
	}
	return shuffled(d, mixed)
}

// fits reports whether the sandbox takes such a fault: not all kinds make sense everywhere.
func fits(f sandbox.Fault) bool {
	if f.Service == sandbox.ServiceDing {
		return true
	}
	return f.Kind != sandbox.TokenExpired401 && (f.Kind != sandbox.TooManyRequests429 || !f.Envelope || f.When == sandbox.BeforeWork)
}

// shuffled changes the order, since of several faults the first is played.
func shuffled(d dice, faults []sandbox.Fault) []sandbox.Fault {
	d.roll("order of faults").Shuffle(len(faults), func(i, j int) { faults[i], faults[j] = faults[j], faults[i] })
	return faults
}

// late is transfers that are listed late, and work and answers that outlast the client's patience of 120 s.
func late(d dice) []sandbox.Fault {
	source := d.roll("late")
	long := func() time.Duration { return 85*time.Second + time.Duration(source.Int64N(int64(90*time.Second))) }
	return []sandbox.Fault{
		{Kind: sandbox.HideRecords, For: long() / 10, Probability: 0.3 * source.Float64()},
		{Kind: sandbox.HideRecords, For: 10 * long(), Probability: 0.6 * source.Float64()},
		{Kind: sandbox.Delay, When: sandbox.BeforeWork, For: long(), Operation: "SendTransfer", Probability: 0.1 * source.Float64()},
		{Kind: sandbox.Delay, When: sandbox.BeforeWork, For: long(), Abandon: true, Operation: "SendTransfer", Probability: 0.1 * source.Float64()},
		{Kind: sandbox.Delay, When: sandbox.AfterWork, For: long(), Operation: "SendTransfer", Probability: 0.1 * source.Float64()},
		{Kind: sandbox.Delay, When: sandbox.BeforeWork, For: long(), Operation: "Charge", Probability: 0.1 * source.Float64()},
		{Kind: sandbox.Delay, When: sandbox.AfterWork, For: long(), Service: sandbox.ServiceDizlee, Probability: 0.1 * source.Float64()},
	}
}

// doomOf is how a life ends: at some step of the protocol, or at some time.
func (p plan) doomOf(slot string, life int) doom {
	d := dice(p.seed)
	if d.chance(0.3, "dies by the clock", slot, life) {
		return doom{in: d.spread(time.Second, openFor/2, "dies in", slot, life)}
	}
	return doom{at: allSteps[d.pick(len(allSteps), "dies at", slot, life)], after: 1 + d.pick(40, "dies after", slot, life)}
}
