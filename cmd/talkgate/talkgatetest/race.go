//go:build race

package talkgatetest

const raceEnabled = true
