package main

import (
	"time"

	"github.com/gorilla/websocket"
)

// gorillaClient is a socket with the two goroutines that the chat example gives it.
type gorillaClient struct {
	peer *gorillaPeer
	conn *websocket.Conn
	send chan gorillaWrite
	gone chan struct{} // closed when the reading has ended
}

// enqueue leaves a message for the goroutine that writes. A client that reads too
// slowly is dropped, as in the example. It may be called from any goroutine.
func (c *gorillaClient) enqueue(write gorillaWrite) {
	select {
	case c.send <- write:
	default:
		_ = c.conn.Close()
	}
}

func (c *gorillaClient) read() {
	defer func() {
		c.peer.leaves <- c
		close(c.gone)
		_ = c.conn.Close()
	}()
	c.conn.SetReadLimit(gorillaMaxMessage)
	alive := func(string) error { return c.conn.SetReadDeadline(time.Now().Add(gorillaPongWait)) }
	c.conn.SetPongHandler(alive)
	_ = alive("")
	for {
		_, message, err := c.conn.ReadMessage()
		if err != nil {
			return
		}
		if room, ok := roomToJoin(message); ok {
			c.peer.joins <- gorillaJoin{room, c}
			continue
		}
		c.enqueue(gorillaText(message))
	}
}

func (c *gorillaClient) write() {
	ping := time.NewTicker(gorillaPingPeriod)
	defer func() {
		ping.Stop()
		_ = c.conn.Close()
	}()
	for {
		var err error
		select {
		case write := <-c.send:
			_ = c.conn.SetWriteDeadline(time.Now().Add(gorillaWriteWait))
			err = write(c.conn)
		case <-ping.C:
			_ = c.conn.SetWriteDeadline(time.Now().Add(gorillaWriteWait))
			err = c.conn.WriteMessage(websocket.PingMessage, nil)
		case <-c.gone:
			return
		}
		if err != nil {
			return
		}
	}
}
