package redis_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/bus"
	"github.com/gannet-ws/gannet/bus/redis"
	"github.com/gannet-ws/gannet/bus/redistest"
)

// three joins three nodes to Redis.
func three(t testing.TB, options redis.Options) (nodes []*member) {
	for i := range 3 {
		nodes = append(nodes, join(t, i+1, options))
	}
	return nodes
}

// The disturbances of a Redis server.

func crash(s *redistest.Server) { s.Kill(); s.Restart() }

func freeze(d time.Duration) func(*redistest.Server) {
	return func(s *redistest.Server) {
		s.Freeze()
		time.Sleep(d)
		s.Thaw()
	}
}

func cutAll(s *redistest.Server) {
	cutSubscribers(s)
	cutPublishers(s)
}

func cutSubscribers(s *redistest.Server) { s.Do("CLIENT", "KILL", "TYPE", "pubsub") }

func cutPublishers(s *redistest.Server) {
	for _, id := range publishers(s) {
		_, _ = s.Try("CLIENT", "KILL", "ID", id) // it may have gone
	}
}

// publishers returns the ids of the connections that publish.
func publishers(s *redistest.Server) (ids []string) {
	for line := range strings.SplitSeq(s.Do("CLIENT", "LIST", "TYPE", "normal"), "\n") {
		fields := strings.Fields(line)
		if len(fields) > 0 && strings.Contains(line, "name=gannet") {
			ids = append(ids, strings.TrimPrefix(fields[0], "id="))
		}
	}
	return ids
}

// cutOne cuts one node's subscribing connection, if there is any.
func cutOne(s *redistest.Server) {
	line, _, _ := strings.Cut(s.Do("CLIENT", "LIST", "TYPE", "pubsub"), "\n")
	id, _, _ := strings.Cut(line, " ")
	_, _ = s.Try("CLIENT", "KILL", "ID", strings.TrimPrefix(id, "id="))
}

// overflow has Redis cut the subscribing connections because they read too slowly:
// a megabyte is published at once, of which Redis will keep far less for each.
func overflow(s *redistest.Server) {
	s.Do("CONFIG", "SET", "client-output-buffer-limit", "pubsub 64kb 0 0")
	s.Do("EVAL", `for i = 1, 100 do redis.call("PUBLISH", "gannet:room:{x}", '{"":"' .. string.rep("x", 10000) .. '"}') end`, "0")
	s.Do("CONFIG", "SET", "client-output-buffer-limit", "pubsub 32mb 8mb 60")
}

// The promise of gaps, whatever happens to Redis and to connections.
func TestGaps_NoLossOutside(t *testing.T) {
	for name, tt := range map[string]struct {
		disturb func(*redistest.Server)
		times   int
		cut     uint64 // subscribing connections that are lost each time; 0: none, for sure
		missing bool   // messages, for sure
	}{
		"nothing":              {func(*redistest.Server) {}, 1, 0, false},
		"frozen for a moment":  {freeze(100 * time.Millisecond), 3, 0, false},
		"killed":               {crash, 3, 3, true},
		"all connections cut":  {cutAll, 3, 3, false},
		"subscriptions cut":    {cutSubscribers, 3, 3, false},
		"one subscription cut": {cutOne, 3, 1, false},
		"publishers cut":       {cutPublishers, 3, 0, false},
		"slow subscribers cut": {overflow, 3, 3, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := redistest.Start(t)
			options := quickly(server.URL())
			if tt.cut == 0 {
				options = calmly(server.URL())
			}
			nodes := three(t, options)
			tr := startTraffic(t, []string{"x", "y", "z"}, nodes...)
			tr.sendForeign(server)
			for round := range tt.times {
				time.Sleep(100 * time.Millisecond) // of traffic
				tt.disturb(server)
				lost := func() bool { return reconnects(nodes) >= uint64(round+1)*tt.cut }
				require.Eventually(t, lost, longWait, time.Millisecond, "as many connections have to be made again")
				tr.recovered()
			}
			missing := tr.end()
			assert.True(t, missing > 0 || !tt.missing)
			assert.True(t, tt.cut > 0 || reconnects(nodes) == 0)
			if name == "nothing" || name == "frozen for a moment" {
				assert.Zero(t, missing)
				for _, n := range nodes {
					_, _, gaps := n.seen()
					assert.Empty(t, gaps)
				}
			}
		})
	}
}

