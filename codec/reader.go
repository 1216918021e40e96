package codec

import (
	"math"
	"unicode/utf8"
)

// DefaultMaxMessage is the message limit in bytes where none is configured.
const DefaultMaxMessage = 1 << 20

// ReaderConfig is shared by all readers of one kind; readers only read it.
type ReaderConfig struct {
	// MaxMessage limits a whole message, in bytes of payload over all its
	// fragments. It is enforced from the header, before memory is spent.
	// 0 or less: DefaultMaxMessage. A compressed message may be a little longer,
	// as one that cannot be made smaller is: an Inflater limits what it becomes.
	MaxMessage int
	// Client selects the side that reads. True: a client, which reads unmasked
	// frames and refuses masked ones. False: a server, the other way round.
	Client bool
	// Deflate says that permessage-deflate has been negotiated: the peer may
	// send compressed messages.
	Deflate bool
}

func (c *ReaderConfig) maxMessage() uint64 {
	if c.MaxMessage <= 0 {
		return DefaultMaxMessage
	}
	return uint64(c.MaxMessage)
}

// maxPayload limits what a message may have on the wire.
func (c *ReaderConfig) maxPayload(compressed bool) uint64 {
	limit := c.maxMessage()
	if compressed {
		limit += limit/1024 + 64
	}
	return limit
}

// mayReserve reports whether the reserved bits of a header may be set: RSV1 on the
// first frame of a message, RFC 7692 section 6.1.
func (c *ReaderConfig) mayReserve(h *Header) bool {
	return c.Deflate && h.Reserved == rsv1 && h.Opcode != OpContinuation && !h.Opcode.IsControl()
}

// Frame is a whole data message or a control frame.
type Frame struct {
	Opcode Opcode
	// Compressed says that Payload is what an Inflater takes.
	Compressed bool
	// Payload is unmasked, and for OpText valid UTF-8, if it is not compressed.
	// It lives until the next call of Next or Release, or until the caller
	// reuses in.
	Payload []byte
}

// Reader turns one connection's bytes into frames. It belongs to one goroutine.
// The zero value is ready.
//
// While nothing is incomplete it holds nothing, so an idle connection costs two
// words. A frame that lies whole in the input is unmasked there and returned
// without a copy; only what is cut short or fragmented is kept, in pooled memory
// that grows with the bytes that arrived and not with the length announced.
//
// Call Next until ok is false, also when all input is used: that last call gives
// the memory of a reassembled message back.
type Reader struct {
	partial *partial // nil while nothing is incomplete
	err     *Error   // set for good by the first error
}

// Next reads the next frame from in and returns how many bytes it used; the
// caller goes on with in[n:]. It may write to in (unmasking).
//
//   - ok: f is a whole message or control frame. n may be less than len(in).
//   - !ok and err nil: all of in was used, and kept where needed.
//   - err, always an *Error: the peer broke the protocol. n means nothing, and
//     every later call returns the same error.
func (r *Reader) Next(cfg *ReaderConfig, in []byte) (f Frame, ok bool, n int, err error) {
	if r.err != nil {
		return Frame{}, false, 0, r.err
	}
	if r.partial != nil && r.partial.idle() {
		r.drop()
	}
	for n < len(in) {
		used, frame, done, failure := r.advance(cfg, in[n:])
		n += used
		if failure != nil {
			r.fail(failure)
			return Frame{}, false, n, failure
		}
		if done {
			return frame, true, n, nil
		}
	}
	// A frame without payload is complete with its header, inside the loop; so
	// here everything is used.
	return Frame{}, false, n, nil
}

// Partial reports whether a frame or a message has begun and is not complete.
func (r *Reader) Partial() bool { return r.partial != nil && !r.partial.idle() }

// Release gives pooled memory back and makes the reader as new. It ends the
// life of the last payload.
func (r *Reader) Release() {
	r.drop()
	r.err = nil
}

func (r *Reader) drop() {
	if r.partial == nil {
		return
	}
	r.partial.release()
	r.partial = nil
}

func (r *Reader) fail(err *Error) {
	r.drop()
	r.err = err
}

