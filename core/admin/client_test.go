package admin

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/lxzan/gws"
	"github.com/stretchr/testify/require"
)

// client is a real WebSocket client, gws.
type client struct {
	gws.BuiltinEventHandler
	t        testing.TB
	conn     *gws.Conn
	messages chan string
	pongs    chan struct{}
	closed   chan error // has room for one
}

func (c *client) OnMessage(_ *gws.Conn, m *gws.Message) {
	c.messages <- m.Data.String()
	_ = m.Close()
}

func (c *client) OnClose(_ *gws.Conn, err error) { c.closed <- err }

func (c *client) OnPong(*gws.Conn, []byte) { c.pongs <- struct{}{} }

// connect opens a client that reads what comes, anonymous or with claims.
func (n *node) connect(claims ...string) *client {
	n.t.Helper()
	c := n.dial(claims...)
	read := make(chan struct{})
	go func() {
		defer close(read)
		c.conn.ReadLoop()
	}()
	n.t.Cleanup(func() {
		_ = c.conn.NetConn().Close()
		<-read
	})
	if len(claims) > 0 {
		require.Contains(n.t, c.receive(), `"action":"authenticated"`)
	}
	return c
}

// dial opens a client that reads nothing and answers nothing.
func (n *node) dial(claims ...string) *client {
	n.t.Helper()
	c := &client{t: n.t, messages: make(chan string, 1<<10), pongs: make(chan struct{}, 1), closed: make(chan error, 1)}
	address := "ws://" + n.server.Addr().String() + n.server.Options().Path
	if len(claims) > 0 {
		address += "?token=" + token(claims[0])
	}
	conn, _, err := gws.NewClient(c, &gws.ClientOption{Addr: address, HandshakeTimeout: patience})
	require.NoError(n.t, err)
	n.t.Cleanup(func() { _ = conn.NetConn().Close() })
	c.conn = conn
	return c
}

// receive returns the next message.
func (c *client) receive() string {
	c.t.Helper()
	select {
	case m := <-c.messages:
		return m
	case <-time.After(patience):
		c.t.Fatal("no message came")
	}
	return ""
}

// receives makes sure that these messages come next, and no other.
func (c *client) receives(messages ...string) {
	c.t.Helper()
	for _, m := range messages {
		require.Equal(c.t, m, c.receive())
	}
	c.quiet()
}

// quiet makes sure that nothing has been sent to the client: a pong comes first.
func (c *client) quiet() {
	c.t.Helper()
	require.NoError(c.t, c.conn.WritePing(nil))
	select {
	case <-c.pongs:
	case <-time.After(patience):
		c.t.Fatal("no pong came")
	}
	select {
	case m := <-c.messages:
		c.t.Fatalf("unexpected message: %s", m)
	default:
	}
}

func (c *client) send(text string) {
	c.t.Helper()
	require.NoError(c.t, c.conn.WriteString(text))
}

// join joins a room and returns the client's id.
func (c *client) join(room string) (id string) {
	c.t.Helper()
	name, err := json.Marshal(room)
	require.NoError(c.t, err)
	c.send(`{"type":"system","action":"joinRoom","data":{"roomName":` + string(name) + `}}`)
	var reply struct {
		Response struct {
			Success bool
			Data    struct{ ClientID string }
		}
	}
	text := c.receive()
	require.NoError(c.t, json.Unmarshal([]byte(text), &reply))
	require.True(c.t, reply.Response.Success, text)
	return reply.Response.Data.ClientID
}
