package core_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/bus"
	"github.com/gannet-ws/gannet/core"
)

func TestForward_EventsReachTheirClients(t *testing.T) {
	hub := bus.NewHub()
	server := start(t, core.Options{Bus: hub.Join(), JWTSecret: broadcastSecret, Forward: []string{
		"queueJobCompleted=client", "custom=all", "prices=room:market", "alerts=user",
	}})
	worker := bus.NewService(hub.Join())
	ada, bob := connect(t, server, "token="+tokenFor(t, "ada")), connect(t, server, "token="+tokenFor(t, 7))
	ada.receive()
	bob.receive()
	ada.join("market")

	for _, event := range []struct {
		channel, payload string
		want             string
		ada, bob         bool
	}{
		{
			"queueJobCompleted", `{"webSocketClientId":"` + wireID(ada) + `","action":"done","data":{"n":1}}`,
			`{"type":"queueJobCompleted","action":"done","data":{"action":"done","data":{"n":1},"webSocketClientId":"` + wireID(ada) + `"}}`, true, false,
		},
		{
			"queueJobCompleted", `{"clientId":"` + wireID(bob) + `","type":"job","action":"done"}`,
			`{"action":"done","clientId":"` + wireID(bob) + `","type":"job"}`, false, true,
		},
		{"custom", `{"type":"t","action":"a","data":1,"workerId":3,"includeSender":true}`, `{"type":"t","action":"a","data":1}`, true, true},
		{"prices", `{"eur":1.1}`, `{"type":"prices","action":"message","data":{"eur":1.1}}`, true, false},
		{"alerts", `{"userId":7,"type":"t","action":"a"}`, `{"userId":7,"type":"t","action":"a"}`, false, true},
		{"alerts", `{"userId":"ada","type":"t","action":"a"}`, `{"userId":"ada","type":"t","action":"a"}`, true, false},
	} {
		require.NoError(t, worker.Emit(event.channel, rawJSON(event.payload)))
		if event.ada {
			require.JSONEq(t, event.want, ada.receive())
		}
		if event.bob {
			require.JSONEq(t, event.want, bob.receive())
		}
		if !event.ada {
			ada.quiet()
		}
		if !event.bob {
			bob.quiet()
		}
	}
}

func TestForward_BadEventsAreCounted(t *testing.T) {
	hub := bus.NewHub()
	server := start(t, core.Options{Bus: hub.Join(), Forward: []string{"jobs=client", "alerts=user"}})
	worker := bus.NewService(hub.Join())
	require.NoError(t, worker.Emit("jobs", rawJSON(`{"action":"done"}`)))
	require.NoError(t, worker.Emit("alerts", rawJSON(`{"userId":null}`)))
	eventually(t, func() bool {
		subscribers := server.Stats().Subscribers
		return subscribers[0].Failed == 1 && subscribers[1].Failed == 1
	}, "both have failed")
}

func TestForward_MistakesAreRefused(t *testing.T) {
	for _, text := range []string{"custom", "custom=", "=all", "custom=everybody", "custom=room:"} {
		_, err := core.New(core.Options{Forward: []string{text}})
		require.ErrorContains(t, err, "CHANNEL=all", text)
	}
}
