package bus_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/bus"
)

// outbox is a publisher that notes what is sent, or fails.
type outbox struct {
	messages []bus.Message
	events   []*bus.Event
	err      error
}

func (o *outbox) Publish(m bus.Message) error {
	o.messages = append(o.messages, m)
	return o.err
}

func (o *outbox) Emit(e *bus.Event) error {
	o.events = append(o.events, e)
	return o.err
}

func TestService_Sends(t *testing.T) {
	const id = "000102030405060708090a0b0c0d0e0f"
	raw := bus.ClientID{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}
	e := bus.Envelope{Type: "chat", Action: "message", Data: map[string]int{"n": 1}}
	const text = `{"type":"chat","action":"message","data":{"n":1}}`
	for name, tt := range map[string]struct {
		send func(*bus.Service) error
		want bus.Message
		text string
	}{
		"Broadcast":                {func(s *bus.Service) error { return s.Broadcast(e) }, bus.Message{To: bus.All}, text},
		"SendToRooms, one":         {func(s *bus.Service) error { return s.SendToRooms([]string{"r"}, e) }, bus.Message{To: bus.Room, Room: "r"}, text},
		"SendToRooms, two":         {func(s *bus.Service) error { return s.SendToRooms([]string{"r", "s"}, e) }, bus.Message{To: bus.Rooms, Rooms: []string{"r", "s"}}, text},
		"SendToRooms, none":        {func(s *bus.Service) error { return s.SendToRooms(nil, e) }, bus.Message{To: bus.Rooms}, text},
		"SendToUsers":              {func(s *bus.Service) error { return s.SendToUsers([]string{"5", "ada"}, e) }, bus.Message{To: bus.Users, Users: []string{"5", "ada"}}, text},
		"SendToClients":            {func(s *bus.Service) error { return s.SendToClients([]string{id}, e) }, bus.Message{To: bus.Clients, Clients: []bus.ClientID{raw}}, text},
		"SendToClients, none":      {func(s *bus.Service) error { return s.SendToClients(nil, e) }, bus.Message{To: bus.Clients, Clients: []bus.ClientID{}}, text},
		"SendUserMessage":          {func(s *bus.Service) error { return s.SendUserMessage("typing", "x") }, bus.Message{To: bus.All}, `{"type":"user","action":"typing","data":"x"}`},
		"SendSystemMessage":        {func(s *bus.Service) error { return s.SendSystemMessage("restart", nil) }, bus.Message{To: bus.All}, `{"type":"system","action":"restart"}`},
		"SendErrorMessage":         {func(s *bus.Service) error { return s.SendErrorMessage("upload", errors.New(`no "x"`)) }, bus.Message{To: bus.All}, `{"type":"error","action":"upload","data":{"error":"no \"x\""}}`},
		"names that need escaping": {func(s *bus.Service) error { return s.Broadcast(bus.Envelope{Type: `"`, Action: "\xff"}) }, bus.Message{To: bus.All}, `{"type":"\"","action":"` + "\uFFFD" + `"}`},
		"data that is JSON":        {func(s *bus.Service) error { return s.SendUserMessage("a", json.RawMessage(`[1]`)) }, bus.Message{To: bus.All}, `{"type":"user","action":"a","data":[1]}`},
	} {
		t.Run(name, func(t *testing.T) {
			to := &outbox{}
			require.NoError(t, tt.send(bus.NewService(to)))
			tt.want.Payload = []byte(tt.text)
			require.Equal(t, []bus.Message{tt.want}, to.messages)
			require.Empty(t, to.events)

			to = &outbox{err: errors.New("away")}
			require.Equal(t, to.err, tt.send(bus.NewService(to)), "the failure is the caller's to know")
		})
	}
}

func TestService_Emits(t *testing.T) {
	to := &outbox{}
	s := bus.NewService(to)
	require.NoError(t, s.Emit("analytics:clicks", map[string]int{"x": 1}))
	require.NoError(t, s.SendCustomMessage(struct{ A string }{"b"}))
	require.Equal(t, []*bus.Event{
		{Channel: "analytics:clicks", Payload: []byte(`{"x":1}`)}, {Channel: bus.Custom, Payload: []byte(`{"A":"b"}`)},
	}, to.events)
	require.Empty(t, to.messages)
	to.err = errors.New("away")
	require.Equal(t, to.err, s.Emit("a", struct{}{}))
}

// What cannot be encoded is not sent.
func TestService_Refuses(t *testing.T) {
	to := &outbox{}
	s := bus.NewService(to)
	for name, value := range map[string]any{"channel": make(chan int), "JSON that is none": json.RawMessage(`{"a":`)} {
		require.ErrorContains(t, s.SendUserMessage("a", value), "cannot encode the message: ", name)
		require.ErrorContains(t, s.Emit("a", value), "cannot encode the event: ", name)
		require.Error(t, s.SendCustomMessage(value), name)
	}
	good := strings.Repeat("0", 32)
	for _, id := range []string{"", "short", good[1:], good + "0", good + "00", strings.Repeat("g", 32), " " + good[1:], "0x" + good[2:]} {
		require.EqualError(t, s.SendToClients([]string{good, id}, bus.Envelope{}), `client id "`+id+`" is not 32 hex digits`)
	}
	require.Empty(t, to.messages)
	require.Empty(t, to.events)
}
