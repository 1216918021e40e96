package codec

import (
	"slices"
	"sync"
	"sync/atomic"

	"github.com/klauspost/compress/flate"
)

// Deflaters compress messages, each by itself: RFC 7692 section 7.2.1. They are
// shared by all connections and pooled, as each takes about a megabyte while it is
// in use. Any goroutine may call them.
type Deflaters struct {
	level int
	pools [WindowCount]sync.Pool // of *deflater

	messages, futile, in, out atomic.Uint64
}

// DeflateStats count what Deflaters have done.
type DeflateStats struct {
	Messages uint64 // compressed; once for each window
	In, Out  uint64 // their bytes before and after
	Futile   uint64 // times that a message did not become smaller
}

// NewDeflaters returns deflaters of a level from 1, fast, to 9, small; what lies
// outside is brought there. The level is that of Window15: smaller windows have
// one of their own, about 5.
func NewDeflaters(level int) *Deflaters {
	return &Deflaters{level: min(max(level, flate.BestSpeed), flate.BestCompression)}
}

// Stats returns the counts.
func (p *Deflaters) Stats() DeflateStats {
	return DeflateStats{p.messages.Load(), p.in.Load(), p.out.Load(), p.futile.Load()}
}

// Compress returns m with compressed frames for those of the windows for which
// they are smaller; m itself where none is, or where it has such frames already.
func (p *Deflaters) Compress(m *Message, windows Windows) *Message {
	var found compressedMessage
	for w := Window15; w < WindowCount && m.deflated == nil; w++ {
		if !windows.Has(w) {
			continue
		}
		if frame, ok := p.AppendFrame(nil, m.op, m.Payload(), w); ok {
			found.frames[w] = frame
			found.windows = found.windows.With(w)
		}
	}
	if found.windows == 0 {
		return m
	}
	return found.of(m)
}

// AppendFrame appends one whole unmasked frame with payload compressed for the
// window, which is not NoWindow. Where that is not smaller than the plain frame,
// ok is false and dst is left as it is.
func (p *Deflaters) AppendFrame(dst []byte, op Opcode, payload []byte, w Window) (frame []byte, ok bool) {
	d := p.take(w)
	defer p.pools[w].Put(d)
	compressed := d.deflate(payload)
	if FrameSize(len(compressed)) >= FrameSize(len(payload)) {
		p.futile.Add(1)
		return dst, false
	}
	p.messages.Add(1)
	p.in.Add(uint64(len(payload)))
	p.out.Add(uint64(len(compressed)))
	start := len(dst)
	dst = AppendHeader(slices.Grow(dst, FrameSize(len(compressed))), op, true, len(compressed))
	dst[start] |= rsv1
	return append(dst, compressed...), true
}

func (p *Deflaters) take(w Window) *deflater {
	if d, ok := p.pools[w].Get().(*deflater); ok {
		return d
	}
	return newDeflater(w, p.level)
}

// deflater compresses for one window. It belongs to one goroutine at a time.
type deflater struct {
	writer *flate.Writer
	output sink
}

// sink is what a deflater writes to.
type sink struct{ bytes []byte }

// Write never fails.
func (s *sink) Write(p []byte) (int, error) {
	s.bytes = append(s.bytes, p...)
	return len(p), nil
}

// maxDeflaterBuffer bounds the buffer that a pooled deflater keeps.
const maxDeflaterBuffer = 256 << 10

func newDeflater(w Window, level int) *deflater {
	d := &deflater{}
	// The errors are of a level or a window that cannot be.
	if w == Window15 {
		d.writer, _ = flate.NewWriter(&d.output, level)
	} else {
		d.writer, _ = flate.NewWriterWindow(&d.output, 1<<w.bits())
	}
	return d
}

// deflate returns payload compressed, without the four bytes with which a flush
// ends. The bytes live until the next call.
func (d *deflater) deflate(payload []byte) []byte {
	if cap(d.output.bytes) > maxDeflaterBuffer {
		d.output.bytes = nil
	}
	d.output.bytes = d.output.bytes[:0]
	d.writer.Reset(&d.output)
	_, _ = d.writer.Write(payload) // the sink takes all
	_ = d.writer.Flush()
	return d.output.bytes[:len(d.output.bytes)-len("\x00\x00\xff\xff")]
}
