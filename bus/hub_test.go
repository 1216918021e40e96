package bus_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/bus"
)

// hubNode is a node that notes what a hub hands it.
type hubNode struct {
	id       string
	channels []string
	all      bool // it wants every channel

	mu        sync.Mutex
	delivered []bus.Message
	heard     []*bus.Event
	replies   []string

	answer func(context.Context, bus.Question) (json.RawMessage, error) // nil: repeats the question
}

func (n *hubNode) ID() string { return n.id }

func (n *hubNode) Channels() (names []string, all bool) { return n.channels, n.all }

func (n *hubNode) Wants(channel string) bool { return n.all || slices.Contains(n.channels, channel) }

func (n *hubNode) Missed(bus.Gap) {}

func (n *hubNode) Figures() bus.Figures { return bus.Figures{State: "running", Clients: len(n.id)} }

func (n *hubNode) Answer(ctx context.Context, q bus.Question) (json.RawMessage, error) {
	if n.answer != nil {
		return n.answer(ctx, q)
	}
	return q.Data, nil
}

func (n *hubNode) Reply(payload []byte) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.replies = append(n.replies, string(payload))
}

func (n *hubNode) Deliver(m bus.Message) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.delivered = append(n.delivered, m)
	return true
}

func (n *hubNode) Hear(e *bus.Event) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.heard = append(n.heard, e)
}

// took returns the payloads of what has been handed to the node since the last
// call.
func (n *hubNode) took() (payloads []string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, m := range n.delivered {
		payloads = append(payloads, string(m.Payload))
	}
	for _, e := range n.heard {
		payloads = append(payloads, e.Channel)
	}
	n.delivered, n.heard = nil, nil
	return payloads
}

// openOn opens a member of the hub for a node that wants the channels.
func openOn(t testing.TB, hub *bus.Hub, id string, channels ...string) (*bus.Member, *hubNode) {
	t.Helper()
	n := &hubNode{id: id, channels: channels}
	m := hub.Join()
	require.NoError(t, m.Open(n))
	t.Cleanup(m.Close)
	return m, n
}

func payloadOf(text string, m bus.Message) bus.Message {
	m.Payload = []byte(text)
	return m
}

// A member's messages reach all others, as they are.
func TestHub_Publish(t *testing.T) {
	hub := bus.NewHub()
	one, first := openOn(t, hub, "one")
	_, second := openOn(t, hub, "two")
	_, third := openOn(t, hub, "three")
	messages := []bus.Message{
		{To: bus.All, Except: bus.ClientID{1}, Where: "user == 5", Payload: []byte("all")},
		{To: bus.Rooms, Rooms: []string{"a", "b"}, Payload: []byte("rooms")},
		{To: bus.Users, Users: []string{"5"}, Payload: []byte("users")},
		{To: bus.Clients, Clients: []bus.ClientID{{2}, {3}}, Payload: []byte("clients")},
	}
	for _, m := range messages {
		require.NoError(t, one.Publish(m))
	}
	require.Empty(t, first.took(), "it has delivered them itself")
	require.Equal(t, messages, second.delivered)
	require.Equal(t, messages, third.delivered)
}

// Messages to a room go where it has members.
func TestHub_RoomInterest(t *testing.T) {
	hub := bus.NewHub()
	sender := hub.Join()
	one, first := openOn(t, hub, "one")
	two, second := openOn(t, hub, "two")
	publish := func(text string) {
		t.Helper()
		for _, room := range []string{"r", "other"} {
			require.NoError(t, sender.Publish(payloadOf(text+" "+room, bus.Message{To: bus.Room, Room: room})))
		}
	}
	publish("nobody")
	one.Enter("r")
	publish("one")
	two.Enter("r")
	publish("both")
	one.Leave("r")
	publish("the other")
	two.Leave("r")
	two.Enter("other")
	publish("elsewhere")
	require.Equal(t, []string{"one r", "both r"}, first.took())
	require.Equal(t, []string{"both r", "the other r", "elsewhere other"}, second.took())
}

// Events reach the nodes that have subscribers for them, and all nodes those on
// which every node acts.
func TestHub_Emit(t *testing.T) {
	hub := bus.NewHub()
	one, first := openOn(t, hub, "one", "a")
	_, second := openOn(t, hub, "two", "a", "b")
	_, third := openOn(t, hub, "three")
	all := &hubNode{id: "four", all: true}
	fourth := hub.Join()
	require.NoError(t, fourth.Open(all))
	t.Cleanup(fourth.Close)
	for channel, want := range map[string][]*hubNode{
		"a":                   {second, all},
		"b":                   {second, all},
		"c":                   {all},
		bus.ClientConnected:   {all},
		bus.Custom:            {all},
		bus.SendMessageToAll:  {second, third, all},
		bus.MessageError:      {second, third, all},
		bus.DisconnectClient:  {second, third, all},
		bus.QueueJobCompleted: {all},
	} {
		e := &bus.Event{Channel: channel, Payload: []byte("{}"), Sender: "one"}
		require.NoError(t, one.Emit(e))
		for _, n := range []*hubNode{first, second, third, all} {
			if slices.Contains(want, n) {
				require.Equal(t, []*bus.Event{e}, n.heard, "%s at %s", channel, n.id)
			}
			require.Equal(t, slices.Contains(want, n), len(n.took()) == 1, "%s at %s", channel, n.id)
		}
	}
}

