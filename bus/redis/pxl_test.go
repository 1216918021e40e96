package redis_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/bus"
	"github.com/gannet-ws/gannet/bus/redistest"
)

func numbered(i int) []byte { return fmt.Appendf(nil, `{"n":%d}`, i) }

func TestPXL_NodesHear(t *testing.T) {
	server := redistest.Start(t)
	m := join(t, 2, calmly(server.URL()), listening(bus.ClientConnected, "orders:new"))
	const self = `"workerId":"000000000002"`
	for _, test := range []struct {
		why, channel, payload string
		sender                string
		ignored               bool
	}{
		{"a worker's", bus.ClientConnected, `{"clientId":"a","workerId":3}`, "3", false},
		{"a master's", bus.ClientConnected, `{"clientId":"a","workerId":null}`, "", false},
		{"nobody's", bus.ClientConnected, `{"clientId":"a"}`, "", false},
		{"another node's", bus.ClientConnected, `{"workerId":"000000000009"}`, "000000000009", false},
		{"its own", bus.ClientConnected, `{` + self + `}`, "", true},
		{"an application's", "orders:new", ` {"total":1.5}`, "", false},
		{"not wanted", bus.ClientDisconnected, `{"clientId":"a"}`, "", true},
		{"an error", bus.MessageError, `{"clientId":"a","error":"e"}`, "", false},
		{"its own error", bus.MessageError, `{"clientId":"a",` + self + `}`, "", true},
		{"its own error, for itself", bus.MessageError, `{"includeSender":true,` + self + `}`, "000000000002", false},
		{"a worker's message", bus.SendMessageToAll, `{"type":"a","workerId":1}`, "1", false},
		{"a node's message", bus.SendMessageToAll, `{"type":"a","workerId":"000000000009"}`, "", true},
		{"an application's message", bus.SendMessageToAll, `{"type":"a","workerId":"jobs"}`, "jobs", false},
		{"a disconnect", bus.DisconnectClient, `{"clientId":"a"}`, "", false},
		{"null", bus.DisconnectClient, `null`, "", true},
		{"no object", bus.DisconnectClient, `[{}]`, "", true},
		{"no JSON", bus.DisconnectClient, `{`, "", true},
		{"nothing", bus.DisconnectClient, ``, "", true},
	} {
		server.Do("PUBLISH", test.channel, test.payload)
		server.Do("PUBLISH", test.channel, `{"fence":true}`) // comes after it: one channel has one order
		if test.channel == bus.ClientDisconnected {
			continue
		}
		var got []*bus.Event
		m.until(func() bool {
			_, got, _ = m.seen()
			return len(got) > 0 && got[len(got)-1].Text() == `{"fence":true}`
		}, test.why)
		m.forget()
		if test.ignored {
			assert.Len(t, got, 1, test.why)
			continue
		}
		if assert.Len(t, got, 2, test.why) {
			assert.Equal(t, test.channel, got[0].Channel, test.why)
			assert.Equal(t, test.payload, got[0].Text(), test.why)
			assert.Equal(t, test.sender, got[0].Sender, test.why)
		}
	}
	assert.EqualValues(t, 4, m.Stats().Bad)
}

// forget removes all that was received.
func (n *node) forget() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.messages, n.events, n.gaps = nil, nil, nil
}

func TestPXL_AllChannels(t *testing.T) {
	server := redistest.Start(t)
	options := calmly(server.URL())
	options.PXLPrefix = "pxl:"
	m := join(t, 2, options, func(n *node) { n.all = true })
	for _, channel := range bus.PXLChannels() {
		assert.Equal(t, "1", server.Do("PUBLISH", "pxl:"+channel, `{"on":"`+channel+`"}`), channel)
	}
	for _, e := range m.heard(len(bus.PXLChannels())) {
		assert.Equal(t, `{"on":"`+e.Channel+`"}`, e.Text())
	}
}

