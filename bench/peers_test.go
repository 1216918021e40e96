package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// smallPeers is a comparison with one other server, which the test program plays
// too, see TestMain.
func smallPeers(t *testing.T) *Peers {
	return &Peers{
		Setup:         Setup{Loops: 1, JSON: filepath.Join(t.TempDir(), "peers.json")},
		ServerCommand: []string{os.Args[0] + " serve"},
		Conns:         100, Size: 128, Rate: 100, Duration: 100 * time.Millisecond,
		Batch: 20, Bursts: 2, Idle: 120, Settle: time.Millisecond, Rounds: 2,
	}
}

func TestPeersMeasuresEveryServerInEveryScenario(t *testing.T) {
	p := smallPeers(t)
	var out bytes.Buffer
	require.NoError(t, p.Run(t.Context(), &out))
	written, err := os.ReadFile(p.JSON)
	require.NoError(t, err)
	var standings Standings
	require.NoError(t, json.Unmarshal(written, &standings))

	other := filepath.Base(os.Args[0]) + " serve"
	require.Len(t, standings.Servers, 3)
	for i, name := range []string{"gannet", other, "floor"} {
		server := standings.Servers[i]
		assert.Equal(t, name, server.Name)
		assert.Contains(t, out.String(), name)
		for scenario, deliveries := range map[string]uint64{
			"fanout": 100 * (10 + fanoutWarmUp), "merged": 100 * 20 * (2 + 1), "idle": 0,
		} {
			require.Len(t, server.Rounds[scenario], 2, "%s, %s", name, scenario)
			for _, round := range server.Rounds[scenario] {
				assert.Equal(t, deliveries, round.Delivered, "%s, %s", name, scenario)
				assert.Equal(t, map[string]int{"fanout": 100, "merged": 100, "idle": 120}[scenario], round.Alive)
			}
		}
	}
}

func TestPeersGoesOnWithoutTheServerThatDoesNotStart(t *testing.T) {
	p := smallPeers(t)
	p.ServerCommand, p.Rounds = []string{os.Args[0] + " serve --refuse", os.Args[0] + " serve"}, 1
	var out bytes.Buffer
	require.NoError(t, p.Run(t.Context(), &out))
	require.Contains(t, out.String(), "serve --refuse, fanout, round 1: there is no figure: ")
	require.Contains(t, out.String(), "refusing to start")
	written, err := os.ReadFile(p.JSON)
	require.NoError(t, err)
	var standings Standings
	require.NoError(t, json.Unmarshal(written, &standings))
	assert.True(t, standings.Servers[1].Failed("idle"))
	assert.False(t, standings.Servers[2].Failed("idle"))
	assert.EqualValues(t, 120, standings.Servers[2].Rounds["idle"][0].Alive)
}

func TestPeersFailsWithThisProgram(t *testing.T) {
	p := smallPeers(t)
	p.ServerFlag = []string{"--refuse"}
	err := p.Run(t.Context(), &bytes.Buffer{})
	require.ErrorContains(t, err, "gannet, fanout: ")
	require.ErrorContains(t, err, "refusing to start")
}

func TestPeersEndsWhenItIsInterrupted(t *testing.T) {
	p := smallPeers(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, p.Run(ctx, &bytes.Buffer{}), context.Canceled)

	others := &Standings{Servers: p.standings().Servers[1:2]}
	idle := (&Idle{Conns: 1}).comparison()
	require.ErrorIs(t, p.turn(ctx, &idle, others), context.Canceled, "that is no failure of another server")
}

func TestPeersFloorIsNoServer(t *testing.T) {
	p := smallPeers(t)
	p.ServerFlag = []string{"--refuse"} // which servers obey
	servers := p.standings().Servers
	_, err := p.open(t.Context(), &servers[0], 1)
	require.ErrorContains(t, err, "refusing to start")
	floor, err := p.open(t.Context(), &servers[len(servers)-1], 1)
	require.NoError(t, err)
	floor.close()
}

func TestPeersRefusesBadOptions(t *testing.T) {
	for name, change := range map[string]func(p *Peers){
		"no sockets":      func(p *Peers) { p.Conns = 0 },
		"no rate":         func(p *Peers) { p.Rate = 0 },
		"no bursts":       func(p *Peers) { p.Bursts = 0 },
		"negative settle": func(p *Peers) { p.Settle = -1 },
		"no rounds":       func(p *Peers) { p.Rounds = 0 },
		"blank command":   func(p *Peers) { p.ServerCommand = []string{" "} },
	} {
		p := smallPeers(t)
		change(p)
		assert.ErrorIs(t, p.Run(t.Context(), &bytes.Buffer{}), ErrOption, name)
	}
}

func TestServerCommandReplacesThisProgram(t *testing.T) {
	for name, test := range map[string]struct {
		loops int
		want  string
	}{
		"own number of loops": {0, "[--refuse --addr 127.0.0.1:"},
		"two loops":           {2, "[--refuse --loops 2 --addr 127.0.0.1:"},
	} {
		target := Target{
			Setup: Setup{Loops: test.loops, Program: []string{"/nowhere"}},
			URL:   "ws://localhost/ws", Spawn: true, ServerCommand: os.Args[0] + " serve  --refuse",
		}
		_, err := target.open(t.Context(), 1)
		assert.ErrorContains(t, err, test.want, name)
	}
}

func TestServerCommandIsDrivenLikeThisProgram(t *testing.T) {
	m := Merged{
		Target: Target{
			Setup: Setup{JSON: "-"},
			URL:   "ws://localhost/ws", Spawn: true, NoFloor: true, ServerCommand: os.Args[0] + " serve",
		},
		Conns: 50, Rooms: 1, Size: 128, Batch: 5, Rounds: 2, Repeat: 1,
	}
	var out bytes.Buffer
	require.NoError(t, m.Run(t.Context(), &out))
	assert.Contains(t, out.String(), `"serverCommand": "`+os.Args[0]+` serve"`)
}

func TestServerCommandNeedsSpawnAndNoServerFlags(t *testing.T) {
	for name, target := range map[string]Target{
		"no spawn":     {ServerCommand: "peers gws"},
		"server flags": {ServerCommand: "peers gws", Spawn: true, Setup: Setup{ServerFlag: []string{"--loops=1"}}},
	} {
		_, err := target.open(t.Context(), 1)
		assert.ErrorIs(t, err, ErrOption, name)
	}
}

func TestMetricOfAServerThatHasNone(t *testing.T) {
	for name, test := range map[string]struct {
		handler http.HandlerFunc
		none    bool
	}{
		"no such path":   {http.NotFound, true},
		"no such metric": {func(http.ResponseWriter, *http.Request) {}, true},
		"an error":       {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) }, false},
	} {
		server := httptest.NewServer(test.handler)
		a := newAdmin("", server.URL)
		_, err := a.metric(t.Context(), metricWrites)
		require.Error(t, err, name)
		if test.none {
			assert.ErrorIs(t, err, errNoMetric, name)
		} else {
			assert.NotErrorIs(t, err, errNoMetric, name)
		}
		a.close()
		server.Close()
	}
}
