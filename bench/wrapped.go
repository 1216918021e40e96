package bench

import (
	"bytes"
	"encoding/json"
)

// wrapping is how a message looks that arrives within another one: as JSON, or in a
// JSON string. Either way its length is fixed, and so are the places of its numbers.
// It does not change.
type wrapping struct {
	head, middle, tail []byte // before the sequence number, before the time, and the end
	size               int    // of the whole message in bytes
}

// wrappings returns both looks of messages of a size.
func wrappings(size int) []wrapping {
	message := appendMessage(nil, 0, 0, size)
	plain := wrapping{[]byte(messageHead), []byte(messageSent), []byte(messageTail), len(message)}
	quoted := wrapping{quote(plain.head), quote(plain.middle), quote(plain.tail), len(quote(message))}
	return []wrapping{plain, quoted}
}

// quote returns text as it stands in a JSON string, without the quotes around it.
func quote(text []byte) []byte {
	quoted, _ := json.Marshal(string(text)) // which no string fails
	return quoted[1 : len(quoted)-1]
}

// find reads the first message in a payload and returns what is behind it.
func (w *wrapping) find(payload []byte) (seq uint64, sent int64, rest []byte, ok bool) {
	at := bytes.Index(payload, w.head)
	if at < 0 || len(payload)-at < w.size {
		return 0, 0, nil, false
	}
	message, rest := payload[at:at+w.size], payload[at+w.size:]
	digitsAt := len(w.head)
	s, ok := digits(message[digitsAt : digitsAt+seqDigits])
	if !ok || s < firstSeq {
		return 0, 0, nil, false
	}
	behind, ok := bytes.CutPrefix(message[digitsAt+seqDigits:], w.middle)
	if !ok || !bytes.HasSuffix(message, w.tail) {
		return 0, 0, nil, false
	}
	t, ok := digits(behind[:sentDigits])
	return s - firstSeq, int64(t), rest, ok
}

// unwrap counts the messages in a payload. A server may put several into one.
func (l *loop) unwrap(s *socket, payload []byte) {
	for i := range l.plan.wrappings {
		found := false
		for rest := payload; ; found = true {
			seq, sent, behind, ok := l.plan.wrappings[i].find(rest)
			if !ok {
				break
			}
			l.deliver(&s.sequence, seq, sent)
			rest = behind
		}
		if found {
			return
		}
	}
	l.tally.Foreign++
}
