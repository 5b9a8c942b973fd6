package metrics

import (
	"bufio"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// contentType is that of the text format.
const contentType = "text/plain; version=0.0.4; charset=utf-8"

// ServeHTTP implements http.Handler.
func (r *Registry) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	r.mu.Lock()
	collect := r.collect[:len(r.collect):len(r.collect)]
	r.mu.Unlock()
	all := gathered{}
	for _, c := range collect {
		c(all)
	}
	w.Header().Set("Content-Type", contentType)
	out := bufio.NewWriter(w)
	defer out.Flush() // who asked may be gone
	for _, name := range r.Names() {
		if len(all[name]) == 0 {
			continue
		}
		r.mu.Lock()
		f := r.families[name]
		r.mu.Unlock()
		_, _ = out.WriteString("# HELP " + name + " " + escapeHelp(f.Help) + "\n# TYPE " + name + " " + string(f.Kind) + "\n")
		for _, s := range all[name] {
			_, _ = out.WriteString(name + s.labels + " " + strconv.FormatFloat(s.value, 'g', -1, 64) + "\n")
		}
	}
}

// escapeHelp and escapeLabel escape what the format asks for.
func escapeHelp(text string) string {
	return strings.NewReplacer(`\`, `\\`, "\n", `\n`).Replace(text)
}

func escapeLabel(text string) string {
	return strings.NewReplacer(`\`, `\\`, "\n", `\n`, `"`, `\"`).Replace(text)
}

// braces are labels as a series has them, in the order of their names.
func braces(names []string, value func(i int, name string) string) string {
	if len(names) == 0 {
		return ""
	}
	labels := make([]string, len(names))
	for i, name := range names {
		labels[i] = name + `="` + escapeLabel(strings.ToValidUTF8(value(i, name), "\uFFFD")) + `"`
	}
	slices.Sort(labels)
	return "{" + strings.Join(labels, ",") + "}"
}
