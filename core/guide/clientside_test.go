package guide

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/core"
	"github.com/gannet-ws/gannet/core/browser"
	"github.com/gannet-ws/gannet/core/browser/browsertest"
	"github.com/gannet-ws/gannet/core/client"
)

// Chapter "Client-Side Implementation".

// site serves the pages of testdata, in which the guide's address is that of the
// server, and gannet.js.
func site(t *testing.T, address string) string {
	t.Helper()
	mux := http.NewServeMux()
	mux.Handle("GET /gannet.js", browser.Handler())
	mux.HandleFunc("GET /{page}", func(w http.ResponseWriter, r *http.Request) {
		page, err := os.ReadFile(filepath.Join("testdata", filepath.Base(r.PathValue("page"))))
		if err != nil {
			http.NotFound(w, r)
			return
		}
		_, _ = strings.NewReplacer("ws://localhost:3000/ws", address).WriteString(w, string(page))
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL
}

// The sample's page, as it stands, in Chromium.
func TestGuide_ClientSideImplementation_BrowserWebSocketClient(t *testing.T) {
	chromium := browsertest.Open(t)
	server := newServer(core.Options{})
	server.Controller("chat", &ChatController{})
	stop := serve(server)

	page := chromium.Tab(t, site(t, url(server))+"/client.html")
	page.Wait(`written[0] === "Connected"`, "it is connected")
	page.Wait(`shown[0] === "Alice: Hello everyone!"`, "its message comes back")

	bob := visit(t, server, client.Options{})
	require.NoError(t, bob.Request(patient(t), "chat", "typing", object{"username": "Bob"}, nil))
	page.Wait(`shown[1] === "Bob is typing"`, "it shows that Bob is typing")
	_, err := server.Broadcast(core.All(), "notification", "alert", object{"message": "Lunch is ready"})
	require.NoError(t, err)
	page.Wait(`shown[2] === "Lunch is ready"`, "it shows the notification")

	require.NoError(t, bob.Close())
	stop()
	page.Wait(`written.at(-1) === "Disconnected"`, "it is disconnected")
	require.Equal(t, "3", page.Run("return shown.length"), "and has shown nothing else")
	require.Equal(t, `["Connected","Received:","Received:","Received:","Received:","Disconnected"]`, page.Run("return written"))

	nobody := chromium.Tab(t, site(t, "ws://127.0.0.1:"+freePort(t))+"/client.html")
	nobody.Wait(`written.join() === "WebSocket error:,Disconnected"`, "it could not connect")
}

// notices are what a client is told.
type notices struct{ told chan string }

func (n notices) Message(e client.Envelope)    { n.told <- "message " + string(e.Data) }
func (n notices) UserTyping(e client.Envelope) { n.told <- "typing " + string(e.Data) }

// A program's client has controllers and events, as a server has.
func TestGuide_ClientSideImplementation_NodejsWebSocketClient(t *testing.T) {
	connected := make(chan client.Welcome, 1)
	received := make(chan client.Envelope, 10)
	told := make(chan string, 10)
	server := start(t, core.Options{JWTSecret: secret}, func(s *core.Server) {
		s.Handle("chat", "send", func(c *core.Context) (any, error) {
			_, err := c.Broadcast(core.All(), "chat", "message", c.Data())
			return nil, err
		})
	})
	c, err := client.New(client.Options{
		URL:   url(server),
		Token: client.StaticToken(sign(secret, jwt.MapClaims{"sub": 5})),
		Log:   quiet,
		Events: client.Events{
			Connected: func(w client.Welcome) { connected <- w },
			Message:   func(e client.Envelope) { received <- e },
		},
	})
	require.NoError(t, err)
	c.Controller("chat", notices{told})
	require.Equal(t, client.StatusNew, c.Status())
	require.NoError(t, c.Connect(patient(t)))
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	require.Equal(t, client.StatusConnected, c.Status())

	// onConnected: with the client's id.
	welcome := get(t, connected)
	require.Regexp(t, `^[0-9a-f]{32}$`, welcome.ClientID)
	require.Equal(t, c.ID(), welcome.ClientID)
	require.Equal(t, "5", string(welcome.UserID))

	// sendClientMessage, onMessage, and the controller.
	require.NoError(t, c.Send(patient(t), "chat", "send", object{"text": "Hello from Go client"}))
	var all []string
	for range 3 {
		e := get(t, received)
		all = append(all, e.Type+"."+e.Action)
	}
	require.ElementsMatch(t, []string{"auth.authenticated", "chat.send", "chat.message"}, all)
	require.Equal(t, `message {"text":"Hello from Go client"}`, get(t, told))
	_, err = server.Broadcast(core.All(), "chat", "userTyping", object{"username": "bob"})
	require.NoError(t, err)
	require.Equal(t, `typing {"username":"bob"}`, get(t, told))
}
