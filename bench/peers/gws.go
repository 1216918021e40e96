package main

import (
	"log"
	"net/http"

	"github.com/lxzan/gws"
)

// gwsPeer is a server on gws in the manner of its push example and its README:
// a handler of events, a goroutine that reads each socket, and a Broadcaster that
// encodes a message once and leaves it in each socket's queue of writes.
type gwsPeer struct {
	gws.BuiltinEventHandler
	rooms *rooms[*gws.Conn]
}

func newGws() peer { return &gwsPeer{rooms: newRooms[*gws.Conn]()} }

func (p *gwsPeer) listen(addr string, _ int) error {
	upgrader := gws.NewUpgrader(p, &gws.ServerOption{CheckUtf8Enabled: true})
	return listenHTTP(addr, func(w http.ResponseWriter, r *http.Request) {
		socket, err := upgrader.Upgrade(w, r)
		if err != nil {
			log.Print(err)
			return
		}
		go socket.ReadLoop() // and let the request's memory go
	})
}

// OnMessage runs on the goroutine that reads the socket.
func (p *gwsPeer) OnMessage(socket *gws.Conn, message *gws.Message) {
	defer func() { _ = message.Close() }()
	if room, ok := roomToJoin(message.Bytes()); ok {
		p.rooms.join(room, socket)
		_ = socket.WriteString(joined)
		return
	}
	_ = socket.WriteMessage(message.Opcode, message.Bytes())
}

// OnPing runs on the goroutine that reads the socket.
func (p *gwsPeer) OnPing(socket *gws.Conn, payload []byte) { _ = socket.WritePong(payload) }

// OnClose runs on the goroutine that reads the socket.
func (p *gwsPeer) OnClose(socket *gws.Conn, _ error) { p.rooms.leave(socket) }

func (p *gwsPeer) publish(room string, messages [][]byte) (receivers int) {
	members := p.rooms.of(room)
	for _, message := range messages {
		broadcaster := gws.NewBroadcaster(gws.OpcodeText, message)
		for _, socket := range members {
			_ = broadcaster.Broadcast(socket)
		}
		_ = broadcaster.Close()
	}
	return len(members)
}
