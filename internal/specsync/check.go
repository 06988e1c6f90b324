package main

// Checking: does the committed document still say what the service says? Answered with a line diff that fits a screen.

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
)

const (
	// diffContext is how many unchanged lines stand around a change.
	diffContext = 3
	// maxDiffLines bounds what is printed.
	maxDiffLines = 300
	// maxEdits bounds the search for the shortest diff; beyond it, the files have little in common anyway.
	maxEdits = 2000
)

// check compares the file with the document and returns the exit code; the difference goes to stdout.
func check(path string, doc []byte, stdout, stderr io.Writer) int {
	committed, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		fmt.Fprintf(stderr, "specsync: %s does not exist yet: run without -check to write it\n", path)
		return exitFailed
	}
	if err != nil {
		fmt.Fprintf(stderr, "specsync: %v\n", err)
		return exitFailed
	}
	if bytes.Equal(committed, doc) {
		fmt.Fprintf(stderr, "specsync: %s is up to date\n", path)
		return exitOK
	}
	printDiff(stdout, path, splitLines(committed), splitLines(doc))
	fmt.Fprintf(stderr, "specsync: %s is out of date: - is what it says, + what it should say\n", path)
	return exitFailed
}

func splitLines(data []byte) []string {
	return strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")
}

// edit is a line of a diff: ' ' in both, '-' only in the old text, '+' only in the new one.
type edit struct {
	op   byte
	line string
	old  int // line number in the old text, from 1
	new  int
}

func printDiff(w io.Writer, path string, before, after []string) {
	fmt.Fprintf(w, "--- %s (committed)\n+++ %s (from the source)\n", path, path)
	edits := diff(before, after)
	near := nearChanges(edits)
	printed, changes := 0, 0
	for i, edit := range edits {
		if !near[i] {
			continue
		}
		if printed < maxDiffLines {
			if i == 0 || !near[i-1] {
				fmt.Fprintf(w, "@@ line %d, now line %d @@\n", edit.old, edit.new)
			}
			fmt.Fprintf(w, "%c%s\n", edit.op, edit.line)
			printed++
		} else if edit.op != ' ' {
			changes++
		}
	}
	if changes > 0 {
		fmt.Fprintf(w, "… and %d more changed lines\n", changes)
	}
}

func nearChanges(edits []edit) []bool {
	near := make([]bool, len(edits))
	for i, edit := range edits {
		if edit.op == ' ' {
			continue
		}
		for j := max(0, i-diffContext); j <= min(len(edits)-1, i+diffContext); j++ {
			near[j] = true
		}
	}
	return near
}

// diff returns the edits that turn before into after: the shortest list of them (Myers' greedy algorithm), or, for texts
// that differ too much for that, everything that is not a common beginning or end.
func diff(before, after []string) []edit {
	head := 0
	for head < len(before) && head < len(after) && before[head] == after[head] {
		head++
	}
	tail := 0
	for tail < len(before)-head && tail < len(after)-head && before[len(before)-1-tail] == after[len(after)-1-tail] {
		tail++
	}
	ops := bytes.Repeat([]byte{' '}, head)
	ops = append(ops, shortestEdit(before[head:len(before)-tail], after[head:len(after)-tail])...)
	ops = append(ops, bytes.Repeat([]byte{' '}, tail)...)

	var edits []edit
	old, now := 0, 0
	for _, op := range ops {
		step := edit{op: op, old: old + 1, new: now + 1}
		if op == '+' {
			step.line = after[now]
		} else {
			step.line = before[old]
			old++
		}
		if op != '-' {
			now++
		}
		edits = append(edits, step)
	}
	return edits
}

// shortestEdit returns the operations in order. reach[d][k+d] is how far into a the best path with d edits gets on
// diagonal k, where k is the position in a minus that in b.
func shortestEdit(a, b []string) []byte {
	var reach [][]int
	for d := 0; d <= min(len(a)+len(b), maxEdits); d++ {
		row := make([]int, 2*d+1)
		for k := -d; k <= d; k += 2 {
			x := 0
			if d > 0 {
				x, _ = step(reach[d-1], d, k)
			}
			for x < len(a) && x-k < len(b) && x-k >= 0 && a[x] == b[x-k] {
				x++
			}
			row[k+d] = x
			if x >= len(a) && x-k >= len(b) {
				return backtrack(append(reach, row), len(a), len(b))
			}
		}
		reach = append(reach, row)
	}
	return append(bytes.Repeat([]byte{'-'}, len(a)), bytes.Repeat([]byte{'+'}, len(b))...)
}

// step says where the best path with d edits enters diagonal k, given the row of d-1, and by which operation.
func step(row []int, d, k int) (x int, op byte) {
	at := func(k int) int { return row[k+d-1] }
	if k == -d || k != d && at(k-1) < at(k+1) {
		return at(k + 1), '+'
	}
	return at(k-1) + 1, '-'
}

func backtrack(reach [][]int, x, y int) []byte {
	var reversed []byte
	for d := len(reach) - 1; d > 0; d-- {
		k := x - y
		start, op := step(reach[d-1], d, k)
		for ; x > start; x-- {
			reversed = append(reversed, ' ')
		}
		y = x - k
		reversed = append(reversed, op)
		if op == '+' {
			y--
		} else {
			x--
		}
	}
	for ; x > 0; x-- {
		reversed = append(reversed, ' ')
	}
	for i, j := 0, len(reversed)-1; i < j; i, j = i+1, j-1 {
		reversed[i], reversed[j] = reversed[j], reversed[i]
	}
	return reversed
}
