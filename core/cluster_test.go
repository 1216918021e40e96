package core_test

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/bus"
	"github.com/gannet-ws/gannet/bus/redis"
	"github.com/gannet-ws/gannet/bus/redistest"
	"github.com/gannet-ws/gannet/core"
)

// Several servers on one Redis, with real clients.

// onRedis returns the bus of a server on Redis. Nothing times out on a machine that
// has other things to do.
func onRedis(t testing.TB, url string) *redis.Bus {
	t.Helper()
	b, err := redis.New(redis.Options{
		URL:            []string{url},
		PublishTimeout: 10 * time.Second,
		ProbeInterval:  5 * time.Second,
		Log:            slog.New(slog.DiscardHandler),
	})
	require.NoError(t, err)
	return b
}

// redisTier runs servers on one Redis.
func redisTier(t testing.TB, url string, count int, options core.Options, prepare ...func(*core.Server)) []*core.Server {
	t.Helper()
	servers := make([]*core.Server, count)
	for i := range servers {
		options.Bus = onRedis(t, url)
		servers[i] = start(t, options, prepare...)
	}
	return servers
}

// joined opens a client that is in a room, without degradation.
func joined(t testing.TB, server *core.Server, room string, query ...string) *client {
	t.Helper()
	c := connect(t, server, query...)
	if len(query) > 0 {
		require.Contains(t, c.receive(), "authenticated")
	}
	reply := c.ask(fmt.Sprintf(`{"type":"system","action":"joinRoom","data":{"roomName":%q}}`, room))
	require.Contains(t, reply, `"success":true`)
	require.NotContains(t, reply, "degraded")
	return c
}

func TestCluster_Rooms(t *testing.T) {
	url := redistest.Start(t).URL()
	servers := redisTier(t, url, 3, core.Options{ClientPublish: true})
	var clients []*client
	for _, server := range servers {
		clients = append(clients, joined(t, server, "general"), joined(t, server, "general"))
	}
	stranger := joined(t, servers[1], "elsewhere")

	reply := clients[0].ask(`{"type":"room","action":"publish","data":{"roomName":"general","data":1,"self":false}}`)
	require.Contains(t, reply, `"success":true`)
	for _, c := range clients[1:] {
		assert.Contains(t, c.receive(), `"data":1`)
	}
	for i, server := range servers {
		_, err := server.Publish(core.Publication{To: core.Rooms("general", "elsewhere"), Message: newMessage("a", "b", i)})
		require.NoError(t, err)
		for _, c := range append(clients, stranger) {
			assert.Equal(t, fmt.Sprintf(`{"type":"a","action":"b","data":%d}`, i), c.receive())
		}
	}
}

// Publish order from one publisher to one room is delivery order, on all nodes.
func TestCluster_Order(t *testing.T) {
	url := redistest.Start(t).URL()
	servers := redisTier(t, url, 2, core.Options{})
	here, there := joined(t, servers[0], "x"), joined(t, servers[1], "x")
	const count = 2000
	for i := range count {
		_, err := servers[0].Publish(core.Publication{To: core.Room("x"), Message: newMessage("a", "b", i)})
		require.NoError(t, err)
	}
	for i := range count {
		want := fmt.Sprintf(`{"type":"a","action":"b","data":%d}`, i)
		require.Equal(t, want, here.receive())
		require.Equal(t, want, there.receive())
	}
}

func TestCluster_ClientsAndConditions(t *testing.T) {
	url := redistest.Start(t).URL()
	servers := redisTier(t, url, 2, core.Options{})
	one, two := connect(t, servers[0]), connect(t, servers[1])
	three := connect(t, servers[1])
	ids := map[*client]string{}
	for _, c := range []*client{one, two, three} {
		reply := c.ask(`{"type":"system","action":"joinRoom","data":{"roomName":"r"}}`)
		_, rest, _ := strings.Cut(reply, `"clientId":"`)
		ids[c] = rest[:32]
	}
	service := servers[0].Service()
	require.NoError(t, service.SendToClients([]string{ids[one], ids[three]}, bus.Envelope{Type: "direct", Action: "a"}))
	require.NoError(t, service.Broadcast(bus.Envelope{Type: "all", Action: "a"}))
	_, err := servers[0].Publish(core.Publication{To: core.All().Where("user == 5"), Message: newMessage("nobody", "a", 1)})
	require.NoError(t, err)
	require.NoError(t, service.SendToRooms([]string{"r"}, bus.Envelope{Type: "last", Action: "a"}))
	const direct, all, last = `{"type":"direct","action":"a"}`, `{"type":"all","action":"a"}`, `{"type":"last","action":"a"}`
	for _, c := range []*client{one, three} { // each channel has an order of its own
		assert.ElementsMatch(t, []string{direct, all, last}, []string{c.receive(), c.receive(), c.receive()})
	}
	assert.ElementsMatch(t, []string{all, last}, []string{two.receive(), two.receive()})
}

