package demo_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/lxzan/gws"
	"github.com/stretchr/testify/require"
)

const freePort = "127.0.0.1:0"

// client is a real WebSocket client.
type client struct {
	gws.BuiltinEventHandler
	t        *testing.T
	conn     *gws.Conn
	messages chan frame
	pongs    chan struct{}
}

// frame is what a client receives: a reply, an event or an error.
type frame struct {
	Type     string            `json:"type"`
	Action   string            `json:"action"`
	Data     map[string]string `json:"data"`
	Response map[string]any    `json:"response"`
}

func (c *client) OnMessage(_ *gws.Conn, m *gws.Message) {
	defer m.Close()
	var f frame
	if err := json.Unmarshal(m.Bytes(), &f); err != nil {
		c.t.Errorf("%s: %v", m.Bytes(), err)
	}
	c.messages <- f
}

func (c *client) OnPong(*gws.Conn, []byte) { c.pongs <- struct{}{} }

// connect opens a client that is in the room.
func connect(t *testing.T, s *site, room string) *client {
	t.Helper()
	c := &client{t: t, messages: make(chan frame, 64), pongs: make(chan struct{}, 1)}
	conn, _, err := gws.NewClient(c, &gws.ClientOption{Addr: "ws://" + s.socket + "/ws", HandshakeTimeout: patience})
	require.NoError(t, err)
	c.conn = conn
	read := make(chan struct{})
	go func() {
		defer close(read)
		conn.ReadLoop()
	}()
	t.Cleanup(func() {
		_ = conn.NetConn().Close()
		<-read
	})
	if room != "" {
		c.send("system", "joinRoom", map[string]string{"roomName": room})
		require.Equal(t, true, c.receive().Response["success"])
	}
	return c
}

func (c *client) send(typ, action string, data map[string]string) {
	c.t.Helper()
	message, err := json.Marshal(map[string]any{"type": typ, "action": action, "data": data})
	require.NoError(c.t, err)
	require.NoError(c.t, c.conn.WriteMessage(gws.OpcodeText, message))
}

func (c *client) receive() frame {
	c.t.Helper()
	select {
	case f := <-c.messages:
		return f
	case <-time.After(patience):
		c.t.Fatal("no message came")
	}
	return frame{}
}

// receiveEach returns the next messages by action, in whichever order they came.
func (c *client) receiveEach(n int) map[string]frame {
	c.t.Helper()
	byAction := map[string]frame{}
	for range n {
		f := c.receive()
		byAction[f.Action] = f
	}
	return byAction
}

// quiet makes sure that nothing has been sent to the client: a pong comes first.
func (c *client) quiet() {
	c.t.Helper()
	require.NoError(c.t, c.conn.WritePing(nil))
	select {
	case <-c.pongs:
		require.Empty(c.t, c.messages)
	case <-time.After(patience):
		c.t.Fatal("no pong came")
	}
}

func TestMessageReachesMembersAndItsSender(t *testing.T) {
	s := start(t, freePort, freePort)
	ada, ben, outsider := connect(t, s, "general"), connect(t, s, "general"), connect(t, s, "roost")

	ada.send("chat", "send", map[string]string{"room": "general", "username": "Ada", "text": "Hello <b>all</b>"})
	own := ada.receiveEach(2)
	require.Equal(t, map[string]any{"success": true}, own["send"].Response)

	got := ben.receive()
	require.Equal(t, own["message"], got)
	require.Equal(t, "chat", got.Type)
	require.Equal(t, "Hello <b>all</b>", got.Data["text"])
	require.Equal(t, "Ada", got.Data["username"])
	require.Equal(t, "general", got.Data["room"])
	require.Len(t, got.Data["clientId"], 32)
	_, err := time.Parse(time.RFC3339Nano, got.Data["timestamp"])
	require.NoError(t, err)
	outsider.quiet()
}

func TestTypingReachesTheOthersOnly(t *testing.T) {
	s := start(t, freePort, freePort)
	ada, ben := connect(t, s, "general"), connect(t, s, "general")

	ada.send("chat", "typing", map[string]string{"room": "general"})
	require.Equal(t, map[string]any{"success": true}, ada.receive().Response)
	got := ben.receive()
	require.Equal(t, "userTyping", got.Action)
	require.Equal(t, "Anonymous", got.Data["username"])
	ada.quiet()
}

func TestRefusals(t *testing.T) {
	s := start(t, freePort, freePort)
	ada, ben := connect(t, s, "general"), connect(t, s, "general")
	for _, test := range []struct {
		name, action, code string
		data               map[string]string
	}{
		{"message to another room", "send", "NOT_A_MEMBER", map[string]string{"room": "roost", "text": "Hello"}},
		{"message to no room", "send", "NOT_A_MEMBER", map[string]string{"text": "Hello"}},
		{"typing in another room", "typing", "NOT_A_MEMBER", map[string]string{"room": "roost"}},
		{"no text", "send", "INVALID_MESSAGE", map[string]string{"room": "general"}},
		{"long text", "send", "INVALID_MESSAGE", map[string]string{"room": "general", "text": strings.Repeat("x", 2001)}},
		{"long name", "typing", "INVALID_USERNAME", map[string]string{"room": "general", "username": strings.Repeat("x", 101)}},
	} {
		t.Run(test.name, func(t *testing.T) {
			ada.send("chat", test.action, test.data)
			got := ada.receive()
			require.Equal(t, "error", got.Type)
			require.Equal(t, test.code, got.Data["code"])
		})
	}
	ben.quiet()
}
