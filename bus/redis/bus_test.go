package redis_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/bus"
	"github.com/gannet-ws/gannet/bus/redis"
	"github.com/gannet-ws/gannet/bus/redistest"
)

// client is an id of a client of the node with that number.
func client(node byte, n byte) bus.ClientID { return bus.ClientID{5: node, 15: n} }

func TestBus_Audiences(t *testing.T) {
	server := redistest.Start(t)
	sender := join(t, 1, calmly(server.URL()))
	payload := []byte(`{"type":"a","action":"b"}`)
	for name, test := range map[string]struct {
		sent bus.Message
		want []bus.Message
	}{
		"all":            {bus.Message{To: bus.All}, []bus.Message{{To: bus.All}}},
		"all where":      {bus.Message{To: bus.All, Where: "user == 5"}, []bus.Message{{To: bus.All, Where: "user == 5"}}},
		"room":           {bus.Message{To: bus.Room, Room: "x"}, []bus.Message{{To: bus.Room, Room: "x"}}},
		"room of others": {bus.Message{To: bus.Room, Room: "y"}, nil},
		"room where, except": {
			bus.Message{To: bus.Room, Room: "x", Where: "user == 5", Except: client(1, 1)},
			[]bus.Message{{To: bus.Room, Room: "x", Where: "user == 5", Except: client(1, 1)}},
		},
		"rooms":    {bus.Message{To: bus.Rooms, Rooms: []string{"x", "y"}}, []bus.Message{{To: bus.Rooms, Rooms: []string{"x", "y"}}}},
		"users":    {bus.Message{To: bus.Users, Users: []string{"5", `"`}}, []bus.Message{{To: bus.Users, Users: []string{"5", `"`}}}},
		"no users": {bus.Message{To: bus.Users}, nil},
		"clients": {
			bus.Message{To: bus.Clients, Clients: []bus.ClientID{client(1, 1), client(2, 2), client(3, 3), client(2, 4)}, Where: "user == 5"},
			[]bus.Message{{To: bus.Clients, Clients: []bus.ClientID{client(2, 2), client(2, 4)}, Where: "user == 5"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			receiver := join(t, 2, calmly(server.URL()))
			receiver.enter("x")
			test.sent.Payload = payload
			require.NoError(t, sender.Publish(test.sent))
			sender.fence(receiver)
			for i := range test.want {
				test.want[i].Payload = payload
			}
			assert.Equal(t, test.want, nonNil(receiver.received(len(test.want))))
			assert.Empty(t, sender.received(0), "the sender has delivered it already")
			receiver.Close()
		})
	}
}

func nonNil(messages []bus.Message) []bus.Message {
	if len(messages) == 0 {
		return nil
	}
	return messages
}

// What is for clients of the node itself does not leave it.
func TestBus_OwnClients(t *testing.T) {
	server := redistest.Start(t)
	listener := redistest.Listen(t, server, "gannet:node:{000000000001}", "gannet:node:{000000000002}")
	sender := join(t, 1, calmly(server.URL()))
	for _, to := range []bus.ClientID{client(1, 1), client(2, 1)} {
		require.NoError(t, sender.Publish(bus.Message{To: bus.Clients, Clients: []bus.ClientID{to}, Payload: []byte("{}")}))
	}
	for {
		got := listener.Next()
		if got[1][0] == 0 { // a probe of the node's
			continue
		}
		assert.Equal(t, "gannet:node:{000000000002}", got[0])
		return
	}
}

// Lists that do not fit into one header are split, and nobody is left out.
func TestBus_LongLists(t *testing.T) {
	server := redistest.Start(t)
	sender, receiver := join(t, 1, calmly(server.URL())), join(t, 2, calmly(server.URL()))
	var users []string
	var clients []bus.ClientID
	for i := range 5000 {
		users = append(users, strings.Repeat("u", 30)+string(rune('a'+i%26))+strings.Repeat("v", i%10))
		clients = append(clients, bus.ClientID{5: 2, 14: byte(i >> 8), 15: byte(i)})
	}
	require.NoError(t, sender.Publish(bus.Message{To: bus.Users, Users: users, Payload: []byte("{}")}))
	require.NoError(t, sender.Publish(bus.Message{To: bus.Clients, Clients: clients, Payload: []byte("{}")}))
	assert.Error(t, sender.Publish(bus.Message{To: bus.Rooms, Rooms: users, Payload: []byte("{}")}),
		"members of several rooms would get it several times")
	var gotUsers []string
	var gotClients []bus.ClientID
	receiver.until(func() bool {
		gotUsers, gotClients = nil, nil
		messages, _, _ := receiver.seen()
		for _, m := range messages {
			gotUsers = append(gotUsers, m.Users...)
			gotClients = append(gotClients, m.Clients...)
		}
		return len(gotUsers) >= len(users) && len(gotClients) >= len(clients)
	}, "all have to be named")
	assert.Equal(t, users, gotUsers)
	assert.Equal(t, clients, gotClients)
}

// Any client of Redis feeds the tier.
func TestBus_PlainMessages(t *testing.T) {
	server := redistest.Start(t)
	options := calmly(server.URL())
	options.MaxPayload = 100
	m := join(t, 2, options)
	m.enter("general")

	const good = `{"type":"chat","action":"message","data":{"text":"ü"}}`
	assert.Equal(t, "1", server.Do("PUBLISH", "gannet:room:{general}", good))
	server.Do("PUBLISH", "gannet:all", good)
	for _, bad := range []string{
		`{"type":`, `{"a":"` + "\xff" + `"}`, `{"a":"` + "\n" + `"}`, `{"a":"\q"}`, `{} {}`, "", "hello", `[1]`,
		`{"a":"` + strings.Repeat("x", 100) + `"}`, "\x01", "\x01\x09aaaaaabbbbccccccccc", "\x02aaaaaaabbbbccccccccc{}",
	} {
		server.Do("PUBLISH", "gannet:room:{general}", bad)
	}
	server.Do("PUBLISH", "gannet:room:{general}", "{}")

	var rooms []string
	m.until(func() bool { messages, _, _ := m.seen(); return len(messages) == 3 }, "three are good")
	for _, got := range m.received(3) {
		rooms = append(rooms, got.Room+" "+string(got.Payload))
	}
	assert.ElementsMatch(t, []string{"general " + good, " " + good, "general {}"}, rooms)
	assert.EqualValues(t, 12, m.Stats().Bad)
}

// What an application publishes for a client of the node is the node's to send.
func TestBus_ApplicationReplies(t *testing.T) {
	server := redistest.Start(t)
	m := join(t, 2, quickly(server.URL()))
	const id = "00000000000200000000000000000007"
	bad := []string{
		`{"clientId":"x","type":"t"}`, `{"type":"t"}`, `{"clientId":5}`, `{"clientId":`, `{"clientId":"` + id + `","type":"` + "\xff" + `"}`,
		`{"clientId":"` + id[:11] + "3" + id[12:] + `","type":"of another node"}`,
		`{"clientId":"` + id + `","type":"` + strings.Repeat("x", 4<<20) + `"}`,
	}
	const good = `{"clientId":"` + id + `","id":7,"type":"t","action":"a","response":{"b":"<"}}`
	for _, reply := range append(bad, good) {
		server.Do("PUBLISH", "gannet:node:{000000000002}", reply)
	}
	m.until(func() bool { return len(m.answers()) == 1 }, "the reply has to come")
	assert.Equal(t, []string{good}, m.answers(), "as it was")
	assert.EqualValues(t, len(bad), m.Stats().Bad)
}

// One publisher's messages to a room arrive in its order, however many they are.
func TestBus_Order(t *testing.T) {
	server := redistest.Start(t)
	sender, receiver := join(t, 1, calmly(server.URL())), join(t, 2, calmly(server.URL()))
	receiver.enter("x")
	const count = 5000
	for i := range count {
		require.NoError(t, sender.Publish(bus.Message{To: bus.Room, Room: "x", Payload: numbered(i)}))
	}
	for i, m := range receiver.received(count) {
		require.Equal(t, string(numbered(i)), string(m.Payload))
	}
	_, _, gaps := receiver.seen()
	assert.Empty(t, gaps)
	assert.EqualValues(t, count, sender.Stats().Published)
}

// A process that has no clients sends without having opened the bus, and Close
// sends what waits.
func TestBus_SendsWithoutOpen(t *testing.T) {
	server := redistest.Start(t)
	receiver := join(t, 2, calmly(server.URL()), listening(bus.Custom))
	receiver.enter("x")
	b, err := redis.New(calmly(server.URL()))
	require.NoError(t, err)
	service := bus.NewService(b)
	require.NoError(t, service.SendToRooms([]string{"x"}, bus.Envelope{Type: "a", Action: "b", Data: 1}))
	require.NoError(t, service.SendCustomMessage(map[string]int{"n": 2}))
	b.Close()
	assert.Equal(t, `{"type":"a","action":"b","data":1}`, string(receiver.received(1)[0].Payload))
	assert.Equal(t, `{"n":2}`, receiver.heard(1)[0].Text())
	assert.Error(t, service.Broadcast(bus.Envelope{Type: "a", Action: "b"}), "the bus is closed")
	assert.EqualValues(t, 1, b.Stats().Failed)
	assert.False(t, b.Status().Connected)
}

func TestBus_OpensAgain(t *testing.T) {
	server := redistest.Start(t)
	sender, m := join(t, 1, calmly(server.URL())), join(t, 2, calmly(server.URL()))
	assert.Error(t, m.Open(m.node), "it is open already")
	for range 3 {
		m.enter("x")
		require.NoError(t, sender.Publish(bus.Message{To: bus.Room, Room: "x", Payload: []byte("{}")}))
		m.until(func() bool { return m.take("{}") }, "the message has to come")
		m.Leave("x")
		m.Close()
		m.Close()
		assert.False(t, m.Standing("x"))
		m.Await("x", func(err error) { assert.Error(t, err) })
		m.Enter("x") // does nothing
		require.NoError(t, m.Open(m.node))
		assert.False(t, m.Standing("x"))
		require.NoError(t, m.Publish(bus.Message{To: bus.All, Payload: []byte("{}")}))
		sender.until(func() bool { return sender.take("{}") }, "the message has to come")
	}
	_, _, gaps := sender.seen()
	assert.Empty(t, gaps, "numbers go on")
}

func TestBus_NodeIDRefused(t *testing.T) {
	b, err := redis.New(calmly("redis://localhost:1"))
	require.NoError(t, err)
	assert.ErrorContains(t, b.Open(&node{id: "x"}), "12 lower-case hex digits")
	assert.ErrorContains(t, b.Open(&node{id: "00000000000a", channels: []string{"gannet:all"}}), "the bus's own")
}
