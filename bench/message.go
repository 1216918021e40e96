package bench

import (
	"bytes"
	"fmt"
)

// The messages that the scenarios publish. Their layout is fixed and their
// numbers have a fixed width, so that a receiver finds them by offset:
//
//	{"type":"bench","action":"message","data":{"seq":S,"sent":T,"pad":"xxx"}}
//
// S is firstSeq plus the message's place in its room, T the time in nanoseconds
// since 1970 at which it was to be sent.
const (
	messageHead = `{"type":"bench","action":"message","data":{"seq":`
	messageSent = `,"sent":`
	messagePad  = `,"pad":"`
	messageTail = `"}}`

	seqDigits  = 10
	sentDigits = 19

	seqAt  = len(messageHead)
	sentAt = seqAt + seqDigits + len(messageSent)
	padAt  = sentAt + sentDigits + len(messagePad)

	// firstSeq makes every sequence number seqDigits wide.
	firstSeq = 1_000_000_000
	// minMessage is the size in bytes of a message without padding.
	minMessage = padAt + len(messageTail)
)

// appendMessage appends a message of exactly size bytes, at least minMessage.
// seq counts from 0; sent is in nanoseconds since 1970.
func appendMessage(dst []byte, seq uint64, sent int64, size int) []byte {
	dst = fmt.Appendf(dst, "%s%010d%s%019d%s", messageHead, firstSeq+seq, messageSent, sent, messagePad)
	for range size - minMessage {
		dst = append(dst, 'x')
	}
	return append(dst, messageTail...)
}

// parseMessage reads what appendMessage wrote; ok is false for anything else.
func parseMessage(payload []byte) (seq uint64, sent int64, ok bool) {
	if len(payload) < minMessage || string(payload[:seqAt]) != messageHead {
		return 0, 0, false
	}
	s, ok := digits(payload[seqAt : seqAt+seqDigits])
	if !ok || s < firstSeq {
		return 0, 0, false
	}
	t, ok := digits(payload[sentAt : sentAt+sentDigits])
	return s - firstSeq, int64(t), ok && bytes.HasSuffix(payload, []byte(messageTail))
}

// digits reads b as a decimal number of at most 19 digits.
func digits(b []byte) (v uint64, ok bool) {
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		v = v*10 + uint64(c-'0')
	}
	return v, true
}

// The request to join a room, and what its answer contains.
const (
	joinHead    = `{"type":"system","action":"joinRoom","data":{"roomName":"`
	joinTail    = `"}}`
	joinAction  = `"action":"joinRoom"`
	joinSuccess = `"response":{"success":true`
)

// joinRequest returns the envelope that joins room.
func joinRequest(room string) []byte { return []byte(joinHead + room + joinTail) }

// noRoom stands for the name of a room in scenarios without rooms.
const noRoom = "none"

// roomName returns the name of the nth of rooms rooms.
func roomName(n, rooms int) string {
	switch rooms {
	case 0:
		return noRoom
	case 1:
		return "bench"
	}
	return fmt.Sprintf("bench-%d", n)
}
