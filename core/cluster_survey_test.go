package core_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/bus"
	"github.com/gannet-ws/gannet/bus/redis"
	"github.com/gannet-ws/gannet/bus/redistest"
	"github.com/gannet-ws/gannet/core"
	"github.com/gannet-ws/gannet/shard"
)

// threeNodes runs three servers that know each other, on a hub and on Redis, for a
// test.
func threeNodes(t *testing.T, test func(t *testing.T, servers []*core.Server), options core.Options, prepare ...func(*core.Server)) {
	hub, url := bus.NewHub(), ""
	for name, next := range map[string]func() bus.Bus{
		"hub": func() bus.Bus { return hub.Join() },
		"Redis": func() bus.Bus {
			b, err := redis.New(redis.Options{URL: []string{url}, Log: slog.New(slog.DiscardHandler), PublishTimeout: patience})
			require.NoError(t, err)
			return b
		},
	} {
		t.Run(name, func(t *testing.T) {
			if name == "Redis" {
				url = redistest.Start(t).URL()
			}
			options.SurveyTimeout = patience
			var servers []*core.Server
			for range 3 {
				options.Bus = next()
				servers = append(servers, start(t, options, prepare...))
			}
			for _, s := range servers {
				eventually(t, func() bool { return len(s.Cluster().Nodes()) == 3 }, "they know each other")
			}
			test(t, servers)
		})
	}
}

// complete is the coverage of what lacks nothing.
var complete = core.Coverage{Missing: []string{}}

func TestCluster_Nodes(t *testing.T) {
	threeNodes(t, func(t *testing.T, servers []*core.Server) {
		for _, s := range servers {
			nodes := s.Cluster().Nodes()
			var ids []string
			for _, n := range nodes {
				ids = append(ids, n.ID)
				assert.Contains(t, []string{"starting", "running"}, n.State)
				assert.Positive(t, n.UptimeSeconds)
			}
			assert.Equal(t, s.NodeID(), ids[0])
			assert.ElementsMatch(t, []string{servers[0].NodeID(), servers[1].NodeID(), servers[2].NodeID()}, ids)
			assert.Equal(t, 3, s.Stats().Nodes)
		}
	}, core.Options{Loops: 1})
}

func TestCluster_RoomsAndMembers(t *testing.T) {
	threeNodes(t, func(t *testing.T, servers []*core.Server) {
		member(t, servers[0], "a", "b")
		member(t, servers[1], "a", "c")
		last := member(t, servers[2], "a", "c")
		c := servers[0].Cluster()
		assert.Equal(t, core.ClusterRooms{Rooms: []core.RoomInfo{{"a", 3}, {"c", 2}, {"b", 1}}, Coverage: complete}, c.Rooms(t.Context(), 0))
		assert.Equal(t, core.ClusterRooms{Rooms: []core.RoomInfo{{"a", 3}}, Truncated: true, Coverage: complete}, c.Rooms(t.Context(), 1))
		assert.Equal(t, []core.RoomInfo{{"a", 3}, {"c", 2}, {"b", 1}}, c.Rooms(t.Context(), 3).Rooms)

		members := c.Members(t.Context(), "c", 0)
		assert.Equal(t, 2, members.Count)
		assert.False(t, members.Truncated)
		assert.Equal(t, complete, members.Coverage)
		assert.Contains(t, members.Clients, core.LocatedClient{ClientID: idOf(last), Node: servers[2].NodeID()})
		some := c.Members(t.Context(), "a", 2)
		assert.Len(t, some.Clients, 2)
		assert.Equal(t, 3, some.Count)
		assert.True(t, some.Truncated)
		assert.Equal(t, core.ClientList{Clients: []core.LocatedClient{}, Coverage: complete}, c.Members(t.Context(), "none", 0))
	}, core.Options{Loops: 2}, tellID)
}

