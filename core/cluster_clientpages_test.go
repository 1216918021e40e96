package core_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/bus"
	"github.com/gannet-ws/gannet/core"
	"github.com/gannet-ws/gannet/shard"
)

// pages returns all clients that a query finds, page by page.
func pages(t testing.TB, c *core.Cluster, q core.ClientQuery) (found []core.ClientInfo) {
	t.Helper()
	for more := true; more; {
		page, err := c.Clients(t.Context(), q)
		require.NoError(t, err)
		require.Equal(t, complete, page.Coverage)
		require.NotNil(t, page.Clients)
		require.LessOrEqual(t, len(page.Clients), q.Limit)
		require.Equal(t, page.Truncated, !page.Next.IsZero())
		found = append(found, page.Clients...)
		q.After, more = page.Next, page.Truncated
	}
	return found
}

// Whatever the size of a page, the pages together have each client once, in the order
// of their ids, and filters leave what they should.
func TestCluster_ClientPages(t *testing.T) {
	threeNodes(t, func(t *testing.T, servers []*core.Server) {
		var all, ada, inRoom, ofLevel []shard.ID
		for i, s := range servers {
			for k := range 4 + i {
				client := connectAs(t, s, []any{"ada", 5}[k%2])
				id := idOf(client)
				all = append(all, id)
				if k%2 == 0 {
					ada = append(ada, id)
				}
				if k < 3 {
					client.join("general")
					inRoom = append(inRoom, id)
				}
				require.NoError(t, setMetadata(t, s, id, "level", k))
				if k >= 2 {
					ofLevel = append(ofLevel, id)
				}
			}
		}
		both := slices.DeleteFunc(slices.Clone(ada), func(id shard.ID) bool { return !slices.Contains(inRoom, id) })
		for limit := 1; limit <= len(all)+1; limit++ {
			c := servers[limit%3].Cluster()
			for _, tt := range []struct {
				query core.ClientQuery
				want  []shard.ID
			}{
				{core.ClientQuery{}, all},
				{core.ClientQuery{UserID: "ada"}, ada},
				{core.ClientQuery{Room: "general"}, inRoom},
				{core.ClientQuery{Where: "meta:level >= 2"}, ofLevel},
				{core.ClientQuery{UserID: "ada", Room: "general", Where: "claim:sub == ada"}, both},
				{core.ClientQuery{UserID: "eve"}, nil},
				{core.ClientQuery{Room: "none"}, nil},
			} {
				tt.query.Limit = limit
				ids := idsOf(pages(t, c, tt.query))
				require.ElementsMatch(t, tt.want, ids, "%+v", tt.query)
				require.True(t, slices.IsSortedFunc(ids, shard.ID.Compare))
			}
		}
	}, core.Options{Loops: 2, JWTSecret: broadcastSecret}, tellID)
}

// A client is listed as it is known, on another node too.
func TestCluster_ClientPagesTellAll(t *testing.T) {
	both := startTier(t, core.Options{Loops: 1, SurveyTimeout: patience, JWTSecret: broadcastSecret}, tellID)
	c := connectAs(t, both.there, 5)
	c.join("r")
	require.NoError(t, setMetadata(t, both.there, idOf(c), "level", 3))
	want, err := both.there.Client(t.Context(), idOf(c))
	require.NoError(t, err)
	page, err := both.here.Cluster().Clients(t.Context(), core.ClientQuery{})
	require.NoError(t, err)
	require.Len(t, page.Clients, 1)
	got := page.Clients[0]
	assert.WithinDuration(t, want.LastActivity, got.LastActivity, patience)
	want.LastActivity, want.User.Expires = got.LastActivity, got.User.Expires
	assert.Equal(t, want, got)
}

