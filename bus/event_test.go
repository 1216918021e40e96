package bus_test

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/bus"
)

func TestEvent_Value(t *testing.T) {
	const payload = `{"type":"order","n":5,"big":9007199254740991,"yes":true,"null":null,"":"empty",
		"user":{"id":7,"address":{"city":"Århus"}},"items":[{"name":"a"},{"name":"b"}],"a.b":1}`
	cases := map[string]struct {
		want any
		ok   bool
	}{
		"type":              {"order", true},
		"n":                 {5.0, true},
		"big":               {9007199254740991.0, true},
		"yes":               {true, true},
		"null":              {nil, true},
		"user":              {map[string]any{"id": 7.0, "address": map[string]any{"city": "Århus"}}, true},
		"user.id":           {7.0, true},
		"user.address.city": {"Århus", true},
		"items.0.name":      {"a", true},
		"items.1.name":      {"b", true},
		"items.2.name":      {nil, false},
		"items.-1":          {nil, false},
		"items.name":        {nil, false},
		"":                  {"empty", true},
		"other":             {nil, false},
		"user.other":        {nil, false},
		"user.id.other":     {nil, false},
		"null.other":        {nil, false},
		"user.":             {nil, false},
		".user":             {nil, false},
		"a.b":               {nil, false},
		"User":              {nil, false},
	}
	e := event("custom", payload)
	for path, c := range cases {
		value, ok := e.Value(path)
		assert.Equal(t, c.ok, ok, "path %q", path)
		assert.Equal(t, c.want, value, "path %q", path)
	}
	assert.Equal(t, payload, e.Text())
}

func TestEvent_ValueOfWhatIsNoObject(t *testing.T) {
	for _, payload := range []string{``, `null`, `[1]`, `"text"`, `5`, `{"a":1`, `{"a":1}}`, "{\"a\":\"\x01\"}"} {
		value, ok := event("custom", payload).Value("a")
		assert.False(t, ok, "payload %q", payload)
		assert.Nil(t, value, "payload %q", payload)
	}
}

func TestEvent_QueueErrorIsInData(t *testing.T) {
	cases := map[string]struct {
		channel, payload string
		want             any
		ok               bool
	}{
		"into data":        {bus.QueueJobError, `{"error":"boom","data":{"id":1}}`, "boom", true},
		"data has one":     {bus.QueueJobError, `{"error":"boom","data":{"error":"own"}}`, "own", true},
		"data has null":    {bus.QueueJobError, `{"error":"boom","data":{"error":null}}`, nil, true},
		"no data":          {bus.QueueJobError, `{"error":{"code":5}}`, map[string]any{"code": 5.0}, true},
		"null data":        {bus.QueueJobError, `{"error":"boom","data":null}`, "boom", true},
		"data is text":     {bus.QueueJobError, `{"error":"boom","data":"text"}`, nil, false},
		"data is an array": {bus.QueueJobError, `{"error":"boom","data":[1]}`, nil, false},
		"no error":         {bus.QueueJobError, `{"data":{"id":1}}`, nil, false},
		"another channel":  {bus.QueueJobCompleted, `{"error":"boom","data":{"id":1}}`, nil, false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			e := event(c.channel, c.payload)
			value, ok := e.Value("data.error")
			assert.Equal(t, c.ok, ok)
			assert.Equal(t, c.want, value)
			assert.Equal(t, c.payload, e.Text(), "the payload stays as it is")
		})
	}
}

func TestEvent_Bind(t *testing.T) {
	e := event("orders", `{"id":9007199254740993,"user":{"name":"Ada"}}`)
	var order struct {
		ID   int64
		User struct{ Name string }
	}
	require.NoError(t, e.Bind(&order))
	assert.EqualValues(t, 9007199254740993, order.ID, "more than a float64 holds")
	assert.Equal(t, "Ada", order.User.Name)

	var wrong struct{ ID string }
	assert.ErrorContains(t, e.Bind(&wrong), "payload of an event on orders: ")
	assert.Error(t, event("orders", `{"id":`).Bind(&order))
}

func TestEvent_SubscribersShareIt(t *testing.T) {
	e := event(bus.QueueJobError, `{"error":"boom","user":{"name":"Ada"}}`)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 100 {
				name, _ := e.Value("user.name")
				failure, _ := e.Value("data.error")
				assert.Equal(t, "Ada", name)
				assert.Equal(t, "boom", failure)
			}
			var bound struct{ Error string }
			assert.NoError(t, e.Bind(&bound))
			assert.Equal(t, "boom", bound.Error)
		})
	}
	group.Wait()
}

func TestPXLChannels(t *testing.T) {
	names := bus.PXLChannels()
	assert.Equal(t, []string{
		"clientConnected", "clientDisconnected", "disconnectClient", "clientJoinedRoom", "clientLeftRoom", "sendMessage",
		"sendMessageToAll", "messageError", "queueJobCompleted", "queueJobError", "custom",
	}, names)
	names[0] = "changed"
	assert.Equal(t, bus.ClientConnected, bus.PXLChannels()[0])
}
