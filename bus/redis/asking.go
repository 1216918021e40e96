package redis

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/gannet-ws/gannet/bus"
)

var (
	errSurveys = errors.New("the other nodes were not asked: too many surveys wait for answers")
	errDeafNow = errors.New("the other nodes were not asked: there is no connection to Redis over which they could answer")
	errNotMet  = errors.New("the other nodes were not asked: this one is new and does not know them yet")
	errNoNode  = errors.New("a question names a node by 12 lower-case hex digits")
)

// Survey asks other nodes, as bus.Bus says. It is an error, too, when more than
// Options.MaxSurveys wait for answers.
func (b *Bus) Survey(ctx context.Context, q bus.Question) (bus.Survey, error) {
	l := b.listener.Load()
	if l == nil {
		return bus.Survey{Missing: named(q.Node)}, errNotOpen
	}
	ctx, end := context.WithTimeout(ctx, bus.MaxSurveyTime)
	defer end()
	err := l.meet(ctx, q.Node)
	s := newAsked(l.expected(q.Node))
	if err != nil {
		return s.result(), err
	}
	if err := b.ask(ctx, l, s, &q); err != nil {
		return s.result(), err
	}
	defer l.asking.end(s)
	select {
	case <-s.complete:
	case <-ctx.Done():
	case <-l.end:
	}
	return s.result(), nil
}

// ask begins a survey and publishes its question.
func (b *Bus) ask(ctx context.Context, l *listener, s *asked, q *bus.Question) error {
	to := l.names.survey
	if q.Node != "" {
		node, ok := parseNodeID(q.Node)
		if !ok {
			return errNoNode
		}
		to = l.names.ofNode(node)
	}
	deadline, _ := ctx.Deadline()
	message, err := encodeQuestion(s.id, l.names.id, q, time.Until(deadline))
	switch {
	case err != nil:
		return err
	case len(message) > int(b.options.MaxPayload):
		return errTooLarge
	case !l.interest.hearing(l.names.node).standing:
		return errDeafNow
	case !l.asking.begin(s):
		b.stats.surveysRefused.Add(1)
		return errSurveys
	}
	if err := l.sender.publish(to, message, false); err != nil {
		l.asking.end(s)
		return err
	}
	return nil
}

// meet waits until a new node knows the others, if it is to ask all of them and
// hears them.
func (l *listener) meet(ctx context.Context, node string) error {
	if node != "" || !l.interest.hearing(l.names.nodes).standing {
		return nil
	}
	select {
	case <-l.presence.settled:
		return nil
	default:
	}
	select {
	case <-l.presence.settled:
		return nil
	case <-ctx.Done():
		return errNotMet
	case <-l.end:
		return errNotOpen
	}
}

// named is a list of one node, or of none.
func named(node string) []string {
	if node == "" {
		return nil
	}
	return []string{node}
}

// expected returns the nodes that should answer.
func (l *listener) expected(node string) []string {
	if node != "" {
		return []string{node}
	}
	var all []string
	for _, other := range l.presence.list() {
		all = append(all, other.ID)
	}
	return all
}

// asking holds the surveys of this node that wait for answers. Any goroutine may
// use it.
type asking struct {
	max int

	mu    sync.Mutex
	waits map[string]*asked
}

func newAsking(max int) *asking { return &asking{max: max, waits: map[string]*asked{}} }

// begin has answers taken, and reports false where too many surveys wait.
func (a *asking) begin(s *asked) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.waits) >= a.max {
		return false
	}
	a.waits[s.id] = s
	return true
}

func (a *asking) end(s *asked) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.waits, s.id)
}

// answered takes an answer. One that comes too late is for nobody.
func (a *asking) answered(m *surveyMessage) {
	a.mu.Lock()
	s := a.waits[m.Survey]
	a.mu.Unlock()
	if s != nil {
		s.take(bus.Answer{Node: m.Node, Data: json.RawMessage(m.Data), Error: m.Error})
	}
}

// asked is one survey.
type asked struct {
	id       string
	complete chan struct{} // closed when all have answered who should

	mu      sync.Mutex
	answers []bus.Answer
	known   map[string]bool // the nodes that have answered
	missing map[string]bool
}

func newAsked(expected []string) *asked {
	var random [16]byte
	_, _ = rand.Read(random[:]) // never fails
	s := &asked{
		id:       hex.EncodeToString(random[:]),
		complete: make(chan struct{}),
		known:    map[string]bool{},
		missing:  map[string]bool{},
	}
	for _, node := range expected {
		s.missing[node] = true
	}
	if len(expected) == 0 {
		close(s.complete)
	}
	return s
}

// take adds the first answer of a node.
func (s *asked) take(a bus.Answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.known[a.Node] {
		return
	}
	s.known[a.Node] = true
	s.answers = append(s.answers, a)
	if !s.missing[a.Node] {
		return
	}
	delete(s.missing, a.Node)
	if len(s.missing) == 0 {
		close(s.complete)
	}
}

// result returns what has come so far.
func (s *asked) result() bus.Survey {
	s.mu.Lock()
	defer s.mu.Unlock()
	return bus.Survey{Answers: slices.Clone(s.answers), Missing: slices.Sorted(maps.Keys(s.missing))}
}
