package core_test

import (
	"context"
	"encoding/json"
	"errors"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/bus"
	"github.com/gannet-ws/gannet/core"
)

// watch watches a room until the test ends.
func watch(t *testing.T, server *core.Server, room string) *core.Watch {
	t.Helper()
	w, err := server.Watch(t.Context(), room)
	require.NoError(t, err)
	t.Cleanup(w.Close)
	return w
}

// seen waits until as many messages have come, and returns them as texts.
func seen(t *testing.T, w *core.Watch, n int) (texts []string) {
	t.Helper()
	for len(texts) < n {
		next(t, w.More())
		messages, skipped := w.Take()
		require.Zero(t, skipped)
		for _, m := range messages {
			texts = append(texts, string(m.Message.Payload()))
		}
	}
	return texts
}

// texts are numbered messages as they are published.
func texts(from string, n int) (all []string) {
	for i := range n {
		all = append(all, string(note{from, i}.to(core.All()).Message.Payload()))
	}
	return all
}

func TestWatch_SeesWhatIsPublishedToTheRoom(t *testing.T) {
	server := start(t, core.Options{Loops: 2})
	w, other := watch(t, server, "r"), watch(t, server, "r")
	member(t, server, "s")
	for i, target := range []core.Target{core.Room("r"), core.Rooms("s", "r"), core.Rooms("r", "none")} {
		_, err := server.Publish(note{"seen", i}.to(target))
		require.NoError(t, err)
	}
	for _, target := range []core.Target{core.Room("s"), core.All(), core.Room("R"), core.Rooms("s", "none"), core.Users("r")} {
		_, err := server.Publish(note{"not", 0}.to(target))
		require.NoError(t, err)
	}
	assert.Equal(t, texts("seen", 3), seen(t, w, 3))
	assert.Equal(t, texts("seen", 3), seen(t, other, 3), "each sees all")
	messages, _ := w.Take()
	assert.Empty(t, messages)
	assert.Equal(t, 2, server.Stats().Watches)
	assert.Equal(t, 2, server.Glance().Watches)
	assert.Zero(t, server.MemberCount("r"), "who watches is no member")
}

// What members say is seen, too, in the order in which they say it.
func TestWatch_ClientsInOrder(t *testing.T) {
	server := start(t, core.Options{ClientPublish: true})
	w := watch(t, server, "r")
	c := member(t, server, "r")
	const n = 100
	for range n {
		c.send(`{"type":"room","action":"publish","data":{"roomName":"r","data":1,"self":false}}`)
	}
	require.Len(t, seen(t, w, n), n)
}

func TestWatch_SomeAreMeant(t *testing.T) {
	server := start(t, core.Options{})
	w := watch(t, server, "r")
	everybody := note{"x", 0}.to(core.Room("r"))
	none := func(*core.ClientView) bool { return false }
	for _, p := range []core.Publication{
		everybody,
		{To: everybody.To.Except(core.ClientID{}), Message: everybody.Message},
		{To: everybody.To.If(none), Message: everybody.Message},
		{To: everybody.To.Where("claim:a == b"), Message: everybody.Message},
	} {
		_, err := server.Publish(p)
		require.NoError(t, err)
	}
	var some []bool
	for len(some) < 4 {
		next(t, w.More())
		messages, _ := w.Take()
		for _, m := range messages {
			some = append(some, m.Some)
			assert.WithinDuration(t, time.Now(), m.At, patience)
		}
	}
	assert.Equal(t, []bool{false, false, true, true}, some)
}

// A watch brings the room's messages to a node that has no members of it.
func TestWatch_HearsOtherNodes(t *testing.T) {
	nodes := startTier(t, core.Options{})
	w := watch(t, nodes.here, "r")
	assert.False(t, w.Degraded())
	_, err := nodes.there.Publish(note{"far", 0}.to(core.Room("r")))
	require.NoError(t, err)
	assert.Equal(t, texts("far", 1), seen(t, w, 1))
}

// presenceBus notes which rooms the node hears.
type presenceBus struct {
	bus.Local
	mu    sync.Mutex
	edges []string
}

func (b *presenceBus) note(edge string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.edges = append(b.edges, edge)
}

func (b *presenceBus) Enter(room string) { b.note("enter " + room) }
func (b *presenceBus) Leave(room string) { b.note("leave " + room) }
func (b *presenceBus) Close()            { b.note("close") }

