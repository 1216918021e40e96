package core_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/bus"
	"github.com/gannet-ws/gannet/core"
)

func TestEmit_ReachesSubscribersOnBothNodes(t *testing.T) {
	here, there := newHeard(), newHeard()
	hub := bus.NewHub()
	server := start(t, core.Options{Bus: hub.Join()}, here.on("analytics:clicks"))
	start(t, core.Options{Bus: hub.Join()}, there.on("analytics:clicks"), there.on(bus.Custom))
	type click struct {
		X int `json:"x"`
	}
	id := server.NodeID()
	for name, tt := range map[string]struct {
		event any
		want  string
	}{
		"a struct":              {click{3}, `{"workerId":%q,"x":3}`},
		"a map":                 {map[string]any{"a": "<é>"}, `{"workerId":%q,"a":"<é>"}`},
		"an empty object":       {struct{}{}, `{"workerId":%q}`},
		"JSON":                  {json.RawMessage(`{"a":[1,2]}`), `{"workerId":%q,"a":[1,2]}`},
		"JSON with white space": {json.RawMessage(" {\n\t\"a\": 1 } "), `{"workerId":%q,"a":1}`},
		"an empty one with it":  {json.RawMessage("{ \n}"), `{"workerId":%q}`},
		"with its own worker":   {json.RawMessage(`{"workerId":7}`), `{"workerId":%q}`},
		"through the interface": {any(&click{4}), `{"workerId":%q,"x":4}`},
	} {
		for how, emit := range map[string]func(string, any) error{"server": server.Emit, "service": server.Service().Emit} {
			t.Run(name+", "+how, func(t *testing.T) {
				require.NoError(t, emit("analytics:clicks", tt.event))
				want := tt.want
				if strings.Contains(want, "%q") {
					want = fmt.Sprintf(want, id)
				}
				for _, h := range []heard{here, there} {
					require.Equal(t, id, h.next(t, "analytics:clicks", want).Sender)
				}
			})
		}
	}
	require.NoError(t, server.SendCustomMessage(click{5}))
	require.NoError(t, server.Service().SendCustomMessage(click{6}))
	there.next(t, bus.Custom, `{"workerId":"`+id+`","x":5}`)
	there.next(t, bus.Custom, `{"workerId":"`+id+`","x":6}`)
	require.Empty(t, here, "it did not ask for these")
	require.Empty(t, there)
}

// Of two members of one name readers take the last, the first or none of both.
func TestEmit_ReplacesTheWorkerID(t *testing.T) {
	here := newHeard()
	server := start(t, core.Options{Bus: bus.NewHub().Join()}, here.on(bus.Custom))
	for name, tt := range map[string]struct{ event, want string }{
		"none":           {`{"a":"\u00e9"}`, `{"a":"\u00e9","workerId":%q}`},
		"in front":       {`{"workerId":"me", "a":1}`, `{"a":1,"workerId":%q}`},
		"behind":         {`{"a":1,"workerId":{"b":"}"}}`, `{"a":1,"workerId":%q}`},
		"twice":          {`{"workerId":1,"a":1,"workerId":null}`, `{"a":1,"workerId":%q}`},
		"escaped":        {`{"a":1,"worker\u0049d":"me"}`, `{"a":1,"workerId":%q}`},
		"alone":          {`{"workerId":"me"}`, `{"workerId":%q}`},
		"that of a part": {`{"a":{"workerId":"me"}}`, `{"a":{"workerId":"me"},"workerId":%q}`},
	} {
		t.Run(name, func(t *testing.T) {
			require.NoError(t, server.Emit(bus.Custom, json.RawMessage(tt.event)))
			want := fmt.Sprintf(tt.want, server.NodeID())
			require.Equal(t, want, string(here.next(t, bus.Custom, want).Payload))
		})
	}
}

