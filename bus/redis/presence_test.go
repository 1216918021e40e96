package redis_test

import (
	"fmt"
	"log/slog"
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

// beating are options with which nodes beat, and die, quickly.
func beating(url string) redis.Options {
	options := quickly(url)
	options.HeartbeatInterval = 200 * time.Millisecond
	options.PublishTimeout = 5 * time.Second
	return options
}

// steadily are options with which nodes beat, and live on when a machine is slow.
func steadily(url string) redis.Options {
	options := beating(url)
	options.HeartbeatInterval = 800 * time.Millisecond
	return options
}

// quietly are options with which a node is heard at the beginning and at its
// end, and never in between, and keeps its connection however slow the machine is.
func quietly(url string) redis.Options {
	options := quickly(url)
	options.HeartbeatInterval = 10 * time.Minute
	options.PublishTimeout = 5 * time.Second
	options.ProbeInterval = longWait
	return options
}

// knows waits until a node knows exactly these others.
func (m *member) knows(others ...int) {
	m.t.Helper()
	var want []string
	for _, number := range others {
		want = append(want, fmt.Sprintf("%012x", number))
	}
	m.until(func() bool { return slices.Equal(want, m.known()) }, fmt.Sprintf("%v are alive", others))
}

func (m *member) known() (ids []string) {
	for _, status := range m.Nodes() {
		ids = append(ids, status.ID)
	}
	return ids
}

// Whoever comes is known at once and knows the others at once, and who leaves is
// forgotten at once: nobody waits for an interval.
func TestPresence_ComeAndGo(t *testing.T) {
	server := redistest.Start(t)
	first := join(t, 1, quietly(server.URL()))
	require.Empty(t, first.Nodes())
	second := join(t, 2, quietly(server.URL()), func(n *node) {
		n.figures = bus.Figures{State: "running", Clients: 3, Users: 2, Rooms: 1, UptimeSeconds: 1.5}
	})
	third := join(t, 3, quietly(server.URL()))
	first.knows(2, 3)
	second.knows(1, 3)
	third.knows(1, 2)
	status := third.Nodes()[1]
	assert.Equal(t, second.figures, status.Figures)
	assert.WithinDuration(t, time.Now(), status.LastSeen, longWait)
	assert.False(t, status.Doubtful)
	assert.Equal(t, 2, third.Stats().Nodes)

	second.Close()
	first.knows(3)
	third.knows(1)
	require.Empty(t, second.Nodes())
	require.NoError(t, second.Open(second.node))
	first.knows(2, 3)
	second.knows(1, 3)
	for _, m := range []*member{first, third} {
		assert.Zero(t, m.Stats().Published+m.Stats().Received+m.Stats().Bad, "signs of life are no messages")
		_, _, gaps := m.seen()
		assert.Empty(t, gaps)
	}
}

// A node that dies without a word is forgotten; while it is deaf itself it doubts,
// and forgets nobody; and when it is back all know each other again.
func TestPresence_CutOff(t *testing.T) {
	server := redistest.Start(t)
	way := startProxy(t, server.Addr)
	first, second := join(t, 1, beating(server.URL())), join(t, 2, beating(server.URL()))
	lost := join(t, 3, beating(way.url()))
	first.knows(2, 3)
	lost.knows(1, 2)
	way.cut()
	first.knows(2)
	second.knows(1)
	lost.until(func() bool {
		nodes := lost.Nodes()
		return len(nodes) == 2 && nodes[0].Doubtful && nodes[1].Doubtful
	}, "it knows them, and doubts")
	seen := first.Nodes()[0].LastSeen
	first.until(func() bool { return first.Nodes()[0].LastSeen.Sub(seen) > time.Second }, "time passes")
	require.Equal(t, []string{"000000000001", "000000000002"}, lost.known())

	way.mend()
	first.knows(2, 3)
	second.knows(1, 3)
	lost.until(func() bool {
		nodes := lost.Nodes()
		return len(nodes) == 2 && !nodes[0].Doubtful && nodes[0].LastSeen.After(seen)
	}, "it hears them again")
}

// A node that goes without a word is lost: it is logged and counted once, and told of
// until it is back. One that leaves is not.
func TestPresence_Lost(t *testing.T) {
	server := redistest.Start(t)
	way := startProxy(t, server.Addr)
	log := &syncLog{}
	options := steadily(server.URL())
	options.Log = slog.New(slog.NewTextHandler(log, nil))
	stays, leaves := join(t, 1, options), join(t, 2, steadily(server.URL()))
	dies := join(t, 3, steadily(way.url()), func(n *node) { n.figures = bus.Figures{State: "running", Clients: 15} })
	stays.knows(2, 3)
	require.Empty(t, stays.Lost())
	leaves.Close()
	stays.knows(3)
	way.cut()
	stays.knows()
	lost := stays.Lost()
	require.Len(t, lost, 1)
	assert.Equal(t, dies.id, lost[0].ID)
	assert.Equal(t, dies.figures, lost[0].Figures)
	assert.WithinRange(t, lost[0].LostAt, lost[0].LastSeen.Add(3*options.HeartbeatInterval), time.Now())
	assert.EqualValues(t, 1, stays.Stats().NodesLost)
	assert.Empty(t, dies.Lost(), "it is deaf, and does not take others for lost")

	way.mend()
	stays.knows(3)
	stays.until(func() bool { return len(stays.Lost()) == 0 }, "it is not lost any more")
	assert.EqualValues(t, 1, stays.Stats().NodesLost)
	stays.until(func() bool { return strings.Contains(log.String(), "a lost node is back") }, "it is said")
	lines := strings.Split(strings.TrimSpace(log.String()), "\n")
	require.Equal(t, 1, strings.Count(log.String(), "a node is lost"), log.String())
	for _, line := range lines {
		if strings.Contains(line, "a node is lost") {
			assert.Contains(t, line, "level=WARN")
			assert.Contains(t, line, "node="+dies.id)
			assert.Contains(t, line, "last-seen=")
			assert.Contains(t, line, "clients=15")
		}
	}
	stays.Close()
	assert.Nil(t, stays.Lost(), "a closed bus knows nobody")
}

// When Redis itself is away nobody is lost, however long that takes.
func TestPresence_RedisAwayLosesNobody(t *testing.T) {
	server := redistest.Start(t)
	options := steadily(server.URL())
	first, second := join(t, 1, options), join(t, 2, options)
	first.knows(2)
	second.knows(1)
	seen := first.Nodes()[0].LastSeen
	server.Kill()
	for _, m := range []*member{first, second} {
		m.until(func() bool { return m.Nodes()[0].Doubtful }, "it is deaf")
	}
	first.until(func() bool { return time.Since(seen) > 5*options.HeartbeatInterval }, "as long as a death takes, and more")
	server.Restart()
	for _, m := range []*member{first, second} {
		m.until(func() bool {
			nodes := m.Nodes()
			return len(nodes) == 1 && nodes[0].LastSeen.After(seen.Add(time.Second))
		}, "they hear each other")
		assert.Empty(t, m.Lost())
		assert.Zero(t, m.Stats().NodesLost)
	}
}

// Others may have an interval of their own, and it is theirs that counts.
func TestPresence_DiesByItsOwnInterval(t *testing.T) {
	server := redistest.Start(t)
	m := join(t, 1, beating(server.URL()))
	for node, interval := range map[int]int{2: 600_000, 3: 1, 4: 50} {
		server.Do("PUBLISH", "gannet:nodes", fmt.Sprintf(`{"node":"%012x","intervalMs":%d}`, node, interval))
	}
	m.until(func() bool { return slices.Contains(m.known(), "000000000002") }, "they are heard")
	m.knows(2)
}

func TestPresence_BadBeats(t *testing.T) {
	server := redistest.Start(t)
	options := quietly(server.URL())
	options.MaxNodes = 3
	m := join(t, 1, options)
	for _, text := range []string{`nonsense`, `{}`, `{"node":"2","intervalMs":2000}`, "\x01", ``} {
		server.Do("PUBLISH", "gannet:nodes", text)
	}
	for node := range 6 { // its own among them
		server.Do("PUBLISH", "gannet:nodes", fmt.Sprintf(`{"node":"%012x","intervalMs":600000}`, node))
	}
	m.until(func() bool { return m.Stats().NodesRefused == 2 }, "there are too many")
	m.knows(0, 2, 3)
	assert.EqualValues(t, 5, m.Stats().Bad)
	assert.Equal(t, 3, m.Stats().Nodes)
	server.Do("PUBLISH", "gannet:nodes", `{"node":"000000000002","intervalMs":600000,"left":true}`)
	m.knows(0, 3)
}
