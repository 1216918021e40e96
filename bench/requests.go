package bench

import (
	"bytes"
	"fmt"
)

// requests are messages that sockets send: envelopes around
//
//	{"seq":S,"sent":T,"from":F,"pad":"xxx"}
//
// where S counts the socket's messages, T is the time in nanoseconds since 1970
// at which it was to be sent, and F the socket's place in its room. What comes
// back may have anything else around it. They do not change once the loops run.
type requests struct {
	envelope func(room int) (head, tail string)
	size     int     // of a message in bytes, at least minRequest with its envelope
	rate     float64 // messages a second of all sockets; 0: each sends when it is answered
	relayed  bool    // all members of the sender's room receive it, not only the sender
	members  []int   // sockets of each room
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
	head, tail := r.envelope(room)
	dst = append(dst, head...)
	dst = fmt.Appendf(dst, "%s%010d%s%019d%s%07d%s", requestHead, firstSeq+seq, messageSent, sent, requestFrom, firstFrom+from, messagePad)
	for range r.size - requestFixed - len(head) - len(tail) {
		dst = append(dst, 'x')
	}
	return append(append(dst, `"}`...), tail...)
}

// receivers is how many sockets receive a message of a room's member.
func (r *requests) receivers(room int) uint64 {
	if r.relayed {
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
