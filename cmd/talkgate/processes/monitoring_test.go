package processes

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"github.com/talkgate/talkgate/cmd/talkgate/talkgatetest"
	"github.com/talkgate/talkgate/gateway/hub"
	"github.com/talkgate/talkgate/gateway/hub/auth"
	"github.com/talkgate/talkgate/gateway/hub/web/webtest"
	"github.com/talkgate/talkgate/gateway/metrics"
	"github.com/talkgate/talkgate/media/icelite"
	"github.com/talkgate/talkgate/state/redis"
	"github.com/talkgate/talkgate/state/redis/conn"
)

const monitoring = "../../../docs/monitoring/"

func promtool(t *testing.T, args ...string) {
	t.Helper()
	path, err := exec.LookPath("promtool")
	if err != nil {
		webtest.Missing(t, "promtool, to check alerts and dashboard (Debian package prometheus)")
	}
	if out, err := exec.Command(path, args...).CombinedOutput(); err != nil {
		t.Fatalf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

func TestAlertRules(t *testing.T) {
	promtool(t, "check", "rules", monitoring+"talkgate-alerts.yml")
	promtool(t, "test", "rules", monitoring+"talkgate-alerts-test.yml")
	promtool(t, "check", "config", "--syntax-only", monitoring+"prometheus.yml")
}

// alertRules are the alerts' expressions, by name.
func alertRules(t *testing.T) map[string]string {
	var rules struct {
		Groups []struct {
			Rules []struct{ Alert, Expr string }
		}
	}
	text, err := os.ReadFile(monitoring + "talkgate-alerts.yml")
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(text, &rules); err != nil {
		t.Fatal(err)
	}
	exprs := map[string]string{}
	for _, g := range rules.Groups {
		for _, r := range g.Rules {
			exprs[r.Alert] = r.Expr
		}
	}
	return exprs
}

// dashboardPanel is what is looked at of a Grafana panel.
type dashboardPanel struct {
	ID      int
	Title   string
	Type    string
	Targets []struct{ Expr string }
	GridPos struct{ X, Y, W, H int }
}

func dashboard(t *testing.T) (panels []dashboardPanel) {
	t.Helper()
	text, err := os.ReadFile(monitoring + "talkgate-dashboard.json")
	if err != nil {
		t.Fatal(err)
	}
	var d struct{ Panels []dashboardPanel }
	if err := json.Unmarshal(text, &d); err != nil {
		t.Fatal(err)
	}
	return d.Panels
}

// TestEveryAlertIsTested: one that never fired in a test may never fire at all.
func TestEveryAlertIsTested(t *testing.T) {
	text, err := os.ReadFile(monitoring + "talkgate-alerts-test.yml")
	if err != nil {
		t.Fatal(err)
	}
	for alert := range alertRules(t) {
		fires := regexp.MustCompile(`alertname: ` + alert + `\n\s+exp_alerts:\n`)
		if !fires.Match(text) {
			t.Errorf("no test makes %s fire", alert)
		}
	}
}

// TestDashboardParses has Prometheus read every expression of the dashboard, as
// rules.
func TestDashboardParses(t *testing.T) {
	var rules []map[string]string
	ids := map[int]bool{}
	for _, p := range dashboard(t) {
		if ids[p.ID] || p.Title == "" || p.GridPos.X+p.GridPos.W > 24 || p.Type != "row" && len(p.Targets) == 0 {
			t.Errorf("panel %d, %q: expected an ID of its own, a title, a place, and something to show", p.ID, p.Title)
		}
		ids[p.ID] = true
		for _, target := range p.Targets {
			expr := strings.NewReplacer("$__rate_interval", "5m", "$gateway", ".*").Replace(target.Expr)
			if strings.Contains(expr, "$_") {
				t.Errorf("%s: a variable of Grafana's in %s", p.Title, expr)
			}
			rules = append(rules, map[string]string{"record": "panel:check", "expr": expr})
		}
	}
	if len(rules) < 20 {
		t.Fatalf("the dashboard has only %d expressions", len(rules))
	}
	for i := range rules { // the same name twice would be the same rule
		rules[i]["record"] += ":" + string(rune('a'+i/26)) + string(rune('a'+i%26))
	}
	file := filepath.Join(t.TempDir(), "rules.json")
	text, err := json.Marshal(map[string]any{"groups": []any{map[string]any{"name": "dashboard", "rules": rules}}})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	promtool(t, "check", "rules", file)
}

// TestMonitoringNamesExist holds alerts and dashboard to what hub and port serve.
func TestMonitoringNamesExist(t *testing.T) {
	names := append(hubMetrics(t), portMetrics(t)...)
	names = append(names, "up") // Prometheus' own
	exprs := map[string]string{}
	for alert, expr := range alertRules(t) {
		exprs["alert "+alert] = expr
	}
	for _, p := range dashboard(t) {
		for _, target := range p.Targets {
			exprs["panel "+p.Title] = exprs["panel "+p.Title] + " + " + target.Expr
		}
	}
	used := 0
	for where, expr := range exprs {
		for _, name := range metricsIn(expr) {
			used++
			if !slices.Contains(names, name) {
				t.Errorf("%s: there is no metric %s", where, name)
			}
		}
	}
	if used < 40 {
		t.Errorf("only %d names were found in all expressions", used)
	}
}

// metricsIn are the names of metrics in an expression: what is left without
// strings, matchers, lists of labels, ranges and functions.
func metricsIn(expr string) (names []string) {
	for _, drop := range []string{`"[^"]*"`, `\{[^}]*\}`, `\[[^\]]*\]`, `\b(by|on|without|ignoring|group_left|group_right)\s*\([^)]*\)`, `\b[a-z_0-9]+\s*\(`} {
		expr = regexp.MustCompile(drop).ReplaceAllString(expr, " ")
	}
	keywords := []string{"unless", "and", "or", "bool", "offset", "by", "on"}
	for _, word := range regexp.MustCompile(`[a-z_:][a-z0-9_:]*`).FindAllString(expr, -1) {
		if !slices.Contains(keywords, word) {
			names = append(names, word)
		}
	}
	return names
}

func TestMetricsInAnExpression(t *testing.T) {
	got := metricsIn(`max(a_total{x="b_total"}) > 0.2 * sum by (instance) (rate(c_total[5m])) unless on (d) (e == 1) or vector(0)`)
	if want := []string{"a_total", "c_total", "e"}; !slices.Equal(got, want) {
		t.Errorf("%q, expected %q", got, want)
	}
}

// hubMetrics are the names a hub can serve, whether there is anything to say or not.
func hubMetrics(t *testing.T) (names []string) {
	t.Helper()
	state, err := redis.Open(conn.Config{URL: "redis://127.0.0.1:1"})
	if err != nil {
		t.Fatal(err)
	}
	defer state.Close()
	media, err := icelite.NewServer(icelite.Config{UDP: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	defer media.Close()
	registry := metrics.New()
	if _, err := hub.New(hub.Config{Secret: make([]byte, auth.MinSecret), State: state, Media: media, Metrics: registry}); err != nil {
		t.Fatal(err)
	}
	return registry.Names()
}

// portMetrics are the names that a port serves.
func portMetrics(t *testing.T) (names []string) {
	t.Helper()
	s := talkgatetest.NewSite(t)
	config := s.Prepare("north")
	s.Write("north.yaml", s.Read("north.yaml")+`status: {listen: "127.0.0.1:0"}`+"\n")
	north := talkgatetest.Start(t, "north", "run", "--config", config)
	at := "http://" + north.Until(`msg="status is served" address=(\S+)`)
	north.Until(`^state=idle `) // its own metrics are there with the port
	for _, m := range regexp.MustCompile(`(?m)^# TYPE (\S+)`).FindAllStringSubmatch(talkgatetest.Get(t, at+"/metrics"), -1) {
		names = append(names, m[1])
	}
	return names
}
