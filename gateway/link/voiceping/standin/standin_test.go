package standin

import (
	"strings"
	"sync/atomic"
	"testing"

	"github.com/talkgate/talkgate/gateway/link/voiceping/wire"
)

func TestAFingerprintInLowerCaseIsRefused(t *testing.T) {
	const upper = "3D:A1:0B:D4:FD:D4:65:EA:CD:C5:96:FF:ED:6D:D2:11:5A:50:B2:28:78:F4:8A:56:22:49:9A:2D:05:04:C9:42"
	for _, tc := range []struct {
		value string
		ok    bool
	}{{upper, true}, {strings.ToLower(upper), false}} {
		tr, err := newTransport("u1", "c1", "send", new(atomic.Bool))
		if err != nil {
			t.Fatal(err)
		}
		err = tr.connect(wire.DTLSParameters{Role: "client", Fingerprints: []wire.Fingerprint{{Algorithm: "sha-256", Value: tc.value}}})
		if (err == nil) != tc.ok {
			t.Errorf("%s: %v", tc.value, err)
		}
		tr.close()
	}
}
