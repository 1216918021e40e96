package bus

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
)

// AnyChannel stands for all channels where a channel's name is asked for.
const AnyChannel = "*"

// Matcher says which events are for a subscriber. It is made by MatchString,
// MatchRegexp, MatchFunc, MatchProperty, MatchPropertyFunc, AnyOf or AllOf, never
// changes, and may be used by several subscribers. A mistake in its making is
// returned by Dispatcher.Add.
type Matcher struct {
	text       string   // for people
	channels   []string // it matches on no others, unless anyChannel
	anyChannel bool     // it cannot say on which channels it matches
	matches    func(*Event) bool
	mistake    error
}

// Matches reports whether the event is for the subscriber. Functions that the
// matcher was made of run on the caller's goroutine.
func (m Matcher) Matches(e *Event) bool { return m.check() == nil && m.matches(e) }

// Channels returns the channels on which the matcher may match, and all = true
// when it cannot say.
func (m Matcher) Channels() (names []string, all bool) {
	return slices.Clone(m.channels), m.anyChannel
}

// String describes the matcher, for people.
func (m Matcher) String() string { return m.text }

// check returns why the matcher cannot be used.
func (m Matcher) check() error {
	if m.matches == nil && m.mistake == nil {
		return errors.New("a matcher is empty: MatchString and the others make one")
	}
	return m.mistake
}

// MatchString matches the events of one channel, of all with "*".
func MatchString(channel string) Matcher {
	switch channel {
	case "":
		return Matcher{mistake: errors.New("a channel's name is empty")}
	case AnyChannel:
		return Matcher{text: channel, anyChannel: true, matches: func(*Event) bool { return true }}
	}
	return Matcher{
		text:     channel,
		channels: []string{channel},
		matches:  func(e *Event) bool { return e.Channel == channel },
	}
}

// MatchRegexp matches the events of channels whose names match the expression.
func MatchRegexp(expression *regexp.Regexp) Matcher {
	if expression == nil {
		return Matcher{mistake: errors.New("MatchRegexp needs an expression")}
	}
	return Matcher{
		text:       "/" + expression.String() + "/",
		anyChannel: true,
		matches:    func(e *Event) bool { return expression.MatchString(e.Channel) },
	}
}

// MatchFunc matches the events for which the function returns true, on whatever
// channel. It runs on the subscriber's goroutine, for each event on any channel
// that the node listens to; AllOf with a MatchString narrows that.
func MatchFunc(predicate func(*Event) bool) Matcher {
	if predicate == nil {
		return Matcher{mistake: errors.New("MatchFunc needs a function")}
	}
	return Matcher{text: "a function", anyChannel: true, matches: predicate}
}

// MatchProperty matches the events whose payload has the value at the path, see
// Event.Value. The two are compared as JSON: 5 equals 5.0 and not "5", a struct
// equals the object that it is encoded as.
func MatchProperty(path string, value any) Matcher {
	encoded, err := json.Marshal(value)
	if err != nil {
		return Matcher{mistake: fmt.Errorf("MatchProperty of %s: JSON has no form for the value: %w", path, err)}
	}
	var want any
	if err := json.Unmarshal(encoded, &want); err != nil {
		return Matcher{mistake: fmt.Errorf("MatchProperty of %s: %w", path, err)}
	}
	m := MatchPropertyFunc(path, func(got any) bool { return reflect.DeepEqual(got, want) })
	m.text = path + " = " + string(encoded)
	return m
}

// MatchPropertyFunc matches the events whose payload has something at the path,
// see Event.Value, for which the function returns true. It runs on the
// subscriber's goroutine.
func MatchPropertyFunc(path string, predicate func(value any) bool) Matcher {
	if predicate == nil {
		return Matcher{mistake: fmt.Errorf("MatchPropertyFunc of %s needs a function", path)}
	}
	m := MatchFunc(func(e *Event) bool {
		value, ok := e.Value(path)
		return ok && predicate(value)
	})
	m.text = "a function of " + path
	return m
}

// AnyOf matches the events that at least one of the matchers does.
func AnyOf(matchers ...Matcher) Matcher {
	matchers = slices.Clone(matchers)
	m := Matcher{text: joined(matchers, " or "), mistake: mistakeIn("AnyOf", matchers)}
	for _, one := range matchers {
		m.anyChannel = m.anyChannel || one.anyChannel
		m.channels = append(m.channels, one.channels...)
	}
	m.matches = func(e *Event) bool {
		return slices.ContainsFunc(matchers, func(one Matcher) bool { return one.matches(e) })
	}
	return m
}

// AllOf matches the events that all the matchers do.
func AllOf(matchers ...Matcher) Matcher {
	matchers = slices.Clone(matchers)
	m := Matcher{text: joined(matchers, " and "), anyChannel: true, mistake: mistakeIn("AllOf", matchers)}
	for _, one := range matchers {
		m.narrow(one)
	}
	m.matches = func(e *Event) bool {
		return !slices.ContainsFunc(matchers, func(one Matcher) bool { return !one.matches(e) })
	}
	return m
}

// narrow leaves the channels on which both matchers may match.
func (m *Matcher) narrow(other Matcher) {
	if other.anyChannel {
		return
	}
	if m.anyChannel {
		m.anyChannel, m.channels = false, slices.Clone(other.channels)
		return
	}
	m.channels = slices.DeleteFunc(m.channels, func(name string) bool { return !slices.Contains(other.channels, name) })
}

// joined describes several matchers.
func joined(matchers []Matcher, word string) string {
	texts := make([]string, len(matchers))
	for i, m := range matchers {
		texts[i] = m.text
	}
	if len(texts) == 1 {
		return texts[0]
	}
	return "(" + strings.Join(texts, word) + ")"
}

// mistakeIn returns the first mistake in matchers that are to be one.
func mistakeIn(function string, matchers []Matcher) error {
	if len(matchers) == 0 {
		return fmt.Errorf("%s needs matchers", function)
	}
	for _, m := range matchers {
		if err := m.check(); err != nil {
			return err
		}
	}
	return nil
}