func TestWatch_EndsWithTheServer(t *testing.T) {
	nodes := &presenceBus{}
	server := newServer(t, core.Options{Bus: nodes})
	_, err := server.Watch(t.Context(), "r")
	require.EqualError(t, err, "Server does not run")
	stop := run(t, server)
	closed, open := watch(t, server, "closed"), watch(t, server, "open")
	closed.Close()
	closed.Close()
	next(t, closed.Ended())
	require.NoError(t, stop())
	next(t, open.Ended())
	open.Close()
	assert.Equal(t, []string{"enter closed", "enter open", "leave closed", "leave open", "close"}, nodes.edges)
	assert.Zero(t, server.Stats().Watches)
	_, err = server.Watch(t.Context(), "r")
	require.EqualError(t, err, "Server does not run")

	run(t, server)
	again := watch(t, server, "r")
	_, err = server.Publish(note{"again", 0}.to(core.Room("r")))
	require.NoError(t, err)
	assert.Equal(t, texts("again", 1), seen(t, again, 1))
}

func TestWatch_BadNames(t *testing.T) {
	server := start(t, core.Options{MaxRoomName: 5})
	for _, room := range []string{"", "{r}", "\x00", "\xff", "sixsix"} {
		_, err := server.Watch(t.Context(), room)
		require.EqualError(t, err, "Room name is not allowed", "%q", room)
	}
	assert.Zero(t, server.Stats().Watches)
}

// The subscription is waited for, so that what is published after it is seen.
func TestWatch_WaitsForTheBus(t *testing.T) {
	for name, answer := range map[string]error{"confirmed": nil, "failed": errors.New("away")} {
		t.Run(name, func(t *testing.T) {
			nodes := &pendingBus{asked: make(chan func(error), 1)}
			server := start(t, core.Options{Bus: nodes})
			made := make(chan *core.Watch)
			go func() {
				w, _ := server.Watch(context.Background(), "r")
				made <- w
			}()
			confirm := next(t, nodes.asked)
			select {
			case <-made:
				t.Fatal("it did not wait")
			default:
			}
			confirm(answer)
			w := next(t, made)
			assert.Equal(t, answer != nil, w.Degraded())
			w.Close()
		})
	}
	nodes := &pendingBus{asked: make(chan func(error), 1)}
	server := start(t, core.Options{Bus: nodes})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	w, err := server.Watch(ctx, "r")
	require.NoError(t, err, "it is watched all the same")
	assert.True(t, w.Degraded())
	w.Close()
}

// Who does not take what waits misses the rest, is told so, and holds up nobody.
func TestWatch_SlowOneMissesMessages(t *testing.T) {
	server := start(t, core.Options{MaxBacklog: 2000})
	w := watch(t, server, "r")
	c := member(t, server, "r")
	const n = 100
	for i := range n {
		_, err := server.Publish(note{"x", i}.to(core.Room("r")))
		require.NoError(t, err)
	}
	c.receiveNotes("x", 0, n)
	messages, skipped := w.Take()
	assert.NotEmpty(t, messages)
	assert.Less(t, len(messages), 2000/64)
	assert.EqualValues(t, n, len(messages)+int(skipped))
	for i, m := range messages {
		var event struct{ Data note }
		require.NoError(t, json.Unmarshal(m.Message.Payload(), &event))
		assert.Equal(t, i, event.Data.N, "the oldest are kept")
	}
	assert.Equal(t, skipped, server.Stats().WatchSkipped)
	_, err := server.Publish(note{"y", 0}.to(core.Room("r")))
	require.NoError(t, err)
	messages, skipped = w.Take()
	assert.Len(t, messages, 1)
	assert.Zero(t, skipped)
}

// Watches that come and go under fire lose nothing that they should see.
func TestWatch_ComeAndGo(t *testing.T) {
	server := start(t, core.Options{Loops: 2})
	member(t, server, "r")
	publishing, stop := context.WithCancel(t.Context())
	var publisher, watchers sync.WaitGroup
	publisher.Go(func() {
		for i := 0; publishing.Err() == nil; i++ {
			_, _ = server.Publish(note{"x", i}.to(core.Room("r")))
			runtime.Gosched()
		}
	})
	for range 4 {
		watchers.Go(func() {
			for range 20 {
				w, err := server.Watch(publishing, "r")
				if !assert.NoError(t, err) {
					return
				}
				<-w.More()
				w.Close()
			}
		})
	}
	watchers.Wait()
	stop()
	publisher.Wait()
	assert.Zero(t, server.Stats().Watches)
}
