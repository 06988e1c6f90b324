package catalogue

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// A snapshot is lines of JSON, compressed: one about the whole, then for each part one about it and its items as the API writes
// them, and one that says that this was all. It holds prices, so files of it are for their owner alone.

// What can be wrong with a snapshot.
var (
	// ErrNothingToSave: no generation has been loaded yet.
	ErrNothingToSave = errors.New("there is nothing to save: nothing has been loaded yet")
	// ErrSnapshotDamaged: it is no snapshot, or was changed or cut off.
	ErrSnapshotDamaged = errors.New("the snapshot is damaged or cut off")
	// ErrSnapshotFormat: a later version of this package wrote it, in a form that this one does not know.
	ErrSnapshotFormat = errors.New("the snapshot is in a newer format")
	// ErrSnapshotAccount: it was saved with other credentials or for another service, where prices differ.
	ErrSnapshotAccount = errors.New("the snapshot is of another account")
	// ErrSnapshotScope: it was saved with other options for languages or countries.
	ErrSnapshotScope = errors.New("the snapshot is of other languages or countries")
)

const (
	snapshotName   = "airtime catalogue"
	snapshotFormat = 1
	// A line, a part, and all parts of a snapshot together have at most so many bytes, unpacked: a part as many as the service's
	// answer may have.
	longestLine     = 64 << 10
	largestPart     = 64 << 20
	largestTogether = 192 << 20
	// A part has at most so many objects, and values of all kinds: {}, is three bytes, and a hundred in memory.
	mostObjects = 1 << 20
	mostValues  = 8 << 20
)

type snapshotHead struct {
	Name    string    `json:"name"`
	Format  int       `json:"format"`
	Account string    `json:"account"`
	Saved   time.Time `json:"saved"`
	scope
	Parts int `json:"parts"`
}

type snapshotPart struct {
	Part Part `json:"part"`
	// Bytes is how long the line with the items is.
	Bytes int64       `json:"bytes"`
	Born  time.Time   `json:"born"`
	Head  http.Header `json:"header"`
}

type snapshotEnd struct {
	End bool `json:"end"`
}

// Save writes the generation in use, with the age of each part and what asks whether it has changed. Parts whose headers forbid to
// keep them (no-store) are left out. One that is larger than Load reads, which is as much as the service may answer with, is an error.
func (c *Catalogue) Save(w io.Writer) error {
	g := c.current.Load()
	if g == nil {
		return fmt.Errorf("catalogue: %w", ErrNothingToSave)
	}
	answers := slices.DeleteFunc(slices.Clone(g.answers[:]), func(a *answer) bool { return a.noStore })
	compressed, _ := gzip.NewWriterLevel(w, gzip.BestSpeed) // which is a level
	lines := json.NewEncoder(compressed)
	lines.SetEscapeHTML(false)
	room := int64(largestTogether)
	err := lines.Encode(snapshotHead{snapshotName, snapshotFormat, c.client.Account(), time.Now().UTC(), c.scope, len(answers)})
	for i, a := range g.answers {
		if err == nil && !a.noStore {
			err = saveAnswer(compressed, &room, c.sources[i], a)
		}
	}
	if err == nil {
		err = lines.Encode(snapshotEnd{true})
	}
	if err = errors.Join(err, compressed.Close()); err != nil {
		return fmt.Errorf("catalogue: the snapshot could not be written: %w", err)
	}
	return nil
}

