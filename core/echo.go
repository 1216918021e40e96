package core

import (
	"github.com/gannet-ws/gannet/codec"
	"github.com/gannet-ws/gannet/shard"
)

// The clients of EchoPath are for suites that test an implementation of RFC 6455: they
// are sent what they have sent. They are admitted as all others are. From then on
// they are nobody: their token is forgotten, and no handler, hook or broadcast knows
// them.

// echo sends a message back as it came.
func (l *loop) echo(frame codec.Frame) {
	l.replies = l.appendFrame(l.replies, frame.Opcode, frame.Payload)
	l.framed++
}

// addClient makes a client of a connection, nil where there is no room for one more.
func (l *loop) addClient(h *handshake, user *shard.User) *shard.Client {
	socket := shard.Socket{FD: int32(h.fd), Handle: uint32(h.handle)}
	if !h.echo {
		return l.shard.Add(socket, user)
	}
	c := l.shard.Add(socket, nil)
	if c != nil {
		l.shard.MakeEcho(c)
	}
	return c
}
