package metrics

import (
	"strings"
	"sync"
)

// Vec counts by the values of labels. Any goroutine may use it.
type Vec struct {
	mu     sync.Mutex
	counts map[string]float64 // by values, joined with separator
}

// separator stands in no label's value: it is not UTF-8.
const separator = "\xff"

// Vec adds a counter for each of the values that its labels have.
func (r *Registry) Vec(name, help string, labels ...string) *Vec {
	v := &Vec{counts: map[string]float64{}}
	r.Collect([]Family{{Name: name, Help: help, Kind: Counter, Labels: labels}}, func(emit Emit) {
		v.mu.Lock()
		defer v.mu.Unlock()
		for values, n := range v.counts {
			emit(name, n, strings.Split(values, separator)...)
		}
	})
	return v
}

// Inc counts one. The values are few, and no peer's choice.
func (v *Vec) Inc(values ...string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.counts[strings.Join(values, separator)]++
}
