package redis

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/bytedance/sonic"

	"github.com/gannet-ws/gannet/bus"
)

// The header in front of a message from a node, see parseHeader for its layout.
// All here is pure: bytes in, values out, for any goroutine.

const (
	version   = 1
	hasExcept = 1 << 0
	hasTarget = 1 << 1

	// headerSize is the size of the fixed part in bytes: version, flags, node
	// (6), epoch (4), sequence (8).
	headerSize = 20
	// maxTarget is the size of the largest target's JSON in bytes.
	maxTarget = 1<<16 - 1
	maxHeader = headerSize + 16 + 2 + maxTarget
)

// mark is who sent a message, and the how manieth of its channel it is: 1, 2, 3
// and so on within an epoch.
type mark struct {
	node     uint64 // 48 bits
	epoch    uint32
	sequence uint64
}

// before reports whether a mark of the same node and channel came earlier.
func (m mark) before(other mark) bool {
	return m.epoch < other.epoch || m.epoch == other.epoch && m.sequence < other.sequence
}

// header is all that stands in front of a message.
type header struct {
	mark
	except bus.ClientID // zero for nobody
	target target
}

// target narrows the audience of a channel. At most one of the lists is set.
type target struct {
	UserIDs   []string `json:"userIds,omitempty"`
	ClientIDs []string `json:"clientIds,omitempty"` // 32 hex digits each
	Rooms     []string `json:"rooms,omitempty"`
	Where     string   `json:"where,omitempty"`
}

// plainJSON reads and writes what is small and not on its way to browsers.
var plainJSON = sonic.Config{CopyString: true, ValidateString: true, CaseSensitive: true, SortMapKeys: true}.Froze()

func (t *target) empty() bool {
	return t.UserIDs == nil && t.ClientIDs == nil && t.Rooms == nil && t.Where == ""
}

// errTargetTooLong says that a target does not fit into a header.
var errTargetTooLong = errors.New("the list of receivers is too long for one message")

// appendHeader appends the header to dst.
func appendHeader(dst []byte, h *header) ([]byte, error) {
	start := len(dst)
	dst = append(dst, make([]byte, headerSize)...)
	dst[start] = version
	stamp(dst[start:], h.mark)
	if h.except != (bus.ClientID{}) {
		dst[start+1] |= hasExcept
		dst = append(dst, h.except[:]...)
	}
	if h.target.empty() {
		return dst, nil
	}
	dst[start+1] |= hasTarget
	return appendTarget(dst, h.target)
}

// appendTarget appends the length and the JSON of a target.
func appendTarget(dst []byte, t target) ([]byte, error) {
	encoded, err := plainJSON.Marshal(&t)
	if err != nil {
		return nil, fmt.Errorf("cannot encode a message's receivers: %w", err)
	}
	if len(encoded) > maxTarget {
		return nil, errTargetTooLong
	}
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(encoded)))
	return append(dst, encoded...), nil
}

// stamp writes the mark into a message that begins with a header.
func stamp(message []byte, m mark) {
	var node [8]byte
	binary.BigEndian.PutUint64(node[:], m.node)
	copy(message[2:8], node[2:])
	binary.BigEndian.PutUint32(message[8:], m.epoch)
	binary.BigEndian.PutUint64(message[12:], m.sequence)
}

// Why a message is no message of a node.
var (
	errShort   = errors.New("the message ends within its header")
	errVersion = errors.New("the message begins neither with { nor with a known version of the header")
	errFlags   = errors.New("the header has flags that are not known")
	errTarget  = errors.New("the target in the header is not valid")
)

// readMark reads the fixed part of a message's header.
func readMark(message []byte) (mark, error) {
	switch {
	case len(message) == 0 || message[0] != version:
		return mark{}, errVersion
	case len(message) < headerSize:
		return mark{}, errShort
	case message[1]&^(hasExcept|hasTarget) != 0:
		return mark{}, errFlags
	}
	return mark{
		node:     binary.BigEndian.Uint64(message) & (1<<48 - 1),
		epoch:    binary.BigEndian.Uint32(message[8:]),
		sequence: binary.BigEndian.Uint64(message[12:]),
	}, nil
}

// parseHeader reads a message's header, and returns what follows it, a view of
// message.
//
//	byte 0       the version, 1
//	byte 1       flags: 1 an excluded client follows, 2 a target follows
//	bytes 2-7    the sending node
//	bytes 8-11   epoch, big-endian
//	bytes 12-19  sequence, big-endian
//	16 bytes     the excluded client, with flag 1
//	2 bytes + n  n, and the target's JSON, with flag 2
func parseHeader(message []byte) (h header, payload []byte, err error) {
	if h.mark, err = readMark(message); err != nil {
		return header{}, nil, err
	}
	rest := message[headerSize:]
	if message[1]&hasExcept != 0 {
		if len(rest) < len(h.except) {
			return header{}, nil, errShort
		}
		rest = rest[copy(h.except[:], rest):]
	}
	if message[1]&hasTarget != 0 {
		if h.target, rest, err = parseTarget(rest); err != nil {
			return header{}, nil, err
		}
	}
	return h, rest, nil
}

// parseTarget reads the length and the JSON of a target, and returns what follows.
func parseTarget(b []byte) (t target, rest []byte, err error) {
	if len(b) < 2 {
		return t, nil, errShort
	}
	size := 2 + int(binary.BigEndian.Uint16(b))
	if len(b) < size {
		return t, nil, errShort
	}
	if plainJSON.Unmarshal(b[2:size], &t) != nil || t.lists() > 1 {
		return t, nil, errTarget
	}
	return t, b[size:], nil
}

func (t *target) lists() (n int) {
	for _, list := range [][]string{t.UserIDs, t.ClientIDs, t.Rooms} {
		if list != nil {
			n++
		}
	}
	return n
}

// nodeID is how a node's number is written.
func nodeID(node uint64) string { return fmt.Sprintf("%012x", node) }

// parseNodeID reads 12 lower-case hex digits.
func parseNodeID(text string) (node uint64, ok bool) {
	var raw [8]byte
	if len(text) != 12 {
		return 0, false
	}
	if _, err := hex.Decode(raw[2:], []byte(text)); err != nil {
		return 0, false
	}
	node = binary.BigEndian.Uint64(raw[:])
	return node, nodeID(node) == text
}

// nodeOf is the node that a client's id begins with.
func nodeOf(id bus.ClientID) uint64 { return binary.BigEndian.Uint64(id[:]) >> 16 }

func parseClientID(text string) (id bus.ClientID, ok bool) {
	if len(text) != 2*len(id) {
		return id, false
	}
	_, err := hex.Decode(id[:], []byte(text))
	return id, err == nil
}
