package redis_test

import (
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/bus"
	"github.com/gannet-ws/gannet/bus/redis"
	"github.com/gannet-ws/gannet/bus/redistest"
)

// spread returns rooms of which each primary of the Cluster serves as many.
func spread(c *redistest.Cluster, each int) (rooms []string) {
	counts := map[int]int{}
	for i := 0; len(rooms) < each*len(c.Servers); i++ {
		room := fmt.Sprint("room", i)
		if owner := c.Owner(c.Slot("gannet:room:{" + room + "}")); counts[owner] < each {
			counts[owner]++
			rooms = append(rooms, room)
		}
	}
	return rooms
}

func TestCluster_AllAudiences(t *testing.T) {
	t.Parallel()
	c := redistest.StartCluster(t)
	rooms := spread(c, 2)
	sender := join(t, 1, calmly(c.URLs()...))
	receiver := join(t, 2, calmly(c.Servers[1].URL()+"?cluster=true"), listening(bus.Custom))
	receiver.enter(rooms...)
	var want []string
	publish := func(m bus.Message) {
		m.Payload = numbered(len(want))
		want = append(want, string(m.Payload))
		require.NoError(t, sender.Publish(m))
	}
	for _, room := range rooms {
		publish(bus.Message{To: bus.Room, Room: room})
	}
	publish(bus.Message{To: bus.All})
	publish(bus.Message{To: bus.Rooms, Rooms: rooms})
	publish(bus.Message{To: bus.Clients, Clients: []bus.ClientID{client(2, 1)}})
	for i, room := range rooms { // SPUBLISH by anybody
		payload := fmt.Sprintf(`{"foreign":%d}`, i)
		want = append(want, payload)
		channel := "gannet:room:{" + room + "}"
		assert.Equal(t, "1", c.Servers[c.Owner(c.Slot(channel))].Do("SPUBLISH", channel, payload))
	}
	var got []string
	for _, m := range receiver.received(len(want)) {
		got = append(got, string(m.Payload))
	}
	assert.ElementsMatch(t, want, got)

	require.NoError(t, sender.Emit(&bus.Event{Channel: bus.Custom, Payload: []byte(`{"n":1}`)}))
	receiver.heard(1)
	for _, s := range c.Servers { // PUBLISH to any server reaches all
		s.Do("PUBLISH", bus.Custom, `{"n":2}`)
	}
	receiver.heard(1 + len(c.Servers))
	_, _, gaps := receiver.seen()
	assert.Empty(t, gaps)

	receiver.Leave(rooms[0])
	channel := "gannet:room:{" + rooms[0] + "}"
	c.Servers[c.Owner(c.Slot(channel))].Until("\n0", "PUBSUB", "SHARDNUMSUB", channel)
}

// A process that only sends begins to connect with its first message.
func TestCluster_SendsWithoutOpen(t *testing.T) {
	t.Parallel()
	c := redistest.StartCluster(t)
	receiver := join(t, 2, calmly(c.URLs()...))
	receiver.enter("x")
	b, err := redis.New(calmly(c.URLs()...))
	require.NoError(t, err)
	for i := range 10 {
		require.NoError(t, b.Publish(bus.Message{To: bus.Room, Room: "x", Payload: numbered(i)}))
	}
	b.Close()
	for i, m := range receiver.received(10) {
		assert.Equal(t, string(numbered(i)), string(m.Payload))
	}
}

