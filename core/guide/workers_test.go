package guide

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/bus"
	"github.com/gannet-ws/gannet/core"
	"github.com/gannet-ws/gannet/core/client"
)

// What the guide calls a worker is a node here: a server with clients of its own.

func TestGuide_MultiWorkerCoordination(t *testing.T) {
	_, workers := nodes(t, 2, core.Options{JWTSecret: secret})
	one, two := workers[0], workers[1]
	ada := visit(t, one, as(jwt.MapClaims{"sub": 1}, "general"))
	bob := visit(t, two, as(jwt.MapClaims{"sub": 2}, "general"))
	require.Equal(t, 1, one.Health().ActiveConnections, "connections are distributed")
	require.Equal(t, 1, two.Health().ActiveConnections)
	require.NotEqual(t, ada.ID()[:12], bob.ID()[:12], "an id tells whose client it is")

	for _, to := range []core.Target{core.All(), core.Room("general"), core.Rooms("general", "other"), core.Users("1", "2")} {
		_, err := one.Broadcast(to, "chat", "message", object{"text": "to both"})
		require.NoError(t, err)
		ada.hear(t, `chat.message {"text":"to both"}`)
		bob.hear(t, `chat.message {"text":"to both"}`)
	}
	_, err := one.Broadcast(core.Users("2"), "chat", "message", nil)
	require.NoError(t, err)
	bob.hear(t, "chat.message ")
	nothingElseAnywhere(t, one, ada, bob)
}

func TestGuide_MultiWorkerCoordination_HowItWorks(t *testing.T) {
	_, workers := nodes(t, 3, core.Options{}, func(s *core.Server) {
		s.Handle("chat", "send", func(c *core.Context) (any, error) {
			_, err := c.Broadcast(core.All(), "chat", "message", json.RawMessage(c.Data()))
			return nil, err
		})
		s.Handle("chat", "sendAsPXL", func(c *core.Context) (any, error) {
			return nil, c.Server().Emit(bus.SendMessageToAll, object{"type": "chat", "action": "message", "data": json.RawMessage(c.Data())})
		})
	})
	var clients []*person
	for _, worker := range workers {
		clients = append(clients, visit(t, worker, client.Options{}))
	}
	for _, action := range []string{"send", "sendAsPXL"} {
		require.NoError(t, clients[0].Request(patient(t), "chat", action, object{"text": "Hello"}, nil))
		for _, c := range clients {
			c.hear(t, `chat.message {"text":"Hello"}`)
		}
	}
	nothingElseAnywhere(t, workers[0], clients...)
}