// What a node publishes is what PXL's workers expect, and other nodes get a
// message to all once.
func TestPXL_WorkersHear(t *testing.T) {
	server := redistest.Start(t)
	worker := redistest.Listen(t, server, "custom", "sendMessageToAll", "gannet:all")
	sender := join(t, 1, calmly(server.URL()))
	receiver := join(t, 2, calmly(server.URL()), listening(bus.Custom))

	require.NoError(t, sender.Emit(&bus.Event{Channel: bus.Custom, Payload: []byte(`{"a":1}`)}))
	assert.Equal(t, [2]string{"custom", `{"a":1}`}, worker.Next())
	assert.Equal(t, `{"a":1}`, receiver.heard(1)[0].Text())

	require.NoError(t, sender.Publish(bus.Message{To: bus.All, Payload: []byte(`{"type":"x"}`)}))
	assert.Equal(t, "gannet:all", worker.Next()[0])
	assert.Equal(t, [2]string{"sendMessageToAll", `{"type":"x","workerId":"000000000001"}`}, worker.Next())

	require.NoError(t, sender.Publish(bus.Message{To: bus.All, Where: "anonymous", Payload: []byte(`{"type":"y"}`)}))
	assert.Equal(t, "gannet:all", worker.Next()[0], "workers know no conditions")

	emitted := `{"workerId":"000000000001","includeSender":true,"type":"z"}`
	require.NoError(t, sender.Emit(&bus.Event{Channel: bus.SendMessageToAll, Payload: []byte(emitted)}))
	assert.Equal(t, [2]string{"sendMessageToAll", emitted}, worker.Next())
	assert.Equal(t, "gannet:all", worker.Next()[0])

	var payloads []string
	for _, m := range receiver.received(3) {
		payloads = append(payloads, string(m.Payload))
	}
	assert.Equal(t, []string{`{"type":"x"}`, `{"type":"y"}`, `{"type":"z"}`}, payloads)
	assert.Len(t, receiver.heard(1), 1, "no message came as an event too")
}

// To all clients PXL's workers get objects only, with the node's id: others would
// end them.
func TestPXL_WorkersHearObjects(t *testing.T) {
	server := redistest.Start(t)
	worker := redistest.Listen(t, server, "sendMessageToAll")
	sender := join(t, 1, quickly(server.URL()))
	for _, message := range []struct{ payload, want string }{
		{`{}`, `{"workerId":"000000000001"}`},
		{` { } `, `{"workerId":"000000000001"}`},
		{"{\"a\" : 1 }\n", `{"a" : 1,"workerId":"000000000001"}`},
		{`{"a":1,"workerId":7}`, `{"a":1,"workerId":7,"workerId":"000000000001"}`},
		{`[1]`, ``},
		{`hello`, ``},
		{`}`, ``},
		{``, ``},
		{`{"end":true}`, `{"end":true,"workerId":"000000000001"}`},
	} {
		err := sender.Publish(bus.Message{To: bus.All, Payload: []byte(message.payload)})
		if message.want == "" {
			assert.Error(t, err, message.payload)
			continue
		}
		require.NoError(t, err, message.payload)
		assert.Equal(t, [2]string{"sendMessageToAll", message.want}, worker.Next())
	}
}

// A node's error that asks for its sender does not come back to it.
func TestPXL_OwnErrorsOnce(t *testing.T) {
	server := redistest.Start(t)
	worker := redistest.Listen(t, server, "messageError")
	m, other := join(t, 1, quickly(server.URL())), join(t, 2, quickly(server.URL()))
	event := &bus.Event{
		Channel: bus.MessageError, Sender: "000000000001",
		Payload: []byte(`{"clientId":"c","error":"e","includeSender":true,"workerId":"000000000001"}`),
	}
	require.NoError(t, m.Emit(event))
	const want = `{"clientId":"c","error":"e","workerId":"000000000001"}`
	assert.Equal(t, want, worker.Next()[1])
	assert.Equal(t, want, other.heard(1)[0].Text())
	server.Do("PUBLISH", "messageError", `{"fence":true}`)
	assert.Equal(t, `{"fence":true}`, m.heard(1)[0].Text())
}
