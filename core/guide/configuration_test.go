package guide

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/bus"
	"github.com/gannet-ws/gannet/core"
	"github.com/gannet-ws/gannet/core/client"
)

// Chapter "Configuration": a test for each property of the sample. What has no
// counterpart is "enabled", as a server is there when it has been made,
// "controllersDirectory", as Go knows its controllers when it compiles, and
// "intervalCheckTime", which follows from the time-outs.
func TestGuide_Configuration_WebSocketServerConfiguration(t *testing.T) {
	t.Run("Host", host)
	t.Run("URL", address)
	t.Run("Routes", routes)
	t.Run("PrintRoutes", printRoutes)
	t.Run("ClientCanJoinMultipleRooms", clientCanJoinMultipleRooms)
	t.Run("DisconnectInactiveClients", disconnectInactiveClients)
	t.Run("Log", logInactive)
	t.Run("Events", events)
	t.Run("SubscriberHandlers", subscriberHandlers)
	t.Run("File", configurationFile)
}

func host(t *testing.T) {
	for addr, reachable := range map[string]bool{"0.0.0.0:0": true, "127.0.0.1:0": false} {
		server := start(t, core.Options{Addr: addr})
		_, port, err := net.SplitHostPort(server.Addr().String())
		require.NoError(t, err)
		conn, err := net.Dial("tcp", net.JoinHostPort("127.0.0.2", port)) // another address of this machine
		require.Equal(t, reachable, err == nil, addr)
		if err == nil {
			require.NoError(t, conn.Close())
		}
	}
}

func address(t *testing.T) {
	port := freePort(t)
	server := start(t, core.Options{Addr: "127.0.0.1:" + port, Path: "/realtime/ws"})
	require.Equal(t, "ws://127.0.0.1:"+port+"/realtime/ws", url(server))
	open(t, "ws://127.0.0.1:"+port+"/realtime/ws")
	status, _ := upgrade(t, "ws://127.0.0.1:"+port+"/ws")
	require.Equal(t, 404, status)
}

func routes(t *testing.T) {
	server := start(t, core.Options{}, func(s *core.Server) {
		s.Handle("chat", "send", (&ChatController{}).Send)
	})
	alice := visit(t, server, client.Options{})
	require.NoError(t, alice.Request(patient(t), "chat", "send", object{"text": "Hello!"}, nil))
	err := alice.Request(patient(t), "chat", "typing", nil, nil)
	require.EqualError(t, err, "Unknown route (UNKNOWN_ROUTE)", "the controller has it, the table has not")
}

func printRoutes(t *testing.T) {
	server := newServer(core.Options{})
	server.Handle("chat", "send", (&ChatController{}).Send)
	require.Equal(t, []string{
		"chat.send", "system.joinRoom", "system.leaveRoom", "system.ping", "system.pong",
	}, server.Routes())
}

func clientCanJoinMultipleRooms(t *testing.T) {
	for single, want := range map[bool][]core.RoomInfo{
		false: {{Name: "general", Members: 1}, {Name: "support", Members: 1}},
		true:  {{Name: "support", Members: 1}},
	} {
		server := start(t, core.Options{SingleRoom: single})
		visit(t, server, inRooms("general", "support"))
		require.Equal(t, want, server.Rooms())
	}
	require.False(t, newServer(core.Options{}).Options().SingleRoom, "the default is the guide's")
}

func disconnectInactiveClients(t *testing.T) {
	require.Zero(t, newServer(core.Options{}).Options().InactiveTimeout, "never, unless you say so")
	never, soon := start(t, core.Options{}), start(t, core.Options{InactiveTimeout: time.Second, MaxMessageRate: -1})
	tolerated, forgotten, active := open(t, url(never)), open(t, url(soon)), open(t, url(soon))

	for began := time.Now(); len(forgotten.closed) == 0 && time.Since(began) < patience; {
		active.send(`{"type":"system","action":"ping"}`)
		require.Equal(t, `{"type":"system","action":"pong"}`, active.receive())
	}
	require.Equal(t, "1000 inactive", forgotten.ended())
	require.Empty(t, active.closed)
	require.Empty(t, tolerated.closed)
}

func logInactive(t *testing.T) {
	for _, log := range []bool{true, false} {
		var written journal
		server := start(t, core.Options{
			InactiveTimeout: 100 * time.Millisecond, LogInactive: log, Log: slog.New(slog.NewTextHandler(&written, nil)),
		})
		require.Equal(t, "1000 inactive", open(t, url(server)).ended())
		require.Equal(t, log, strings.Contains(written.String(), "client closed for inactivity"))
	}
}