// A page begins behind an id whose client has gone, or never was.
func TestCluster_ClientPagesAfterAnID(t *testing.T) {
	both := startTier(t, core.Options{Loops: 1, SurveyTimeout: patience}, tellID)
	for range 3 {
		connect(t, both.here)
		connect(t, both.there)
	}
	all := idsOf(pages(t, both.here.Cluster(), core.ClientQuery{Limit: 10}))
	require.Len(t, all, 6)
	near := func(id shard.ID, up bool) shard.ID {
		raw := id.Bytes()
		for i := len(raw) - 1; ; i-- {
			if up {
				raw[i]++
			} else {
				raw[i]--
			}
			if up && raw[i] != 0 || !up && raw[i] != 0xff {
				return shard.IDFromBytes(raw)
			}
		}
	}
	for i, id := range all {
		for after, want := range map[shard.ID]int{near(id, false): i, id: i + 1, near(id, true): i + 1} {
			got := idsOf(pages(t, both.here.Cluster(), core.ClientQuery{After: after, Limit: 4}))
			require.Len(t, got, len(all)-want)
			require.Equal(t, all[want:], append([]shard.ID{}, got...))
		}
	}
	last := shard.IDFromBytes([16]byte(slices.Repeat([]byte{0xff}, 16)))
	require.Empty(t, pages(t, both.here.Cluster(), core.ClientQuery{After: last, Limit: 1}))
}

// More clients than one visit of a loop looks at are looked at in pieces; a page begins
// in the piece that has it.
func TestCluster_ClientPagesInPieces(t *testing.T) {
	const clients = 1100
	server := start(t, core.Options{Loops: 1, SurveyTimeout: patience})
	for range clients {
		upgrade(t, server, raw(t, server))
	}
	var ids []shard.ID
	for _, limit := range []int{2000, 300} {
		ids = idsOf(pages(t, server.Cluster(), core.ClientQuery{Limit: limit}))
		require.Len(t, ids, clients)
		require.True(t, slices.IsSortedFunc(ids, shard.ID.Compare))
	}
	page, err := server.Cluster().Clients(t.Context(), core.ClientQuery{})
	require.NoError(t, err)
	require.Len(t, page.Clients, 1000, "the default")
	require.Equal(t, ids[999], page.Next)
}

// What one node tells at once is bounded, and a client that is larger is told of alone.
func TestCluster_ClientPagesBySize(t *testing.T) {
	for size, most := range map[int]int{100 << 10: 6, 900 << 10: 1} {
		both := startTier(t, core.Options{Loops: 1, SurveyTimeout: patience, MaxMetadata: 1 << 20}, tellID)
		for _, server := range []*core.Server{both.here, both.there} {
			for range 8 {
				require.NoError(t, setMetadata(t, server, idOf(connect(t, server)), "k", strings.Repeat("x", size)))
			}
		}
		page, err := both.here.Cluster().Clients(t.Context(), core.ClientQuery{})
		require.NoError(t, err)
		require.Len(t, page.Clients, most, "no other node's come before the rest of the first one's")
		require.True(t, page.Truncated)
		ids := idsOf(pages(t, both.here.Cluster(), core.ClientQuery{Limit: 100}))
		require.Len(t, ids, 16)
		require.True(t, slices.IsSortedFunc(ids, shard.ID.Compare))
	}
}

// A loop that has no time makes its node missing, and nothing else.
func TestCluster_ClientPagesOfABusyLoop(t *testing.T) {
	server := start(t, core.Options{Loops: 1, SurveyTimeout: patience}, tellID)
	id, busy, release := idOf(connect(t, server)), make(chan struct{}), make(chan struct{})
	require.True(t, server.Visit(id, func(*core.Context) {
		close(busy)
		<-release
	}))
	next(t, busy)
	ctx, end := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer end()
	page, err := server.Cluster().Clients(ctx, core.ClientQuery{})
	close(release)
	require.NoError(t, err)
	require.Empty(t, page.Clients)
	require.Equal(t, []string{server.NodeID()}, page.Missing)
	require.Equal(t, []shard.ID{id}, idsOf(pages(t, server.Cluster(), core.ClientQuery{Limit: 1})))
}

func TestCluster_ClientPagesBadCondition(t *testing.T) {
	server := start(t, core.Options{Loops: 1, SurveyTimeout: patience})
	page, err := server.Cluster().Clients(t.Context(), core.ClientQuery{Where: "level >= 2"})
	require.ErrorContains(t, err, "cannot read the condition")
	require.Equal(t, core.ClientPage{Clients: []core.ClientInfo{}, Coverage: complete}, page)
}

