package bench

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
)

// The envelope of requests to servers that do not take Gannet's, see Dialect.

// within returns the requests in the envelope of a template, for so many rooms.
func (r *requests) within(text string, rooms int) (*requests, error) {
	head, tail, ok := strings.Cut(text, holeMessage)
	if !ok || strings.Contains(tail, holeMessage) {
		return nil, fmt.Errorf("%w: request must have one %s", ErrOption, holeMessage)
	}
	marks := strings.NewReplacer(holeRoom, roomMark, holeID, idMark)
	other := *r
	other.Head, other.Tail = marks.Replace(head), marks.Replace(tail)
	other.Numbered = strings.Contains(text, holeID)
	longest := strings.ReplaceAll(other.Head+other.Tail, roomMark, roomName(max(rooms-1, 0), rooms))
	if least := requestFixed + len(longest); r.Size < least {
		return nil, fmt.Errorf("%w: with this request, size must be %d bytes at least", ErrOption, least)
	}
	return &other, nil
}

// number replaces the marks in a message by its number, which begins with 0.
func number(message []byte, seq uint64) {
	var id [seqDigits]byte
	strconv.AppendUint(id[:0], firstSeq+seq, 10)
	for {
		at := bytes.Index(message, []byte(idMark))
		if at < 0 {
			return
		}
		copy(message[at:], id[:])
	}
}
