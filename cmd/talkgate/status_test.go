package main

import (
	"github.com/talkgate/talkgate/gateway/status"

	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

func get(t *testing.T, url string) string {
	t.Helper()
	answer, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s, %v: %s", url, answer.Status, err, body)
	}
	return string(body)
}

// TestStatusOfAPort asks a port of a site how it does, on air and talking.
func TestStatusOfAPort(t *testing.T) {
	s := newSite(t)
	config := s.prepare("north")
	s.write("north.yaml", s.read("north.yaml")+`status: {listen: "127.0.0.1:0"}`+"\n")
	s.grant("north")
	north := start(t, "north", "run", "--config", config)
	at := "http://" + north.until(`msg="status is served" address=(\S+)`)
	north.until(`^state=idle lamps=link `)
	south := s.port("south")
	north.say("press")
	south.until(`speaker=heard holder="north"`)

	var now status.Port
	if err := json.Unmarshal([]byte(get(t, at+"/status")), &now); err != nil {
		t.Fatal(err)
	}
	if !now.OnAir || now.State != "talking" || now.Holder != "north" || now.Channel != "gates" || now.Talked.Sent == 0 || !now.Lamps.Talk {
		t.Errorf("talking: %+v", now)
	}
	if left := now.Radio.Talk.Left; left == nil || *left < 1 || *left > 60 {
		t.Errorf("how much of a minute is left? %s", get(t, at+"/status"))
	}
	metrics := get(t, at+"/metrics")
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
	s.revoke("north")
	north.until(`^state=refused`)
	// The lock's keeper may have been told before the watch of the rights.
	for end := time.Now().Add(patience); !strings.Contains(get(t, at+"/metrics"), "\ntalkgate_port_rights_held 0\n"); {
		if time.Now().After(end) {
			t.Fatal("rights are still held")
		}
	}
}

func TestStatusIsForThisMachineOnly(t *testing.T) {
	_, example, _ := talkgate(t, "", "config", "example")
	for _, address := range []string{":9100", "0.0.0.0:9100", "10.0.0.1:9100", "127.0.0.1"} {
		code, _, stderr := talkgate(t, strings.Replace(example, "listen: \"\"", "listen: \""+address+"\"", 1), "config", "check", "-")
		if code != exitConfig || !strings.Contains(stderr, "status.listen") {
			t.Errorf("%s: exit code %d, %s", address, code, stderr)
		}
	}
}
