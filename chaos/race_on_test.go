//go:build race

package chaos

// raceDetector makes everything ten times as slow, so that less is run with it.
const raceDetector = true
