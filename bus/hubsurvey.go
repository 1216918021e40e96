package bus

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"
)

// Survey asks the nodes of the other members, each on a goroutine of its own,
// which goes on when the survey has ended without its answer.
func (m *Member) Survey(ctx context.Context, q Question) (Survey, error) {
	ctx, end := context.WithTimeout(ctx, MaxSurveyTime)
	defer end()
	asked := m.asked(q.Node)
	missing := map[string]bool{}
	if q.Node != "" {
		missing[q.Node] = true
	}
	answers := make(chan Answer, len(asked))
	for _, node := range asked {
		missing[node.ID()] = true
		go func() {
			if a := answerOf(ctx, node, q); ctx.Err() == nil {
				answers <- a
			}
		}()
	}
	var s Survey
	for len(s.Answers) < len(asked) && ctx.Err() == nil {
		select {
		case a := <-answers:
			s.Answers = append(s.Answers, a)
			delete(missing, a.Node)
		case <-ctx.Done():
		}
	}
	s.Missing = slices.Sorted(maps.Keys(missing))
	return s, nil
}

// asked returns the nodes of the other members, or the one that is named.
func (m *Member) asked(name string) (nodes []Node) {
	for other := range m.others {
		if name == "" || name == other.node.ID() {
			nodes = append(nodes, other.node)
		}
	}
	return nodes
}

// Nodes returns the nodes of the other members, which are all alive, by id.
func (m *Member) Nodes() []NodeStatus {
	var all []NodeStatus
	for other := range m.others {
		all = append(all, NodeStatus{ID: other.node.ID(), Figures: other.node.Figures(), LastSeen: time.Now()})
	}
	slices.SortFunc(all, func(a, b NodeStatus) int { return strings.Compare(a.ID, b.ID) })
	return all
}