// Slots move under a stream of messages, and primaries crash: nothing is lost
// outside the gaps that are told.
func TestCluster_NoLossOutsideGaps(t *testing.T) {
	for name, disturb := range map[string]func(*redistest.Cluster, []string){
		"migration": func(c *redistest.Cluster, rooms []string) {
			for _, room := range rooms {
				slot := c.Slot("gannet:room:{" + room + "}")
				c.Migrate(slot, (c.Owner(slot)+1)%len(c.Servers))
			}
		},
		"migration of all channels": func(c *redistest.Cluster, _ []string) {
			for _, channel := range []string{"gannet:all", "gannet:"} {
				slot := c.Slot(channel)
				c.Migrate(slot, (c.Owner(slot)+1)%len(c.Servers))
			}
		},
		"crash": func(c *redistest.Cluster, _ []string) {
			c.Servers[1].Kill()
			time.Sleep(300 * time.Millisecond)
			c.Servers[1].Restart()
			c.AwaitOK()
		},
		"subscriptions cut": func(c *redistest.Cluster, _ []string) {
			for _, s := range c.Servers {
				s.Do("CLIENT", "KILL", "TYPE", "pubsub")
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := redistest.StartCluster(t)
			rooms := spread(c, 2)
			sender, receiver := join(t, 1, calmly(c.URLs()...)), join(t, 2, calmly(c.URLs()...))
			tr := startTraffic(t, rooms, sender, receiver)
			for range 2 {
				time.Sleep(200 * time.Millisecond)
				disturb(c, rooms)
			}
			missing := tr.end()
			if name == "migration" {
				_, _, gaps := receiver.seen()
				uncounted := map[string]bool{}
				for _, g := range gaps {
					for _, room := range g.Rooms {
						uncounted[room] = uncounted[room] || g.Count == 0
					}
				}
				for _, room := range rooms {
					assert.True(t, uncounted[room], "Redis ended the subscription of %s", room)
				}
				assert.Zero(t, receiver.Stats().Reconnects, "and no connection")
			}
			if name == "crash" {
				assert.NotZero(t, missing)
			}
			for _, room := range rooms {
				channel := "gannet:room:{" + room + "}"
				assert.Equal(t, "2", c.Servers[c.Owner(c.Slot(channel))].Do("SPUBLISH", channel, "{}"), room)
			}
			receiver.until(func() bool { return subscribers(c, bus.DisconnectClient) == 2 }, "each node listens at one server")
			for _, at := range c.Servers {
				at.Do("PUBLISH", bus.DisconnectClient, `{"clientId":"x"}`)
			}
			receiver.heard(len(c.Servers))
		})
	}
}

// counted returns how many messages a node was told to miss.
func counted(m *member) (n uint64) {
	_, _, gaps := m.seen()
	for _, g := range gaps {
		n += g.Count
	}
	return n
}

// A message that came too late for its primary is missing, and the others learn
// it from the new one, though nothing follows.
func TestCluster_LastMessageMoved(t *testing.T) {
	t.Parallel()
	c := redistest.StartCluster(t)
	unaware := quickly(c.URLs()...)
	unaware.ProbeInterval = longWait // it does not ask who serves what before it has to
	sender, receiver := join(t, 1, unaware), join(t, 2, quickly(c.URLs()...))
	receiver.enter("x")
	require.NoError(t, sender.Publish(bus.Message{To: bus.Room, Room: "x", Payload: numbered(0)}))
	receiver.received(1)
	slot := c.Slot("gannet:room:{x}")
	c.Migrate(slot, (c.Owner(slot)+1)%len(c.Servers))
	receiver.until(func() bool { return receiver.Standing("x") && receiver.Stats().UncountedGaps > 0 }, "the receiver follows")
	require.NoError(t, sender.Publish(bus.Message{To: bus.Room, Room: "x", Payload: numbered(1)}))
	receiver.until(func() bool { return counted(receiver) == 1 }, "it is missing")
	assert.EqualValues(t, 1, sender.Stats().Failed)
	receiver.received(1)
}

