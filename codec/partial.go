package codec

import "sync"

// partial is what a Reader keeps while a frame or a message is incomplete. It
// comes from a pool and goes back to it; outside of Reader nobody sees it.

const (
	// maxPooledMessage bounds, in bytes, the buffer that a pooled partial keeps.
	maxPooledMessage = 64 << 10
	// minMessageBuffer is the smallest buffer worth allocating, in bytes.
	minMessageBuffer = 512
)

type partial struct {
	message []byte // payload of the data message so far, unmasked
	header  Header // of the frame that is being read, while inFrame
	got     int    // bytes of that frame's payload so far

	opcode     Opcode // of the message, while inMessage
	compressed bool   // the message is
	checked    bool   // the message is text that must be UTF-8 as it stands
	inMessage  bool   // a data message has begun
	inFrame    bool   // a header was read and its payload is incomplete
	text       UTF8Validator

	fragments int    // frames of fragmented messages, since TakeFragments
	since     uint32 // what SetSince noted
	noted     bool

	headSize    uint8 // bytes in head, 0 when no header is cut
	controlSize uint8 // bytes in control
	head        [MaxHeaderSize]byte
	control     [MaxControlPayload]byte
}

var partials = sync.Pool{New: func() any { return new(partial) }}

func acquirePartial() *partial { return partials.Get().(*partial) }

func (p *partial) release() {
	kept := p.message[:0]
	if cap(kept) > maxPooledMessage {
		kept = nil
	}
	*p = partial{message: kept}
	partials.Put(p)
}

// idle reports whether nothing is incomplete: what was kept has been returned.
func (p *partial) idle() bool { return !p.inFrame && !p.inMessage && p.headSize == 0 }

// keepHeader keeps all of in, which is shorter than a header.
func (p *partial) keepHeader(in []byte) int {
	p.headSize = uint8(copy(p.head[:], in))
	return len(in)
}

// resumeHeader adds to the kept piece as many bytes as the header needs.
func (p *partial) resumeHeader(in []byte) (h Header, size, n int) {
	for n < len(in) {
		p.head[p.headSize] = in[n]
		p.headSize++
		n++
		h, size = ParseHeader(p.head[:p.headSize])
		if size > 0 {
			p.headSize = 0
			return h, size, n
		}
	}
	return Header{}, 0, n
}

// begin starts a frame whose payload is kept piece by piece.
func (p *partial) begin(h Header) {
	p.inFrame = true
	p.header = h
	p.got = 0
	if h.Opcode.IsControl() {
		p.controlSize = 0
		return
	}
	if !h.Fin || h.Opcode == OpContinuation {
		p.fragments++
	}
	if p.inMessage {
		return
	}
	p.inMessage = true
	p.opcode = h.Opcode
	p.compressed = h.isCompressed()
	p.checked = h.Opcode == OpText && !p.compressed
	p.message = p.message[:0]
	p.text = UTF8Validator{}
}

// resume takes the next piece of the frame's payload from in.
func (p *partial) resume(cfg *ReaderConfig, in []byte) (n int, f Frame, done bool, err *Error) {
	n = int(min(p.header.Length-uint64(p.got), uint64(len(in))))
	last := uint64(p.got+n) == p.header.Length
	if p.header.Opcode.IsControl() {
		f, done = p.takeControl(in[:n], last)
		return n, f, done, nil
	}
	f, done, err = p.takeData(cfg, in[:n], last)
	return n, f, done, err
}

func (p *partial) takeControl(piece []byte, last bool) (f Frame, done bool) {
	kept := p.control[p.controlSize:]
	kept = kept[:copy(kept, piece)]
	p.unmask(kept)
	p.controlSize += uint8(len(kept))
	if !last {
		return Frame{}, false
	}
	p.inFrame = false
	return Frame{Opcode: p.header.Opcode, Payload: p.control[:p.controlSize:p.controlSize]}, true
}

func (p *partial) takeData(cfg *ReaderConfig, piece []byte, last bool) (f Frame, done bool, err *Error) {
	p.reserve(cfg, len(piece))
	start := len(p.message)
	p.message = append(p.message, piece...)
	p.unmask(p.message[start:])
	if p.checked && !p.text.Write(p.message[start:]) {
		return Frame{}, false, ErrInvalidUTF8
	}
	if !last {
		return Frame{}, false, nil
	}
	p.inFrame = false
	if !p.header.Fin {
		return Frame{}, false, nil
	}
	if p.checked && !p.text.Complete() {
		return Frame{}, false, ErrInvalidUTF8
	}
	p.inMessage = false
	return Frame{p.opcode, p.compressed, p.message[:len(p.message):len(p.message)]}, true, nil
}

// unmask unmasks the next piece of the frame's payload and counts it.
func (p *partial) unmask(piece []byte) {
	if p.header.Masked {
		Mask(piece, p.header.Key, p.got)
	}
	p.got += len(piece)
}

// reserve makes room for n more bytes of the message. The buffer doubles, so
// that it follows what has arrived and copying stays linear, but never exceeds
// what the message can still become.
func (p *partial) reserve(cfg *ReaderConfig, n int) {
	need := len(p.message) + n
	if need <= cap(p.message) {
		return
	}
	most := int(cfg.maxPayload(p.compressed))
	if p.header.Fin {
		most = len(p.message) + int(p.header.Length) - p.got
	}
	size := min(max(2*cap(p.message), need, minMessageBuffer), most)
	p.message = append(make([]byte, 0, size), p.message...)
}