// A foreign client of Redis feeds rooms, and hears what nodes announce; PXL's
// commands act on clients wherever they are.
func TestCluster_ForeignClients(t *testing.T) {
	server := redistest.Start(t)
	heard := make(chan string, 100)
	servers := redisTier(t, server.URL(), 2, core.Options{}, func(s *core.Server) {
		s.Subscribe(bus.Subscriber{
			Name:  "orders",
			Match: []bus.Matcher{bus.MatchString("orders")},
			Handle: func(_ context.Context, e *bus.Event) (any, error) {
				heard <- s.NodeID() + e.Text()
				return nil, nil
			},
		})
	})
	worker := redistest.Listen(t, server, bus.ClientJoinedRoom)
	clients := []*client{joined(t, servers[0], "general"), joined(t, servers[1], "general")}
	assert.Contains(t, worker.Next()[1], `"roomName":"general"`)
	assert.Contains(t, worker.Next()[1], `"workerId":"`+servers[1].NodeID()+`"`)

	assert.Equal(t, "2", server.Do("PUBLISH", "gannet:room:{general}", `{"type":"chat","action":"message"}`))
	server.Do("PUBLISH", "sendMessageToAll", `{"workerId":1,"type":"pxl","action":"all"}`)
	for _, c := range clients {
		assert.ElementsMatch(t, []string{`{"type":"chat","action":"message"}`, `{"type":"pxl","action":"all"}`},
			[]string{c.receive(), c.receive()})
	}
	server.Do("PUBLISH", "orders", `{"n":1}`)
	assert.ElementsMatch(t, []string{servers[0].NodeID() + `{"n":1}`, servers[1].NodeID() + `{"n":1}`}, []string{<-heard, <-heard})
}

// While Redis is away rooms work on each node, and whoever joins is told.
func TestCluster_RedisAway(t *testing.T) {
	server := redistest.Start(t)
	servers := redisTier(t, server.URL(), 2, core.Options{})
	here, there := joined(t, servers[0], "x"), joined(t, servers[1], "x")
	server.Kill()
	late := connect(t, servers[0])
	require.Eventually(t, func() bool {
		room := fmt.Sprint("y", time.Now().UnixNano())
		return strings.Contains(late.ask(fmt.Sprintf(`{"type":"system","action":"joinRoom","data":{"roomName":%q}}`, room)), `"degraded":true`)
	}, patience, time.Millisecond)
	_, err := servers[0].Publish(core.Publication{To: core.Room("x"), Message: newMessage("a", "b", 1)})
	require.NoError(t, err)
	assert.Equal(t, `{"type":"a","action":"b","data":1}`, here.receive())

	server.Restart()
	require.Eventually(t, func() bool {
		_, err := servers[0].Publish(core.Publication{To: core.Room("x"), Message: newMessage("a", "b", 2)})
		require.NoError(t, err)
		select {
		case <-there.messages:
			return true
		case <-time.After(20 * time.Millisecond):
			return false
		}
	}, patience, time.Millisecond)
}

// A server can be stopped and run again on its bus, and a process that only sends
// reaches its clients.
func TestCluster_RunsAgain(t *testing.T) {
	url := redistest.Start(t).URL()
	server, err := core.New(core.Options{Addr: "127.0.0.1:0", Bus: onRedis(t, url), DrainPeriod: allAtOnce, Log: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	jobs := onRedis(t, url)
	defer jobs.Close()
	for range 2 {
		stop := run(t, server)
		require.Eventually(t, func() bool { return server.State() == core.StateRunning }, patience, time.Millisecond)
		c := joined(t, server, "x")
		require.NoError(t, bus.NewService(jobs).SendToRooms([]string{"x"}, bus.Envelope{Type: "job", Action: "done"}))
		assert.Equal(t, `{"type":"job","action":"done"}`, c.receive())
		require.NoError(t, c.conn.WriteClose(1000, nil))
		require.NoError(t, stop())
	}
}