func TestEmit_NotAnObject(t *testing.T) {
	h := newHeard()
	server := start(t, core.Options{}, h.on("*"))
	for name, event := range map[string]any{
		"nothing": nil, "null": json.RawMessage("null"), "number": 5, "text": "{}", "array": []int{1},
		"no JSON": json.RawMessage(`{"a":`), "no JSON value": make(chan int), "empty": json.RawMessage(" "),
	} {
		require.Error(t, server.Emit("c", event), name)
		require.Error(t, server.Service().Emit("c", event), name)
		require.Error(t, server.SendCustomMessage(event), name)
	}
	require.ErrorContains(t, server.Emit("c", make(chan int)), "cannot encode an event for c: ")
	require.NoError(t, server.Emit("c", struct{}{}))
	h.next(t, "c", `{"workerId":"`+server.NodeID()+`"}`)
	require.Empty(t, h)
}

// Events that come while the server does not run reach nobody, and are counted.
func TestSubscribe_Figures(t *testing.T) {
	h := newHeard()
	server, err := core.New(core.Options{Addr: "127.0.0.1:0", Log: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	server.Subscribe(bus.Subscriber{Name: "first", Channel: "a", Description: "takes all", Priority: 1, Handle: taking(h)})
	server.Subscribe(bus.Subscriber{Name: "second", Channels: []string{"a", "b"}, Handle: func(context.Context, *bus.Event) (any, error) {
		return nil, errors.New("always")
	}})
	require.NoError(t, server.Emit("a", struct{}{}))
	stop := run(t, server)
	require.NoError(t, server.Emit("a", struct{}{}))
	next(t, h)
	eventually(t, func() bool { return server.Stats().Subscribers[1].Failed == 1 }, "the second has had its turn")
	require.NoError(t, stop())
	require.Equal(t, []bus.SubscriberStats{
		{Name: "first", Handled: 1, Dropped: 1}, {Name: "second", Failed: 1, Dropped: 1},
	}, server.Stats().Subscribers)

	var table strings.Builder
	require.NoError(t, server.WriteSubscribers(&table))
	require.Contains(t, table.String(), "first   1         a")
	require.Contains(t, table.String(), "takes all")
	require.ErrorIs(t, server.WriteSubscribers(brokenWriter{}), errAway)
}

func taking(h heard) bus.Handler {
	return func(_ context.Context, e *bus.Event) (any, error) {
		h <- e
		return nil, nil
	}
}

func TestSubscribe_MistakesAreErrorsOfRun(t *testing.T) {
	server, err := core.New(core.Options{Addr: "127.0.0.1:0", Log: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	server.Subscribe(bus.Subscriber{Name: "without handler", Channel: "a"})
	server.Subscribe(bus.Subscriber{Name: "without channel", Handle: taking(nil)})
	err = server.Run(t.Context())
	require.ErrorContains(t, err, "without handler")
	require.ErrorContains(t, err, "without channel")
}

// Nothing can be added to a server that runs: its loops read the routes.
func TestServer_AdditionsWhileItRunsAreLoggedAndIgnored(t *testing.T) {
	log := &lines{}
	server := start(t, core.Options{Log: slog.New(slog.NewTextHandler(log, nil))})
	before := server.Routes()
	server.Handle("late", "route", func(*core.Context) (any, error) { return nil, nil })
	server.Controller("late", &chat{})
	server.Subscribe(bus.Subscriber{Name: "late", Channel: "a", Handle: taking(nil)})
	require.Equal(t, before, server.Routes())
	require.Empty(t, server.Stats().Subscribers)
	for _, what := range []string{"route late.route", "controller late", "subscriber late"} {
		require.Contains(t, log.String(), what+" comes too late")
	}
}

// What a subscriber sends with Here reaches the clients of each node once, though
// every node runs it.
func TestSubscribe_SendsHere(t *testing.T) {
	b := startTier(t, core.Options{Loops: 1}, func(s *core.Server) {
		s.Subscribe(bus.Subscriber{Channel: "job", Handle: func(_ context.Context, e *bus.Event) (any, error) {
			done, _ := e.Value("n")
			return s.Broadcast(core.All().Here(), "job", "done", done)
		}})
	})
	one, other := connect(t, b.here), connect(t, b.there)
	require.NoError(t, b.outside().Emit("job", map[string]int{"n": 3}))
	require.Equal(t, `{"type":"job","action":"done","data":3}`, one.receive())
	require.Equal(t, `{"type":"job","action":"done","data":3}`, other.receive())
	one.quiet()
	other.quiet()
}

// services are the ways to send with the guide's service: beside a server, and in
// a process without one.
func services(b tier) map[string]*bus.Service {
	return map[string]*bus.Service{"of a server": b.here.Service(), "of the other": b.there.Service(), "from outside": b.outside()}
}

func TestService_ReachesTheClientsOfAllNodes(t *testing.T) {
	b := startTier(t, core.Options{Loops: 2, JWTSecret: broadcastSecret}, tellID)
	here, there := crews(t, b)
	here.clients["anon"].join("s")
	envelope := bus.Envelope{Type: "test", Action: "numbered", Data: note{"service", 1}}
	clients := []string{here.ids["five"].String(), there.ids["six"].String(), there.ids["six"].String()}
	for how, service := range services(b) {
		for name, tt := range map[string]struct {
			send        func() error
			here, there []string
		}{
			"Broadcast":                   {func() error { return service.Broadcast(envelope) }, []string{"ada", "anon", "five"}, []string{"ada", "anon", "six"}},
			"SendToRooms, one":            {func() error { return service.SendToRooms([]string{"r"}, envelope) }, []string{"ada", "anon"}, []string{"ada", "anon"}},
			"SendToRooms, two":            {func() error { return service.SendToRooms([]string{"r", "s"}, envelope) }, []string{"ada", "anon", "five"}, []string{"ada", "anon", "six"}},
			"SendToRooms, none":           {func() error { return service.SendToRooms(nil, envelope) }, nil, nil},
			"SendToUsers":                 {func() error { return service.SendToUsers([]string{"ada", "6"}, envelope) }, []string{"ada"}, []string{"ada", "six"}},
			"SendToClients, of both":      {func() error { return service.SendToClients(clients, envelope) }, []string{"five"}, []string{"six"}},
			"SendToClients, none of them": {func() error { return service.SendToClients([]string{strings.Repeat("0", 32)}, envelope) }, nil, nil},
		} {
			t.Run(name+" "+how, func(t *testing.T) {
				require.NoError(t, tt.send())
				require.Equal(t, tt.here, here.got(t, note{"service", 1}), "here")
				require.Equal(t, tt.there, there.got(t, note{"service", 1}), "there")
			})
		}
	}
}

func TestService_Messages(t *testing.T) {
	b := startTier(t, core.Options{})
	one, other := connect(t, b.here), connect(t, b.there)
	for how, service := range services(b) {
		for want, send := range map[string]func() error{
			`{"type":"user","action":"typing","data":{"a":1}}`:               func() error { return service.SendUserMessage("typing", map[string]int{"a": 1}) },
			`{"type":"system","action":"restart"}`:                           func() error { return service.SendSystemMessage("restart", nil) },
			`{"type":"error","action":"upload","data":{"error":"no \"x\""}}`: func() error { return service.SendErrorMessage("upload", errors.New(`no "x"`)) },
			`{"type":"a","action":"b","data":[1]}`:                           func() error { return service.Broadcast(bus.Envelope{Type: "a", Action: "b", Data: []int{1}}) },
		} {
			require.NoError(t, send(), how)
			require.Equal(t, want, one.receive(), how)
			require.Equal(t, want, other.receive(), how)
		}
		require.Error(t, service.SendUserMessage("typing", make(chan int)))
		require.Error(t, service.SendToClients([]string{"not an id"}, bus.Envelope{}))
		one.quiet()
		other.quiet()
	}
}

// A server that has no room for the message says so.
func TestService_Overloaded(t *testing.T) {
	server, _, _, release := busyLoop(t, core.Options{MaxInbox: 8 << 10})
	defer release()
	var err error
	for range 1000 {
		if err = server.Service().SendUserMessage("fill", nil); err != nil {
			break
		}
	}
	require.ErrorIs(t, err, core.ErrOverloaded)
}
