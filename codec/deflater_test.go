package codec

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var allWindows = Windows(0).With(Window15).With(Window12).With(Window9)

// compressible are payloads for which compression gains something.
func compressible() map[string][]byte {
	noise := make([]byte, 40_000)
	_, _ = rand.NewChaCha8([32]byte{3}).Read(noise)
	random := rand.New(rand.NewPCG(1, 2))
	var words strings.Builder
	for words.Len() < 80_000 {
		words.WriteString([]string{`{"type":"chat",`, `"action":"message",`, `"text":"hello"}`, "日本語 ", "é"}[random.IntN(5)])
	}
	far := bytes.Clone(noise[:9000])
	for _, distance := range []int{500, 511, 512, 513, 600, 4000, 4095, 4096, 4097, 5000, 8000} {
		far = append(far, far[len(far)-distance:][:min(distance, 300)]...)
	}
	return map[string][]byte{
		"small":            []byte(strings.Repeat("hello ", 20)),
		"one byte":         bytes.Repeat([]byte("a"), 300),
		"an envelope":      []byte(`{"type":"chat","action":"message","data":{"room":"general","text":"the room, the chat, the message, the type"}}`),
		"words":            []byte(words.String()[:5000]),
		"several blocks":   []byte(words.String()),
		"references":       far,
		"noise twice":      append(bytes.Clone(noise[:30_000]), noise[:30_000]...),
		"zeros at the end": append(bytes.Clone(noise[:1000]), make([]byte, 70_000)...),
	}
}

func TestDeflaters_Compress(t *testing.T) {
	for level, windows := range map[int]Windows{1: allWindows, 5: Windows(0).With(Window15), 9: Windows(0).With(Window15)} {
		deflaters, inflater := NewDeflaters(level), NewInflater(1<<20)
		for pooled := range 2 {
			for name, payload := range compressible() {
				m := NewMessage(OpBinary, payload)
				compressed := deflaters.Compress(m, windows)
				require.Equal(t, m.Frame(), compressed.Frame())
				require.Equal(t, payload, compressed.Payload())
				for w := Window15; w < WindowCount; w++ {
					frame := compressed.FrameFor(w)
					if !compressed.Windows().Has(w) {
						require.Equal(t, m.Frame(), frame, name)
						continue
					}
					require.Less(t, len(frame), len(m.Frame()), name)
					content := deflatedContent(t, frame)
					message, err := inflater.Inflate(content)
					require.NoError(t, err, "%s, level %d, window %d", name, level, w.bits())
					require.True(t, bytes.Equal(payload, message.Payload), "%s, level %d, window %d", name, level, w.bits())
					if pooled > 0 {
						continue
					}
					require.LessOrEqual(t, farthest(t, content.Payload, payload), 1<<w.bits(), "%s, level %d", name, level)
				}
			}
		}
	}
}

// deflatedContent takes a compressed frame apart, as a client does.
func deflatedContent(t *testing.T, frame []byte) Frame {
	t.Helper()
	var r Reader
	content, ok, n, err := r.Next(&ReaderConfig{Client: true, Deflate: true}, frame)
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, len(frame), n)
	require.True(t, content.Compressed)
	return content
}

// The windows differ: what is far away is found only by who may look there.
func TestDeflaters_WindowsAreUsed(t *testing.T) {
	payload := compressible()["noise twice"]
	compressed := NewDeflaters(1).Compress(NewMessage(OpBinary, payload), allWindows)
	require.Less(t, len(compressed.FrameFor(Window15)), 2*len(payload)/3)
	require.Greater(t, len(compressed.FrameFor(Window9)), 9*len(payload)/10)
	references := compressible()["references"]
	compressed = NewDeflaters(1).Compress(NewMessage(OpBinary, references), allWindows)
	require.Less(t, len(compressed.FrameFor(Window12)), len(compressed.FrameFor(Window9)))
	content := deflatedContent(t, compressed.FrameFor(Window12))
	require.Greater(t, farthest(t, content.Payload, references), 1<<9)
}

