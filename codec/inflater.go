package codec

import (
	"bytes"
	"io"
	"unicode/utf8"

	"github.com/klauspost/compress/flate"
)

// Inflater decompresses messages, RFC 7692 section 7.2.2, for any number of
// connections: nothing of a message is left when the next one comes. It takes
// about 50 KiB, and belongs to one goroutine.
type Inflater struct {
	limit  int
	input  []byte       // what a message was compressed to, and the tail
	source bytes.Reader // of input
	stream inflateStream
	output []byte
}

// inflateStream is what flate.NewReader returns.
type inflateStream interface {
	io.Reader
	flate.Resetter
}

const (
	// inflateTail is what the sender has cut off, and a final block, by which
	// decompression knows that it is at the end.
	inflateTail = "\x00\x00\xff\xff" + "\x01\x00\x00\xff\xff"
	// maxInflaterBuffer bounds each of the buffers that an inflater keeps.
	maxInflaterBuffer = 256 << 10
	// minInflated is the smallest output buffer worth allocating.
	minInflated = 1 << 10
)

// NewInflater returns an inflater of messages of at most maxMessage bytes, not
// compressed.
func NewInflater(maxMessage int) *Inflater {
	return &Inflater{limit: maxMessage, stream: flate.NewReader(bytes.NewReader(nil)).(inflateStream)}
}

// Inflate returns the message that a compressed frame holds. Its payload is the
// inflater's, and lives until the next call of Inflate or Release.
//
// The error, always an *Error, is ErrBadDeflate, ErrInvalidUTF8, or
// ErrMessageTooBig: no more than one byte beyond the limit is ever kept.
// Blocks that are marked as final may stand anywhere; what follows one cannot
// refer to what is in front of it.
func (f *Inflater) Inflate(compressed Frame) (Frame, error) {
	if len(compressed.Payload) == 0 { // no block at all: zlib's users take it for an empty message
		return Frame{Opcode: compressed.Opcode}, nil
	}
	f.input = append(append(f.input[:0], compressed.Payload...), inflateTail...)
	f.source.Reset(f.input)
	f.output = f.output[:0]
	for f.source.Len() > 0 {
		_ = f.stream.Reset(&f.source, nil) // returns nil
		if err := f.inflateBlocks(); err != nil {
			return Frame{}, err
		}
	}
	if compressed.Opcode == OpText && !utf8.Valid(f.output) {
		return Frame{}, ErrInvalidUTF8
	}
	return Frame{Opcode: compressed.Opcode, Payload: f.output[:len(f.output):len(f.output)]}, nil
}

// inflateBlocks adds to the output what comes before the end of the input, or
// before the end of a block that is marked as final.
func (f *Inflater) inflateBlocks() error {
	for {
		f.reserve()
		n, err := f.stream.Read(f.output[len(f.output):min(cap(f.output), f.limit+1)])
		f.output = f.output[:len(f.output)+n]
		switch {
		case len(f.output) > f.limit:
			return ErrMessageTooBig
		case err == io.EOF:
			return nil
		case err != nil:
			return ErrBadDeflate
		}
	}
}

// reserve makes room for at least one byte. The buffer doubles, and ends with the
// byte that shows that the message is too big.
func (f *Inflater) reserve() {
	if len(f.output) < cap(f.output) {
		return
	}
	size := min(max(2*cap(f.output), minInflated), f.limit+1)
	f.output = append(make([]byte, 0, size), f.output...)
}

// Release lets go of buffers that have grown large. It ends the life of the last
// message.
func (f *Inflater) Release() {
	if cap(f.input) > maxInflaterBuffer {
		f.input = nil
	}
	if cap(f.output) > maxInflaterBuffer {
		f.output = nil
	}
}
