package sim

import "sync"

// onChange holds a value and tells one watcher of every change, in order.
type onChange[T comparable] struct {
	mu    sync.Mutex
	value T
	fn    func(T)
}

func (o *onChange[T]) get() T {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.value
}

func (o *onChange[T]) set(v T) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if v == o.value {
		return
	}
	o.value = v
	if o.fn != nil {
		o.fn(v)
	}
}

func (o *onChange[T]) watch(fn func(T)) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.fn = fn
}