func TestDeflaters_WhatGainsNothingStaysAsItIs(t *testing.T) {
	noise := make([]byte, 5000)
	_, _ = rand.NewChaCha8([32]byte{4}).Read(noise)
	deflaters := NewDeflaters(1)
	for _, payload := range [][]byte{nil, []byte("a"), []byte("short"), noise} {
		m := NewMessage(OpBinary, payload)
		assert.Same(t, m, deflaters.Compress(m, allWindows))
		dst, ok := deflaters.AppendFrame([]byte("before"), OpBinary, payload, Window15)
		assert.False(t, ok)
		assert.Equal(t, "before", string(dst))
	}
	assert.Equal(t, DeflateStats{Futile: 16}, deflaters.Stats())
}

func TestDeflaters_OnlyForTheWindowsAskedFor(t *testing.T) {
	deflaters := NewDeflaters(1)
	payload := bytes.Repeat([]byte("a"), 1000)
	m := NewMessage(OpText, payload)
	assert.Same(t, m, deflaters.Compress(m, 0))
	assert.Zero(t, m.Windows())
	one := deflaters.Compress(m, Windows(0).With(Window12))
	assert.Equal(t, Windows(0).With(Window12), one.Windows())
	assert.Equal(t, m.Frame(), one.FrameFor(NoWindow))
	assert.Equal(t, m.Frame(), one.FrameFor(Window15))
	assert.Less(t, len(one.FrameFor(Window12)), 50)
	assert.Equal(t, len(m.Frame())+len(one.FrameFor(Window12)), one.Size())
	assert.Equal(t, len(m.Frame()), m.Size())
	assert.Zero(t, m.Windows(), "the message itself is as it was")
	assert.Equal(t, OpText, one.Opcode())
	assert.Same(t, one, deflaters.Compress(one, allWindows), "once is enough")
	stats := deflaters.Stats()
	assert.EqualValues(t, 1, stats.Messages)
	assert.EqualValues(t, 1000, stats.In)
	assert.Equal(t, len(one.FrameFor(Window12)), FrameSize(int(stats.Out)))
}

func TestDeflaters_LevelsAreBounded(t *testing.T) {
	payload := compressible()["words"]
	for level, same := range map[int]int{-5: 1, 0: 1, 10: 9, 100: 9} {
		a, _ := NewDeflaters(level).AppendFrame(nil, OpText, payload, Window15)
		b, _ := NewDeflaters(same).AppendFrame(nil, OpText, payload, Window15)
		assert.Equal(t, b, a)
	}
}

func TestDeflaters_ManyGoroutines(t *testing.T) {
	deflaters := NewDeflaters(1)
	m := NewMessage(OpText, compressible()["words"])
	want := deflaters.Compress(m, allWindows)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 5 {
				got := deflaters.Compress(m, allWindows)
				for w := NoWindow; w < WindowCount; w++ {
					assert.Equal(t, want.FrameFor(w), got.FrameFor(w))
				}
			}
		})
	}
	group.Wait()
	assert.EqualValues(t, 3*(8*5+1), deflaters.Stats().Messages)
}

func TestDeflaters_Allocs(t *testing.T) {
	deflaters := NewDeflaters(1)
	payload := compressible()["words"][:1000]
	m := NewMessage(OpText, payload)
	require.Equal(t, allWindows, deflaters.Compress(m, allWindows).Windows())
	// One for the bytes of each window, one for the Message.
	allocs(t, 2, func() { deflaters.Compress(m, Windows(0).With(Window15)) })
	allocs(t, 4, func() { deflaters.Compress(m, allWindows) })
	dst := make([]byte, 0, 1000)
	noAllocs(t, func() { dst, _ = deflaters.AppendFrame(dst[:0], OpText, payload, Window15) })
}

func BenchmarkDeflaters(b *testing.B) {
	words := compressible()["words"]
	for name, size := range map[string]int{"128": 128, "512": 512, "5000": 5000} {
		b.Run(name, func(b *testing.B) {
			deflaters := NewDeflaters(1)
			var dst []byte
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				dst, _ = deflaters.AppendFrame(dst[:0], OpText, words[:size], Window15)
			}
		})
	}
}
