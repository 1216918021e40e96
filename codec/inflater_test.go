package codec

import (
	"bytes"
	"compress/flate"
	"errors"
	"io"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// pressed compresses with the standard library, as a peer would.
func pressed(text string) string {
	var b bytes.Buffer
	w, _ := flate.NewWriter(&b, flate.BestCompression)
	_, _ = io.WriteString(w, text)
	_ = w.Flush()
	return strings.TrimSuffix(b.String(), "\x00\x00\xff\xff")
}

// pressedFinal ends in a block that is marked as final, and behind it what the
// tail makes an empty block of.
func pressedFinal(text string) string {
	var b bytes.Buffer
	w, _ := flate.NewWriter(&b, flate.BestCompression)
	_, _ = io.WriteString(w, text)
	_ = w.Close()
	return b.String()
}

func compressedText(payload string) Frame {
	return Frame{Opcode: OpText, Payload: []byte(payload), Compressed: true}
}

const inflateLimit = 1 << 16

// The messages are named by the section of RFC 7692.
var inflateTable = []struct{ name, payload, want string }{
	{"7.2.3.1 one block", "\xf2\x48\xcd\xc9\xc9\x07\x00", "Hello"},
	{"7.2.3.3 a block without compression", "\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00", "Hello"},
	{"7.2.3.4 a final block", "\xf3\x48\xcd\xc9\xc9\x07\x00\x00", "Hello"},
	{"7.2.3.5 two blocks", "\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00", "Hello"},
	{"7.2.3.6 empty", "\x00", ""},
	{"7.2.3.6 empty, as other compressors say it", "\x02\x00", ""},
	{"7.2.1 final blocks anywhere", pressedFinal("Hel") + pressedFinal("") + pressed("lo") + "\x00\x00\xff\xff" + pressedFinal("!") + "\x00", "Hello!"},
	{"no block at all", "", ""},
	{"dynamic codes", pressed(strings.Repeat("Hällo ", 1000)), strings.Repeat("Hällo ", 1000)},
	{"as large as may be", pressed(strings.Repeat("a", inflateLimit)), strings.Repeat("a", inflateLimit)},
	{"the largest window", pressed(distant), distant},
}

// distant refers to what is nearly 32 KiB away.
var distant = "far away " + strings.Repeat("0123456789", 3270) + " far away"

func TestInflater_Messages(t *testing.T) {
	f := NewInflater(inflateLimit)
	for range 2 { // the second time with what the first has left
		for _, tt := range inflateTable {
			message, err := f.Inflate(compressedText(tt.payload))
			require.NoError(t, err, tt.name)
			require.Equal(t, tt.want, string(message.Payload), tt.name)
			require.Equal(t, OpText, message.Opcode)
			require.False(t, message.Compressed)
		}
	}
}

func TestInflater_Errors(t *testing.T) {
	random := make([]byte, 100)
	_, _ = rand.NewChaCha8([32]byte{1}).Read(random)
	tests := []struct {
		name, payload string
		want          *Error
	}{
		{"7.2.3.2 refers to an earlier message", "\xf2\x00\x11\x00\x00", ErrBadDeflate},
		{"refers to what is in front of a final block", pressedFinal("Hello, Hello, Hello") + "\xf2\x00\x11\x00\x00", ErrBadDeflate},
		{"reserved block type", "\x06", ErrBadDeflate},
		{"random bytes", string(random), ErrBadDeflate},
		{"bad length of a block", "\x00\x05\x00\xfa\xfe", ErrBadDeflate},
		{"cut short", "\xf2\x48\xcd", ErrBadDeflate},
		{"final block without anything behind it", "\xf3\x48\xcd\xc9\xc9\x07\x00", ErrBadDeflate},
		{"codes cut short", pressed(strings.Repeat("Hällo ", 1000))[:10], ErrBadDeflate},
		{"one byte too large", pressed(strings.Repeat("a", inflateLimit+1)), ErrMessageTooBig},
		{"too large in two", pressedFinal(strings.Repeat("a", inflateLimit)) + pressed("a"), ErrMessageTooBig},
		{"not UTF-8", pressed("Hello \xff"), ErrInvalidUTF8},
		{"text cut short", pressed("Hello \xc3"), ErrInvalidUTF8},
	}
	f := NewInflater(inflateLimit)
	for range 2 {
		for _, tt := range tests {
			_, err := f.Inflate(compressedText(tt.payload))
			require.Equal(t, tt.want, err, tt.name)
		}
		message, err := f.Inflate(compressedText(pressed("good")))
		require.NoError(t, err, "an error leaves nothing behind")
		require.Equal(t, "good", string(message.Payload))
	}
}

func TestInflater_BinaryNeedNotBeUTF8(t *testing.T) {
	message, err := NewInflater(inflateLimit).Inflate(Frame{Opcode: OpBinary, Payload: []byte(pressed("\xff\xfe")), Compressed: true})
	require.NoError(t, err)
	require.Equal(t, "\xff\xfe", string(message.Payload))
	require.Equal(t, OpBinary, message.Opcode)
}

// A bomb costs what the largest message does, not what it would become.
func TestInflater_Bomb(t *testing.T) {
	bomb := compressedText(pressed(strings.Repeat("\x00", 4<<20)))
	const limit = 300_000
	require.Less(t, len(bomb.Payload), 10_000)
	f := NewInflater(limit)
	allocated := func() uint64 {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.TotalAlloc
	}
	before := allocated()
	_, err := f.Inflate(bomb)
	spent := allocated() - before
	require.Equal(t, ErrMessageTooBig, err)
	require.Less(t, spent, uint64(4*limit), "the buffer doubles up to the limit, and the input is copied once")
	require.LessOrEqual(t, cap(f.output), limit+1)
	f.Release()
	require.Zero(t, cap(f.output))
}

func TestInflater_LetsGoOfLargeBuffers(t *testing.T) {
	f := NewInflater(1 << 20)
	noise := make([]byte, maxInflaterBuffer+1)
	_, _ = rand.NewChaCha8([32]byte{2}).Read(noise)
	for _, message := range [][]byte{noise, noise[:maxInflaterBuffer/2]} {
		got, err := f.Inflate(Frame{Opcode: OpBinary, Payload: []byte(pressed(string(message))), Compressed: true})
		require.NoError(t, err)
		require.True(t, bytes.Equal(message, got.Payload))
		f.Release()
		small := len(message) <= maxInflaterBuffer/2
		assert.Equal(t, small, cap(f.output) > 0)
		assert.Equal(t, small, cap(f.input) > 0)
	}
}

func TestInflater_NoAllocs(t *testing.T) {
	f := NewInflater(inflateLimit)
	frames := []Frame{
		compressedText(pressed(`{"type":"chat","action":"send","data":{"text":"hello"}}`)),
		compressedText(pressed(strings.Repeat(`{"type":"chat","action":"send","data":{"text":"hello"}}`, 100))),
		compressedText(pressedFinal("final") + pressed("and more")),
		binaryFrame(blocksOf(3000, wasteful[5].block)),
	}
	noAllocs(t, func() {
		for _, frame := range frames {
			if _, err := f.Inflate(frame); err != nil {
				t.Fatal(err)
			}
			f.Release()
		}
	})
}

// inflateOracle is the standard library's opinion; nil for what is no message.
func inflateOracle(payload []byte, limit int) []byte {
	if len(payload) == 0 {
		return []byte{}
	}
	in := bytes.NewReader(append(bytes.Clone(payload), inflateTail...))
	all := []byte{}
	for in.Len() > 0 {
		part, err := io.ReadAll(io.LimitReader(flate.NewReader(in), int64(limit+1)))
		all = append(all, part...)
		if err != nil || len(all) > limit {
			return nil
		}
	}
	return all
}

func FuzzInflate(f *testing.F) {
	for _, tt := range inflateTable {
		if len(tt.want) < 1000 {
			f.Add([]byte(tt.payload))
		}
	}
	f.Add([]byte(pressed(strings.Repeat("abcdefgh", 200))))
	f.Add([]byte("\xf2\x00\x11\x00\x00"))
	for _, tt := range wasteful {
		f.Add(blocksOf(1, tt.block))
		f.Add(blocksOf(200, tt.block))
		f.Add(blocksOf(tt.read, tt.block))
	}
	const limit = 2000
	f.Fuzz(func(t *testing.T, payload []byte) {
		inflater := NewInflater(limit)
		kept := bytes.Clone(payload)
		message, err := inflater.Inflate(Frame{Opcode: OpBinary, Payload: payload, Compressed: true})
		require.Equal(t, kept, payload)
		if err == ErrInflateWork {
			require.Greater(t, len(payload), 3000, "what is so short cannot be much work")
			return
		}
		want := inflateOracle(payload, limit)
		if want == nil {
			var violation *Error
			require.True(t, errors.As(err, &violation))
			return
		}
		require.NoError(t, err)
		require.True(t, bytes.Equal(want, message.Payload))
		_, err = inflater.Inflate(Frame{Opcode: OpText, Payload: payload, Compressed: true})
		require.Equal(t, utf8.Valid(want), err == nil)
	})
}
