package icelite

import (
	"context"
	"strings"
	"testing"

	"github.com/pion/rtp"

	"github.com/talkgate/talkgate/media"
)

// A port whose network lets no UDP through talks over TCP.
func TestPortGoesOverTCP(t *testing.T) {
	s, port := newServer(t, Config{TCP: "127.0.0.1:0"}), newPort(t, 0)
	heard := make(chan struct{}, 1)
	var in *Publisher
	p, err := port.Publish(t.Context(), func(_ context.Context, offer string) (answer string, err error) {
		in, answer, err = s.AcceptPublisher(offer, func(*rtp.Packet) {
			select {
			case heard <- struct{}{}:
			default:
			}
		})
		var tcp strings.Builder
		for line := range strings.Lines(answer) {
			if !strings.Contains(line, " udp ") {
				tcp.WriteString(line)
			}
		}
		return tcp.String(), err
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close(); _ = in.Close() })
	if err := p.WriteOpus([]byte{0x48, 1, 2}, media.FrameSamples, true); err != nil {
		t.Fatal(err)
	}
	within(t, "it is heard", heard)
}
