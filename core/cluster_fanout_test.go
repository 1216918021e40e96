package core_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/lxzan/gws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/bus/redistest"
	"github.com/gannet-ws/gannet/codec"
	"github.com/gannet-ws/gannet/core"
	"github.com/gannet-ws/gannet/core/admin"
)

// Three nodes with 3,000 clients in 300 rooms, and publishers everywhere: each
// member gets each message once and in the order of its publisher, and Redis has
// nothing to do for nodes without members.
const (
	fanoutNodes    = 3
	fanoutClients  = 3000
	fanoutRooms    = 300
	fanoutMessages = 4 // of each publisher to each room
)

// onlooker is a client that checks what it receives.
type onlooker struct {
	gws.BuiltinEventHandler
	room     string
	next     map[string]int // by publisher; the reading goroutine's
	received *atomic.Int64  // by all onlookers
	joined   chan string
	wrong    atomic.Pointer[string] // the first fault
}

func (w *onlooker) OnMessage(_ *gws.Conn, m *gws.Message) {
	defer m.Close()
	var event struct {
		Type, Action string
		Data         struct {
			Room   string
			Number int
		}
	}
	text := m.Data.String()
	switch err := json.Unmarshal([]byte(text), &event); {
	case err != nil:
		w.fault(err.Error() + ": " + text)
	case event.Type == "system":
		w.joined <- text
	case event.Data.Room != w.room:
		w.fault("another room's: " + text)
	case event.Data.Number != w.next[event.Action]:
		w.fault(fmt.Sprintf("number %d was to come: %s", w.next[event.Action], text))
	default:
		w.next[event.Action]++
		w.received.Add(1)
	}
}

func (w *onlooker) fault(text string) { w.wrong.CompareAndSwap(nil, &text) }

// openOnlooker joins a client to a room.
func openOnlooker(t *testing.T, server *core.Server, room string, received *atomic.Int64) *onlooker {
	w := &onlooker{room: room, next: map[string]int{}, received: received, joined: make(chan string, 1)}
	conn, _, err := gws.NewClient(w, &gws.ClientOption{Addr: url(server), HandshakeTimeout: patience, ReadBufferSize: 1024})
	require.NoError(t, err)
	read := make(chan struct{})
	go func() {
		defer close(read)
		conn.ReadLoop()
	}()
	t.Cleanup(func() {
		_ = conn.NetConn().Close()
		<-read
	})
	require.NoError(t, conn.WriteString(fmt.Sprintf(`{"type":"system","action":"joinRoom","data":{"roomName":%q}}`, room)))
	reply := next(t, w.joined)
	require.Contains(t, reply, `"success":true`)
	require.NotContains(t, reply, "degraded")
	return w
}

func TestCluster_EachMessageOnceAndInOrder(t *testing.T) {
	redis := redistest.Start(t)
	servers := redisTier(t, redis.URL(), fanoutNodes, core.Options{Announce: core.AnnounceNone})
	var received atomic.Int64
	var onlookers []*onlooker
	members := map[string]int{} // of each room
	holders := map[string]map[int]bool{}
	for i := range fanoutClients {
		number := i % fanoutRooms
		room := fmt.Sprint("room ", number)
		node := i / fanoutRooms % (1 + number%fanoutNodes) // a room has one node, two or three
		onlookers = append(onlookers, openOnlooker(t, servers[node], room, &received))
		members[room]++
		if holders[room] == nil {
			holders[room] = map[int]bool{}
		}
		holders[room][node] = true
	}

	publishers := fanoutPublishers(t, redis, servers, func(room, receivers string) {
		assert.Equal(t, strconv.Itoa(len(holders[room])), receivers, "nodes that Redis gave a message of %s", room)
	})
	publishEverywhere(publishers)

	want := int64(len(publishers) * fanoutMessages * fanoutClients)
	eventually(t, func() bool { return received.Load() >= want }, "all messages")
	for _, w := range onlookers {
		if fault := w.wrong.Load(); fault != nil {
			t.Fatal(*fault)
		}
	}
	assert.Equal(t, want, received.Load())
	for room, nodes := range holders {
		assert.Equal(t, fmt.Sprintf("gannet:room:{%s}\n%d", room, len(nodes)), redis.Do("PUBSUB", "NUMSUB", "gannet:room:{"+room+"}"))
	}
	assertRedisSendsOnce(t, redis)
}

// publishEverywhere has all publishers publish at once, each in an order of its
// own: all rooms in turn.
func publishEverywhere(publishers map[string]func(room, message string)) {
	var wait sync.WaitGroup
	for name, publish := range publishers {
		wait.Go(func() {
			for number := range fanoutMessages {
				for i := range fanoutRooms {
					room := fmt.Sprint("room ", i)
					publish(room, fmt.Sprintf(`{"type":"test","action":%q,"data":{"room":%q,"number":%d}}`, name, room, number))
				}
			}
		})
	}
	wait.Wait()
}

// fanoutPublishers are one in each node, one over HTTP to each, and one that is
// nothing but a client of Redis: told is given what Redis answers it.
func fanoutPublishers(t *testing.T, redis *redistest.Server, servers []*core.Server, told func(room, receivers string)) map[string]func(room, message string) {
	publishers := map[string]func(room, message string){
		"redis": func(room, message string) {
			told(room, redis.Do("PUBLISH", "gannet:room:{"+room+"}", message))
		},
	}
	for i, server := range servers {
		publishers[fmt.Sprint("node ", i)] = func(room, message string) {
			_, err := server.Publish(core.Publication{To: core.Room(room), Message: codec.NewMessage(codec.OpText, []byte(message))})
			assert.NoError(t, err)
		}
		base := openAdmin(t, server)
		publishers[fmt.Sprint("http ", i)] = func(room, message string) {
			path := base + "/api/rooms/" + strings.ReplaceAll(room, " ", "%20") + "/broadcast"
			answer, err := http.Post(path, "application/json", strings.NewReader(message))
			if !assert.NoError(t, err) {
				return
			}
			assert.Equal(t, http.StatusOK, answer.StatusCode)
			_, _ = io.Copy(io.Discard, answer.Body)
			_ = answer.Body.Close()
		}
	}
	return publishers
}

// openAdmin serves a server's admin listener until the test ends, and returns
// its URL.
func openAdmin(t *testing.T, server *core.Server) string {
	operator, err := admin.Listen(server, admin.Options{AdminAddr: "127.0.0.1:0"})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- operator.Serve(ctx) }()
	t.Cleanup(func() {
		http.DefaultClient.CloseIdleConnections()
		cancel()
		require.NoError(t, <-served)
	})
	return "http://" + operator.Addr().String()
}

// assertRedisSendsOnce reads from Redis how many bytes it sends for a message to
// a room that one node has members of: those of one copy.
func assertRedisSendsOnce(t *testing.T, redis *redistest.Server) {
	const size = 1 << 20
	before := sentBytes(t, redis)
	redis.Do("PUBLISH", "gannet:room:{room 0}", `{"type":"system","action":"x","data":"`+strings.Repeat("x", size)+`"}`)
	eventually(t, func() bool { return sentBytes(t, redis) >= before+size }, "the message on its way")
	assert.Less(t, sentBytes(t, redis), before+2*size)
}

func sentBytes(t *testing.T, redis *redistest.Server) int {
	_, rest, found := strings.Cut(redis.Do("INFO", "stats"), "total_net_output_bytes:")
	require.True(t, found)
	digits, _, _ := strings.Cut(rest, "\r")
	n, err := strconv.Atoi(digits)
	require.NoError(t, err)
	return n
}