// So it is when Redis keeps its connections and answers nobody, for longer than
// all deadlines and probes.
func TestGaps_NoLossOutsideWhileFrozen(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	nodes := three(t, quickly(server.URL()))
	tr := startTraffic(t, []string{"x", "y", "z"}, nodes...)
	tr.sendForeign(server)
	server.Freeze()
	for _, n := range nodes {
		n.until(func() bool { return !n.Status().Connected && n.Stats().Failed > 0 }, "it is noticed")
	}
	time.Sleep(3 * time.Second) // in which all attempts fail
	server.Thaw()
	tr.recovered()
	assert.NotZero(t, tr.end())
}

// reconnects returns how often nodes have made a subscribing connection again.
func reconnects(nodes []*member) (count uint64) {
	for _, n := range nodes {
		count += n.Stats().Reconnects
	}
	return count
}

// A gap begins with the last certainty, and earlier by the time that a message may
// have been on its way; it ends when all arrives again.
func TestGaps_Interval(t *testing.T) {
	for name, timeout := range map[string]time.Duration{"messages take no time": time.Nanosecond, "messages take long": longWait} {
		t.Run(name, func(t *testing.T) {
			opened, server := time.Now(), redistest.Start(t)
			options := calmly(server.URL())
			options.PublishTimeout = timeout
			m := join(t, 2, options)
			m.enter("x")
			killed := time.Now()
			server.Kill()
			m.until(func() bool { return !m.Standing("x") }, "it is noticed")
			back := time.Now()
			server.Restart()
			m.until(func() bool { _, _, gaps := m.seen(); return len(gaps) > 0 }, "the gap has to be told")
			_, _, gaps := m.seen()
			for _, g := range gaps {
				assert.WithinRange(t, g.From, opened.Add(-2*timeout), killed.Add(-2*timeout))
				assert.True(t, g.To.After(back))
			}
			assert.Equal(t, []string{"x"}, m.gapOf("").Rooms)
		})
	}
}

// gapOf returns the first gap of a channel.
func (m *member) gapOf(channel string) bus.Gap {
	m.t.Helper()
	var found bus.Gap
	m.until(func() bool {
		_, _, gaps := m.seen()
		i := slices.IndexFunc(gaps, func(g bus.Gap) bool { return g.Channel == channel })
		if i >= 0 {
			found = gaps[i]
		}
		return i >= 0
	}, "the gap has to be told")
	return found
}

// What a node could not send as the first it ever sends to a room is missing all
// the same: who listens is told, be it by what follows or by nothing.
func TestGaps_FirstMessageLost(t *testing.T) {
	for name, follows := range map[string]bool{"and one follows": true, "and nothing follows": false} {
		t.Run(name, func(t *testing.T) {
			server := redistest.Start(t)
			options := quickly(server.URL())
			options.MaxQueue = 1000
			sender, receiver := join(t, 1, options), join(t, 2, options)
			receiver.enter("x", "y")
			publish := func(payload string) error {
				return sender.Publish(bus.Message{To: bus.Room, Room: "x", Payload: []byte(payload)})
			}
			began := time.Now()
			assert.Error(t, publish(`{"":"`+strings.Repeat("x", 1000)+`"}`))
			if follows {
				assert.NoError(t, publish(`{}`))
				receiver.received(1)
			}
			receiver.until(func() bool { _, _, gaps := receiver.seen(); return len(gaps) == 1 }, "the gap has to be told")
			_, _, gaps := receiver.seen()
			assert.Equal(t, []string{"x"}, gaps[0].Rooms)
			assert.Zero(t, gaps[0].Count)
			assert.False(t, gaps[0].All)
			assert.WithinRange(t, began, gaps[0].From, gaps[0].To)
		})
	}
}
