package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestADifferenceShowsTheChangeAndALittleAroundIt(t *testing.T) {
	before := strings.Split("a b c d e f g h i j k l m n o p", " ")
	after := strings.Split("a b c d e X g h i j k l m n o p q", " ")
	var out bytes.Buffer
	printDiff(&out, "f.yaml", before, after)
	assert.Equal(t, `--- f.yaml (committed)
+++ f.yaml (from the source)
@@ line 3, now line 3 @@
 c
 d
 e
-f
+X
 g
 h
 i
@@ line 14, now line 14 @@
 n
 o
 p
+q
`, out.String())
}

func TestALargeDifferenceIsCutWithACount(t *testing.T) {
	var after []string
	for i := range maxDiffLines + 50 {
		after = append(after, fmt.Sprint("line ", i))
	}
	var out bytes.Buffer
	printDiff(&out, "f.yaml", []string{"only"}, after)
	assert.Contains(t, out.String(), "… and 51 more changed lines\n")
	assert.Equal(t, maxDiffLines+4, strings.Count(out.String(), "\n"))
}

func TestADifferenceLeadsFromTheOldTextToTheNew(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		before, after := randomLines(random), randomLines(random)
		var old, now []string
		for _, edit := range diff(before, after) {
			if edit.op != '+' {
				old = append(old, edit.line)
			}
			if edit.op != '-' {
				now = append(now, edit.line)
			}
		}
		require.Equal(t, before, old)
		require.Equal(t, after, now)
	}
}

func TestADifferenceIsTheShortestOne(t *testing.T) {
	changes := 0
	for _, edit := range diff(strings.Split("ABCABBA", ""), strings.Split("CBABAC", "")) {
		if edit.op != ' ' {
			changes++
		}
	}
	assert.Equal(t, 5, changes)
}

func TestTextsWithNothingInCommonAreStillCompared(t *testing.T) {
	var before, after []string
	for i := range maxEdits {
		before, after = append(before, fmt.Sprint("old ", i)), append(after, fmt.Sprint("new ", i))
	}
	edits := diff(append(before, "end"), append(after, "end"))
	require.Len(t, edits, 2*maxEdits+1)
	assert.Equal(t, edit{op: '-', line: "old 0", old: 1, new: 1}, edits[0])
	assert.Equal(t, edit{op: '+', line: "new 0", old: maxEdits + 1, new: 1}, edits[maxEdits])
	assert.Equal(t, byte(' '), edits[2*maxEdits].op)
}

func randomLines(random *rand.Rand) []string {
	lines := []string{}
	for range 1 + random.IntN(20) {
		lines = append(lines, string(rune('a'+random.IntN(4))))
	}
	return lines
}