func TestCluster_FindClientsAndUsers(t *testing.T) {
	threeNodes(t, func(t *testing.T, servers []*core.Server) {
		var want []core.LocatedClient
		var clients []*client
		for _, s := range servers {
			clients = append(clients, connectAs(t, s, 5))
			want = append(want, core.LocatedClient{ClientID: idOf(clients[len(clients)-1]), Node: s.NodeID()})
		}
		clients[2].join("r")
		require.NoError(t, setMetadata(t, servers[2], want[2].ClientID, "level", 3))
		c := servers[0].Cluster()
		user := c.FindUser(t.Context(), "5")
		assert.ElementsMatch(t, want, user.Clients)
		assert.Equal(t, 3, user.Count)
		assert.Zero(t, c.FindUser(t.Context(), "6").Count)

		for i := range servers {
			found := c.FindClient(t.Context(), want[i].ClientID)
			require.NotNil(t, found.Client, i)
			assert.Equal(t, want[i], core.LocatedClient{ClientID: found.Client.ID, Node: found.Node})
			assert.Equal(t, "5", found.Client.User.ID)
			assert.Equal(t, complete, found.Coverage)
			if i == 2 {
				assert.Equal(t, []string{"r"}, found.Client.Rooms)
				assert.Equal(t, json.RawMessage("3"), found.Client.Metadata["level"])
			}
		}
		gone := c.Disconnect(t.Context(), want[1].ClientID, "go")
		assert.Equal(t, core.Disconnection{Clients: 1, Coverage: complete}, gone)
		assert.Equal(t, closing{1008, "go"}, clients[1].end())
		eventually(t, func() bool { return c.FindClient(t.Context(), want[1].ClientID).Client == nil }, "it has gone")
		assert.Equal(t, complete, c.FindClient(t.Context(), want[1].ClientID).Coverage, "its node says so")
		assert.Zero(t, servers[2].Stats().SurveyMissing)
	}, core.Options{Loops: 2, JWTSecret: broadcastSecret}, tellID)
}

// A user is disconnected everywhere, and nobody else is.
func TestCluster_DisconnectUser(t *testing.T) {
	threeNodes(t, func(t *testing.T, servers []*core.Server) {
		var ada, others []*client
		for _, s := range servers {
			ada = append(ada, connectAs(t, s, "ada"), connectAs(t, s, "ada"))
			others = append(others, connectAs(t, s, "eve"), connect(t, s))
		}
		assert.Equal(t, core.Disconnection{Clients: 6, Coverage: complete}, servers[1].Cluster().DisconnectUser(t.Context(), "ada", ""))
		for _, c := range ada {
			assert.Equal(t, closing{1008, "disconnected"}, c.end())
		}
		for _, c := range others {
			c.quiet()
		}
		eventually(t, func() bool { return servers[0].Cluster().FindUser(t.Context(), "ada").Count == 0 }, "they have gone")
	}, core.Options{Loops: 2, JWTSecret: broadcastSecret})
}

func TestCluster_Stats(t *testing.T) {
	threeNodes(t, func(t *testing.T, servers []*core.Server) {
		for i, s := range servers {
			for range i + 1 {
				member(t, s, "r")
			}
		}
		stats := servers[2].Cluster().Stats(t.Context())
		require.Len(t, stats.Nodes, 3)
		assert.Equal(t, complete, stats.Coverage)
		assert.Equal(t, 6, stats.Total.Clients)
		assert.Equal(t, 3, stats.Total.Rooms)
		assert.EqualValues(t, 6, stats.Total.MessagesIn)
		assert.EqualValues(t, 6, stats.Total.Upgraded)
		assert.Contains(t, stats.Total.Closed, "inactive")
		clients := 0
		for i, one := range stats.Nodes {
			clients += one.Clients
			assert.Equal(t, "running", one.State)
			assert.True(t, i == 0 || stats.Nodes[i-1].Node < one.Node)
		}
		assert.Equal(t, 6, clients)
	}, core.Options{Loops: 1})
}

// A node that does not answer, this one too, is missing, and counted.
func TestCluster_Missing(t *testing.T) {
	release := make(chan struct{})
	threeNodes(t, func(t *testing.T, servers []*core.Server) {
		ctx, end := context.WithTimeout(t.Context(), 200*time.Millisecond)
		defer end()
		answers, coverage, err := servers[0].Cluster().Ask(ctx, "wait", nil)
		require.NoError(t, err)
		assert.Empty(t, answers)
		assert.Len(t, coverage.Missing, 3)
		assert.Contains(t, coverage.Missing, servers[0].NodeID())
		assert.EqualValues(t, 3, servers[0].Stats().SurveyMissing)

		ended, end := context.WithCancel(t.Context())
		end()
		unknown := shard.IDFromBytes([16]byte{1, 2, 3})
		assert.Equal(t, []string{"010203000000"}, servers[0].Cluster().FindClient(ended, unknown).Missing)
		assert.Equal(t, []string{"010203000000"}, servers[0].Cluster().Disconnect(ended, unknown, "").Missing)
	}, core.Options{Loops: 1}, func(s *core.Server) {
		s.OnSurvey("wait", func(ctx context.Context, _ json.RawMessage) (any, error) {
			select {
			case <-ctx.Done():
			case <-release:
			}
			return nil, ctx.Err()
		})
	})
}

