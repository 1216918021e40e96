package core

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/gannet-ws/gannet/bus"
)

// Cluster is the server and all other nodes that its bus knows. The methods that
// take a context wait for the nodes' answers, until the context's deadline or,
// where it has none, for Options.SurveyTimeout: they are for goroutines of the
// application and for blocking routes, never for an event loop. Each tells whose
// answers are missing.
type Cluster struct{ server *Server }

// Cluster returns the server and all other nodes.
func (s *Server) Cluster() *Cluster { return &Cluster{s} }

// Coverage says whose answers a result lacks.
type Coverage struct {
	// Missing names the nodes that have not answered, or could not, by id.
	Missing []string `json:"missing"`
	// Problem is why no other node could be asked, a sentence; empty when they
	// could. Nodes that nobody knows of may then be missing, too.
	Problem string `json:"problem,omitempty"`
}

// NodeStatus is what is known of a node.
type NodeStatus = bus.NodeStatus

// Nodes returns the nodes that are known to be alive, this one first and the
// others by id. It does not wait; any goroutine may call it.
func (c *Cluster) Nodes() []NodeStatus {
	own := NodeStatus{ID: c.server.NodeID(), Figures: node{c.server}.Figures(), LastSeen: time.Now()}
	return append([]NodeStatus{own}, c.server.options.Bus.Nodes()...)
}

// LostNode is a node that has gone without saying so.
type LostNode = bus.LostNode

// Lost returns the nodes that this one has lost lately: they died, hang or are cut off,
// and are not back. The last one is first; a bus that cannot tell has none. It does not
// wait; any goroutine may call it.
func (c *Cluster) Lost() []LostNode {
	if reporter, tells := c.server.options.Bus.(bus.LossReporter); tells {
		return append([]LostNode{}, reporter.Lost()...)
	}
	return []LostNode{}
}

// Ask has the handlers of OnSurvey answer on all nodes, this one among them. data
// is any value that JSON has a form for, nil for none. The answers are in the order
// of the nodes' ids; those of a handler that failed, and of a node that has none,
// have an Error. The error says that data cannot be encoded.
func (c *Cluster) Ask(ctx context.Context, kind string, data any) ([]bus.Answer, Coverage, error) {
	encoded, err := encodeSurvey(data)
	if err != nil {
		return nil, Coverage{}, err
	}
	answers, coverage := c.ask(ctx, bus.Question{Kind: kind, Data: encoded})
	return answers, coverage, nil
}

// ask asks all nodes, or the one that the question names.
func (c *Cluster) ask(ctx context.Context, q bus.Question) ([]bus.Answer, Coverage) {
	ctx, end := c.until(ctx)
	defer end()
	s, id := c.server, c.server.NodeID()
	s.surveys.Add(1)
	here := q.Node == "" || q.Node == id
	own := make(chan bus.Answer, 1)
	if here {
		go func() {
			if a := c.answerHere(ctx, q); ctx.Err() == nil { // or it came too late
				own <- a
			}
		}()
	}
	var survey bus.Survey
	var err error
	if q.Node != id {
		survey, err = s.options.Bus.Survey(ctx, q)
	}
	if here {
		if a, answered := receive(ctx, own); answered {
			survey.Answers = append(survey.Answers, a)
		} else {
			survey.Missing = append(survey.Missing, id)
		}
	}
	slices.SortFunc(survey.Answers, func(a, b bus.Answer) int { return strings.Compare(a.Node, b.Node) })
	return survey.Answers, c.coverage(survey.Missing, err)
}

// receive returns what is there, even if ctx has ended, and waits for it otherwise.
func receive[T any](ctx context.Context, from <-chan T) (value T, ok bool) {
	select {
	case value = <-from:
		return value, true
	default:
	}
	select {
	case value = <-from:
		return value, true
	case <-ctx.Done():
		return value, false
	}
}

// until gives a context without a deadline one.
func (c *Cluster) until(ctx context.Context) (context.Context, context.CancelFunc) {
	if _, limited := ctx.Deadline(); limited {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, c.server.options.SurveyTimeout)
}

func (c *Cluster) answerHere(ctx context.Context, q bus.Question) bus.Answer {
	data, err := c.server.answer(ctx, q)
	if err != nil {
		return bus.Answer{Node: c.server.NodeID(), Error: err.Error()}
	}
	return bus.Answer{Node: c.server.NodeID(), Data: data}
}

// coverage counts the missing.
func (c *Cluster) coverage(missing []string, err error) Coverage {
	c.server.surveyMissing.Add(uint64(len(missing)))
	coverage := Coverage{Missing: append([]string{}, missing...)}
	slices.Sort(coverage.Missing)
	if err != nil {
		coverage.Problem = err.Error()
	}
	return coverage
}

// without notes that a node's answer is of no use.
func (c *Cluster) without(coverage *Coverage, a *bus.Answer, kind, why string) {
	c.server.surveyMissing.Add(1)
	coverage.Missing = append(coverage.Missing, a.Node)
	slices.Sort(coverage.Missing)
	if c.server.surveyLogged.now() {
		c.server.options.Log.Warn("a node could not answer", "node", a.Node, "kind", kind, "error", why)
	}
}

// told is what a node has answered, decoded.
type told[T any] struct {
	node  string
	value T
}

// inquire asks all nodes, or the named one, a question of Gannet's own, and decodes
// the answers. A node whose answer is an error, or cannot be read, is missing.
func inquire[T any](ctx context.Context, c *Cluster, nodeID, kind string, request any) ([]told[T], Coverage) {
	data, err := encodeSurvey(request)
	if err != nil { // a string that is no UTF-8 names nobody
		return nil, Coverage{Missing: []string{}, Problem: err.Error()}
	}
	answers, coverage := c.ask(ctx, bus.Question{Kind: kind, Data: data, Node: nodeID})
	var all []told[T]
	for i := range answers {
		a := &answers[i]
		one := told[T]{node: a.Node}
		switch err := json.Unmarshal(a.Data, &one.value); {
		case a.Error != "":
			c.without(&coverage, a, kind, a.Error)
		case err != nil:
			c.without(&coverage, a, kind, err.Error())
		default:
			all = append(all, one)
		}
	}
	return all, coverage
}
