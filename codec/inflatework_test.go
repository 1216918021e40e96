package codec

import (
	"bytes"
	stdflate "compress/flate"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/klauspost/compress/flate"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// wasteful are blocks of which nothing or little comes.
var wasteful = []struct {
	name  string
	block func(*blockWriter)
	read  int // bytes after which it is enough, at most
	small int // bytes of a message that is small enough
}{
	{"1951 3.2.4 stored, empty", (*blockWriter).stored, 84_000, 80_000},
	{"1951 3.2.6 fixed codes, empty", func(w *blockWriter) { w.fixed(false) }, 21_000, 20_000},
	{"1951 3.2.3 final, empty", func(w *blockWriter) { w.fixed(true); w.align() }, 33_000, 32_000},
	{"1951 3.2.7 one code, empty", func(w *blockWriter) { w.codes(lone(), []uint8{1}) }, 5500, 5000},
	{"1951 3.2.7 all codes, empty", func(w *blockWriter) { w.codes(lengthsOf(8, 226, 9, 60), lengthsOf(4, 2, 5, 28)) }, 4500, 3000},
	{"1951 3.2.7 long codes, empty", func(w *blockWriter) { w.codes(longest, lengthsOf(4, 2, 5, 28)) }, 6000, 5000},
	{"1951 3.2.7 two codes, a literal", func(w *blockWriter) {
		lengths := lone()
		lengths['a'] = 1
		w.codes(lengths, []uint8{1}, 'a')
	}, 8000, 5000},
	{"1951 3.2.7 long codes, ten literals", func(w *blockWriter) {
		w.codes(longest, []uint8{1}, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2)
	}, 9000, 6000},
}

// longest is a code with as many tables behind the first one as there are room for, and
// the end of the block among its longest codes.
var longest = append(lengthsOf(11, 40, 12, 40, 13, 40, 14, 40, 15, 79, 0, 11, 1, 1, 2, 1, 3, 1, 4, 1, 6, 1, 7, 1), 15)

func binaryFrame(payload []byte) Frame {
	return Frame{Opcode: OpBinary, Payload: payload, Compressed: true}
}

// However large a message may be, work of which nothing comes ends early.
func TestInflater_Work(t *testing.T) {
	f := NewInflater(16 << 20)
	for _, tt := range wasteful {
		_, err := f.Inflate(binaryFrame(blocksOf(100_000, tt.block)))
		require.Equal(t, ErrInflateWork, err, tt.name)
		assert.LessOrEqual(t, f.stream.at, tt.read, tt.name)
		assert.Less(t, f.work, freeWork+workPerByte*len(f.output)+2000, "%s: no more than the last block beyond it", tt.name)
		_, err = f.Inflate(binaryFrame(blocksOf(tt.small, tt.block)))
		require.NoError(t, err, tt.name)
		assert.Greater(t, f.Work(), freeWork*2/3, "%s: it is charged for", tt.name)
	}
}

// What comes of a message pays for its blocks, but not for all of them.
func TestInflater_WorkForEachByte(t *testing.T) {
	lengths := lone()
	lengths[endOfBlock], lengths['a'], lengths['b'], lengths['c'] = 2, 2, 2, 2
	block := func(literals int) func(*blockWriter) {
		return func(w *blockWriter) { w.codes(lengths, []uint8{1}, bytes.Repeat([]byte("a"), literals)...) }
	}
	const work = blockWork + codesWork + 5*symbolWork
	f := NewInflater(16 << 20)
	message, err := f.Inflate(binaryFrame(blocksOf(1<<18, block(work/workPerByte+1))))
	require.NoError(t, err)
	require.Greater(t, f.Work(), workPerByte*len(message.Payload)*9/10)
	_, err = f.Inflate(binaryFrame(blocksOf(1<<18, block(work/workPerByte/2))))
	require.Equal(t, ErrInflateWork, err)
}

// zlib with a memLevel of 1 has 127 symbols in a block.
func TestInflater_SmallestBlocksOfZlib(t *testing.T) {
	literals := append(lengthsOf(7, 127, 0, 129), 7)
	all := make([]byte, 127)
	for i := range all {
		all[i] = byte(i)
	}
	f := NewInflater(16 << 20)
	message, err := f.Inflate(binaryFrame(blocksOf(1<<18, func(w *blockWriter) {
		w.codes(literals, lengthsOf(4, 2, 5, 28), all...)
	})))
	require.NoError(t, err)
	require.Greater(t, len(message.Payload), 128_000)
}

// compressor is what two libraries' compressors are.
type compressor interface {
	io.Writer
	Flush() error
	Reset(io.Writer)
}

// compressors are those of all levels.
func compressors() map[string]compressor {
	all := map[string]compressor{}
	for level := -2; level <= 9; level++ {
		all[fmt.Sprintf("klauspost %d", level)], _ = flate.NewWriter(nil, level)
		all[fmt.Sprintf("standard library %d", level)], _ = stdflate.NewWriter(nil, level)
	}
	return all
}

// flushed compresses the text, flushed after so many bytes each time.
func flushed(w compressor, text []byte, every int) []byte {
	var b bytes.Buffer
	w.Reset(&b)
	for at := 0; at < len(text); at += every {
		_, _ = w.Write(text[at:min(at+every, len(text))])
		_ = w.Flush()
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\x00\x00\xff\xff"))
}

// RFC 7692 section 7.2.1: a compressor may flush wherever it likes to, and does so
// where a message is fragmented.
func TestInflater_FlushedAnywhere(t *testing.T) {
	const size = 20_000
	bits, noise := make([]byte, size), make([]byte, size)
	_, _ = rand.NewChaCha8([32]byte{3}).Read(noise)
	for i := range bits {
		bits[i] = '0' + noise[i]&1
	}
	words := bytes.Repeat(compressible()["words"], 5)[:size]
	f := NewInflater(1 << 20)
	for name, w := range compressors() {
		for what, text := range map[string][]byte{"words": words, "noise": noise, "bits": bits, "zeros": make([]byte, size)} {
			for every, size := range map[int]int{1: 500, 30: 5000, size: size} {
				message, err := f.Inflate(binaryFrame(flushed(w, text[:size], every)))
				require.NoError(t, err, "%s, %s, flushed each %d bytes", name, what, every)
				require.True(t, bytes.Equal(text[:size], message.Payload))
				require.True(t, every < size || f.Work() < size/10, "%s, %s: nearly free", name, what)
			}
			_, err := f.Inflate(binaryFrame(flushed(w, text[:500], 500)))
			require.NoError(t, err)
			require.Zero(t, f.Work(), "%s, %s: small messages are free", name, what)
		}
	}
}

// What is flushed after each second byte may be of any size; after each byte, of 16 KiB.
func TestInflater_FlushedOften(t *testing.T) {
	f := NewInflater(1 << 20)
	for _, c := range []struct {
		every, size int
		want        error
	}{{1, 16_000, nil}, {1, 20_000, ErrInflateWork}, {2, 100_000, nil}} {
		w, _ := flate.NewWriter(nil, flate.BestSpeed)
		_, err := f.Inflate(binaryFrame(flushed(w, make([]byte, c.size), c.every)))
		if c.want == nil {
			require.NoError(t, err, "%v", c)
		} else {
			require.Equal(t, c.want, err, "%v", c)
		}
	}
}
