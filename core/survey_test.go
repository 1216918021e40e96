package core_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/core"
)

// The application's own questions, with all that handlers may do wrong.
func TestCluster_Ask(t *testing.T) {
	handlers := func(s *core.Server) {
		s.OnSurvey("echo", func(_ context.Context, data json.RawMessage) (any, error) { return data, nil })
		s.OnSurvey("node", func(context.Context, json.RawMessage) (any, error) { return map[string]string{"id": s.NodeID()}, nil })
		s.OnSurvey("nothing", func(context.Context, json.RawMessage) (any, error) { return nil, nil })
		s.OnSurvey("error", func(context.Context, json.RawMessage) (any, error) { return 5, errors.New("out of luck") })
		s.OnSurvey("panic", func(context.Context, json.RawMessage) (any, error) { panic("in a survey") })
		s.OnSurvey("no JSON", func(context.Context, json.RawMessage) (any, error) { return make(chan int), nil })
	}
	threeNodes(t, func(t *testing.T, servers []*core.Server) {
		ask := func(kind string, data any) (texts []string) {
			answers, coverage, err := servers[0].Cluster().Ask(t.Context(), kind, data)
			require.NoError(t, err)
			require.Equal(t, complete, coverage)
			require.Len(t, answers, 3)
			for i, a := range answers {
				require.True(t, i == 0 || answers[i-1].Node < a.Node)
				texts = append(texts, strings.ReplaceAll(string(a.Data)+a.Error, a.Node, "ID"))
			}
			return texts
		}
		for kind, want := range map[string]string{
			"echo": `{"n":1}`, "node": `{"id":"ID"}`, "nothing": "", "error": "out of luck",
			"panic": "the node's handler panicked", "unknown": "the node has no answer to questions of this kind",
		} {
			assert.Equal(t, []string{want, want, want}, ask(kind, map[string]int{"n": 1}), kind)
		}
		assert.Contains(t, ask("no JSON", nil)[0], "cannot encode")
		for _, s := range servers {
			assert.EqualValues(t, 1, s.Stats().Panics)
		}
		_, _, err := servers[0].Cluster().Ask(t.Context(), "echo", make(chan int))
		assert.Error(t, err)
		assert.EqualValues(t, 7, servers[0].Stats().Surveys)
	}, core.Options{Loops: 1}, handlers)
}

func TestOnSurvey_Mistakes(t *testing.T) {
	handler := func(context.Context, json.RawMessage) (any, error) { return nil, nil }
	for kind, want := range map[string]string{"": "1 to 100", "gannet.stats": "does not begin", strings.Repeat("k", 101): "1 to 100", "twice": "taken"} {
		s := newServer(t, core.Options{})
		s.OnSurvey("twice", handler)
		s.OnSurvey(kind, handler)
		assert.ErrorContains(t, s.Run(t.Context()), want, kind)
	}
	s := newServer(t, core.Options{})
	s.OnSurvey("nil", nil)
	assert.ErrorContains(t, s.Run(t.Context()), "no handler")
}
