package main

import (
	"log"
	"net"
	"net/http"

	"github.com/lesismal/nbio/nbhttp"
	"github.com/lesismal/nbio/nbhttp/websocket"
)

// nbioPeer is a server on nbio in the manner of its author's benchmark of WebSocket
// servers: the non-blocking engine, payloads given back to its memory pool, no read
// deadlines. It has no prepared frames: a broadcast calls WriteMessage for each
// socket, which copies header and message into pooled memory and writes it.
type nbioPeer struct{ rooms *rooms[*websocket.Conn] }

func newNbio() peer { return &nbioPeer{rooms: newRooms[*websocket.Conn]()} }

func (p *nbioPeer) listen(addr string, loops int) error {
	listener, err := net.Listen("tcp", addr) // here, for an engine that cannot listen may not come back
	if err != nil {
		return err
	}
	upgrader := websocket.NewUpgrader()
	upgrader.KeepaliveTime = 0
	upgrader.OnMessage(p.message)
	upgrader.OnClose(func(conn *websocket.Conn, _ error) { p.rooms.leave(conn) })
	mux := http.NewServeMux()
	mux.HandleFunc("GET /ws", func(w http.ResponseWriter, r *http.Request) {
		if _, err := upgrader.Upgrade(w, r, nil); err != nil {
			log.Print(err)
		}
	})
	return nbhttp.NewEngine(nbhttp.Config{
		Network:                 "tcp",
		Addrs:                   []string{addr},
		Listen:                  func(string, string) (net.Listener, error) { return listener, nil },
		NPoller:                 loops,
		Handler:                 mux,
		IOMod:                   nbhttp.IOModNonBlocking,
		ReleaseWebsocketPayload: true,
	}).Start()
}

// message runs on a goroutine of the engine's pool, in order for each socket.
func (p *nbioPeer) message(conn *websocket.Conn, kind websocket.MessageType, message []byte) {
	if room, ok := roomToJoin(message); ok {
		p.rooms.join(room, conn)
		_ = conn.WriteMessage(websocket.TextMessage, []byte(joined))
		return
	}
	_ = conn.WriteMessage(kind, message)
}

func (p *nbioPeer) publish(room string, messages [][]byte) (receivers int) {
	members := p.rooms.of(room)
	for _, message := range messages {
		for _, conn := range members {
			_ = conn.WriteMessage(websocket.TextMessage, message)
		}
	}
	return len(members)
}
