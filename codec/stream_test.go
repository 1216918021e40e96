package codec

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Streams of frames, and the ways to feed them to a Reader.

var (
	serverSide = &ReaderConfig{MaxMessage: 1 << 20}
	clientSide = &ReaderConfig{MaxMessage: 1 << 20, Client: true}
)

// event is a frame, copied while it was alive.
type event struct {
	op      Opcode
	payload string
}

// readAll feeds the chunks to a new reader as a connection would: each chunk in
// a buffer of its own that is overwritten afterwards.
func readAll(cfg *ReaderConfig, chunks ...[]byte) (events []event, r *Reader, err error) {
	r = &Reader{}
	for _, chunk := range chunks {
		buffer := bytes.Clone(chunk)
		in := buffer
		for {
			f, ok, n, err := r.Next(cfg, in)
			if err != nil {
				return events, r, err
			}
			in = in[n:]
			if !ok {
				break
			}
			events = append(events, event{f.Opcode, string(f.Payload)})
		}
		if len(in) > 0 {
			panic("input left over")
		}
		for i := range buffer {
			buffer[i] = 0xAA
		}
	}
	return events, r, nil
}

// sent is one frame of a stream under test.
type sent struct {
	op      Opcode
	fin     bool
	payload string
}

// encode writes frames as the side that cfg reads from would send them.
func encode(cfg *ReaderConfig, frames ...sent) (stream []byte) {
	for i, f := range frames {
		if cfg.Client {
			stream = AppendHeader(stream, f.op, f.fin, len(f.payload))
			stream = append(stream, f.payload...)
			continue
		}
		key := [4]byte{byte(i + 1), 0x5A, 0xC3, byte(0xF0 + i)}
		stream = AppendMaskedFrame(stream, f.op, f.fin, key, []byte(f.payload))
	}
	return stream
}

type stream struct {
	name   string
	frames []sent
	want   []event
}

func streams() (all []stream) {
	for _, op := range []Opcode{OpText, OpBinary, OpClose, OpPing, OpPong} {
		for _, length := range payloadLengths {
			if op.IsControl() && length > MaxControlPayload {
				continue
			}
			p := strings.Repeat("é", length/2) + strings.Repeat("z", length%2)
			all = append(all, stream{fmt.Sprintf("%v_%d", op, length), []sent{{op, true, p}}, []event{{op, p}}})
		}
	}
	long := strings.Repeat("日", 100)
	return append(
		all,
		stream{
			"fragments",
			[]sent{{OpText, false, "a\xc3"}, {OpContinuation, false, "\xa9\xf0\x9f"}, {OpContinuation, true, "\x98\x80"}},
			[]event{{OpText, "aé😀"}},
		},
		stream{
			"control between fragments",
			[]sent{{OpBinary, false, "\xff"}, {OpPing, true, "one"}, {OpContinuation, false, long}, {OpPong, true, ""}, {OpPing, true, strings.Repeat("p", 125)}, {OpContinuation, true, "end"}, {OpText, true, "next"}},
			[]event{{OpPing, "one"}, {OpPong, ""}, {OpPing, strings.Repeat("p", 125)}, {OpBinary, "\xff" + long + "end"}, {OpText, "next"}},
		},
		stream{
			"empty fragments",
			[]sent{{OpText, false, ""}, {OpContinuation, false, ""}, {OpContinuation, true, ""}, {OpText, true, ""}, {OpText, false, ""}, {OpContinuation, true, "x"}},
			[]event{{OpText, ""}, {OpText, ""}, {OpText, "x"}},
		},
		stream{
			"many frames",
			[]sent{{OpText, true, "a"}, {OpText, true, "b"}, {OpPing, true, "c"}, {OpBinary, true, "d"}, {OpClose, true, "\x03\xe8"}},
			[]event{{OpText, "a"}, {OpText, "b"}, {OpPing, "c"}, {OpBinary, "d"}, {OpClose, "\x03\xe8"}},
		},
	)
}

// cuts returns where to cut a stream: everywhere if it is short, else through
// its header, its end, and a spread between.
func cuts(size int) (at []int) {
	step := max(1, size/40)
	for i := 0; i <= size; i++ {
		if size <= 1200 || i <= 32 || i >= size-8 || i%step == 0 {
			at = append(at, i)
		}
	}
	return at
}

func bytewise(b []byte) (chunks [][]byte) {
	for i := range b {
		chunks = append(chunks, b[i:i+1])
	}
	return chunks
}

// FuzzReader checks that how the input is cut changes nothing.
func FuzzReader(f *testing.F) {
	for i, s := range streams() {
		if b := encode(serverSide, s.frames...); len(b) < 1200 {
			f.Add(b, uint64(i), false)
			f.Add(encode(clientSide, s.frames...), uint64(i), true)
		}
	}
	f.Add([]byte{0x81, 0xFF, 0x80, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4}, uint64(1), false)
	f.Fuzz(func(t *testing.T, b []byte, seed uint64, client bool) {
		cfg := &ReaderConfig{MaxMessage: 700, Client: client}
		whole, first, wholeErr := readAll(cfg, b)
		random := rand.New(rand.NewPCG(seed, 1))
		var chunks [][]byte
		for rest := b; len(rest) > 0; {
			n := 1 + random.IntN(min(len(rest), 1+random.IntN(200)))
			chunks = append(chunks, rest[:n])
			rest = rest[n:]
		}
		split, second, splitErr := readAll(cfg, chunks...)
		require.Equal(t, wholeErr, splitErr)
		require.Equal(t, whole, split)
		require.Equal(t, first.Partial(), second.Partial())
		first.Release()
		second.Release()
	})
}
