package main

import (
	"bytes"
	"context"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/bench"
)

const patience = 15 * time.Second

// server is a peer that runs in another process.
type server struct{ url, admin string }

// everyPeer runs a test on every peer, with two event loops where there are some.
func everyPeer(t *testing.T, test func(t *testing.T, s server)) {
	for _, name := range slices.Sorted(maps.Keys(peers)) {
		t.Run(name, func(t *testing.T) { test(t, start(t, name)) })
	}
}

func start(t *testing.T, name string) server {
	t.Helper()
	addr, adminAddr := freeAddr(t), freeAddr(t)
	c := command(context.Background(), name, "--addr", addr, "--admin-addr", adminAddr, "--loops", "2")
	var output bytes.Buffer
	c.Stdout, c.Stderr = &output, &output
	require.NoError(t, c.Start())
	t.Cleanup(func() {
		_ = c.Process.Kill()
		_ = c.Wait()
		if name != "nbio" { // whose engine has races of its own
			assert.NotContains(t, output.String(), "DATA RACE")
		}
	})
	s := server{"ws://" + addr + "/ws", "http://" + adminAddr}
	require.Eventually(t, func() bool { return s.status("/ready") == http.StatusOK }, patience, 5*time.Millisecond)
	return s
}

func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// status returns the status of an admin request, 0 when nobody answers.
func (s server) status(path string) int {
	response, err := http.Get(s.admin + path)
	if err != nil {
		return 0
	}
	_ = response.Body.Close()
	return response.StatusCode
}

// post returns the answer of the admin listener.
func (s server) post(t *testing.T, path, body string) string {
	t.Helper()
	response, err := http.Post(s.admin+path, "application/json", strings.NewReader(body))
	require.NoError(t, err)
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, response.StatusCode, "%s", answer)
	return string(answer)
}

// client is a connected socket.
type client struct {
	*testing.T
	conn *websocket.Conn
}

func (s server) connect(t *testing.T) client {
	t.Helper()
	conn, response, err := websocket.DefaultDialer.Dial(s.url, nil)
	require.NoError(t, err)
	_ = response.Body.Close()
	t.Cleanup(func() { _ = conn.Close() })
	require.NoError(t, conn.SetReadDeadline(time.Now().Add(patience)))
	return client{t, conn}
}

func (c client) send(message string) {
	c.Helper()
	require.NoError(c, c.conn.WriteMessage(websocket.TextMessage, []byte(message)))
}

// expect reads messages and compares them.
func (c client) expect(messages ...string) {
	c.Helper()
	for _, want := range messages {
		kind, message, err := c.conn.ReadMessage()
		require.NoError(c, err, "waiting for %s", want)
		require.Equal(c, websocket.TextMessage, kind)
		require.Equal(c, want, string(message))
	}
}

// join joins a room, and expects what the load generator does.
func (c client) join(room string) {
	c.Helper()
	c.send(`{"type":"system","action":"joinRoom","data":{"roomName":"` + room + `"}}`)
	_, reply, err := c.conn.ReadMessage()
	require.NoError(c, err)
	require.Contains(c, string(reply), `"action":"joinRoom"`)
	require.Contains(c, string(reply), `"response":{"success":true`)
}

func TestPeers_Echo(t *testing.T) {
	everyPeer(t, func(t *testing.T, s server) {
		c := s.connect(t)
		long := strings.Repeat("x", 100_000) // arrives in several reads
		messages := []string{"hello", `{"type":"system","action":"ping"}`, `{"type":"system","action":"joinRoom","data":7}`, "grüß dich", long}
		for _, message := range messages {
			c.send(message)
		}
		c.expect(messages...)
	})
}

func TestPeers_Ping(t *testing.T) {
	everyPeer(t, func(t *testing.T, s server) {
		c := s.connect(t)
		pong := make(chan string, 1)
		c.conn.SetPongHandler(func(data string) error { pong <- data; return nil })
		require.NoError(t, c.conn.WriteControl(websocket.PingMessage, []byte("p"), time.Now().Add(patience)))
		c.send("after")
		c.expect("after")
		assert.Equal(t, "p", <-pong)
	})
}