// saveAnswer writes a part, and takes its size from the room that is left.
func saveAnswer(w io.Writer, room *int64, s *source, a *answer) error {
	var body bytes.Buffer
	items := json.NewEncoder(&body)
	items.SetEscapeHTML(false)
	separator := `{"Items":[`
	for item := range s.save(a.value) {
		body.WriteString(separator)
		separator = ","
		if err := items.Encode(item); err != nil {
			return err
		}
		body.Truncate(body.Len() - 1) // the line break
	}
	if a.items == 0 {
		body.WriteString(separator)
	}
	body.WriteString("]}\n")
	head, err := json.Marshal(snapshotPart{s.part, int64(body.Len()), a.born.UTC(), a.header})
	if err != nil {
		return err
	}
	*room -= int64(body.Len())
	if len(head) >= longestLine || body.Len() > largestPart || *room < 0 || hasTooMany(body.Bytes()) {
		return fmt.Errorf("the %s are more than a snapshot has room for", s.part)
	}
	if _, err := w.Write(append(head, '\n')); err != nil {
		return err
	}
	_, err = body.WriteTo(w)
	return err
}

// Load takes in what Save has written, for the same account, languages and countries. Parts keep their age: what is no longer
// fresh is asked about before it is used. A part that the catalogue has a later answer for is left out. On an error, the catalogue
// is what it was before.
func (c *Catalogue) Load(r io.Reader) error {
	answers, err := c.readSnapshot(r)
	if err != nil {
		return fmt.Errorf("catalogue: the snapshot could not be loaded: %w", err)
	}
	complete := true
	for i, s := range c.sources {
		s.mu.Lock()
		if a := answers[i]; a != nil && !a.noStore && (s.held == nil || s.held.born.Before(a.born)) {
			s.held = a
		}
		answers[i] = s.held
		s.mu.Unlock()
		complete = complete && answers[i] != nil
	}
	if complete {
		c.install(answers)
	}
	return nil
}

func (c *Catalogue) readSnapshot(r io.Reader) (answers [partCount]*answer, err error) {
	decompressed, err := gzip.NewReader(r)
	if err != nil {
		return answers, damaged(err)
	}
	in := bufio.NewReaderSize(decompressed, longestLine)
	var head snapshotHead
	if err := readLine(in, &head); err != nil {
		return answers, err
	}
	if err := c.check(head); err != nil {
		return answers, err
	}
	saved, err := readParts(in, head.Parts)
	if err != nil {
		return answers, err
	}
	for index := range saved {
		if saved[index] == nil {
			continue
		}
		if answers[index], err = c.revive(index, saved[index]); err != nil {
			return answers, err
		}
		saved[index] = nil // its text is not needed any more
	}
	return answers, nil
}

// savedPart is a part as the snapshot has it.
type savedPart struct {
	snapshotPart
	body []byte
}

// readParts reads to the end of the stream, which alone tells whether its checksum is right. Nothing is decoded before that.
func readParts(in *bufio.Reader, count int) (saved [partCount]*savedPart, err error) {
	room := int64(largestTogether)
	for range count {
		part, index, err := readPart(in, room)
		if err != nil {
			return saved, err
		}
		if saved[index] != nil {
			return saved, damaged(errors.New("a part is there twice"))
		}
		saved[index] = part
		room -= part.Bytes
	}
	var end snapshotEnd
	if err := readLine(in, &end); err != nil {
		return saved, err
	}
	if !end.End {
		return saved, damaged(errors.New("it does not end where it should"))
	}
	if _, err := in.ReadByte(); err != io.EOF {
		return saved, damaged(err)
	}
	return saved, nil
}

func (c *Catalogue) check(head snapshotHead) error {
	switch {
	case head.Name != snapshotName || head.Format < 1 || head.Parts < 0 || head.Parts > partCount && head.Format == snapshotFormat:
		return damaged(errors.New("it does not begin as a snapshot does"))
	case head.Format > snapshotFormat:
		return fmt.Errorf("%w: %d, this version reads up to %d", ErrSnapshotFormat, head.Format, snapshotFormat)
	case head.Account != c.client.Account():
		return ErrSnapshotAccount
	case !sameLanguages(head.Languages, c.scope.Languages) || !slices.Equal(head.Countries, c.scope.Countries):
		return fmt.Errorf("%w: it has the languages %v and the countries %v (none means all), the catalogue %v and %v",
			ErrSnapshotScope, head.Languages, head.Countries, c.scope.Languages, c.scope.Countries)
	}
	return nil
}