// hold returns the partial state, taking one from the pool where there is none.
func (r *Reader) hold() *partial {
	if r.partial == nil {
		r.partial = acquirePartial()
	}
	return r.partial
}

// advance handles one header, one piece of payload, or one whole frame.
func (r *Reader) advance(cfg *ReaderConfig, in []byte) (n int, f Frame, done bool, err *Error) {
	if r.partial != nil && r.partial.inFrame {
		return r.partial.resume(cfg, in)
	}
	h, size, n := r.header(in)
	if size == 0 {
		return n, Frame{}, false, nil
	}
	if err := r.check(cfg, h, size); err != nil {
		return n, Frame{}, false, err
	}
	if h.Length <= uint64(len(in)-n) && h.Fin && h.Opcode != OpContinuation {
		payload := in[n : n+int(h.Length) : n+int(h.Length)]
		if err := unmaskWhole(h, payload); err != nil {
			return n, Frame{}, false, err
		}
		return n + len(payload), Frame{h.Opcode, h.isCompressed(), payload}, true, nil
	}
	p := r.hold()
	p.begin(h)
	used, f, done, err := p.resume(cfg, in[n:])
	return n + used, f, done, err
}

// header parses a header from in, or from the piece kept and in. n is the bytes
// of in that it used; size is the header's own, 0 while it is incomplete.
func (r *Reader) header(in []byte) (h Header, size, n int) {
	if r.partial != nil && r.partial.headSize > 0 {
		return r.partial.resumeHeader(in)
	}
	h, size = ParseHeader(in)
	if size == 0 {
		return h, 0, r.hold().keepHeader(in)
	}
	return h, size, size
}

// unmaskWhole unmasks and checks a frame that is a message by itself.
func unmaskWhole(h Header, payload []byte) *Error {
	if h.Masked {
		Mask(payload, h.Key, 0)
	}
	if h.Opcode == OpText && !h.isCompressed() && !utf8.Valid(payload) {
		return ErrInvalidUTF8
	}
	return nil
}

// check applies what RFC 6455 says about a header where it stands. size is the
// header's size in bytes, which tells the form of its length.
func (r *Reader) check(cfg *ReaderConfig, h Header, size int) *Error {
	switch {
	case h.Reserved != 0 && !cfg.mayReserve(&h):
		return ErrReservedBits
	case !h.Opcode.isKnown():
		return ErrBadOpcode
	case cfg.Client && h.Masked:
		return ErrMasked
	case !cfg.Client && !h.Masked:
		return ErrNotMasked
	case h.Opcode.IsControl() && !h.Fin:
		return ErrControlFragmented
	case h.Opcode.IsControl() && h.Length > MaxControlPayload:
		return ErrControlTooLong
	case h.Length > math.MaxInt64:
		return ErrLengthOverflow
	case !isMinimal(h, size):
		return ErrLengthNotMinimal
	case h.Opcode.IsControl():
		return nil
	}
	return r.checkData(cfg, h)
}

// checkData applies the rules of fragmentation (section 5.4) and the limit.
func (r *Reader) checkData(cfg *ReaderConfig, h Header) *Error {
	inMessage := r.partial != nil && r.partial.inMessage
	switch {
	case h.Opcode == OpContinuation && !inMessage:
		return ErrUnexpectedContinuation
	case h.Opcode != OpContinuation && inMessage:
		return ErrExpectedContinuation
	}
	arrived, compressed := uint64(0), h.isCompressed()
	if inMessage {
		arrived, compressed = uint64(len(r.partial.message)), r.partial.compressed
	}
	if limit := cfg.maxPayload(compressed); h.Length > limit || arrived > limit-h.Length {
		return ErrMessageTooBig
	}
	return nil
}

// isMinimal reports whether the length stands in its shortest form, as section
// 5.2 requires.
func isMinimal(h Header, size int) bool {
	if h.Masked {
		size -= 4
	}
	switch size {
	case 4:
		return h.Length >= length16
	case 10:
		return h.Length > 0xFFFF
	}
	return true
}
