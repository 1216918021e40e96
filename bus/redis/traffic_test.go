package redis_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/bus"
	"github.com/gannet-ws/gannet/bus/redistest"
)

// traffic is nodes that all publish numbered messages to all rooms, all the time,
// and listen to them. In the end each node is held to its word, whatever has
// happened to Redis.
type traffic struct {
	t     testing.TB
	rooms []string
	nodes []*member
	sent  []*log // by node
	stop  chan struct{}
	wait  sync.WaitGroup

	foreign []call // of a client of Redis that is no node, with plain messages
}

// log is what one node has published: message i went to room i modulo their
// number.
type log struct {
	mu    sync.Mutex
	calls []call
}

// call is one call of Publish.
type call struct {
	began, ended time.Time
	refused      bool // nobody may get it
	taken        bool // by Redis, for sure; of foreign ones
}

// pace is the time between two messages of a node.
const pace = time.Millisecond

// startTraffic begins when each node has heard each other in each room.
func startTraffic(t testing.TB, rooms []string, nodes ...*member) *traffic {
	t.Helper()
	tr := &traffic{t: t, rooms: rooms, nodes: nodes, stop: make(chan struct{})}
	for _, n := range nodes {
		n.enter(rooms...)
		tr.sent = append(tr.sent, &log{})
	}
	tr.sound()
	for i := range nodes {
		tr.wait.Go(func() { tr.send(i) })
	}
	return tr
}

func (tr *traffic) send(from int) {
	ticker := time.NewTicker(pace)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			tr.publish(from)
		case <-tr.stop:
			return
		}
	}
}

// sendForeign publishes plain messages to a server, until the traffic ends. Nobody
// counts them.
func (tr *traffic) sendForeign(server *redistest.Server) {
	tr.wait.Go(func() {
		for {
			select {
			case <-tr.stop:
				return
			case <-time.After(pace):
			}
			i := len(tr.foreign)
			c := call{began: time.Now()}
			_, err := server.Try("PUBLISH", "gannet:room:{"+tr.room(i)+"}", fmt.Sprintf(`{"foreign":%d}`, i))
			c.ended, c.taken = time.Now(), err == nil
			tr.foreign = append(tr.foreign, c)
		}
	})
}

// publish publishes a node's next message, and returns its payload.
func (tr *traffic) publish(from int) string {
	l := tr.sent[from]
	l.mu.Lock()
	defer l.mu.Unlock()
	i := len(l.calls)
	payload := fmt.Sprintf(`{"from":%d,"n":%d}`, from, i)
	c := call{began: time.Now()}
	c.refused = tr.nodes[from].Publish(bus.Message{To: bus.Room, Room: tr.room(i), Payload: []byte(payload)}) != nil
	c.ended = time.Now()
	l.calls = append(l.calls, c)
	return payload
}

func (tr *traffic) room(i int) string { return tr.rooms[i%len(tr.rooms)] }

// sound returns when a message of each node to each room has come through to all
// others.
func (tr *traffic) sound() {
	tr.t.Helper()
	require.Eventually(tr.t, tr.soundOnce, longWait, time.Millisecond, "a message of each has to come through")
}

func (tr *traffic) soundOnce() bool {
	payloads := map[string]int{}
	for from := range tr.nodes {
		for range tr.rooms {
			payloads[tr.publish(from)] = from
		}
	}
	for patience := 0; patience < 100; patience++ {
		if tr.came(payloads) {
			return true
		}
		time.Sleep(2 * time.Millisecond)
	}
	return false
}

// came reports whether messages have come to all nodes but their own.
func (tr *traffic) came(payloads map[string]int) bool {
	want := len(payloads) / len(tr.nodes) * (len(tr.nodes) - 1)
	for _, n := range tr.nodes {
		messages, _, _ := n.seen()
		latest := messages[max(0, len(messages)-4*want):] // they came last
		found := 0
		for _, m := range latest {
			if _, ok := payloads[string(m.Payload)]; ok {
				found++
			}
		}
		if found < want {
			return false
		}
	}
	return true
}

// recovered waits until all nodes are connected.
func (tr *traffic) recovered() {
	tr.t.Helper()
	connected := func() bool {
		return !slices.ContainsFunc(tr.nodes, func(n *member) bool { return !n.Status().Connected })
	}
	require.Eventually(tr.t, connected, 2*longWait, time.Millisecond, "all nodes have to be connected again")
}

// end stops the traffic, and checks what has come of it. It returns how many
// messages are missing, of all nodes together.
func (tr *traffic) end() (missing int) {
	tr.t.Helper()
	tr.recovered()
	close(tr.stop)
	tr.wait.Wait()
	tr.sound() // from here on it is known what is missing
	for i := range tr.nodes {
		tr.checkSender(i)
		missing += tr.checkReceiver(i)
	}
	return missing
}

