// The journal of a run: where it is, how it is opened, and what is told of what it holds.

package main

import (
	"errors"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"runtime"
	"time"

	"github.com/spf13/pflag"

	"github.com/airtime-go/airtime/facade"
	"github.com/airtime-go/airtime/journal/sqlite"
)

// withoutJournal is the name that stands for no file.
const withoutJournal = "none"

// journalFlag says which file a command keeps its journal in.
type journalFlag struct {
	file string
	none bool
}

const journalUsage = "`file` that notes what is sent before it leaves (default airtime/journal.db in $XDG_STATE_HOME or ~/.local/state; with --sandbox one for this run alone)"

func (j *journalFlag) define(flags *pflag.FlagSet) {
	flags.StringVar(&j.file, "journal", "", journalUsage)
}

// settling is how a command that moves money finds out about a lost answer.
type settling struct {
	journal journalFlag
	timeout time.Duration
	// looksOnly is for a command that sends nothing: it heeds what a journal holds, and notes nothing that is new.
	looksOnly bool
}

// defineOptional adds the flags of a command that can do without a journal, and says what that means.
func (j *journalFlag) defineOptional(flags *pflag.FlagSet, without string) {
	j.define(flags)
	flags.Lookup("journal").Usage += "; none does without"
	flags.BoolVar(&j.none, "no-journal", false, without)
}

// define adds the flags of a command that sends.
func (s *settling) define(flags *pflag.FlagSet) {
	s.journal.defineOptional(flags, "do without a journal: what is sent again under its reference may then be paid again, and nothing can be recovered")
	s.defineTimeout(flags)
}

func (s *settling) defineTimeout(flags *pflag.FlagSet) {
	flags.DurationVar(&s.timeout, "settle-timeout", settleTimeout, "how long to find out about a lost answer before it counts as unknown")
}

// check refuses flags that contradict each other or make no sense.
func (s *settling) check() error {
	if s.timeout <= 0 {
		return usagef("--settle-timeout must be above 0")
	}
	return s.journal.check()
}

func (j *journalFlag) check() error {
	if j.none && j.file != "" && j.file != withoutJournal {
		return usagef("--journal and --no-journal are both given: choose one")
	}
	j.none = j.none || j.file == withoutJournal
	return nil
}

// needed is check for a command that is about the journal.
func (j *journalFlag) needed() error {
	if j.file == withoutJournal {
		return usagef("this command is about the journal: name its file with --journal, or leave that out")
	}
	return nil
}

// path returns the file's path.
func (j *journalFlag) path(a *app) (string, error) {
	if j.file != "" {
		return j.file, nil
	}
	if a.sandbox {
		return a.passingPath()
	}
	directory, err := stateDirectory(a.getenv, runtime.GOOS)
	if err != nil {
		return "", usagef("no place for the journal is known (%s): name a file with --journal, or do without with --no-journal", err)
	}
	return filepath.Join(directory, "airtime", "journal.db"), nil
}

// passingPath is for the journal of a sandbox, which ends with the run as the sandbox does.
func (a *app) passingPath() (string, error) {
	directory, err := os.MkdirTemp("", "airtime-sandbox-")
	if err != nil {
		return "", usagef("no directory for the sandbox's journal can be made: %s", err)
	}
	a.closers = append(a.closers, func() { _ = os.RemoveAll(directory) })
	return filepath.Join(directory, "journal.db"), nil
}

// stateDirectory is where a user's programs keep what must outlive them: see the XDG Base Directory Specification, by
// which a relative path is ignored.
func stateDirectory(getenv func(string) string, system string) (string, error) {
	if directory := getenv("XDG_STATE_HOME"); filepath.IsAbs(directory) {
		return directory, nil
	}
	if directory := getenv("LOCALAPPDATA"); system == "windows" && directory != "" {
		return directory, nil
	}
	home := getenv("HOME")
	if home == "" {
		// A service may run without the variable.
		self, err := user.Current()
		if err != nil {
			return "", err
		}
		home = self.HomeDir
	}
	if !filepath.IsAbs(home) {
		return "", errors.New("the user has no home directory")
	}
	return filepath.Join(home, ".local", "state"), nil
}

// openJournal opens the journal that a command keeps, with the observer in front of it, or returns nil if it is to do
// without.
func (a *app) openJournal(s *settling, o *observer) (facade.Journal, error) {
	if s.journal.none {
		return nil, nil
	}
	open := a.openOrMake
	if s.looksOnly {
		open = a.openExisting
	}
	journal, _, err := open(s.journal)
	if err != nil || journal == nil {
		return nil, err
	}
	return o.watches(journal, s.looksOnly), nil
}

// openOrMake opens a journal, which is made if there is none yet, and returns its path too.
func (a *app) openOrMake(j journalFlag) (facade.Journal, string, error) {
	path, err := j.path(a)
	if err != nil {
		return nil, "", err
	}
	journal, err := sqlite.Open(path)
	if err != nil {
		return nil, path, usagef("%s; nothing was sent", oneLine(err.Error()))
	}
	// An outcome that is not written by now stays open in the file, and is recovered.
	a.closers = append(a.closers, func() { _ = journal.Close() })
	return journal, path, nil
}

// openExisting opens a journal that is to be read, and returns nil if there never was one: making it would hide a path
// that is misspelt.
func (a *app) openExisting(j journalFlag) (facade.Journal, string, error) {
	path, err := j.path(a)
	if err != nil {
		return nil, "", err
	}
	for _, name := range []string{path, path + "-wal"} {
		if _, err := os.Stat(name); !errors.Is(err, fs.ErrNotExist) {
			return a.openOrMake(journalFlag{file: path})
		}
	}
	return nil, path, nil
}

// flag is what to add to a command so that it uses the same journal.
func (j *journalFlag) flag() string {
	if j.file == "" {
		return ""
	}
	return " --journal " + quote(j.file)
}

// brokenJournal turns an error after which nothing moved into wrong configuration, if the journal is the reason and will
// be the next time too.
func brokenJournal(err error) error {
	if facade.OutcomeOf(err) != facade.OutcomeTemporary {
		return err
	}
	for _, reason := range []error{sqlite.ErrDamaged, sqlite.ErrForeign, sqlite.ErrNewerVersion} {
		if errors.Is(err, reason) {
			return usagef("%s", oneLine(err.Error()))
		}
	}
	return err
}

// instant writes a time for people.
func instant(t time.Time) string { return t.UTC().Format(time.DateTime) + " UTC" }

// settledBy says how a settlement was found, in words.
func settledBy(s facade.Settlement) string {
	by := map[string]string{"answer": "by the service's answer", "look-up": "by looking it up", "person": "by a person"}
	return or(by[s.By], "by "+s.By)
}
