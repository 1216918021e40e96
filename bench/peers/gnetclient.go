package main

import (
	"github.com/panjf2000/gnet/v2"

	"github.com/gannet-ws/gannet/codec"
)

// maxRequestHead is the longest upgrade request in bytes.
const maxRequestHead = 8 << 10

var gnetReader codec.ReaderConfig

// gnetClient is the context of a connection. It belongs to the connection's event
// loop.
type gnetClient struct {
	loop     *gnetLoop
	reader   codec.Reader
	upgraded bool
}

// traffic consumes what has arrived.
func (c *gnetClient) traffic(conn gnet.Conn) gnet.Action {
	if !c.upgraded {
		if action := c.upgrade(conn); action != gnet.None || !c.upgraded {
			return action
		}
	}
	in, _ := conn.Next(-1)
	for {
		frame, ok, n, err := c.reader.Next(&gnetReader, in)
		if err != nil {
			return gnet.Close
		}
		if !ok {
			return gnet.None
		}
		in = in[n:]
		if action := c.frame(conn, frame); action != gnet.None {
			return action
		}
	}
}

// upgrade answers the upgrade request if all of it has arrived.
func (c *gnetClient) upgrade(conn gnet.Conn) gnet.Action {
	in, _ := conn.Peek(-1)
	var request codec.UpgradeRequest
	n, err := request.Parse(in, maxRequestHead)
	if err == nil && n == 0 {
		return gnet.None
	}
	if err != nil || request.Check() != nil || string(request.Path) != "/ws" {
		return gnet.Close
	}
	answer := codec.AppendUpgradeResponse(nil, request.Key, "", "")
	_, _ = conn.Discard(n)
	c.upgraded = true
	if _, err := conn.Write(answer); err != nil {
		return gnet.Close
	}
	return gnet.None
}

func (c *gnetClient) frame(conn gnet.Conn, f codec.Frame) gnet.Action {
	switch f.Opcode {
	case codec.OpClose:
		_ = send(conn, codec.OpClose, f.Payload)
		return gnet.Close
	case codec.OpPing:
		return send(conn, codec.OpPong, f.Payload)
	case codec.OpPong:
		return gnet.None
	}
	if room, ok := roomToJoin(f.Payload); ok {
		c.join(room, conn)
		return send(conn, codec.OpText, []byte(joined))
	}
	return send(conn, f.Opcode, f.Payload)
}

// send writes a frame. A write that fails has closed the connection, on which no
// other may follow.
func send(conn gnet.Conn, op codec.Opcode, payload []byte) gnet.Action {
	if _, err := conn.Write(codec.AppendFrame(nil, op, payload)); err != nil {
		return gnet.Close
	}
	return gnet.None
}

func (c *gnetClient) join(room string, conn gnet.Conn) {
	if c.loop.rooms[room] == nil {
		c.loop.rooms[room] = make(map[gnet.Conn]struct{})
	}
	c.loop.rooms[room][conn] = struct{}{}
}
