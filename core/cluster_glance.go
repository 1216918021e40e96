package core

import (
	"context"
	"encoding/json"
)

const kindGlance = builtIn + "glance"

// ClusterGlance is all nodes at a glance.
type ClusterGlance struct {
	Nodes []Glance `json:"nodes"` // by id
	Coverage
}

// Glance asks all nodes how they are.
func (c *Cluster) Glance(ctx context.Context) ClusterGlance {
	answers, coverage := inquire[Glance](ctx, c, "", kindGlance, nil)
	result := ClusterGlance{Nodes: []Glance{}, Coverage: coverage}
	for _, a := range answers {
		result.Nodes = append(result.Nodes, a.value)
	}
	return result
}

func (s *Server) answerGlance(context.Context, json.RawMessage) (any, error) { return s.Glance(), nil }
