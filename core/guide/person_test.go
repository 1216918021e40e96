package guide

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/lxzan/gws"
	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/core"
	"github.com/gannet-ws/gannet/core/client"
)

// object is a JSON object.
type object map[string]any

// person is a client that remembers what it is told until somebody asks.
type person struct {
	*client.Client
	told chan client.Envelope
}

// newPerson connects a person, who does not mention the greeting of those that
// have a token.
func newPerson(server *core.Server, options client.Options) *person {
	p := &person{told: make(chan client.Envelope, 1024)}
	options.Events.Message = func(e client.Envelope) {
		if e.Type != "auth" {
			p.told <- e
		}
	}
	p.Client = newClient(server, options)
	return p
}

// next returns the next message.
func (p *person) next() client.Envelope {
	select {
	case e := <-p.told:
		return e
	case <-time.After(patience):
		panic("a message is awaited in vain")
	}
}

// hears returns the next message as type.action and what it says.
func (p *person) hears() string {
	e := p.next()
	return fmt.Sprintf("%s.%s %s%s", e.Type, e.Action, e.Data, e.Response)
}

// visit is newPerson for a test.
func visit(t *testing.T, server *core.Server, options client.Options) *person {
	t.Helper()
	p := newPerson(server, options)
	t.Cleanup(func() { require.NoError(t, p.Close()) })
	return p
}

// nothingElse makes sure that all these people have heard all that there was. On
// the server there must be nobody else.
func nothingElse(t *testing.T, server *core.Server, people ...*person) {
	t.Helper()
	n, err := server.Broadcast(core.All(), "test", "over", nil)
	require.NoError(t, err)
	require.Equal(t, len(people), n)
	for _, p := range people {
		require.Equal(t, "test.over ", p.hears())
	}
}

// sign makes a token, as an application does for its users.
func sign(secret string, claims jwt.MapClaims) string {
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString([]byte(secret))
	if err != nil {
		panic(err)
	}
	return token
}

// socket is a plain WebSocket, to which a message is a text.
type socket struct {
	gws.BuiltinEventHandler
	conn   *gws.Conn
	texts  chan string
	closed chan string
}

// dial opens a plain WebSocket.
func dial(address string) *socket {
	s := &socket{texts: make(chan string, 1024), closed: make(chan string, 1)}
	conn, _, err := gws.NewClient(s, &gws.ClientOption{Addr: address, HandshakeTimeout: patience})
	if err != nil {
		panic(err)
	}
	s.conn = conn
	go conn.ReadLoop()
	return s
}

// OnMessage keeps a message.
func (s *socket) OnMessage(_ *gws.Conn, m *gws.Message) {
	s.texts <- m.Data.String()
	_ = m.Close()
}

// OnClose keeps how the connection ended.
func (s *socket) OnClose(_ *gws.Conn, err error) {
	end := err.Error()
	if frame, ok := err.(*gws.CloseError); ok {
		end = fmt.Sprintf("%d %s", frame.Code, frame.Reason)
	}
	s.closed <- end
}

// send sends a text.
func (s *socket) send(text string) {
	if err := s.conn.WriteString(text); err != nil {
		panic(err)
	}
}

// receive returns the next text.
func (s *socket) receive() string { return soon(s.texts) }

// ended waits for the end of the connection: its close code and reason.
func (s *socket) ended() string { return soon(s.closed) }

// close closes the connection and waits until it is.
func (s *socket) close() {
	_ = s.conn.WriteClose(1000, nil)
	s.ended()
}

// soon returns the next text that comes.
func soon(texts <-chan string) string {
	select {
	case text := <-texts:
		return text
	case <-time.After(patience):
		panic("no text came")
	}
}

// open is dial for a test.
func open(t *testing.T, address string) *socket {
	t.Helper()
	s := dial(address)
	t.Cleanup(func() { _ = s.conn.NetConn().Close() })
	return s
}

// console is a log for examples, whose output is the same each time.
func console() *slog.Logger {
	return slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			switch a.Key {
			case slog.TimeKey:
				return slog.Attr{}
			case "clientId":
				return slog.String(a.Key, "…")
			}
			return a
		},
	}))
}

// upgrade asks for a WebSocket and is refused: it returns the HTTP answer.
func upgrade(t *testing.T, address string) (status int, body string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http"+strings.TrimPrefix(address, "ws"), nil)
	require.NoError(t, err)
	for name, value := range map[string]string{
		"Connection": "Upgrade", "Upgrade": "websocket",
		"Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
	} {
		request.Header.Set(name, value)
	}
	transport := &http.Transport{DisableKeepAlives: true}
	defer transport.CloseIdleConnections()
	answer, err := transport.RoundTrip(request)
	require.NoError(t, err)
	defer answer.Body.Close()
	raw, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	return answer.StatusCode, string(raw)
}