func TestGuide_MultiWorkerCoordination_AutomaticEvents(t *testing.T) {
	t.Run("ClientConnected and ClientDisconnected", func(t *testing.T) {
		one, _, heard, _ := pair(t, core.Options{JWTSecret: secret})
		anonymous := newPerson(one, client.Options{})
		event := get(t, heard)
		require.Equal(t, bus.ClientConnected, event.Channel)
		var connected struct {
			ClientID     string
			LastActivity int64
			User         *struct{ UserID int }
			WorkerID     string
		}
		require.NoError(t, event.Bind(&connected))
		require.Len(t, connected.ClientID, 32)
		require.Positive(t, connected.LastActivity)
		require.Nil(t, connected.User)
		require.Equal(t, one.NodeID(), connected.WorkerID)
		require.NoError(t, anonymous.Close())
		heard.hears(t, one, bus.ClientDisconnected, `{"clientId":"`+connected.ClientID+`","workerId":"WORKER"}`)

		visit(t, one, as(jwt.MapClaims{"sub": 5}))
		require.NoError(t, get(t, heard).Bind(&connected))
		require.Equal(t, 5, connected.User.UserID)
	})
	t.Run("ClientJoinedRoom and ClientLeftRoom", func(t *testing.T) {
		one, two, heard, _ := pair(t, core.Options{Announce: core.AnnounceRooms})
		ada := visit(t, one, inRooms("general"))
		id := `"clientId":"` + ada.ID() + `"`
		heard.hears(t, one, bus.ClientJoinedRoom, `{`+id+`,"user":null,"roomName":"general","workerId":"WORKER"}`)
		_, err := two.Broadcast(core.Room("general"), "chat", "message", nil)
		require.NoError(t, err)
		ada.hear(t, "chat.message ")

		require.NoError(t, ada.Leave(patient(t), "general"))
		ada.hear(t, `user.leftRoom {"roomName":"general"}`)
		heard.hears(t, one, bus.ClientLeftRoom, `{`+id+`,"room":"general","workerId":"WORKER"}`)
		_, err = two.Broadcast(core.Room("general"), "chat", "message", nil)
		require.NoError(t, err)
		nothingElse(t, one, ada)
	})
	t.Run("SendMessageToAll", func(t *testing.T) {
		one, two, heard, _ := pair(t, core.Options{Announce: core.AnnounceNone})
		ada, bob := visit(t, one, client.Options{}), visit(t, two, client.Options{})
		browser := open(t, url(two))
		require.NoError(t, one.Emit(bus.SendMessageToAll, object{"type": "chat", "action": "message", "data": 1}))
		ada.hear(t, "chat.message 1")
		bob.hear(t, "chat.message 1")
		require.JSONEq(t, `{"type":"chat","action":"message","data":1}`, browser.receive())
		heard.hears(t, one, bus.SendMessageToAll, `{"type":"chat","action":"message","data":1,"workerId":"WORKER"}`)
		nothingElseAnywhere(t, one, ada, bob)
	})
	t.Run("DisconnectClient", func(t *testing.T) {
		one, two, heard, _ := pair(t, core.Options{Announce: core.AnnounceNone})
		for _, worker := range []*core.Server{one, two} {
			closed := make(chan client.Closing, 1)
			options := inRooms("general")
			options.Events.Disconnected = func(c client.Closing) { closed <- c }
			doomed := visit(t, worker, options)
			bystander := visit(t, worker, client.Options{})
			id := doomed.ID()
			require.NoError(t, one.Emit(bus.DisconnectClient, object{"clientId": id}))
			require.Equal(t, client.Closing{Code: 1008, Reason: "disconnected"}, get(t, closed))
			heard.hears(t, one, bus.DisconnectClient, `{"clientId":"`+id+`","workerId":"WORKER"}`)
			require.Equal(t, client.StatusConnected, bystander.Status())
		}
	})
	t.Run("MessageError", func(t *testing.T) {
		one, two, _, _ := pair(t, core.Options{})
		for _, worker := range []*core.Server{one, two} {
			erring, bystander := visit(t, worker, inRooms("general")), visit(t, worker, client.Options{})
			require.NoError(t, one.Emit(bus.MessageError, object{"clientId": erring.ID(), "error": "Job was not queued"}))
			erring.hear(t, `error.message {"error":"Job was not queued"}`)
			nothingElse(t, worker, erring, bystander)
			require.NoError(t, erring.Close())
			require.NoError(t, bystander.Close())
			eventually(t, func() bool { return worker.Health().ActiveConnections == 0 }, "both have gone")
		}
	})
	t.Run("QueueJobCompleted and QueueJobError", func(t *testing.T) {
		_, _, heard, hub := pair(t, core.Options{})
		queue := bus.NewService(hub.Join()) // of a process that has no clients
		require.NoError(t, queue.Emit(bus.QueueJobCompleted, object{"action": "resize", "data": object{"width": 7}}))
		done := get(t, heard)
		require.Equal(t, bus.QueueJobCompleted, done.Channel)
		require.JSONEq(t, `{"action":"resize","data":{"width":7}}`, done.Text())

		require.NoError(t, queue.Emit(bus.QueueJobError, object{"action": "resize", "error": "disk full"}))
		failed := get(t, heard)
		require.Equal(t, bus.QueueJobError, failed.Channel)
		why, _ := failed.Value("data.error")
		require.Equal(t, "disk full", why)
	})
	t.Run("Custom", func(t *testing.T) {
		one, _, heard, _ := pair(t, core.Options{})
		require.NoError(t, one.SendCustomMessage(object{"action": "userStatusChanged"}))
		heard.hears(t, one, bus.Custom, `{"action":"userStatusChanged","workerId":"WORKER"}`)
		require.NoError(t, one.Emit("billing:paid", object{}))
		heard.hears(t, one, "billing:paid", `{"workerId":"WORKER"}`)
	})
}

func TestGuide_MultiWorkerCoordination_CustomCrossWorkerMessages(t *testing.T) {
	_, workers := nodes(t, 2, core.Options{}, func(s *core.Server) { s.Subscribe(statusUpdates(s)) })
	one, two := workers[0], workers[1]
	ada, bob := visit(t, one, client.Options{}), visit(t, two, client.Options{})
	send := map[string]func(message any) error{
		"a worker":         one.SendCustomMessage,
		"the other worker": two.SendCustomMessage,
		"a service":        one.Service().SendCustomMessage,
	}
	for name, send := range send {
		require.NoError(t, send(object{"action": "somethingElse"}))
		require.NoError(t, send(object{"action": "userStatusChanged", "userId": 123, "status": "online"}), name)
		ada.hear(t, `status.update {"userId":123,"status":"online"}`)
		bob.hear(t, `status.update {"userId":123,"status":"online"}`)
	}
	nothingElseAnywhere(t, one, ada, bob)
	require.Error(t, one.SendCustomMessage("an event is an object"))
}

