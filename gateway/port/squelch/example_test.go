package squelch_test

import (
	"fmt"
	"time"

	"github.com/talkgate/talkgate/gateway/port/squelch"
)

// A squelch that has to be open for 200 ms talks from its opening on, and holds the floor
// for half a second after it closed.
func ExampleSquelch() {
	s := squelch.New(squelch.Timing{OpenDelay: 200 * time.Millisecond, Hang: 500 * time.Millisecond})
	s.Edge(true, time.Second)
	fmt.Println(s.Phase(), s.Asks())
	for at, ok := s.Wake(); ok; at, ok = s.Wake() {
		s.Tick(at)
		fmt.Println(at, s.Phase(), s.Asks(), "since", s.Opened())
	}
	s.Edge(false, 3*time.Second)
	fmt.Println(s.Phase(), s.Asks())
	at, _ := s.Wake()
	s.Tick(at)
	fmt.Println(at, s.Phase(), s.Asks())
	// Output:
	// opening false
	// 1.2s open true since 1s
	// held true
	// 3.5s closed false
}
