package metrics

import (
	"math"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// TestPrometheusReadsIt lets Prometheus's own parser judge the text.
func TestPrometheusReadsIt(t *testing.T) {
	r := New()
	r.Gauge("level_dbfs", "How loud.", nil, func() float64 { return math.Inf(-1) })
	r.Gauge("celsius", "NaN without a sensor.", nil, math.NaN)
	r.Counter("frames_total", "Frames, by \\ result\nand more.", Labels{"result": `se"nt\` + "\n\xff", "a": "b"}, func() float64 { return 3 })
	r.Counter("frames_total", "Frames, by \\ result\nand more.", Labels{"result": "lost", "a": "b"}, func() float64 { return 1e21 })
	v := r.Vec("requests_total", "Requests.", "method", "code")
	v.Inc("GET", "200")
	v.Inc("GET", "200")
	v.Inc("PUT", "")
	r.Collect([]Family{{Name: "gateway_live", Help: "Whether it lives.", Kind: Gauge, Labels: []string{"gateway"}}, {Name: "none", Help: "Nothing.", Kind: Gauge}},
		func(emit Emit) { emit("gateway_live", 1, "north"); emit("gateway_live", 0, "south") })
	w := httptest.NewRecorder()
	r.ServeHTTP(w, nil)
	text := w.Body.String()

	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(text))
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	for name, series := range map[string]int{"frames_total": 2, "requests_total": 2, "gateway_live": 2, "level_dbfs": 1, "celsius": 1} {
		if got := len(families[name].GetMetric()); got != series {
			t.Errorf("%s has %d series, want %d", name, got, series)
		}
	}
	for _, m := range families["frames_total"].GetMetric() {
		for _, l := range m.GetLabel() {
			if l.GetName() == "result" && l.GetValue() != "lost" && l.GetValue() != "se\"nt\\\n\uFFFD" {
				t.Errorf("a label's value is %q", l.GetValue())
			}
		}
	}
	if help := families["frames_total"].GetHelp(); help != "Frames, by \\ result\nand more." {
		t.Errorf("help is %q", help)
	}
	if _, is := families["none"]; is || !slices.Contains(r.Names(), "none") {
		t.Error("a family without a series is served, or not named")
	}
	value := func(name string) float64 {
		m := families[name].GetMetric()[0]
		return m.GetGauge().GetValue() + m.GetCounter().GetValue()
	}
	if rss := value("process_resident_memory_bytes"); rss < 1<<20 || rss > 1<<32 {
		t.Errorf("RSS is %v", rss)
	}
	if age := time.Since(time.Unix(int64(value("process_start_time_seconds")), 0)); age < -2*time.Second || age > time.Hour {
		t.Errorf("started %v ago", age)
	}
	for _, name := range []string{"go_goroutines", "process_open_fds", "process_cpu_seconds_total", "go_memstats_heap_alloc_bytes"} {
		if value(name) <= 0 {
			t.Errorf("%s is %v", name, value(name))
		}
	}
}
