package core_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net"
	"testing"
	"time"

	"github.com/lxzan/gws"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/gannet-ws/gannet/codec"
	"github.com/gannet-ws/gannet/core"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// newMessage is core.NewMessage for data that can be encoded; a []byte is JSON.
func newMessage(typ, action string, data any) *codec.Message {
	if raw, ok := data.([]byte); ok {
		data = json.RawMessage(raw)
	}
	message, err := core.NewMessage(typ, action, data)
	if err != nil {
		panic(err)
	}
	return message
}

// patience bounds every wait of the tests; only a failing test uses it up.
const patience = 15 * time.Second

// allAtOnce is the DrainPeriod of servers whose clients do not wait for their turn.
const allAtOnce time.Duration = -1

// start runs a server on a free port until the test ends.
func start(t testing.TB, options core.Options, prepare ...func(*core.Server)) *core.Server {
	t.Helper()
	if options.Addr == "" {
		options.Addr = "127.0.0.1:0"
	}
	if options.Log == nil {
		options.Log = slog.New(slog.DiscardHandler)
	}
	if options.DrainPeriod == 0 {
		options.DrainPeriod = allAtOnce
	}
	server, err := core.New(options)
	require.NoError(t, err)
	for _, p := range prepare {
		p(server)
	}
	run(t, server)
	return server
}

// run runs a server until the test ends, or until the returned function stops
// it and has its error.
func run(t testing.TB, server *core.Server) (stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- server.Run(ctx) }()
	stopped := false
	stop = func() error {
		if stopped {
			return nil
		}
		stopped = true
		cancel()
		return <-ended
	}
	t.Cleanup(func() { require.NoError(t, stop()) })

	waiting, enough := context.WithTimeout(ctx, patience)
	defer enough()
	if !server.WaitRunning(waiting) {
		t.Fatalf("the server does not run: %v", stop())
	}
	return stop
}

// message is what a test client receives.
type message struct {
	opcode gws.Opcode
	text   string
}

// closing is how a test client's connection ended.
type closing struct {
	code   uint16
	reason string
}

// client is a real WebSocket client, gws.
type client struct {
	gws.BuiltinEventHandler
	t        testing.TB
	conn     *gws.Conn
	messages chan message
	pongs    chan string
	pings    chan string
	closed   chan closing
}

func (c *client) OnMessage(_ *gws.Conn, m *gws.Message) {
	c.messages <- message{m.Opcode, m.Data.String()}
	_ = m.Close()
}

func (c *client) OnPing(conn *gws.Conn, payload []byte) {
	select {
	case c.pings <- string(payload):
	default:
	}
	_ = conn.WritePong(payload)
}

func (c *client) OnPong(_ *gws.Conn, payload []byte) { c.pongs <- string(payload) }

func (c *client) OnClose(_ *gws.Conn, err error) {
	end := closing{code: 1006, reason: err.Error()}
	if frame, ok := err.(*gws.CloseError); ok {
		end = closing{frame.Code, string(frame.Reason)}
	}
	c.closed <- end
}

func url(server *core.Server) string { return "ws://" + server.Addr().String() + server.Options().Path }

// connect opens a client, with a query such as "token=…" if it is given.
func connect(t testing.TB, server *core.Server, query ...string) *client {
	t.Helper()
	address := url(server)
	if len(query) > 0 {
		address += "?" + query[0]
	}
	c, err := dial(t, address)
	require.NoError(t, err)
	return c
}

// dial opens a client of an address, with gws' options changed as is said.
func dial(t testing.TB, address string, change ...func(*gws.ClientOption)) (*client, error) {
	c := &client{
		t:        t,
		messages: make(chan message, 1<<14),
		pongs:    make(chan string, 64),
		pings:    make(chan string, 64),
		closed:   make(chan closing, 1),
	}
	option := &gws.ClientOption{Addr: address, HandshakeTimeout: patience}
	for _, f := range change {
		f(option)
	}
	conn, _, err := gws.NewClient(c, option)
	if err != nil {
		return nil, err
	}
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
	return c, nil
}

func (c *client) send(text string) {
	c.t.Helper()
	require.NoError(c.t, c.conn.WriteString(text))
}

// receive returns the next message.
func (c *client) receive() string {
	c.t.Helper()
	select {
	case m := <-c.messages:
		require.Equal(c.t, gws.OpcodeText, m.opcode, "all that the server says is text")
		return m.text
	default: // what came before the end counts, and is looked at first
	}
	select {
	case m := <-c.messages:
		require.Equal(c.t, gws.OpcodeText, m.opcode, "all that the server says is text")
		return m.text
	case end := <-c.closed:
		c.closed <- end
		c.t.Fatalf("closed while a message was awaited: %+v", end)
	case <-time.After(patience):
		c.t.Fatal("no message came")
	}
	return ""
}

// ask sends a request and returns the next message.
func (c *client) ask(text string) string {
	c.t.Helper()
	c.send(text)
	return c.receive()
}

// join joins a room.
func (c *client) join(room string) {
	c.t.Helper()
	reply := c.ask(`{"type":"system","action":"joinRoom","data":{"roomName":"` + room + `"}}`)
	require.Contains(c.t, reply, `"success":true`)
}

// end returns how the connection ended.
func (c *client) end() closing {
	c.t.Helper()
	select {
	case end := <-c.closed:
		c.closed <- end
		return end
	case <-time.After(patience):
		c.t.Fatal("the connection did not end")
	}
	return closing{}
}

// quiet makes sure that nothing has been sent to the client: a pong comes first.
func (c *client) quiet() {
	c.t.Helper()
	require.NoError(c.t, c.conn.WritePing([]byte("quiet")))
	select {
	case pong := <-c.pongs:
		require.Equal(c.t, "quiet", pong)
	case <-time.After(patience):
		c.t.Fatal("no pong came")
	}
	select {
	case m := <-c.messages:
		c.t.Fatalf("unexpected message: %s", m.text)
	default:
	}
}

// raw opens a plain TCP connection to the server.
func raw(t testing.TB, server *core.Server) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", server.Addr().String())
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	require.NoError(t, conn.SetDeadline(time.Now().Add(patience)))
	return conn
}

// eventually waits for a condition that nothing announces.
func eventually(t testing.TB, condition func() bool, what string) {
	t.Helper()
	require.Eventually(t, condition, patience, 2*time.Millisecond, what)
}