// failing is a bus that cannot ask, or whose nodes answer nonsense.
type failing struct {
	bus.Local
	survey bus.Survey
	err    error
}

func (f *failing) Survey(context.Context, bus.Question) (bus.Survey, error) { return f.survey, f.err }

func TestCluster_AnswersThatMakeNoSense(t *testing.T) {
	nonsense := &failing{survey: bus.Survey{Answers: []bus.Answer{
		{Node: "000000000001", Data: json.RawMessage(`"x"`)}, {Node: "000000000002", Error: "no"}, {Node: "000000000003"},
	}}}
	s := start(t, core.Options{Loops: 1, Bus: nonsense})
	for name, coverage := range map[string]core.Coverage{
		"stats": s.Cluster().Stats(t.Context()).Coverage, "rooms": s.Cluster().Rooms(t.Context(), 1).Coverage,
		"members": s.Cluster().Members(t.Context(), "r", 1).Coverage, "user": s.Cluster().FindUser(t.Context(), "u").Coverage,
		"disconnect": s.Cluster().DisconnectUser(t.Context(), "u", "").Coverage,
	} {
		assert.Equal(t, core.Coverage{Missing: []string{"000000000001", "000000000002", "000000000003"}}, coverage, name)
	}
	assert.EqualValues(t, 15, s.Stats().SurveyMissing)
	*nonsense = failing{survey: bus.Survey{Missing: []string{"000000000009"}}, err: errors.New("away")}
	assert.Equal(t, core.Coverage{Missing: []string{"000000000009"}, Problem: "away"}, s.Cluster().Rooms(t.Context(), 1).Coverage)
	assert.Len(t, s.Cluster().Stats(t.Context()).Nodes, 1, "its own part is there")
}

// Every figure is summed, and of times the longest is taken.
func TestCluster_TotalsHaveAllFigures(t *testing.T) {
	var other core.Stats
	fields := reflect.ValueOf(&other.Totals).Elem()
	for i := range fields.NumField() {
		switch f := fields.Field(i); f.Kind() {
		case reflect.Int:
			f.SetInt(7000)
		case reflect.Uint64:
			f.SetUint(7000)
		case reflect.Float64:
			f.SetFloat(7000)
		default:
			f.Set(reflect.ValueOf(map[string]uint64{"inactive": 7000}))
		}
	}
	data, err := json.Marshal(&other)
	require.NoError(t, err)
	s := start(t, core.Options{Loops: 1, MaxConnections: 100, Bus: &failing{survey: bus.Survey{Answers: []bus.Answer{
		{Node: "000000000001", Data: data}, {Node: "000000000002", Data: data},
	}}}})
	total := reflect.ValueOf(s.Cluster().Stats(t.Context()).Total)
	for i := range total.NumField() {
		name := total.Type().Field(i).Name
		switch f := total.Field(i); f.Kind() {
		case reflect.Int:
			assert.InDelta(t, 14000, f.Int(), 200, name)
		case reflect.Uint64:
			assert.InDelta(t, 14000, f.Uint(), 200, name)
		case reflect.Float64:
			assert.Equal(t, 7000.0, f.Float(), name)
		default:
			assert.EqualValues(t, 14000, f.Interface().(map[string]uint64)["inactive"], name)
		}
	}
}

// Many rooms: the largest are found, whatever their order.
func TestCluster_LargestRooms(t *testing.T) {
	s := start(t, core.Options{Loops: 1, MaxRooms: 1000})
	for i := range 3 {
		c := connect(t, s)
		for k := range 40 * (i + 1) {
			c.join(fmt.Sprintf("room %03d", k))
		}
	}
	all := s.Cluster().Rooms(t.Context(), 0).Rooms
	require.Len(t, all, 120)
	for _, limit := range []int{1, 39, 40, 41, 119} {
		some := s.Cluster().Rooms(t.Context(), limit)
		require.Equal(t, all[:limit], some.Rooms)
		require.True(t, some.Truncated)
	}
	require.False(t, s.Cluster().Rooms(t.Context(), 120).Truncated)
	require.Equal(t, core.RoomInfo{Name: "room 000", Members: 3}, all[0])
	require.Equal(t, core.RoomInfo{Name: "room 119", Members: 1}, all[119])
}
