package processes

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/talkgate/talkgate/cmd/talkgate/talkgatetest"
	"github.com/talkgate/talkgate/gateway/status"
)

// TestStatusOfAPort asks a port of a site how it does, on air and talking.
func TestStatusOfAPort(t *testing.T) {
	s := talkgatetest.NewSite(t)
	config := s.Prepare("north")
	s.Write("north.yaml", s.Read("north.yaml")+`status: {listen: "127.0.0.1:0"}`+"\n")
	s.Grant("north")
	north := talkgatetest.Start(t, "north", "run", "--config", config)
	at := "http://" + north.Until(`msg="status is served" address=(\S+)`)
	north.Until(`^state=idle lamps=link `)
	south := s.Port("south")
	north.Say("press")
	south.Until(`speaker=heard holder="north"`)

	var now status.Port
	if err := json.Unmarshal([]byte(talkgatetest.Get(t, at+"/status")), &now); err != nil {
		t.Fatal(err)
	}
	if !now.OnAir || now.State != "talking" || now.Holder != "north" || now.Channel != "gates" || now.Talked.Sent == 0 || !now.Lamps.Talk {
		t.Errorf("talking: %+v", now)
	}
	if left := now.Radio.Talk.Left; left == nil || *left < 1 || *left > 60 {
		t.Errorf("how much of a minute is left? %s", talkgatetest.Get(t, at+"/status"))
	}
	metrics := talkgatetest.Get(t, at+"/metrics")
	for _, want := range []string{
		"\ntalkgate_port_on_air 1\n", "\ntalkgate_port_talking 1\n", "\ntalkgate_port_rights_held 1\n",
		"\ntalkgate_port_talk_frames_total{result=\"sent\"} ", "\ntalkgate_port_turns_total{part=\"capture\"} ", "\ngo_goroutines ",
		"\ntalkgate_port_floor_state{state=\"talking\"} 1\n", "\ntalkgate_port_floor_state{state=\"idle\"} 0\n", "\ntalkgate_port_microphone_dbfs -",
		"\ntalkgate_port_xruns_total{side=\"speaker\"} ", "\ntalkgate_port_link_packets_expected_total{direction=\"out\"} ",
		"\ntalkgate_board_throttled{reason=\"under-voltage\"} 0\n", "\ntalkgate_build_info{version=",
		"\ntalkgate_port_key_fault{reason=\"stuck_keyed\"} 0\n",
		"\ntalkgate_port_talk_budget_left_seconds NaN\n", "\ntalkgate_port_talk_left_seconds ", "\ntalkgate_port_identification_due 0\n",
	} {
		if !strings.Contains(metrics, want) {
			t.Errorf("no %q in\n%s", want, metrics)
		}
	}
	if strings.Contains(metrics, "talk_frames_total{result=\"sent\"} 0\n") {
		t.Error("nothing was sent")
	}
	if strings.Contains(metrics, "talkgate_port_link_fault{reason=\"lost\"} 1\n") || !strings.Contains(metrics, "talkgate_port_link_fault{reason=\"banned\"} 0\n") {
		t.Error("a link that is up has a fault")
	}
	s.Revoke("north")
	north.Until(`^state=refused`)
	// The lock client may have been told before the watch of the rights.
	for end := time.Now().Add(talkgatetest.Patience); !strings.Contains(talkgatetest.Get(t, at+"/metrics"), "\ntalkgate_port_rights_held 0\n"); {
		if time.Now().After(end) {
			t.Fatal("rights are still held")
		}
	}
}

func TestStatusIsForThisMachineOnly(t *testing.T) {
	_, example, _ := talkgatetest.Run(t, "", "config", "example")
	for _, address := range []string{":9100", "0.0.0.0:9100", "10.0.0.1:9100", "127.0.0.1"} {
		code, _, stderr := talkgatetest.Run(t, strings.Replace(example, "listen: \"\"", "listen: \""+address+"\"", 1), "config", "check", "-")
		if code != talkgatetest.ExitConfig || !strings.Contains(stderr, "status.listen") {
			t.Errorf("%s: exit code %d, %s", address, code, stderr)
		}
	}
}
