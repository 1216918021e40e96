package shard

import (
	"bytes"
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// inverter is a Transport that puts what is written in records: two bytes of length,
// and the bytes inverted.
type inverter struct {
	out    []byte
	sealed int
	fails  bool
}

const inverterRecord = 16 << 10

var ones = bytes.Repeat([]byte{0xff}, inverterRecord)

func (v *inverter) Seal(p []byte) ([]byte, error) {
	if v.fails {
		return nil, errors.New("it fails")
	}
	v.sealed += len(p)
	v.out = v.out[:0]
	for record := range slices.Chunk(p, inverterRecord) {
		v.out = appendRecord(v.out, record)
	}
	return v.out, nil
}

func appendRecord(dst, content []byte) []byte {
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(content)))
	dst = append(dst, content...)
	inverted := dst[len(dst)-len(content):]
	subtle.XORBytes(inverted, inverted, ones)
	return dst
}

// unseal returns what is in records, which must be whole, and overwrites them.
func unseal(t *testing.T, sealed []byte) (plain []byte) {
	for len(sealed) > 0 {
		require.GreaterOrEqual(t, len(sealed), 2, "a record is cut short")
		size := 2 + int(binary.BigEndian.Uint16(sealed))
		require.GreaterOrEqual(t, len(sealed), size, "a record is cut short")
		subtle.XORBytes(sealed[2:size], sealed[2:size], ones)
		plain = append(plain, sealed[2:size]...)
		sealed = sealed[size:]
	}
	return plain
}

// wrapped adds a client with a transport.
func (f *fixture) wrapped(rooms ...string) (*peer, *inverter) {
	p, v := f.addTo(rooms...), &inverter{}
	f.Wrap(p.Client, v)
	return p, v
}

// full makes the client's socket full: the rest of a piece waits, and nothing more.
func (f *fixture) full(p *peer) {
	filler := text("%s", make([]byte, 10_000)).Frame()
	for f.Blocked() == 0 {
		f.Send(p.Client, filler, 1)
	}
}

func TestTransport_SealsWhatIsWritten(t *testing.T) {
	f := newFixture(t)
	p, v := f.wrapped("r")
	plain := f.addTo("r")
	require.Same(t, v, f.Transport(p.Client))
	require.Nil(t, f.Transport(plain.Client))
	f.Send(p.Client, text("reply").Frame(), 1)
	f.toRoom("r", text("one"))
	f.toRoom("r", text("two"))
	f.turns()
	require.Equal(t, []string{"reply", "one", "two"}, split(t, unseal(t, p.read())))
	require.Equal(t, []string{"one", "two"}, plain.texts())
	require.EqualValues(t, 3, f.Counters.Writes, "what waits goes out in one write")
}

func TestTransport_FullSocketLosesNothing(t *testing.T) {
	f := newFixture(t, func(o *Options) { o.MaxBacklog = 64 << 20 })
	p, v := f.wrapped("r")
	var want []string
	for i := range 300 {
		want = append(want, strings.Repeat(string(rune('a'+i%26)), 10_000))
		f.toRoom("r", text("%s", want[i]))
	}
	f.turns()
	require.Equal(t, 1, f.Blocked())
	require.Positive(t, p.pending)
	require.Equal(t, p.Backlog()-frameCost*int(p.queue.nodes), f.Backlog())
	var got []byte
	for f.Blocked() > 0 || !f.Settled() {
		require.Less(t, v.sealed-len(got), 1<<20, "what waits is plain but for a piece")
		require.LessOrEqual(t, int(p.pending), maxWrite+1<<10)
		got = append(got, p.read()...)
		f.writable()
	}
	got = append(got, p.read()...)
	require.True(t, slices.Equal(want, split(t, unseal(t, got))), "the same messages in the same order")
	require.Zero(t, f.Backlog())
	require.Zero(t, p.Backlog())
	require.Nil(t, f.slots.wrapping(p.slot()).pending, "no buffer is kept")
	f.writable()
	require.False(t, f.awaited[p.ID()])
	require.EqualValues(t, 300, f.Counters.FramesOut)
}

// A payload of any size is sealed only as fast as its reader takes it.
func TestTransport_LargePayloadIsSealedInPieces(t *testing.T) {
	for name, send := range map[string]func(*fixture, *peer, []byte){
		"send":    func(f *fixture, p *peer, frame []byte) { f.Send(p.Client, frame, 1) },
		"enqueue": func(f *fixture, p *peer, frame []byte) { f.Enqueue(p.Client, frame) },
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, func(o *Options) { o.MaxBacklog = 16 << 20 })
			p, v := f.wrapped()
			frame := text("%s", bytes.Repeat([]byte("large"), 1<<18)).Frame()
			send(f, p, frame)
			f.Settle()
			require.Equal(t, 1, f.Blocked())
			taken := len(p.read())
			require.LessOrEqual(t, v.sealed-taken, maxWrite+1<<10)
			got := f.drain(p)
			require.Equal(t, len(frame), v.sealed)
			require.Positive(t, len(got))
		})
	}
}

