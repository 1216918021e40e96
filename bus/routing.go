package bus

import (
	"cmp"
	"maps"
	"slices"
)

// routing says which subscribers an event may be for, by its channel. It does
// not change: adding a subscriber makes a new one.
type routing struct {
	order []*worker            // all, by priority and then in the order of adding
	named map[string][]*worker // by channel; they may match, in the same order
	rest  []*worker            // may match on any other channel
}

// with returns the routing that has one more subscriber.
func (r *routing) with(w *worker) *routing {
	order := append(slices.Clone(r.order), w)
	slices.SortStableFunc(order, func(a, b *worker) int {
		return cmp.Compare(b.subscriber.Priority, a.subscriber.Priority)
	})
	next := &routing{order: order, named: make(map[string][]*worker)}
	for _, w := range order {
		names, _ := w.matcher.Channels()
		for _, name := range names {
			next.named[name] = nil
		}
	}
	for _, w := range order {
		next.place(w)
	}
	return next
}

// place appends a subscriber where it may match.
func (r *routing) place(w *worker) {
	names, all := w.matcher.Channels()
	for name := range r.named {
		if all || slices.Contains(names, name) {
			r.named[name] = append(r.named[name], w)
		}
	}
	if all {
		r.rest = append(r.rest, w)
	}
}

// to returns the subscribers that an event on the channel may be for.
func (r *routing) to(channel string) []*worker {
	if workers, ok := r.named[channel]; ok {
		return workers
	}
	return r.rest
}

func (r *routing) channels() (names []string, all bool) {
	return slices.Sorted(maps.Keys(r.named)), len(r.rest) > 0
}

func (r *routing) has(name string) bool {
	return slices.ContainsFunc(r.order, func(w *worker) bool { return w.subscriber.Name == name })
}
