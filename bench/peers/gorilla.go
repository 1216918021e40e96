package main

import (
	"log"
	"net/http"
	"time"

	"github.com/gorilla/websocket"
)

// The settings of the chat example, but for the size of messages.
const (
	gorillaWriteWait  = 10 * time.Second
	gorillaPongWait   = 60 * time.Second
	gorillaPingPeriod = gorillaPongWait * 9 / 10
	gorillaSendQueue  = 256 // messages that may wait for a socket
	gorillaMaxMessage = 1 << 20
)

// gorillaPeer is a server on gorilla/websocket in the manner of its chat example:
// a hub on a goroutine of its own, and for each socket two goroutines and a channel
// of what is to be written. A broadcast is a PreparedMessage. The example joins
// messages that wait with newlines into one; here each is a frame of its own.
type gorillaPeer struct {
	joins      chan gorillaJoin
	leaves     chan *gorillaClient
	broadcasts chan gorillaBroadcast
}

type gorillaJoin struct {
	room   string
	client *gorillaClient
}

type gorillaBroadcast struct {
	room      string
	writes    []gorillaWrite
	receivers chan<- int // has room for the number of members
}

// gorillaWrite writes one message; it runs on the goroutine that writes the socket.
type gorillaWrite func(*websocket.Conn) error

func newGorilla() peer {
	p := &gorillaPeer{
		joins:      make(chan gorillaJoin),
		leaves:     make(chan *gorillaClient),
		broadcasts: make(chan gorillaBroadcast),
	}
	go p.run()
	return p
}

func (p *gorillaPeer) listen(addr string, _ int) error {
	upgrader := websocket.Upgrader{ReadBufferSize: 1024, WriteBufferSize: 1024}
	return listenHTTP(addr, func(w http.ResponseWriter, r *http.Request) {
		conn, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			log.Print(err)
			return
		}
		c := &gorillaClient{peer: p, conn: conn, send: make(chan gorillaWrite, gorillaSendQueue), gone: make(chan struct{})}
		go c.write()
		go c.read()
	})
}

// run is the hub: it alone knows the rooms.
func (p *gorillaPeer) run() {
	rooms := make(map[string]map[*gorillaClient]bool)
	for {
		select {
		case j := <-p.joins:
			if rooms[j.room] == nil {
				rooms[j.room] = make(map[*gorillaClient]bool)
			}
			rooms[j.room][j.client] = true
			j.client.enqueue(gorillaText([]byte(joined)))
		case c := <-p.leaves:
			for _, members := range rooms {
				delete(members, c)
			}
		case b := <-p.broadcasts:
			b.receivers <- len(rooms[b.room])
			for _, write := range b.writes {
				for c := range rooms[b.room] {
					c.enqueue(write)
				}
			}
		}
	}
}

func (p *gorillaPeer) publish(room string, messages [][]byte) (receivers int) {
	writes := make([]gorillaWrite, len(messages))
	for i, message := range messages {
		prepared, err := websocket.NewPreparedMessage(websocket.TextMessage, message)
		if err != nil {
			log.Fatal(err)
		}
		writes[i] = func(conn *websocket.Conn) error { return conn.WritePreparedMessage(prepared) }
	}
	counted := make(chan int, 1)
	p.broadcasts <- gorillaBroadcast{room, writes, counted}
	return <-counted
}

// gorillaText writes a message to one socket.
func gorillaText(message []byte) gorillaWrite {
	return func(conn *websocket.Conn) error { return conn.WriteMessage(websocket.TextMessage, message) }
}
