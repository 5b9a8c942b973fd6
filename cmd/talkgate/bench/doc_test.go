// Package bench holds the tests of talkgate on kernel lines, cards and USB radio
// interfaces. They run on the bench's kernel only: 'make hil'.
package bench
