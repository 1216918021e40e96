package core

import (
	"context"
	"encoding/json"
	"reflect"
)

const kindStats = builtIn + "stats"

// ClusterStats are the figures of all nodes.
type ClusterStats struct {
	Nodes []Stats `json:"nodes"` // of each, by id
	// Total is their sum, and the longest lag. A user, or a room, counts once for
	// each node that has it.
	Total Totals `json:"total"`
	Coverage
}

// Stats asks all nodes for their figures and adds them up.
func (c *Cluster) Stats(ctx context.Context) ClusterStats {
	answers, coverage := inquire[Stats](ctx, c, "", kindStats, nil)
	result := ClusterStats{Nodes: []Stats{}, Coverage: coverage}
	for _, a := range answers {
		result.Nodes = append(result.Nodes, a.value)
		result.Total.add(&a.value.Totals)
	}
	return result
}

func (s *Server) answerStats(context.Context, json.RawMessage) (any, error) { return s.Stats(), nil }

// add adds another node's figures: numbers are summed, and numbers by reason for
// each reason. Of times, which are not whole numbers, the longest counts.
func (t *Totals) add(o *Totals) {
	into, from := reflect.ValueOf(t).Elem(), reflect.ValueOf(o).Elem()
	for i := range into.NumField() {
		switch field, more := into.Field(i), from.Field(i); field.Kind() {
		case reflect.Int:
			field.SetInt(field.Int() + more.Int())
		case reflect.Uint64:
			field.SetUint(field.Uint() + more.Uint())
		case reflect.Float64:
			field.SetFloat(max(field.Float(), more.Float()))
		case reflect.Map:
			sums := map[string]uint64{}
			for _, counts := range []reflect.Value{field, more} {
				for reason, n := range counts.Interface().(map[string]uint64) {
					sums[reason] += n
				}
			}
			field.Set(reflect.ValueOf(sums))
		}
	}
}