// sameLanguages compares without regard to order and case.
func sameLanguages(a, b []string) bool {
	sorted := func(languages []string) []string {
		var tags []string
		for _, language := range languages {
			tags = append(tags, normal(language))
		}
		slices.Sort(tags)
		return slices.Compact(tags)
	}
	return slices.Equal(sorted(a), sorted(b))
}

func readPart(in *bufio.Reader, room int64) (part *savedPart, index int, err error) {
	part = &savedPart{}
	if err := readLine(in, &part.snapshotPart); err != nil {
		return nil, 0, err
	}
	index = slices.IndexFunc(kinds[:], func(k kind) bool { return k.part == part.Part })
	if index < 0 || part.Bytes < 0 || part.Bytes > min(largestPart, room) {
		return nil, 0, damaged(errors.New("it has a part that is none, or too large"))
	}
	// Grows with what is there, not with what is promised.
	if part.body, err = io.ReadAll(io.LimitReader(in, part.Bytes)); err == nil && int64(len(part.body)) < part.Bytes {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return nil, 0, damaged(err)
	}
	if hasTooMany(part.body) {
		return nil, 0, damaged(errors.New("a part has more items than any catalogue"))
	}
	return part, index, nil
}

// hasTooMany reports a part with more items than any catalogue has.
func hasTooMany(body []byte) bool {
	objects, values := countValues(body)
	return objects > mostObjects || values > mostValues
}

// countValues counts the objects of a JSON text, and what is separated by commas, without regard to what is in strings.
func countValues(body []byte) (objects, values int) {
	for at := 0; at < len(body); at++ {
		switch body[at] {
		case '{':
			objects++
		case ',', '[':
			values++
		case '"':
			for at++; at < len(body) && body[at] != '"'; at++ {
				if body[at] == '\\' {
					at++
				}
			}
		}
	}
	return objects, values
}

// revive decodes a part. Its age counts on.
func (c *Catalogue) revive(index int, saved *savedPart) (*answer, error) {
	value, items, err := kinds[index].read(saved.body)
	if err != nil {
		return nil, damaged(err)
	}
	born := saved.Born
	if now := time.Now(); born.After(now) {
		born = now
	}
	landed := c.landed.Add(1)
	return &answer{value: value, items: items, version: landed, landed: landed, freshness: rebuilt(canonical(saved.Head), born, kinds[index].lifetime)}, nil
}

func canonical(header http.Header) http.Header {
	named := http.Header{}
	for name, values := range header {
		named[http.CanonicalHeaderKey(name)] = values
	}
	return named
}

func readLine(in *bufio.Reader, into any) error {
	line, err := in.ReadSlice('\n')
	if err == nil {
		err = json.Unmarshal(line, into)
	}
	if err != nil {
		return damaged(err)
	}
	return nil
}

func damaged(err error) error {
	if err == nil {
		err = errors.New("it goes on after its end")
	}
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return fmt.Errorf("%w: %w", ErrSnapshotDamaged, err)
}

// SaveFile is Save into a file, which only its owner may read. It is there completely or, if anything goes wrong, as it was
// before.
func (c *Catalogue) SaveFile(path string) (err error) {
	// CreateTemp makes files that only their owner may read.
	file, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return fmt.Errorf("catalogue: the snapshot could not be written: %w", err)
	}
	defer func() {
		if err != nil {
			_ = os.Remove(file.Name())
		}
	}()
	err = c.Save(file)
	if err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return err
	}
	if err = os.Rename(file.Name(), path); err != nil {
		return fmt.Errorf("catalogue: the snapshot could not be written: %w", err)
	}
	return nil
}

// LoadFile is Load from a file. Where there is none, the error is [os.ErrNotExist].
func (c *Catalogue) LoadFile(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("catalogue: the snapshot could not be loaded: %w", err)
	}
	defer file.Close()
	return c.Load(file)
}
