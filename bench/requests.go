package bench

import (
	"bytes"
	"fmt"
	"strings"
)

// requests are messages that sockets send: envelopes around
//
//	{"seq":S,"sent":T,"from":F,"pad":"xxx"}
//
// where S counts the socket's messages, T is the time in nanoseconds since 1970
// at which it was to be sent, and F the socket's place in its room. What comes
// back may have anything else around it. They do not change once the loops run.
type requests struct {
	// Head and Tail are the envelope. A roomMark in them stands for the name of
	// the sender's room, an idMark for the message's number.
	Head, Tail string
	Size       int     // of a message in bytes, at least requestFixed with its envelope
	Rate       float64 // messages a second of all sockets; 0: each sends when it is answered
	Relayed    bool    // all members of the sender's room receive it, not only the sender
	Numbered   bool    // there are idMarks

	heads   []string // of each room
	tails   []string
	members []int // sockets of each room
}

// Marks stand in no JSON.
const (
	roomMark = "\x00"
	idMark   = "\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01" // for seqDigits
)

// prepare makes what depends on the rooms among which so many sockets are dealt.
// Where there are none they are as in one.
func (r *requests) prepare(conns, rooms int) {
	n := max(rooms, 1)
	r.members, r.heads, r.tails = deal(conns, n), make([]string, n), make([]string, n)
	for room := range n {
		name := roomName(room, rooms)
		r.heads[room] = strings.ReplaceAll(r.Head, roomMark, name)
		r.tails[room] = strings.ReplaceAll(r.Tail, roomMark, name)
	}
}

const (
	requestHead = `{"seq":`
	requestFrom = `,"from":`
	fromDigits  = 7
	firstFrom   = 1_000_000 // makes every place fromDigits wide

	requestFixed = len(requestHead) + seqDigits + len(messageSent) + sentDigits + len(requestFrom) + fromDigits + len(messagePad) + len(`"}`)
)

// append appends a message of a room's member.
func (r *requests) append(dst []byte, room, from int, seq uint64, sent int64) []byte {
	head, tail, start := r.heads[room], r.tails[room], len(dst)
	dst = append(dst, head...)
	dst = fmt.Appendf(dst, "%s%010d%s%019d%s%07d%s", requestHead, firstSeq+seq, messageSent, sent, requestFrom, firstFrom+from, messagePad)
	for range r.Size - requestFixed - len(head) - len(tail) {
		dst = append(dst, 'x')
	}
	dst = append(append(dst, `"}`...), tail...)
	if r.Numbered {
		number(dst[start:], seq)
	}
	return dst
}

// receivers is how many sockets receive a message of a room's member.
func (r *requests) receivers(room int) uint64 {
	if r.Relayed {
		return uint64(r.members[room])
	}
	return 1
}

// parseRequest finds a message in what has come back.
func parseRequest(payload []byte) (seq uint64, sent int64, from int, ok bool) {
	at := bytes.Index(payload, []byte(requestHead))
	if at < 0 || len(payload) < at+requestFixed {
		return 0, 0, 0, false
	}
	number := func(digitCount int, follows string) uint64 {
		v, numeric := digits(payload[at : at+digitCount])
		ok = ok && numeric && bytes.HasPrefix(payload[at+digitCount:], []byte(follows))
		at += digitCount + len(follows)
		return v
	}
	ok = true
	at += len(requestHead)
	s := number(seqDigits, messageSent)
	t := number(sentDigits, requestFrom)
	f := number(fromDigits, messagePad)
	return s - firstSeq, int64(t), int(f) - firstFrom, ok && s >= firstSeq && f >= firstFrom
}
