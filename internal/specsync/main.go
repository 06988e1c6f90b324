// Command specsync turns DingConnect's Swagger 2.0 document into the OpenAPI 3 document that this repository
// generates its client from.
//
// The service publishes what its methods look like; people know the rest (what a field means, what may be null, which
// answers the Swagger forgets). The first half is fetched, the second half is an OpenAPI Overlay in the repository, and
// specsync puts the two together in the same way every time:
//
//	fetch → repair → convert → overlay → arrange → validate → write or check
//
// Usage:
//
//	specsync [-source URL|FILE] [-overlay FILE] [-out FILE|-] [-check]
//	specsync -drift [-json] [-source URL|FILE] [-overlay FILE] [-out FILE]
//
// It exits 0 when the document was written (or, with -check, is up to date), 1 when something failed or differs, and 2
// when it was called wrongly. Progress and warnings go to standard error.
//
// With -drift it says what changed against the file: breaking (programs written for it can fail or misread an answer),
// compatible (they go on working) or cosmetic (they cannot tell). It exits 0 when nothing changed or only texts did, 1 when
// there is something to decide, and 2 when it could not compare.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"

	"gopkg.in/yaml.v3"
)

const (
	defaultSource  = "https://api.dingconnect.com/swagger/docs/v1"
	defaultOverlay = "api/openapi/ding.overlay.yaml"
	defaultOut     = "api/openapi/ding.yaml"
)

// Exit codes of the command.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// settings is what the command line asks for.
type settings struct {
	source  string // URL or path of the Swagger 2.0 document
	overlay string // path of the overlay, empty for none
	out     string // path of the OpenAPI 3 document, "-" for standard output
	check   bool   // compare with out instead of writing it
	drift   bool   // say in words what changed against out
	json    bool   // say it as JSON
}

// errUsage marks a command line that the flag package has already complained about.
var errUsage = errors.New("usage")

// run is the whole command except for the process around it: it returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	set, err := parseArgs(args, stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return exitOK
	case errors.Is(err, errUsage):
		return exitUsage
	case err != nil:
		fmt.Fprintf(stderr, "specsync: %v\n", err)
		return exitUsage
	}

	if set.drift {
		return drift(ctx, set, stdout, stderr)
	}
	doc, err := build(ctx, set, stderr)
	if err != nil {
		fmt.Fprintf(stderr, "specsync: %s\n", shorten(err.Error()))
		return exitFailed
	}

	if set.check {
		return check(set.out, doc, stdout, stderr)
	}
	if err := write(set.out, doc, stdout, stderr); err != nil {
		fmt.Fprintf(stderr, "specsync: %v\n", err)
		return exitFailed
	}
	return exitOK
}

func parseArgs(args []string, stderr io.Writer) (settings, error) {
	var set settings
	flags := flag.NewFlagSet("specsync", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&set.source, "source", defaultSource, "`URL or file` of the Swagger 2.0 document (JSON)")
	flags.StringVar(&set.overlay, "overlay", defaultOverlay, "OpenAPI Overlay `file` to apply; empty for none")
	flags.StringVar(&set.out, "out", defaultOut, "`file` to write the OpenAPI 3 document to, - for standard output")
	flags.BoolVar(&set.drift, "drift", false, "write nothing; say in words what the source changed against the file, and what it means")
	flags.BoolVar(&set.json, "json", false, "with -drift: as JSON")
	flags.BoolVar(&set.check, "check", false, "write nothing; fail, showing the difference, if the file is out of date")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return settings{}, err
		}
		return settings{}, errUsage
	}

	switch {
	case flags.NArg() > 0:
		return settings{}, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	case set.source == "":
		return settings{}, errors.New("-source must name a URL or a file")
	case set.out == "":
		return settings{}, errors.New("-out must name a file, or - for standard output")
	case set.check && set.out == "-":
		return settings{}, errors.New("-check compares with a file, so -out cannot be -")
	case set.drift && (set.check || set.out == "-"):
		return settings{}, errors.New("-drift compares with a file on its own: without -check, and -out cannot be -")
	case set.json && !set.drift:
		return settings{}, errors.New("-json is for -drift")
	}
	return set, nil
}

// build runs the pipeline up to the finished bytes. Every error names the file or URL that it is about.
func build(ctx context.Context, set settings, stderr io.Writer) ([]byte, error) {
	doc, err := read(ctx, set.source, stderr)
	if err != nil {
		return nil, err
	}
	if err := overlayOnto(doc, set.overlay, stderr); err != nil {
		return nil, err
	}
	out, err := render(doc)
	if err != nil {
		return nil, err
	}
	if err := validate(ctx, out); err != nil {
		return nil, fmt.Errorf("the document made from %s is not valid OpenAPI 3: %w", sourceName(set.source), err)
	}
	return out, nil
}

// read returns what the service says, repaired and converted.
func read(ctx context.Context, source string, stderr io.Writer) (*yaml.Node, error) {
	data, err := fetch(ctx, source)
	if err != nil {
		return nil, err
	}
	swagger, err := readSwagger(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", sourceName(source), err)
	}
	for _, line := range repair(swagger) {
		fmt.Fprintf(stderr, "specsync: repaired %s\n", line)
	}
	doc, err := convert(swagger)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", sourceName(source), err)
	}
	return doc, nil
}

// overlayOnto adds what people know; path is empty for nothing.
func overlayOnto(doc *yaml.Node, path string, stderr io.Writer) error {
	if path == "" {
		return nil
	}
	root := doc.Content[0]
	before := properties(root)
	warnings, err := applyOverlay(doc, path)
	warnings = append(warnings, dropGhosts(root, before)...)
	for _, item := range fields(field(root, "paths")) {
		for _, operation := range operations(item) {
			if field(operation, "parameters") != nil {
				setField(operation, "parameters", ownParameters(operation, root))
			}
		}
	}
	for _, warning := range warnings {
		fmt.Fprintf(stderr, "specsync: warning: %s: %s\n", path, warning)
	}
	if err != nil {
		return fmt.Errorf("overlay %s: %w", path, err)
	}
	return nil
}

// maxMessage bounds what a failure prints, in bytes: libraries quote whole schemas, and a source can hold anything.
const maxMessage = 2000

func shorten(message string) string {
	if len(message) <= maxMessage {
		return message
	}
	return strings.ToValidUTF8(message[:maxMessage], "") + " …"
}
