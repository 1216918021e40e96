package core_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/core"
)

func TestWire_System_Ping(t *testing.T) {
	server := start(t, core.Options{})
	tests := []struct{ name, request, want string }{
		{"plain", `{"type":"system","action":"ping"}`, wirePong},
		{"with data", `{"type":"system","action":"ping","data":{"at":1}}`, wirePong},
		{"data null", `{"type":"system","action":"ping","data":null}`, wirePong},
		{"with an id", `{"type":"system","action":"ping","id":7}`, `{"type":"system","action":"pong","id":7}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { wireAnswers(t, server, tt.request, tt.want) })
	}
}

func TestWire_System_PongIsSilent(t *testing.T) {
	server := start(t, core.Options{})
	for _, request := range []string{
		`{"type":"system","action":"pong"}`,
		`{"type":"system","action":"pong","data":{"at":1}}`,
		`{"type":"system","action":"pong","id":7}`,
	} {
		t.Run(request, func(t *testing.T) {
			c := connect(t, server)
			c.send(request)
			c.sendBinary(request)
			c.quiet()
			require.Zero(t, server.Stats().UnknownRoutes)
			require.Zero(t, server.Stats().BadMessages)
		})
	}
}

func TestWire_System_JSONPingInterval(t *testing.T) {
	const ping = `{"type":"system","action":"ping"}`
	require.Zero(t, start(t, core.Options{}).Options().JSONPingInterval, "off by default")

	server := start(t, core.Options{JWTSecret: wireSecret, JSONPingInterval: 10 * time.Millisecond, Loops: 2})
	anonymous := connect(t, server)
	user := connect(t, server, "token="+wireToken("5"))
	require.Contains(t, user.receive(), `"authenticated"`, "the greeting comes first")
	for range 3 {
		require.Equal(t, ping, anonymous.receive())
		require.Equal(t, ping, user.receive())
		anonymous.send(`{"type":"system","action":"pong"}`)
	}
}

// Protocol pings are answered with their payload.
func TestWire_System_ProtocolPing(t *testing.T) {
	c := connect(t, start(t, core.Options{}))
	for _, payload := range []string{"", "hello", "\x00\xff"} {
		require.NoError(t, c.conn.WritePing([]byte(payload)))
		select {
		case pong := <-c.pongs:
			require.Equal(t, payload, pong)
		case <-time.After(patience):
			t.Fatal("no pong came")
		}
	}
}

// Nobody is ever sent the list of clients, whoever comes, joins and goes.
func TestWire_System_NoClientList(t *testing.T) {
	server := start(t, core.Options{JWTSecret: wireSecret, Loops: 1})
	witness := connect(t, server)
	witness.join("general")
	other := wireUser(t, server, "5")
	other.join("general")
	other.ask(wireLeave(`"other"`))
	id := wireShardID(t, wireID(other))
	require.NoError(t, other.conn.NetConn().Close())
	eventually(t, func() bool { return !server.Alive(id) }, "the client stays")
	witness.quiet()
}