func events(t *testing.T) {
	told := make(chan string, 100)
	server := start(t, core.Options{Hooks: core.Hooks{
		Started:   func(s *core.Server) { told <- "started at " + s.Addr().String() },
		Connected: func(c *core.Context) { told <- c.ClientID().String() + " connected" },
		Message:   func(c *core.Context) { told <- c.ClientID().String() + " says " + string(c.Data()) },
		Error:     func(c *core.Context, err error) { told <- c.ClientID().String() + " met " + err.Error() },
		Disconnected: func(d core.Departure) {
			told <- d.ClientID.String() + " disconnected: " + d.Reason.String()
		},
	}}, func(s *core.Server) {
		s.Handle("chat", "send", func(*core.Context) (any, error) { return nil, errors.New("a full disk") })
	})
	require.Equal(t, "started at "+server.Addr().String(), get(t, told))

	alice := open(t, url(server))
	id, _, _ := strings.Cut(get(t, told), " connected")
	require.Regexp(t, `^[0-9a-f]{32}$`, id)
	alice.send(`{"type":"chat","action":"send","data":{"text":"Hello!"}}`)
	require.Equal(t, id+` says {"text":"Hello!"}`, get(t, told))
	require.Equal(t, id+" met a full disk", get(t, told))
	require.JSONEq(t, `{"type":"error","action":"message","data":{"error":"Internal error","code":"INTERNAL"}}`, alice.receive(),
		"of which the client learns no more than it should")
	alice.close()
	require.Equal(t, id+" disconnected: peer_closed", get(t, told))
	require.Empty(t, told)
}

func subscriberHandlers(t *testing.T) {
	handled := make(chan string, 1)
	server := start(t, core.Options{}, func(s *core.Server) {
		s.Subscribe(bus.Subscriber{Channel: bus.Custom, Handle: func(_ context.Context, e *bus.Event) (any, error) {
			action, _ := e.Value("action")
			handled <- action.(string)
			return nil, nil
		}})
	})
	require.NoError(t, server.SendCustomMessage(object{"action": "userStatusChanged"}))
	require.Equal(t, "userStatusChanged", get(t, handled))
}

// settings are the sample's, as the command reads them.
const settings = `
addr: 127.0.0.1:0        # host and port
path: /ws
demo: true               # a chat: the routes chat.send and chat.typing
print-routes: true       # debug.printRoutes
single-room: true        # not rooms.clientCanJoinMultipleRooms
inactive-timeout: 1s     # disconnectInactiveClients.inactiveTime
log-inactive: true       # disconnectInactiveClients.log

admin-addr: 127.0.0.1:0
log-format: json
`

// configurationFile runs the command with the settings in a file.
func configurationFile(t *testing.T) {
	command := filepath.Join(t.TempDir(), "gannet")
	built, err := exec.Command("go", "build", "-o", command, "github.com/gannet-ws/gannet/cmd/gannet").CombinedOutput()
	require.NoError(t, err, string(built))
	file := filepath.Join(t.TempDir(), "gannet.yaml")
	require.NoError(t, os.WriteFile(file, []byte(settings), 0o600))

	gannet := exec.Command(command, "serve", "--config", file)
	var printed strings.Builder
	gannet.Stdout = &printed
	stderr, err := gannet.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, gannet.Start())
	t.Cleanup(func() { _ = gannet.Process.Kill() })
	log := json.NewDecoder(bufio.NewReader(stderr))
	logged := func(msg string) (line struct{ Msg, URL, Client string }) {
		t.Helper()
		for line.Msg != msg {
			require.NoError(t, log.Decode(&line), "before it logs %q", msg)
		}
		return line
	}

	alice := open(t, logged("serving WebSocket clients").URL)
	for _, room := range []string{"general", "support"} {
		alice.send(`{"type":"system","action":"joinRoom","data":{"roomName":"` + room + `"}}`)
	}
	require.Contains(t, alice.receive(), "Successfully joined room: general")
	require.JSONEq(t, `{"type":"user","action":"leftRoom","data":{"roomName":"general"}}`, alice.receive())
	joined := alice.receive()
	require.Contains(t, joined, "Successfully joined room: support")
	require.Equal(t, "1000 inactive", alice.ended())
	require.Contains(t, joined, logged("client closed for inactivity").Client)

	require.NoError(t, gannet.Process.Signal(syscall.SIGTERM))
	require.NoError(t, gannet.Wait())
	require.Equal(t, "chat.send\nchat.typing\ndemo.echo\nsystem.joinRoom\nsystem.leaveRoom\nsystem.ping\nsystem.pong\n", printed.String())
}
