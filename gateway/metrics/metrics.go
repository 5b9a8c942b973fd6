// Package metrics serves counters and gauges in Prometheus's text format, version
// 0.0.4 (https://prometheus.io/docs/instrumenting/exposition_formats/).
//
// Nothing is stored: a value is read when it is asked for. Prometheus's own client
// would bring protocol buffers, two megabytes in the binary of a board, for formats
// that nobody asks a port for.
package metrics

import (
	"maps"
	"slices"
	"sync"
)

// Labels are those of one series.
type Labels map[string]string

// Kind is what a metric's values mean.
type Kind string

// Kinds of metrics.
const (
	Gauge   Kind = "gauge"
	Counter Kind = "counter"
)

// Family is a metric with all its series.
type Family struct {
	Name, Help string
	Kind       Kind
	// Labels are the names of the labels that Emit gives values for.
	Labels []string
}

// Emit adds a series of a family, with the values of its labels in order.
type Emit func(family string, value float64, labels ...string)

// Registry is what is served. Any goroutine may use it.
type Registry struct {
	mu       sync.Mutex
	families map[string]Family
	collect  []func(gathered)
}

// gathered are the series of a scrape, by family.
type gathered map[string][]series

type series struct {
	labels string // in braces, or empty
	value  float64
}

// New returns a registry with the metrics of this process.
func New() *Registry {
	r := &Registry{families: map[string]Family{}}
	r.addProcess()
	return r
}

// Gauge adds a series that goes up and down.
func (r *Registry) Gauge(name, help string, labels Labels, value func() float64) {
	r.add(Family{Name: name, Help: help, Kind: Gauge}, labels, value)
}

// Counter adds a series that only grows while the process lives.
func (r *Registry) Counter(name, help string, labels Labels, value func() float64) {
	r.add(Family{Name: name, Help: help, Kind: Counter}, labels, value)
}

func (r *Registry) add(f Family, labels Labels, value func() float64) {
	text := braces(slices.Sorted(maps.Keys(labels)), func(_ int, name string) string { return labels[name] })
	r.register([]Family{f}, func(all gathered) { all[f.Name] = append(all[f.Name], series{text, value()}) })
}

// Collect adds families whose series are not known before. At each scrape collect
// emits them.
func (r *Registry) Collect(families []Family, collect func(Emit)) {
	labels := map[string][]string{}
	for _, f := range families {
		labels[f.Name] = f.Labels
	}
	r.register(families, func(all gathered) {
		collect(func(family string, value float64, values ...string) {
			text := braces(labels[family], func(i int, _ string) string { return values[i] })
			all[family] = append(all[family], series{text, value})
		})
	})
}

func (r *Registry) register(families []Family, collect func(gathered)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, f := range families {
		r.families[f.Name] = f
	}
	r.collect = append(r.collect, collect)
}

// Names are those of all metrics, whether there is a series or not.
func (r *Registry) Names() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Sorted(maps.Keys(r.families))
}