// What the transport says by itself keeps its place, and is bounded.
func TestTransport_OwnWords(t *testing.T) {
	f := newFixture(t)
	p, _ := f.wrapped()
	own := func(words string) []byte { return appendRecord(nil, text("%s", words).Frame()) }
	require.True(t, f.SendSealed(p.Client, own("first")))
	require.Equal(t, []string{"first"}, split(t, unseal(t, p.read())))

	f.full(p)
	reused := own("second")
	require.True(t, f.SendSealed(p.Client, reused))
	clear(reused)
	f.Send(p.Client, text("third").Frame(), 1)
	got := split(t, unseal(t, f.drain(p)))
	require.Equal(t, []string{"second", "third"}, got[len(got)-2:])

	f.full(p)
	said := 0
	for ; f.SendSealed(p.Client, own("again")); said++ {
		require.Less(t, said, maxPending)
	}
	require.LessOrEqual(t, p.Backlog(), maxPending)
	got = split(t, unseal(t, f.drain(p)))
	require.Equal(t, "again", got[len(got)-1])
}

func TestTransport_FinishWaitsForWhatIsSealed(t *testing.T) {
	f := newFixture(t)
	p, _ := f.wrapped()
	f.full(p)
	require.Zero(t, p.queue.head)
	require.Positive(t, p.pending)
	f.Finish(p.Client)
	f.Settle()
	require.Empty(t, f.flushed)
	f.drain(p)
	require.Equal(t, []ID{p.ID()}, f.flushed)
}

func TestTransport_DiscardKeepsWhatHasBegun(t *testing.T) {
	f := newFixture(t, func(o *Options) { o.MaxBacklog = 16 << 20 })
	p, _ := f.wrapped()
	f.Send(p.Client, text("%s", make([]byte, 1<<20)).Frame(), 1)
	f.Enqueue(p.Client, text("never").Frame())
	require.Equal(t, 1, f.Blocked())
	f.Discard(p.Client)
	f.EnqueueLast(p.Client, text("last").Frame())
	plain := unseal(t, f.drain(p))
	require.True(t, bytes.HasSuffix(plain, text("last").Frame()))
	require.NotContains(t, string(plain), "never")
	require.Len(t, plain, len(text("%s", make([]byte, 1<<20)).Frame())+len(text("last").Frame()))
}

func TestTransport_FailureDropsTheClient(t *testing.T) {
	f := newFixture(t)
	p, v := f.wrapped("r")
	id := p.ID()
	v.fails = true
	f.toRoom("r", text("lost"))
	f.turns()
	require.Equal(t, []ID{id}, f.dropped)
	require.Zero(t, p.flags)
}

func TestTransport_GoneClientLeavesNothing(t *testing.T) {
	f := newFixture(t)
	p, _ := f.wrapped()
	f.full(p)
	require.Positive(t, f.Backlog())
	f.Remove(p.Client)
	require.Zero(t, f.Backlog())
	require.Zero(t, f.Blocked())
	require.Zero(t, p.pending)
	again := f.add("")
	require.Same(t, p.Client, again.Client, "the record is used again")
	require.False(t, again.Wrapped())
	f.Send(again.Client, text("plain").Frame(), 1)
	require.Equal(t, []string{"plain"}, again.texts())
}

// A socket that breaks while ciphertext waits for it.
func TestTransport_BrokenSocket(t *testing.T) {
	f := newFixture(t)
	p, _ := f.wrapped()
	id := p.ID()
	f.full(p)
	require.NoError(t, unix.Shutdown(p.near, unix.SHUT_RDWR))
	f.Writable(p.Client)
	f.Settle()
	require.Equal(t, []ID{id}, f.dropped)
	require.Zero(t, f.Backlog())
}

func TestAllocs_Transport(t *testing.T) {
	f := newFixture(t)
	p, _ := f.wrapped("r")
	frame := text("%s", make([]byte, 128)).Frame()
	buffer := make([]byte, 1<<12)
	require.Zero(t, testing.AllocsPerRun(1000, func() {
		f.Enqueue(p.Client, frame)
		f.Settle()
		readInto(p, buffer)
	}))
	assert.EqualValues(t, 1001, f.Counters.FramesOut)
}

// A client whose last bytes wait sealed is still watched for room.
func TestTransport_LastPieceIsAwaited(t *testing.T) {
	f := newFixture(t)
	p, _ := f.wrapped()
	lastWaited := false
	for size := 100_000; size < 500_000; size += 20_000 {
		f.full(p)
		f.Send(p.Client, text("%s", make([]byte, size)).Frame(), 1)
		p.read()
		f.writable()
		lastWaited = lastWaited || p.queue.head == 0 && p.pending > 0
		require.True(t, f.Blocked() == 0 || f.awaited[p.ID()], size)
		f.drain(p)
		require.Zero(t, p.Backlog())
	}
	require.True(t, lastWaited, "one of the sizes is such")
}
