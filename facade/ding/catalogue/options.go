package catalogue

import (
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Option configures a [Catalogue]. [New] reports every option that is wrong.
type Option func(*Catalogue) error

var (
	languageForm = regexp.MustCompile(`^[A-Za-z]{2,8}([-_][A-Za-z0-9]{1,8})*$`)
	countryForm  = regexp.MustCompile(`^[A-Z]{2}$`)
	silent       = slog.New(slog.DiscardHandler)
)

// WithLanguages loads texts in these languages, such as "es" or "fr", the best first, besides English, which always comes along; and with
// one that has a region, such as es-MX, the language alone, which most texts are in.
func WithLanguages(codes ...string) Option {
	return func(c *Catalogue) error {
		for _, code := range codes {
			if !languageForm.MatchString(code) {
				return fmt.Errorf("%q is no language code", code)
			}
			c.languages = append(c.languages, code)
			for normal(code) != "" {
				if !slices.ContainsFunc(c.scope.Languages, func(have string) bool { return normal(have) == normal(code) }) {
					c.scope.Languages = append(c.scope.Languages, code)
				}
				code = code[:max(0, strings.LastIndexAny(code, "-_"))]
			}
		}
		return nil
	}
}

// WithCountries loads regions, providers, products and promotions of these countries alone (ISO 3166-1, two letters), and of XG, which is
// what is sold everywhere. Countries, currencies and texts come whole: the service narrows texts by SKU codes only.
func WithCountries(isos ...string) Option {
	return func(c *Catalogue) error {
		if len(isos) == 0 {
			return errors.New("no countries are named; leave the option out to have all")
		}
		for _, iso := range append(isos[:len(isos):len(isos)], countryEverywhere) {
			iso = strings.ToUpper(iso)
			if !countryForm.MatchString(iso) {
				return fmt.Errorf("%q is no country code", iso)
			}
			if !slices.Contains(c.scope.Countries, iso) {
				c.scope.Countries = append(c.scope.Countries, iso)
			}
		}
		// The order tells nothing; snapshots are compared by it.
		slices.Sort(c.scope.Countries)
		return nil
	}
}

// DefaultStaleIfError is for how long an answer may stand in where the service fails, unless an option says otherwise.
const DefaultStaleIfError = 24 * time.Hour

// WithStaleIfError sets for how long after its time an answer may stand in where the service or the way to it fails, instead of
// [DefaultStaleIfError]; 0 means never. It never does where the answer's headers forbid it (no-store, no-cache,
// must-revalidate), nor for longer than their stale-if-error, nor after a refusal, such as of the credentials.
func WithStaleIfError(limit time.Duration) Option {
	return func(c *Catalogue) error {
		if limit < 0 {
			return errors.New("the time for which an answer may stand in is negative")
		}
		c.staleIfError = limit
		return nil
	}
}

// WithBackgroundRefresh refreshes every answer before its time is over, from the first generation on until Close, so that
// callers of Data do not wait, nor while the service fails and an older answer stands in: it is asked again every 45 seconds, or when
// its Retry-After is over. A request goes on when all its callers have left. Failures are logged.
func WithBackgroundRefresh() Option {
	return func(c *Catalogue) error {
		c.background = true
		return nil
	}
}

// WithOptional lets these parts be missing, so that what is told about products does not keep them from being sold: where one can neither be
// loaded nor an older answer stand in, the generation has none of its items, and it is asked for again when the service is.
// [Catalogue.Holdings] tells. Countries, providers and products are what everything else is about: they cannot be missing.
func WithOptional(parts ...Part) Option {
	return func(c *Catalogue) error {
		for _, part := range parts {
			switch known := slices.ContainsFunc(kinds[:], func(k kind) bool { return k.part == part }); {
			case !known:
				return fmt.Errorf("%q is no part of a catalogue", part)
			case part == PartCountries || part == PartProviders || part == PartProducts:
				return fmt.Errorf("the %s cannot be optional", part)
			}
		}
		c.optional = append(c.optional, parts...)
		return nil
	}
}

// WithLogger logs what goes wrong where no caller is told: answers that stand in, optional parts that are missing, and refreshes in the
// background that fail.
// Silent by default.
func WithLogger(logger *slog.Logger) Option {
	return func(c *Catalogue) error {
		if logger == nil {
			return errors.New("the logger is nil; leave the option out to have none")
		}
		c.logger = logger
		return nil
	}
}

// WithProgress calls report whenever a part begins to load and when it is there, one call at a time. It must not block, nor call
// the catalogue.
func WithProgress(report func(Progress)) Option {
	return func(c *Catalogue) error {
		if report == nil {
			return errors.New("the report of progress is nil; leave the option out to have none")
		}
		c.progress = report
		return nil
	}
}