// checkSender makes sure that each message was counted once: what is unknown is
// not tried again.
func (tr *traffic) checkSender(from int) {
	tr.t.Helper()
	var s bus.Stats
	all := func() bool {
		s = tr.nodes[from].Stats()
		return s.Published+s.Failed+s.Unknown == uint64(len(tr.sent[from].calls))
	}
	require.Eventually(tr.t, all, longWait, time.Millisecond, "each message has one fate")
	tr.t.Logf("node %d: %d published, %d failed, %d unknown", from, s.Published, s.Failed, s.Unknown)
}

// checkReceiver holds a node to its word: nothing came twice, each sender's
// messages to a room came in order, what did not come lies in a gap of its room,
// and the counted gaps of a room count exactly what is missing there.
func (tr *traffic) checkReceiver(to int) (missing int) {
	tr.t.Helper()
	came, plain := tr.received(to)
	var problem string
	require.Eventually(tr.t, func() bool { // gaps are told a moment later
		problem, missing = tr.compare(to, came)
		if problem == "" {
			problem = tr.comparePlain(to, plain)
		}
		return problem == ""
	}, longWait, 10*time.Millisecond, "node %d: %s", to, &lazy{&problem})
	tr.t.Logf("node %d: %d missing", to, missing)
	return missing
}

// lazy is a text that is read when it is needed.
type lazy struct{ text *string }

func (l *lazy) String() string { return *l.text }

// received returns which messages of each node came, and which of nobody.
func (tr *traffic) received(to int) (came []map[int]bool, plain map[int]bool) {
	tr.t.Helper()
	came, plain = make([]map[int]bool, len(tr.nodes)), map[int]bool{}
	last := make([]map[string]int, len(tr.nodes))
	for from := range tr.nodes {
		came[from], last[from] = map[int]bool{}, map[string]int{}
	}
	messages, _, _ := tr.nodes[to].seen()
	for _, m := range messages {
		var payload struct{ From, N, Foreign *int }
		require.NoError(tr.t, json.Unmarshal(m.Payload, &payload))
		if payload.Foreign != nil {
			require.False(tr.t, plain[*payload.Foreign], "it came twice")
			plain[*payload.Foreign] = true
		}
		if payload.N == nil {
			continue
		}
		from, i := *payload.From, *payload.N
		require.NotEqual(tr.t, to, from, "a node does not hear itself")
		require.Equal(tr.t, tr.room(i), m.Room)
		require.False(tr.t, tr.sent[from].calls[i].refused, "message %d of node %d was refused", i, from)
		require.False(tr.t, came[from][i], "message %d of node %d came twice", i, from)
		before, any := last[from][m.Room]
		require.True(tr.t, !any || before < i, "message %d of node %d came after %d", i, from, before)
		came[from][i], last[from][m.Room] = true, i
	}
	return came, plain
}

// comparePlain is compare for messages that nobody counts.
func (tr *traffic) comparePlain(to int, came map[int]bool) (problem string) {
	_, _, gaps := tr.nodes[to].seen()
	for i := range tr.foreign {
		c, room := &tr.foreign[i], tr.room(i)
		if !c.taken || came[i] {
			continue
		}
		if !slices.ContainsFunc(gaps, func(g bus.Gap) bool { return g.Count == 0 && slices.Contains(g.Rooms, room) && c.within(&g) }) {
			return fmt.Sprintf("plain message %d to %s, published at %s, is in no gap:\n%s",
				i, room, c.began.Format(time.StampMicro), describe(gaps))
		}
	}
	return ""
}

// compare returns what is wrong with the gaps that a node was told of, if
// anything is.
func (tr *traffic) compare(to int, came []map[int]bool) (problem string, missing int) {
	_, _, gaps := tr.nodes[to].seen()
	absent := map[string]uint64{} // by room
	for from, l := range tr.sent {
		for i := range l.calls {
			if from == to || came[from][i] {
				continue
			}
			missing++
			room := tr.room(i)
			absent[room]++
			if !slices.ContainsFunc(gaps, func(g bus.Gap) bool { return slices.Contains(g.Rooms, room) && l.calls[i].within(&g) }) {
				return fmt.Sprintf("message %d of node %d to %s, published at %s, is in no gap:\n%s",
					i, from, room, l.calls[i].began.Format(time.StampMicro), describe(gaps)), missing
			}
		}
	}
	for _, room := range tr.rooms {
		if told := toldOf(gaps, room); told != absent[room] {
			return fmt.Sprintf("%d messages to %s are missing, and %d were counted:\n%s", absent[room], room, told, describe(gaps)), missing
		}
	}
	return "", missing
}

// within reports whether a message was published in the time of a gap.
func (c *call) within(g *bus.Gap) bool { return !c.ended.Before(g.From) && !c.began.After(g.To) }

// toldOf returns how many messages to a room were counted as missing.
func toldOf(gaps []bus.Gap, room string) (count uint64) {
	for _, g := range gaps {
		if slices.Contains(g.Rooms, room) {
			count += g.Count
		}
	}
	return count
}

func describe(gaps []bus.Gap) (text string) {
	for _, g := range gaps {
		text += fmt.Sprintf("%s %q %d: %s to %s\n", g.Channel, g.Rooms, g.Count, g.From.Format(time.StampMicro), g.To.Format(time.StampMicro))
	}
	return text
}