func TestGuide_MultiWorkerCoordination_SubscriberMatchingAndOrdering(t *testing.T) {
	t.Run("one of channel, channels or match", func(t *testing.T) {
		anything := []bus.Matcher{bus.MatchString("a")}
		for _, wrong := range []bus.Subscriber{
			{},
			{Channel: "a", Channels: []string{"b"}},
			{Channel: "a", Match: anything},
			{Channels: []string{"a"}, Match: anything},
		} {
			server := newServer(core.Options{})
			wrong.Name, wrong.Handle = "confused", discard
			server.Subscribe(wrong)
			require.ErrorContains(t, server.Run(patient(t)), `subscriber "confused"`)
		}
	})
	t.Run("kinds of matches", testKindsOfMatches)
	t.Run("priority", testPriority)
	t.Run("name and description", func(t *testing.T) {
		log := &journal{}
		server := start(t, core.Options{Log: log.logger()}, func(s *core.Server) {
			s.Subscribe(bus.Subscriber{
				Name: "queueDashboard", Description: "Forward queue updates to the live dashboard",
				Channels: []string{bus.QueueJobCompleted, bus.QueueJobError}, Priority: 20,
				Handle: func(context.Context, *bus.Event) (any, error) { return nil, errors.New("no dashboard") },
			})
		})
		var table strings.Builder
		require.NoError(t, server.WriteSubscribers(&table))
		require.Regexp(t, `queueDashboard +20 +\(queueJobCompleted or queueJobError\) +Forward queue updates to the live dashboard`, table.String())
		require.NoError(t, server.Emit(bus.QueueJobError, object{}))
		eventually(t, func() bool { return server.Stats().Subscribers[0].Failed == 1 }, "it fails")
		require.Equal(t, "queueDashboard", server.Stats().Subscribers[0].Name)
		eventually(t, func() bool { return strings.Contains(log.String(), "no dashboard") }, "it is logged")
		require.Contains(t, log.String(), "subscriber=queueDashboard channel=queueJobError")
	})
}

func testKindsOfMatches(t *testing.T) {
	vip := func(e *bus.Event) bool {
		segment, _ := e.Value("segment")
		return segment == "vip"
	}
	cases := map[string]struct {
		match []bus.Matcher
		want  []int // of the events below
	}{
		"string":             {[]bus.Matcher{bus.MatchString("analytics:clicks")}, []int{0, 1}},
		"star":               {[]bus.Matcher{bus.MatchString("*")}, []int{0, 1, 2, 3, 4}},
		"regular expression": {[]bus.Matcher{bus.MatchRegexp(regexp.MustCompile(`^analytics:`))}, []int{0, 1, 2}},
		"predicate":          {[]bus.Matcher{bus.MatchFunc(vip)}, []int{1, 3}},
		"any of several": {[]bus.Matcher{
			bus.MatchString("billing"), bus.MatchRegexp(regexp.MustCompile(`views$`)), bus.MatchFunc(vip),
		}, []int{1, 2, 3, 4}},
	}
	events := []struct{ channel, segment string }{
		{"analytics:clicks", "all"}, {"analytics:clicks", "vip"}, {"analytics:views", "all"}, {"billing", "vip"}, {"billing", "all"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			var matched []int
			server := newServer(core.Options{})
			server.Subscribe(bus.Subscriber{Match: c.match, Handle: func(_ context.Context, e *bus.Event) (any, error) {
				var event struct{ Number int }
				err := e.Bind(&event)
				matched = append(matched, event.Number)
				return nil, err
			}})
			stop := serve(server)
			for i, e := range events {
				require.NoError(t, server.Emit(e.channel, object{"segment": e.segment, "number": i}))
			}
			stop() // when all has been handled
			require.Equal(t, c.want, matched)
		})
	}
}

// Subscribers have goroutines of their own; for one event they come one after the
// other, whatever the order in which they were added.
func testPriority(t *testing.T) {
	ran := make(chan string, 100)
	server := newServer(core.Options{})
	for _, priority := range []int{0, 20, -5, 10} {
		server.Subscribe(bus.Subscriber{
			Name: fmt.Sprint("priority ", priority), Priority: priority, Channel: "orders",
			Handle: func(context.Context, *bus.Event) (any, error) {
				ran <- fmt.Sprint(priority)
				return nil, nil
			},
		})
	}
	server.Subscribe(bus.Subscriber{
		Name: "another payload", Priority: 99, Match: []bus.Matcher{bus.MatchProperty("urgent", true)},
		Handle: func(context.Context, *bus.Event) (any, error) {
			ran <- "urgent"
			return nil, nil
		},
	})
	t.Cleanup(serve(server))
	for range 10 {
		require.NoError(t, server.Emit("orders", object{}))
		for _, want := range []string{"20", "10", "0", "-5"} {
			require.Equal(t, want, get(t, ran))
		}
	}
	require.NoError(t, server.Emit("orders", object{"urgent": true}))
	require.Equal(t, "urgent", get(t, ran))
}
