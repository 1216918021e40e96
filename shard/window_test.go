package shard

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/gannet-ws/gannet/codec"
)

var (
	deflaters = codec.NewDeflaters(1)
	windows   = codec.Windows(0).With(codec.Window15).With(codec.Window12).With(codec.Window9)
)

// long is a message with a compressed frame for each window.
func long(t *testing.T, text string) *codec.Message {
	m := deflaters.Compress(codec.NewMessage(codec.OpText, bytes.Repeat([]byte(text), 100)), windows)
	require.Equal(t, windows, m.Windows())
	return m
}

// crowd adds a client of each window to the room.
func (f *fixture) crowd(room string) (peers [codec.WindowCount]*peer) {
	for w := range peers {
		peers[w] = f.addTo(room)
		f.SetWindow(peers[w].Client, codec.Window(w))
		require.Equal(f.t, codec.Window(w), peers[w].Window())
	}
	return peers
}

// joined is what a client of the window is sent of the messages.
func joined(w int, messages ...*codec.Message) (b []byte) {
	for _, m := range messages {
		b = append(b, m.FrameFor(codec.Window(w))...)
	}
	return b
}

func TestWindow_EachClientGetsItsFrames(t *testing.T) {
	f := newFixture(t)
	peers := f.crowd("r")
	one := long(t, "one")
	f.toRoom("r", one)
	f.turns()
	for w, p := range peers {
		assert.Equal(t, joined(w, one), p.read(), "window %d", w)
	}
	assert.Less(t, len(joined(1, one)), len(joined(0, one))/2)
}

// A run of messages, compressed or not, is one write for each client.
func TestWindow_RunsAreOneWrite(t *testing.T) {
	f := newFixture(t)
	peers := f.crowd("r")
	only12 := deflaters.Compress(codec.NewMessage(codec.OpText, bytes.Repeat([]byte("x"), 900)), codec.Windows(0).With(codec.Window12))
	run := []*codec.Message{text("plain"), long(t, "a"), text("again"), only12, long(t, "b")}
	for range 3 { // with what the run before has left
		f.Counters = Counters{}
		for _, m := range run {
			f.toRoom("r", m)
		}
		f.turns()
		for w, p := range peers {
			require.Equal(t, joined(w, run...), p.read(), "window %d", w)
		}
		require.EqualValues(t, len(peers), f.Counters.Writes)
		require.EqualValues(t, len(peers)*len(run), f.Counters.FramesOut)
		f.toRoom("r", run[0])
		f.turns()
		for w, p := range peers {
			require.Equal(t, joined(w, run[0]), p.read(), "a run without compression, window %d", w)
		}
	}
}

// What goes through the queue is compressed, too, and in order.
func TestWindow_AudiencesInterleavedAndExcept(t *testing.T) {
	f := newFixture(t)
	peers := f.crowd("r")
	a, b, c := long(t, "a"), long(t, "b"), long(t, "c")
	left := peers[codec.Window15]
	f.toRoom("r", a)
	f.toRoom("r", b, left.ID())
	f.Post(&Op{To: ToAll, Message: c})
	var ids []ID
	for _, p := range peers {
		ids = append(ids, p.ID())
	}
	f.Post(&Op{To: ToClients, Clients: ids, Message: a})
	f.Post(&Op{To: ToRooms, Rooms: []string{"r"}, Message: b})
	f.turns()
	for w, p := range peers {
		want := joined(w, a, b, c, a, b)
		if p == left {
			want = joined(w, a, c, a, b)
		}
		assert.Equal(t, want, p.read(), "window %d", w)
	}
	assert.EqualValues(t, len(peers), f.Counters.Writes)
}

// A socket that takes a part of a run gets the rest of the same frames later.
func TestWindow_BlockedSocketGetsTheRest(t *testing.T) {
	f := newFixture(t)
	peers := f.crowd("r")
	for _, p := range peers {
		require.NoError(t, unix.SetsockoptInt(p.near, unix.SOL_SOCKET, unix.SO_SNDBUF, 4096))
	}
	var run []*codec.Message
	noise := rand.NewChaCha8([32]byte{1})
	for range 150 { // half of each can be compressed
		payload := make([]byte, 3000)
		_, _ = noise.Read(payload[:1500])
		run = append(run, deflaters.Compress(codec.NewMessage(codec.OpBinary, payload), windows))
	}
	for i, m := range run { // the first ten are written at once, and do not fit
		f.toRoom("r", m)
		if i == 9 {
			f.turns()
			require.Equal(t, len(peers), f.Blocked())
		}
	}
	f.turns()
	var got [codec.WindowCount][]byte
	for {
		before := len(got[0]) + len(got[1]) + len(got[2]) + len(got[3])
		for w, p := range peers {
			got[w] = append(got[w], p.read()...)
		}
		f.writable()
		f.turns()
		if len(got[0])+len(got[1])+len(got[2])+len(got[3]) == before {
			break
		}
	}
	for w := range peers {
		require.True(t, bytes.Equal(joined(w, run...), got[w]), "window %d", w)
	}
	assert.EqualValues(t, len(peers)*len(run), f.Counters.FramesOut)
	assert.Zero(t, f.Backlog())
}

func TestWindow_DirectoryCountsClients(t *testing.T) {
	f := newFixture(t)
	peers := f.crowd("r")
	got, clients := f.directory.Windows()
	assert.Equal(t, windows, got)
	assert.Equal(t, 3, clients)

	f.Remove(peers[codec.Window12].Client)
	f.Remove(peers[codec.NoWindow].Client)
	got, clients = f.directory.Windows()
	assert.Equal(t, codec.Windows(0).With(codec.Window15).With(codec.Window9), got)
	assert.Equal(t, 2, clients)

	heir := f.addTo("r")
	assert.Equal(t, codec.NoWindow, heir.Window(), "a record that is used again has none")
	for _, p := range []*peer{heir, peers[codec.Window15], peers[codec.Window9]} {
		f.Remove(p.Client)
	}
	got, clients = f.directory.Windows()
	assert.Zero(t, got)
	assert.Zero(t, clients)
}

// The window stays what it is, whatever happens to the client.
func TestWindow_IsNoOtherFlag(t *testing.T) {
	f := newFixture(t)
	for w, p := range f.crowd("r") {
		p.SetPaused(true)
		p.SetPinged()
		f.Enqueue(p.Client, text("x").Frame())
		f.Finish(p.Client)
		f.Settle()
		f.See(p.Client)
		p.SetPaused(false)
		require.Equal(t, codec.Window(w), p.Window())
		require.False(t, p.Paused() || p.Pinged() || p.Awaited())
	}
}

func TestOp_CostCountsCompressedFrames(t *testing.T) {
	m := long(t, "cost")
	op := Op{To: ToAll, Message: m}
	assert.Equal(t, int64(opOverhead+m.Size()), op.cost())
	assert.Greater(t, m.Size(), len(m.Frame())+30)
}

func TestWindow_DoesNotAllocate(t *testing.T) {
	f := newFixture(t)
	peers := f.crowd("r")
	m, buffer := long(t, "hello"), make([]byte, 1<<16)
	round := func() {
		f.toRoom("r", m)
		f.toRoom("r", m)
		f.Turn()
		f.toRoom("r", m)
		f.Post(&Op{To: ToAll, Message: m})
		f.Turn()
		for _, p := range peers {
			readInto(p, buffer)
		}
	}
	round()
	assert.Zero(t, testing.AllocsPerRun(50, round))
}
