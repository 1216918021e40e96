//go:build torture

package core_test

import (
	"bytes"
	"encoding/binary"
	"strconv"

	"github.com/gannet-ws/gannet/codec"
)

// frames appends what an upgraded connection sends. It is meant to go deep
// before it fails: most frames are right in their form, so that memberships,
// partial messages and queues are there when one comes that is not.
type frames struct {
	*dice
	out     []byte
	room    int    // the connection's rooms begin there: few have more than a few members
	message []byte // where a payload is made
	random  []byte // where the payload of a control frame is made
	other   []byte // where what it is mixed with is made
}

const (
	tortureRooms  = 64
	roomsOfOne    = 6
	maxTortured   = 64 << 10 // the server's limit of a message
	fatalOneIn    = 1500     // frames; each of these ends the connection
	rareOneIn     = 1000     // frames; each of these is large
	mutatedOneIn  = 4
	binaryOneIn   = 8
	pieceOneIn    = 16
	controlOneIn  = 12
	oddOneIn      = 16
	unmaskedOneIn = 32 // masked with zeros, that is
)

func (f *frames) key() (key [4]byte) {
	if !f.oneIn(unmaskedOneIn) {
		binary.LittleEndian.PutUint32(key[:], f.Uint32())
	}
	return key
}

func (f *frames) frame(op codec.Opcode, fin bool, payload []byte) {
	f.out = codec.AppendMaskedFrame(f.out, op, fin, f.key(), payload)
}

// compose renders a message of the corpus.
func (f *frames) compose(dst []byte) []byte {
	if f.oneIn(oddOneIn) {
		return f.render(dst, pick(f.dice, oddMessages))
	}
	return f.render(dst, pick(f.dice, commonMessages))
}

func (f *frames) render(dst []byte, from template) []byte {
	dst = append(dst, from.before...)
	if len(from.after) == 0 {
		return dst
	}
	dst = strconv.AppendInt(dst, int64((f.room+f.IntN(roomsOfOne))%tortureRooms), 10)
	return append(dst, from.after...)
}

// next appends a frame, or a few that belong together.
func (f *frames) next() {
	switch {
	case f.oneIn(fatalOneIn):
		f.fatal()
	case f.oneIn(rareOneIn):
		f.large()
	case f.oneIn(controlOneIn):
		f.control()
	default:
		f.data()
	}
}

func (f *frames) data() {
	f.message = f.compose(f.message[:0])
	op := codec.OpText
	if f.oneIn(binaryOneIn) {
		op = codec.OpBinary
	}
	if f.oneIn(mutatedOneIn) {
		f.other = f.compose(f.other[:0])
		f.message = f.mutate(f.message, f.other, op == codec.OpText)
		// Invalid UTF-8 ends the connection: there shall be few of it.
		if op == codec.OpText && !f.oneIn(fatalOneIn/10) {
			f.message = bytes.ToValidUTF8(f.message, nil)
		}
	}
	if f.oneIn(pieceOneIn) {
		f.inPieces(op, f.message)
		return
	}
	f.frame(op, true, f.message)
}

// inPieces fragments a message, with control frames in between.
func (f *frames) inPieces(op codec.Opcode, message []byte) {
	for range f.IntN(4) {
		_, n := f.span(message, len(message))
		f.frame(op, false, message[:n])
		message = message[n:]
		op = codec.OpContinuation
		if f.oneIn(2) {
			f.control()
		}
	}
	f.frame(op, true, message)
}

func (f *frames) control() {
	op := codec.OpPing
	if f.oneIn(4) {
		op = codec.OpPong
	}
	// Not in the buffer of messages: one may be under way.
	f.random = f.appendRandom(f.random[:0], f.IntN(codec.MaxControlPayload+1))
	f.frame(op, true, f.random)
}

// largeSizes stand at both sides of where the form of the length changes.
var largeSizes = []int{125, 126, 127, 128, 4096, 65534, 65535, 65536}

// large appends a message of such a size, whole or in two pieces.
func (f *frames) large() {
	size := pick(f.dice, largeSizes)
	const before, after = `{"type":"room","action":"publish","data":{"roomName":"room-`, `"}}`
	f.message = append(f.message[:0], before...)
	f.message = append(f.message, bytes.Repeat([]byte{'0' + byte(f.IntN(10))}, size-len(before)-len(after))...)
	f.message = append(f.message, after...)
	if f.oneIn(2) {
		f.frame(codec.OpText, true, f.message)
		return
	}
	cut := f.IntN(size)
	f.frame(codec.OpText, false, f.message[:cut])
	f.frame(codec.OpContinuation, true, f.message[cut:])
}

// fatal appends what the server has to close the connection for, or what makes
// it lose its way in the bytes that follow.
func (f *frames) fatal() {
	switch f.IntN(9) {
	case 0, 1, 2:
		f.badHeader()
	case 3:
		f.out = f.announce(f.out, codec.OpText, f.beyond())
	case 4: // too big over its fragments
		f.message = append(f.message[:0], make([]byte, 40<<10)...)
		f.frame(codec.OpBinary, false, f.message)
		f.frame(codec.OpContinuation, f.oneIn(2), f.message)
	case 5:
		f.message = append(f.compose(f.message[:0]), pick(f.dice, badUTF8)...)
		f.inPieces(codec.OpText, f.message)
	case 6:
		f.frame(codec.OpContinuation, f.oneIn(2), nil)
	case 7: // a message inside another
		f.frame(codec.OpText, false, []byte(`{"type"`))
		f.frame(codec.OpText, true, []byte(`:"system"}`))
	case 8:
		f.frame(codec.OpClose, f.oneIn(8), pick(f.dice, closePayloads))
	}
}

var badUTF8 = []string{"\xff", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82", "\xf0\x9f\x98", "\x80"}

var closePayloads = [][]byte{
	nil,
	{3},
	{3, 232},
	{3, 233, 'b', 'y', 'e'},
	{3, 236},
	{3, 237},
	{3, 238},
	{0, 0},
	{3, 231},
	{19, 136},
	{255, 255},
	{3, 232, 255},
	{3, 232, 0xe2, 0x82},
	append([]byte{3, 232}, make([]byte, 123)...), make([]byte, 126),
}

// beyond is a length above the limit of a message.
func (f *frames) beyond() uint64 {
	if f.oneIn(2) {
		return maxTortured + 1
	}
	return f.Uint64() | 1<<17
}

// announce appends a header whose length takes eight bytes, and no payload.
func (f *frames) announce(dst []byte, op codec.Opcode, length uint64) []byte {
	dst = append(dst, 0x80|byte(op), 0x80|127)
	dst = binary.BigEndian.AppendUint64(dst, length)
	key := f.key()
	return append(dst, key[:]...)
}

// badHeader appends a good frame with something wrong in its header.
func (f *frames) badHeader() {
	start := len(f.out)
	f.message = f.compose(f.message[:0])
	f.frame(codec.OpText, true, f.message)
	head := f.out[start:]
	switch f.IntN(6) {
	case 0:
		head[0] ^= 1 << f.IntN(8)
	case 1:
		head[1] ^= 1 << f.IntN(8)
	case 2:
		head[f.IntN(min(len(head), codec.MaxHeaderSize))] = byte(f.Uint32())
	case 3: // a longer form than the length needs
		f.out = f.announce(f.out[:start], codec.OpBinary, uint64(f.IntN(1<<16)))
	case 4: // as a server sends it
		f.out = codec.AppendFrame(f.out[:start], codec.OpText, f.message)
	case 5:
		f.out = f.out[:start+f.IntN(len(head))]
	}
}