func TestHub_Wanted(t *testing.T) {
	hub := bus.NewHub()
	one, _ := openOn(t, hub, "one", "a")
	outside := hub.Join()
	require.False(t, one.Wanted("a"), "its own subscribers are no others")
	require.False(t, one.Wanted(bus.SendMessageToAll), "there is no other node")
	require.True(t, outside.Wanted("a"))
	require.True(t, outside.Wanted(bus.MessageError))
	require.False(t, outside.Wanted("b"))

	two, second := openOn(t, hub, "two", "b")
	require.True(t, one.Wanted("b"))
	require.False(t, two.Wanted("b"))
	require.True(t, one.Wanted(bus.DisconnectClient))
	second.all = true
	require.True(t, one.Wanted("whatever"))
	two.Close()
	require.False(t, one.Wanted("b"))
}

// A member that is closed sends, and hears nothing, until it is opened again,
// with no rooms of before.
func TestHub_CloseAndOpenAgain(t *testing.T) {
	hub := bus.NewHub()
	one, first := openOn(t, hub, "one")
	two, second := openOn(t, hub, "two")
	toAll, toRoom := payloadOf("all", bus.Message{To: bus.All}), payloadOf("room", bus.Message{To: bus.Room, Room: "r"})
	for range 3 {
		require.ErrorContains(t, two.Open(second), "open already")
		two.Enter("r")
		require.NoError(t, one.Publish(toAll))
		require.NoError(t, one.Publish(toRoom))
		require.Equal(t, []string{"all", "room"}, second.took())
		two.Close()
		two.Close() // which changes nothing
		require.NoError(t, one.Publish(toAll))
		require.NoError(t, two.Publish(toAll))
		require.NoError(t, two.Emit(&bus.Event{Channel: bus.MessageError}))
		require.Empty(t, second.took())
		require.Equal(t, []string{"all", bus.MessageError}, first.took())

		require.NoError(t, two.Open(second))
		require.NoError(t, one.Publish(toRoom))
		require.Empty(t, second.took(), "its rooms are those of its new life")
	}
}

// A room's messages are sure to arrive as soon as it has been entered.
func TestHub_Await(t *testing.T) {
	m, _ := openOn(t, bus.NewHub(), "one")
	m.Enter("r")
	require.True(t, m.Standing("r"))
	done := 0
	m.Await("r", func(err error) {
		require.NoError(t, err)
		done++
	})
	require.Equal(t, 1, done)
}

// What one goroutine publishes arrives in order everywhere, while members come
// and go.
func TestHub_OrderWhileMembersComeAndGo(t *testing.T) {
	const publishers, each = 4, 500
	hub := bus.NewHub()
	_, steady := openOn(t, hub, "steady")
	var publishing, moving sync.WaitGroup
	stop := make(chan struct{})
	for range 3 {
		moving.Go(func() {
			m := hub.Join()
			for {
				select {
				case <-stop:
					return
				default:
				}
				assert.NoError(t, m.Open(&hubNode{id: "passing"}))
				m.Enter("r")
				m.Leave("r")
				m.Close()
			}
		})
	}
	for p := range publishers {
		publishing.Go(func() {
			m := hub.Join()
			for i := range each {
				assert.NoError(t, m.Publish(payloadOf(fmt.Sprintf("%d %04d", p, i), bus.Message{To: bus.All})))
				assert.NoError(t, m.Publish(payloadOf("nobody", bus.Message{To: bus.Room, Room: "none"})))
			}
		})
	}
	publishing.Wait()
	close(stop)
	moving.Wait()
	got := steady.took()
	require.Len(t, got, publishers*each)
	for p := range publishers {
		own := slices.DeleteFunc(slices.Clone(got), func(text string) bool { return text[:1] != fmt.Sprint(p) })
		require.Len(t, own, each)
		require.True(t, slices.IsSorted(own))
	}
}

// A node alone has nobody to tell, and nothing to wait for.
func TestLocal(t *testing.T) {
	var local bus.Bus = bus.Local{}
	require.NoError(t, local.Open(&hubNode{}))
	local.Enter("r")
	require.NoError(t, local.Publish(bus.Message{}))
	require.NoError(t, local.Emit(&bus.Event{}))
	require.False(t, local.Wanted(bus.SendMessageToAll))
	require.True(t, local.Standing("r"))
	done := false
	local.Await("r", func(err error) { done = err == nil })
	require.True(t, done)
	local.Leave("r")
	local.Close()
}

func TestHub_RepliesReachTheNodeThatTheyName(t *testing.T) {
	hub := bus.NewHub()
	_, first := openOn(t, hub, "000000000001")
	_, second := openOn(t, hub, "000000000002")
	application := hub.Join()
	require.True(t, application.Reply("000000000002", []byte(`{}`)))
	require.False(t, application.Reply("000000000003", []byte(`{}`)))
	require.Empty(t, first.replies)
	require.Equal(t, []string{`{}`}, second.replies)
}