// asks is a bus that notes which nodes are asked, and where some do not answer.
type asks struct {
	*bus.Member
	mu    sync.Mutex
	notes []string        // the node that was asked, none for all, and for how many clients
	mute  map[string]bool // by what is asked: a node's id, or none for all
}

func (a *asks) Survey(ctx context.Context, q bus.Question) (bus.Survey, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	var query core.ClientQuery
	if err := json.Unmarshal(q.Data, &query); err != nil {
		return bus.Survey{}, err
	}
	a.notes = append(a.notes, fmt.Sprintf("%s:%d", q.Node, query.Limit))
	answers, err := a.Member.Survey(ctx, q)
	if a.mute[q.Node] {
		for _, answer := range answers.Answers {
			answers.Missing = append(answers.Missing, answer.Node)
		}
		answers.Answers = nil
	}
	return answers, err
}

// asked returns what has been asked since, and has nodes be mute from now on.
func (a *asks) asked(mute ...string) (notes []string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	notes, a.notes, a.mute = a.notes, nil, map[string]bool{}
	for _, node := range mute {
		a.mute[node] = true
	}
	return notes
}

// A page that one node fills costs the others nothing.
func TestCluster_ClientPagesAskOneNode(t *testing.T) {
	hub := bus.NewHub()
	recorded := &asks{Member: hub.Join()}
	here := start(t, core.Options{Loops: 1, SurveyTimeout: patience, Bus: recorded}, tellID)
	there := start(t, core.Options{Loops: 1, SurveyTimeout: patience, Bus: hub.Join()}, tellID)
	for range 4 {
		connect(t, there)
	}
	first, err := here.Cluster().Clients(t.Context(), core.ClientQuery{Limit: 1})
	require.NoError(t, err)
	require.Equal(t, []string{":1"}, recorded.asked())
	next, err := here.Cluster().Clients(t.Context(), core.ClientQuery{After: first.Next, Limit: 2})
	require.NoError(t, err)
	require.Equal(t, []string{there.NodeID() + ":2"}, recorded.asked())
	for limit, asked := range map[int][]string{
		1: {there.NodeID() + ":1", ":1"}, // whether there are more
		3: {there.NodeID() + ":3", ":2"},
	} {
		last, err := here.Cluster().Clients(t.Context(), core.ClientQuery{After: next.Next, Limit: limit})
		require.NoError(t, err)
		require.Equal(t, asked, recorded.asked())
		require.False(t, last.Truncated)
		require.Len(t, last.Clients, 1)
	}
}

// A node that does not answer is missing on the pages that it might have had a part of.
func TestCluster_ClientPagesMissing(t *testing.T) {
	hub := bus.NewHub()
	recorded := &asks{Member: hub.Join()}
	here := start(t, core.Options{Loops: 1, SurveyTimeout: patience, Bus: recorded}, tellID)
	there := start(t, core.Options{Loops: 1, SurveyTimeout: patience, Bus: hub.Join()}, tellID)
	one, other := idOf(connect(t, there)), idOf(connect(t, there))
	id := there.NodeID()
	for name, tt := range map[string]struct {
		mute    []string
		after   shard.ID
		found   []shard.ID
		missing []string
	}{
		"all answer":                 {nil, one, []shard.ID{other}, []string{}},
		"asked with all":             {[]string{""}, shard.ID{}, []shard.ID{}, []string{id}},
		"asked alone":                {[]string{id}, one, []shard.ID{}, []string{id}},
		"alone and with all":         {[]string{id, ""}, one, []shard.ID{}, []string{id}},
		"with all, after its answer": {[]string{""}, one, []shard.ID{other}, []string{}},
	} {
		t.Run(name, func(t *testing.T) {
			recorded.asked(tt.mute...)
			page, err := here.Cluster().Clients(t.Context(), core.ClientQuery{After: tt.after})
			require.NoError(t, err)
			found := slices.DeleteFunc(idsOf(page.Clients), func(id shard.ID) bool { return fmt.Sprintf("%012x", id.Node()) != there.NodeID() })
			require.Equal(t, tt.found, append([]shard.ID{}, found...))
			require.Equal(t, tt.missing, page.Missing)
		})
	}
}
