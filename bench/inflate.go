package bench

import (
	"bytes"
	"fmt"
	"hash/maphash"

	"github.com/gannet-ws/gannet/codec"
)

// What sockets do with compressed messages, where they are to offer compression. Each
// is compressed by itself, so that all sockets of a room are sent the same bytes: a
// loop inflates them for the first, and compares them for the others, which costs a
// hundredth. So every message is verified, and the generator is not the bottleneck.

const (
	// deflateOffer is the header that offers compression without context takeover,
	// which the server must not have then either.
	deflateOffer = "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; client_no_context_takeover\r\n"
	// compressedBit is RSV1 in a frame's header.
	compressedBit = 0x40
	// knownMessages is how many messages a loop remembers as they were inflated.
	knownMessages = 256
)

// inflating inflates messages, and remembers them. It belongs to a loop.
type inflating struct {
	inflater *codec.Inflater
	seed     maphash.Seed
	known    [knownMessages]inflated
}

// inflated is a message before and after.
type inflated struct{ compressed, plain []byte }

func newInflating() *inflating {
	return &inflating{inflater: codec.NewInflater(maxFrame), seed: maphash.MakeSeed()}
}

// inflate returns what a compressed message becomes. It is valid until the next call.
func (f *inflating) inflate(op codec.Opcode, compressed []byte) ([]byte, error) {
	at := &f.known[maphash.Bytes(f.seed, compressed)%knownMessages]
	if len(compressed) > 0 && bytes.Equal(at.compressed, compressed) {
		return at.plain, nil
	}
	frame, err := f.inflater.Inflate(codec.Frame{Opcode: op, Compressed: true, Payload: compressed})
	if err != nil {
		return nil, fmt.Errorf("inflating a message: %w", err)
	}
	at.compressed = append(at.compressed[:0], compressed...)
	at.plain = append(at.plain[:0], frame.Payload...)
	return at.plain, nil
}

// plain returns a frame's payload as it is not compressed.
func (l *loop) plain(h codec.Header, payload []byte) ([]byte, error) {
	switch {
	case h.Reserved == 0:
		return payload, nil
	case h.Reserved != compressedBit || l.inflating == nil:
		return nil, fmt.Errorf("frame with the reserved bits %#x", h.Reserved)
	}
	l.tally.Compressed++
	return l.inflating.inflate(h.Opcode, payload)
}
