package core_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/core"
)

func TestHealth_WhileItDoesNotRun(t *testing.T) {
	server := newServer(t, core.Options{})
	require.Equal(t, core.Health{Status: "new"}, server.Health())
	stop := run(t, server)
	c := connect(t, server)
	c.join("r")
	require.NoError(t, stop())
	require.Equal(t, core.Health{Status: "stopped"}, server.Health())
}

func TestHealth_Figures(t *testing.T) {
	t.Parallel()
	server := newServer(t, core.Options{Loops: 2, JWTSecret: broadcastSecret, MaxBacklog: 16 << 20, DrainTimeout: 100 * time.Millisecond})
	tellID(server)
	stop := run(t, server)
	ada, _ := onTwoLoops(t, server, func() *client { return connectAs(t, server, "ada") })
	connectAs(t, server, "eve").join("r")
	upgrade(t, server, cramped(t, server))
	ada.join("r")
	ada.join("s")
	eventually(t, func() bool { return server.Health().Status == "healthy" }, "it does well")
	h := server.Health()
	require.Equal(t, [3]int{4, 2, 2}, [3]int{h.ActiveConnections, h.Users, h.Rooms})

	payload := string(make([]byte, 10_000))
	for range 20 {
		_, err := server.Broadcast(core.All(), "t", "a", payload)
		require.NoError(t, err)
	}
	eventually(t, func() bool {
		ada.send(askPing)
		h = server.Health()
		return h.MessagesIn > 0 && h.MessagesOut > h.MessagesIn && h.Backlog > 100_000 && h.LoopLagMillis > 0
	}, "what happens is seen")
	require.NoError(t, stop())
	require.Equal(t, core.Health{Status: "stopped"}, server.Health(), "figures of before are no figures of now")
}

// A loop that stands still shows before it goes on, and is forgotten after that.
func TestHealth_LoopLags(t *testing.T) {
	t.Parallel()
	server, stuck, free, release := busyLoop(t, core.Options{MaxInbox: 8 << 10})
	eventually(t, func() bool { return server.Health().Status == "degraded" }, "it is seen")
	h := server.Health()
	require.Equal(t, "an event loop lags behind", h.Problem)
	require.GreaterOrEqual(t, h.LoopLagMillis, 500.0)
	require.Equal(t, wirePong, free.ask(askPing), "the other one goes on")
	release()
	stuck.receive()
	eventually(t, func() bool { return server.Health().Status == "healthy" }, "it is over")
	require.Empty(t, server.Health().Problem)
	require.GreaterOrEqual(t, server.Stats().MaxLagSeconds, 0.5)
}

func TestHealth_InboxIsFull(t *testing.T) {
	server, stuck, _, release := busyLoop(t, core.Options{MaxInbox: 8 << 10})
	for {
		if _, err := server.Publish(note{"fill", 0}.to(core.All())); err != nil {
			break
		}
	}
	h := server.Health()
	require.Equal(t, "degraded", h.Status)
	require.NotEmpty(t, h.Problem)
	release()
	eventually(t, func() bool { return server.Health().Problem != h.Problem }, "it has caught up")
	stuck.receive()
}

// The names are those of the guide.
func TestHealth_JSON(t *testing.T) {
	encoded, err := json.Marshal(core.Health{Status: "degraded", Problem: "some", ActiveConnections: 1, LoopLagMillis: 1.5})
	require.NoError(t, err)
	require.JSONEq(t, `{"status":"degraded","problem":"some","activeConnections":1,"users":0,"rooms":0,
		"messagesInPerSecond":0,"messagesOutPerSecond":0,"backlogBytes":0,"loopLagMillis":1.5}`, string(encoded))
}