// So are messages for a slot that nobody serves.
func TestCluster_UnservedSlot(t *testing.T) {
	t.Parallel()
	c := redistest.StartCluster(t)
	sender, receiver := join(t, 1, quickly(c.URLs()...)), join(t, 2, quickly(c.URLs()...))
	receiver.enter("x", "y")
	publish := func(room string) error {
		return sender.Publish(bus.Message{To: bus.Room, Room: room, Payload: []byte("{}")})
	}
	require.NoError(t, publish("x"))
	receiver.received(1)
	serve := c.Unserve(c.Slot("gannet:room:{x}"))
	sender.until(func() bool { return publish("x") != nil }, "nobody serves the room")
	require.Error(t, publish("x"))
	receiver.until(func() bool { return !receiver.Standing("x") }, "nor is it listened to")
	receiver.until(func() bool { return strings.Contains(receiver.Status().Problem, "nobody serves") }, "which is a problem")
	assert.False(t, receiver.Status().Connected)
	require.NoError(t, publish("y"))
	receiver.received(2)
	serve()
	receiver.until(func() bool { return receiver.Standing("x") && receiver.Status().Connected }, "it is served again")
	receiver.until(func() bool { return publish("x") == nil }, "by both")
	receiver.received(3)
	receiver.until(func() bool { return counted(receiver) == sender.Stats().Failed }, "the others are missing, and nothing else")
}

// A probe's slot moves like any other: the rooms of its server are none the worse.
func TestCluster_ProbeMoves(t *testing.T) {
	t.Parallel()
	c := redistest.StartCluster(t)
	options := calmly(c.URLs()...)
	options.ProbeInterval = time.Second
	m := join(t, 2, options)
	m.enter("x")
	from := c.Owner(c.Slot("gannet:room:{x}"))
	probes := func() string { return c.Servers[from].Do("PUBSUB", "SHARDCHANNELS", "gannet:probe:*") }
	before := probes()
	require.NotEmpty(t, before)
	c.Migrate(c.Slot(before), (from+1)%len(c.Servers))
	m.until(func() bool { now := probes(); return now != "" && now != before }, "another channel is chosen")
	m.until(func() bool { return m.Status().Connected }, "nothing is wrong")
	assert.Zero(t, m.Stats().Reconnects)
	assert.True(t, m.Standing("x"))
	_, _, gaps := m.seen()
	assert.Empty(t, gaps)
}

// Seeds that do not answer are not all waited for.
func TestCluster_CloseWithSilentSeeds(t *testing.T) {
	t.Parallel()
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer silent.Close()
	urls := make([]string, 200)
	for i := range urls {
		urls[i] = "redis://" + silent.Addr().String()
	}
	options := quickly(urls...)
	options.PublishTimeout = 200 * time.Millisecond // for each of them
	b, err := redis.New(options)
	require.NoError(t, err)
	require.NoError(t, b.Publish(bus.Message{To: bus.All, Payload: []byte("{}")}))
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		b.Close()
	}()
	select {
	case <-closed:
	case <-time.After(longWait):
		require.Fail(t, "it waits for all seeds")
	}
	assert.NotZero(t, b.Stats().Failed)
}

// subscribers returns how many listen to a channel that is not sharded.
func subscribers(c *redistest.Cluster, channel string) (count int) {
	for _, s := range c.Servers {
		var n int
		_, _ = fmt.Sscanf(s.Do("PUBSUB", "NUMSUB", channel), channel+"\n%d", &n)
		count += n
	}
	return count
}

func TestCluster_ComesLater(t *testing.T) {
	t.Parallel()
	c := redistest.StartCluster(t)
	for _, s := range c.Servers {
		s.Kill()
	}
	m := join(t, 2, quickly(c.URLs()...))
	m.Enter("x")
	m.Await("x", func(err error) { assert.Error(t, err) })
	assert.Error(t, m.Publish(bus.Message{To: bus.Room, Room: "x", Payload: []byte("{}")}))
	assert.False(t, m.Status().Connected)
	for _, s := range c.Servers {
		s.Restart()
	}
	m.until(func() bool { return m.Status().Connected && m.Standing("x") }, "the Cluster is there")
	m.until(func() bool { _, _, gaps := m.seen(); return len(gaps) > 0 }, "the time before is a gap")
}