func TestPeers_BroadcastReachesTheMembersOfTheRoom(t *testing.T) {
	everyPeer(t, func(t *testing.T, s server) {
		red := []client{s.connect(t), s.connect(t), s.connect(t)}
		blue, white := s.connect(t), s.connect(t)
		for _, c := range red {
			c.join("red")
		}
		red[0].join("red") // again, which makes no second member
		blue.join("blue")
		white.join("white")

		assert.JSONEq(t, `{"receivers":0}`, s.post(t, "/api/rooms/nowhere/broadcast", `"n"`))
		assert.JSONEq(t, `{"receivers":3}`, s.post(t, "/api/rooms/red/broadcast", `"r"`))
		assert.JSONEq(t, `{"receivers":1}`, s.post(t, "/api/rooms/blue/broadcast", `"b"`))
		for _, room := range []string{"red", "blue", "white"} {
			s.post(t, "/api/rooms/"+room+"/broadcast", `"last"`)
		}
		for _, c := range red {
			c.expect(`"r"`, `"last"`)
		}
		blue.expect(`"b"`, `"last"`)
		white.expect(`"last"`)
	})
}

func TestPeers_PublishKeepsTheOrder(t *testing.T) {
	everyPeer(t, func(t *testing.T, s server) {
		red, blue := s.connect(t), s.connect(t)
		red.join("red")
		blue.join("blue")
		var body, answers strings.Builder
		var toRed, toBlue []string
		for i := range 200 {
			room, to := "red", &toRed
			if i%7 == 0 {
				room, to = "blue", &toBlue
			}
			message := `{"n":` + strconv.Itoa(i) + `}`
			*to = append(*to, message)
			body.WriteString(`{"room":"` + room + `","message":` + message + "}\n")
			answers.WriteString(`{"receivers":1}` + "\n")
		}
		assert.Equal(t, answers.String(), s.post(t, "/api/publish", body.String()))
		red.expect(toRed...)
		blue.expect(toBlue...)
	})
}

func TestPeers_WhoHasGoneIsNoMember(t *testing.T) {
	everyPeer(t, func(t *testing.T, s server) {
		stays, closes, breaks := s.connect(t), s.connect(t), s.connect(t)
		for _, c := range []client{stays, closes, breaks} {
			c.join("red")
			c.join("blue")
		}
		closing := websocket.FormatCloseMessage(websocket.CloseNormalClosure, "bye")
		require.NoError(t, closes.conn.WriteMessage(websocket.CloseMessage, closing))
		_, _, err := closes.conn.ReadMessage()
		require.True(t, websocket.IsCloseError(err, websocket.CloseNormalClosure), "%v", err)
		require.NoError(t, breaks.conn.NetConn().Close())

		for _, room := range []string{"red", "blue"} {
			require.Eventually(t, func() bool {
				return s.post(t, "/api/rooms/"+room+"/broadcast", `"x"`) == `{"receivers":1}`+"\n"
			}, patience, 5*time.Millisecond)
		}
	})
}

func TestPeers_AdminListener(t *testing.T) {
	everyPeer(t, func(t *testing.T, s server) {
		assert.Equal(t, http.StatusOK, s.status("/debug/pprof/heap?gc=1"))
		assert.Equal(t, http.StatusNotFound, s.status("/metrics"))
		response, err := http.Post(s.admin+"/api/publish", "application/x-ndjson", strings.NewReader("{"))
		require.NoError(t, err)
		_ = response.Body.Close()
		assert.Equal(t, http.StatusBadRequest, response.StatusCode)
	})
}

func TestPeers_OtherPathsAreNoSockets(t *testing.T) {
	everyPeer(t, func(t *testing.T, s server) {
		_, response, err := websocket.DefaultDialer.Dial(s.url+"/other", nil)
		require.Error(t, err)
		if response != nil {
			_ = response.Body.Close()
		}
	})
}

// TestPeers_LoadGeneratorFindsNothingLost drives every peer as a comparison does; a
// message that is lost, repeated or out of order is an error.
func TestPeers_LoadGeneratorFindsNothingLost(t *testing.T) {
	t.Setenv("PEERS_TEST_AS_COMMAND", "1")
	for _, name := range slices.Sorted(maps.Keys(peers)) {
		t.Run(name, func(t *testing.T) {
			target := bench.Target{
				Setup: bench.Setup{Loops: 2, JSON: "-"},
				URL:   "ws://localhost/ws", Spawn: true, NoFloor: true, ServerCommand: os.Args[0] + " " + name,
			}
			fanout := bench.Fanout{Target: target, Conns: 200, Rooms: 3, Size: 128, Rate: 100, Duration: 200 * time.Millisecond, Rounds: 1}
			require.NoError(t, fanout.Run(t.Context(), io.Discard))
			merged := bench.Merged{Target: target, Conns: 200, Rooms: 2, Size: 128, Batch: 20, Rounds: 3, Repeat: 1}
			require.NoError(t, merged.Run(t.Context(), io.Discard))
			idle := bench.Idle{Target: target, Conns: 200, Rounds: 1}
			require.NoError(t, idle.Run(t.Context(), io.Discard))
		})
	}
}
