package sender_test

import (
	"fmt"
	"time"

	"github.com/talkgate/talkgate/gateway/port/sender"
)

// The gate lets frames pass until its deadline. Nobody has to shut it, and whoever reads
// the talk rights can bar it at once.
func ExampleTalkGate() {
	var gate sender.TalkGate
	gate.Open(3 * time.Second)
	fmt.Println(gate.Passes(2*time.Second), gate.Passes(3*time.Second))
	gate.Bar(true)
	fmt.Println(gate.Passes(2 * time.Second))
	// Output:
	// true false
	// false
}
