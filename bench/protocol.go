package bench

import (
	"bytes"
	"fmt"
	"strconv"

	"github.com/gannet-ws/gannet/codec"
)

// What sockets say to a server beside their messages, and how they know that they
// are ready.

// protocol is how sockets speak to a server. The zero value is Gannet's. It travels
// as JSON and does not change once the loops run.
type protocol struct {
	Hello      []string // templates of what a socket says when it is upgraded; nil: Gannet's request to join its room
	Ready      *string  // what a message contains by which a socket is ready; nil: Gannet's answer to that request
	Ping, Pong string   // a line of what is received, and the answer to it; empty: none
	Wrapped    bool     // messages may arrive within others

	hello []pattern
	waits bool // a socket is not ready before it has an answer
}

// prepare makes what depends on whether there are rooms.
func (p *protocol) prepare(rooms int) {
	hello := p.Hello
	if hello == nil && rooms > 0 {
		hello = []string{string(joinRequest(holeRoom))}
	}
	for _, text := range hello {
		if text != "" {
			p.hello = append(p.hello, parsePattern(text, holeRoom, holeConn))
		}
	}
	if p.Ready != nil {
		p.waits = *p.Ready != ""
	} else {
		p.waits = rooms > 0 && len(p.hello) > 0
	}
}

// hail has a socket say hello, once it is upgraded.
func (l *loop) hail(s *socket) error {
	s.stage = joining
	l.wire = l.wire[:0]
	for i := range l.plan.Protocol.hello {
		l.text = l.plan.Protocol.hello[i].append(l.text[:0], func(dst []byte, name string) []byte {
			if name == holeConn {
				return strconv.AppendInt(dst, int64(l.number(s)), 10)
			}
			return append(dst, roomName(int(s.room), l.plan.Rooms)...)
		})
		l.wire = codec.AppendMaskedFrame(l.wire, codec.OpText, true, maskingKey, l.text)
	}
	if len(l.wire) > 0 {
		if err := send(s, l.wire); err != nil {
			return err
		}
	}
	if !l.plan.Protocol.waits {
		l.settle(s)
	}
	return nil
}

// settle ends a handshake with success.
func (l *loop) settle(s *socket) {
	s.stage = ready
	l.inFlight--
	l.state.Ready++
}

// answersHello reports whether what a joining socket has received belongs to its
// hello. To Gannet's that is the reply, and all else is a message like any other.
func (p *protocol) answersHello(payload []byte) bool {
	return p.Ready != nil || bytes.Contains(payload, []byte(joinAction))
}

// joined makes a socket ready if the answer to its hello says so.
func (l *loop) joined(s *socket, payload []byte) error {
	wanted := joinSuccess
	if l.plan.Protocol.Ready != nil {
		wanted = *l.plan.Protocol.Ready
	}
	switch {
	case bytes.Contains(payload, []byte(wanted)):
		l.settle(s)
	case l.plan.Protocol.Ready == nil:
		return fmt.Errorf("joining: %s", payload)
	default:
		l.puzzled(payload)
	}
	return nil
}

// puzzled keeps the first answer to a hello that did not make its socket ready.
func (l *loop) puzzled(payload []byte) {
	if l.puzzle.Load() == nil {
		err := fmt.Errorf("%.*s", maxPuzzle, payload)
		l.puzzle.CompareAndSwap(nil, &err)
	}
}

// maxPuzzle is how much of such an answer is kept, in bytes.
const maxPuzzle = 500

// isPing reports whether a server asks for a sign of life. It may do so in a line
// of a message.
func (p *protocol) isPing(payload []byte) bool {
	if p.Ping == "" {
		return false
	}
	for line := range bytes.SplitSeq(payload, []byte("\n")) {
		if string(line) == p.Ping {
			return true
		}
	}
	return false
}

// pong answers a ping. What else is in the message is still to be read.
func (l *loop) pong(s *socket) error {
	return send(s, codec.AppendMaskedFrame(nil, codec.OpText, true, maskingKey, []byte(l.plan.Protocol.Pong)))
}
