package codec

import (
	"encoding/binary"
	"unicode/utf8"
)

// Inflater decompresses messages, RFC 7692 section 7.2.2, for any number of
// connections: nothing of a message is left when the next one comes. It takes
// about 12 KiB and its buffers, and belongs to one goroutine.
type Inflater struct {
	limit  int
	input  []byte // what a message was compressed to, and the tail
	stream bitstream
	reader codeReader
	output []byte
	first  int // where in the output references may begin
	work   int
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

// The kinds of blocks, RFC 1951 section 3.2.3.
const (
	blockStored = iota
	blockFixed
	blockDynamic
)

// NewInflater returns an inflater of messages of at most maxMessage bytes, not
// compressed.
func NewInflater(maxMessage int) *Inflater { return &Inflater{limit: maxMessage} }

// Inflate returns the message that a compressed frame holds. Its payload is the
// inflater's, and lives until the next call of Inflate or Release.
//
// The error, always an *Error, is ErrBadDeflate, ErrInvalidUTF8, or, as soon as that
// shows, ErrMessageTooBig or ErrInflateWork.
// Blocks that are marked as final may stand anywhere; what follows one cannot
// refer to what is in front of it.
func (f *Inflater) Inflate(compressed Frame) (Frame, error) {
	f.work = 0
	if len(compressed.Payload) == 0 { // no block at all: zlib's users take it for an empty message
		return Frame{Opcode: compressed.Opcode}, nil
	}
	f.begin(compressed.Payload)
	for f.stream.at < f.stream.end {
		if err := f.inflateBlocks(); err != nil {
			return Frame{}, err
		}
	}
	if compressed.Opcode == OpText && !utf8.Valid(f.output) {
		return Frame{}, ErrInvalidUTF8
	}
	return Frame{Opcode: compressed.Opcode, Payload: f.output[:len(f.output):len(f.output)]}, nil
}

func (f *Inflater) begin(payload []byte) {
	f.input = append(append(f.input[:0], payload...), inflateTail...)
	end := len(f.input)
	f.input = append(f.input, make([]byte, bitPadding)...)
	f.stream = bitstream{in: f.input, end: end}
	f.output = f.output[:0]
}

// inflateBlocks adds to the output what the blocks hold up to one that is marked as
// final. The next one begins with a whole byte.
func (f *Inflater) inflateBlocks() error {
	f.first = len(f.output)
	for {
		f.stream.load()
		final, kind := f.stream.take(1) == 1, f.stream.take(2)
		if !f.affords(blockWork) {
			return ErrInflateWork
		}
		if err := f.inflateBlock(kind); err != nil {
			return err
		}
		if f.stream.past() {
			return ErrBadDeflate
		}
		if final {
			f.stream.align()
			return nil
		}
	}
}

func (f *Inflater) inflateBlock(kind int) error {
	switch kind {
	case blockStored:
		return f.copyStored()
	case blockFixed:
		return f.inflateSymbols(fixedCodes)
	case blockDynamic:
		codes := f.reader.read(&f.stream)
		if codes == nil {
			return ErrBadDeflate
		}
		if !f.affords(codesWork + symbolWork*codes.symbols) {
			return ErrInflateWork
		}
		return f.inflateSymbols(codes)
	default:
		return ErrBadDeflate
	}
}

// copyStored reads a block that is not compressed, RFC 1951 section 3.2.4.
func (f *Inflater) copyStored() error {
	const lengths = 4
	s := &f.stream
	at := s.align()
	if at+lengths > s.end {
		return ErrBadDeflate
	}
	n := binary.LittleEndian.Uint16(s.in[at:])
	at += lengths
	if n != ^binary.LittleEndian.Uint16(s.in[at-2:]) || at+int(n) > s.end {
		return ErrBadDeflate
	}
	if !f.reserve(int(n)) {
		return ErrMessageTooBig
	}
	f.output = append(f.output, s.in[at:at+int(n)]...)
	s.seek(at + int(n))
	return nil
}

// reserve makes room for n bytes, unless the message would be too big. The buffer
// doubles, up to the limit.
func (f *Inflater) reserve(n int) bool {
	n += len(f.output)
	if n > f.limit {
		return false
	}
	if n > cap(f.output) {
		size := min(max(n, 2*cap(f.output), minInflated), f.limit)
		f.output = append(make([]byte, 0, size), f.output...)
	}
	return true
}

// Release lets go of buffers that have grown large. It ends the life of the last
// message.
func (f *Inflater) Release() {
	f.stream.in = nil
	if cap(f.input) > maxInflaterBuffer {
		f.input = nil
	}
	if cap(f.output) > maxInflaterBuffer {
		f.output = nil
	}
}
