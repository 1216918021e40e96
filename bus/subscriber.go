package bus

import (
	"fmt"
	"slices"
)

// defaultMaxQueue is Subscriber.MaxQueue when it is not set.
const defaultMaxQueue = 1024

// Subscriber has the events on some channels handled, one after the other, in
// the order in which they were dispatched. Exactly one of Channel, Channels and
// Match says which: some events of one channel are
// Match: []Matcher{AllOf(MatchString(channel), MatchProperty(path, value))}.
type Subscriber struct {
	Name        string // in logs and figures; without one it is numbered
	Description string // for people

	// Priority orders the subscribers of one event: those with a higher one
	// are done before those with a lower one begin. Of equals the first added
	// comes first.
	Priority int

	Channel  string    // one channel; "*" is all
	Channels []string  // several
	Match    []Matcher // the events that any of these matches

	Handle Handler
	// Middleware is around Handle, in this order.
	Middleware []Middleware

	// MaxQueue is the number of events that may wait for the subscriber. When
	// it is reached new ones are dropped, for this subscriber alone. 0: 1024.
	MaxQueue int
}

// matcher makes one of Channel, Channels and Match.
func (s *Subscriber) matcher() (Matcher, error) {
	matchers := slices.Clone(s.Match)
	if s.Channel != "" {
		matchers = append(matchers, MatchString(s.Channel))
	}
	for _, name := range s.Channels {
		matchers = append(matchers, MatchString(name))
	}
	m := AnyOf(matchers...)
	if err := m.check(); err != nil {
		return Matcher{}, fmt.Errorf("subscriber %q: %w", s.Name, err)
	}
	if names, all := m.Channels(); !all && len(names) == 0 {
		return Matcher{}, fmt.Errorf("subscriber %q: no channel can match %s", s.Name, m)
	}
	return m, nil
}

// populate gives the fields that are not set their defaults, and makes the
// slices its own. number is the subscriber's place in the order of adding.
func (s *Subscriber) populate(number int) {
	if s.Name == "" {
		s.Name = fmt.Sprintf("subscriber %d", number)
	}
	if s.MaxQueue == 0 {
		s.MaxQueue = defaultMaxQueue
	}
	s.Channels, s.Match, s.Middleware = slices.Clone(s.Channels), slices.Clone(s.Match), slices.Clone(s.Middleware)
}

// validate returns a sentence for what cannot be.
func (s *Subscriber) validate() error {
	ways := 0
	for _, given := range []bool{s.Channel != "", len(s.Channels) > 0, len(s.Match) > 0} {
		if given {
			ways++
		}
	}
	switch {
	case ways != 1:
		return fmt.Errorf("subscriber %q has %d of Channel, Channels and Match: it needs exactly one", s.Name, ways)
	case s.Handle == nil:
		return fmt.Errorf("subscriber %q has no Handle", s.Name)
	case s.MaxQueue < 0:
		return fmt.Errorf("subscriber %q: MaxQueue is %d: it cannot be below zero", s.Name, s.MaxQueue)
	}
	return nil
}
