package bus_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/bus"
)

// threeOn are three members of a hub.
func threeOn(t testing.TB) (asker *bus.Member, first, second *hubNode) {
	t.Helper()
	hub := bus.NewHub()
	asker, _ = openOn(t, hub, "000000000001")
	_, first = openOn(t, hub, "000000000002")
	_, second = openOn(t, hub, "000000000003")
	return asker, first, second
}

func TestHubSurvey(t *testing.T) {
	asker, _, second := threeOn(t)
	second.answer = func(context.Context, bus.Question) (json.RawMessage, error) { return nil, errors.New("no idea") }
	for name, test := range map[string]struct {
		node    string
		answers []bus.Answer
		missing []string
	}{
		"all":    {"", []bus.Answer{{Node: "000000000002", Data: []byte(`{"n":1}`)}, {Node: "000000000003", Error: "no idea"}}, nil},
		"one":    {"000000000002", []bus.Answer{{Node: "000000000002", Data: []byte(`{"n":1}`)}}, nil},
		"nobody": {"00000000000f", nil, []string{"00000000000f"}},
		"itself": {"000000000001", nil, []string{"000000000001"}},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := asker.Survey(t.Context(), bus.Question{Kind: "echo", Data: []byte(`{"n":1}`), Node: test.node})
			require.NoError(t, err)
			require.ElementsMatch(t, test.answers, s.Answers)
			require.Equal(t, test.missing, s.Missing)
		})
	}
}

// Who does not answer in time is missing, and the answers of the others are there.
func TestHubSurvey_Missing(t *testing.T) {
	asker, _, second := threeOn(t)
	ctx, end := context.WithCancel(t.Context())
	asked := make(chan context.Context, 1)
	second.answer = func(ctx context.Context, _ bus.Question) (json.RawMessage, error) {
		asked <- ctx
		end()
		<-ctx.Done()
		return nil, ctx.Err()
	}
	s, err := asker.Survey(ctx, bus.Question{Kind: "echo"})
	require.NoError(t, err)
	require.Contains(t, s.Missing, "000000000003", "whatever it says at the end")
	require.Equal(t, 2, len(s.Missing)+len(s.Answers))
	<-receive(t, asked).Done()
}

func TestHubNodes(t *testing.T) {
	hub := bus.NewHub()
	asker, _ := openOn(t, hub, "000000000001")
	require.Empty(t, asker.Nodes())
	other, _ := openOn(t, hub, "000000000003")
	_, _ = openOn(t, hub, "000000000002")
	nodes := asker.Nodes()
	require.Len(t, nodes, 2)
	for i, id := range []string{"000000000002", "000000000003"} {
		require.Equal(t, id, nodes[i].ID)
		require.Equal(t, bus.Figures{State: "running", Clients: 12}, nodes[i].Figures)
		require.NotZero(t, nodes[i].LastSeen)
	}
	other.Close()
	require.Len(t, asker.Nodes(), 1)
}

func TestLocal_SurveysNobody(t *testing.T) {
	s, err := bus.Local{}.Survey(t.Context(), bus.Question{Kind: "x"})
	require.NoError(t, err)
	require.Equal(t, bus.Survey{}, s)
	s, err = bus.Local{}.Survey(t.Context(), bus.Question{Kind: "x", Node: "000000000002"})
	require.NoError(t, err)
	require.Equal(t, []string{"000000000002"}, s.Missing)
	require.Empty(t, bus.Local{}.Nodes())
}
