package guide

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/gannet-ws/gannet/bus"
	"github.com/gannet-ws/gannet/core"
	"github.com/gannet-ws/gannet/core/admin"
	"github.com/gannet-ws/gannet/core/client"
)

// The features work together: a client that is closed for inactivity takes its
// metadata and rooms along, and is not counted any more.
func TestGuide_AdvancedFeatures(t *testing.T) {
	gone := make(chan core.Departure, 1)
	server := newServer(core.Options{
		JWTSecret: secret, InactiveTimeout: 50 * time.Millisecond,
		Hooks: core.Hooks{
			Connected:    func(c *core.Context) { _ = c.SetMetadata("theme", "dark") },
			Disconnected: func(d core.Departure) { gone <- d },
		},
	})
	stop := serve(server)
	options := as(jwt.MapClaims{"sub": 1}, "general")
	options.GiveUp = func(client.Closing) bool { return true }
	ada := newPerson(server, options)
	get(t, ada.Done())
	require.Equal(t, core.ReasonInactive, get(t, gone).Reason)
	eventually(t, func() bool { return quietHealth(server) == core.Health{Status: "healthy"} }, "it is not counted")
	clients, err := server.Clients(patient(t), nil, 0)
	require.NoError(t, err)
	require.Empty(t, clients)
	stop()
	require.Equal(t, "stopped", server.Health().Status)
}

func TestGuide_AdvancedFeatures_InactiveClientManagement(t *testing.T) {
	t.Run("last activity", func(t *testing.T) {
		server := start(t, core.Options{})
		silent, talkative := visit(t, server, inRooms("general")), visit(t, server, inRooms("general"))
		ctx, silentID, talkativeID := patient(t), idOf(t, silent), idOf(t, talkative)
		eventually(t, func() bool {
			before, err := server.Client(ctx, silentID)
			now, err2 := server.Client(ctx, talkativeID)
			return errors.Join(err, err2, talkative.Send(ctx, "system", "pong", nil)) == nil &&
				now.LastActivity.After(before.LastActivity.Add(50*time.Millisecond))
		}, "each message is activity")
	})
	t.Run("timeout", func(t *testing.T) {
		log, gone := &journal{}, make(chan core.Departure, 1)
		server := start(t, core.Options{
			InactiveTimeout: 600 * time.Millisecond, LogInactive: true, Log: log.logger(),
			Hooks: core.Hooks{Disconnected: func(d core.Departure) { gone <- d }},
		})
		closed := make(chan client.Closing, 1)
		options := inRooms("general")
		options.GiveUp = func(client.Closing) bool { return true }
		options.PingInterval = 20 * time.Millisecond // pings are no messages
		options.Events.Disconnected = func(c client.Closing) { closed <- c }
		forgotten, busy := visit(t, server, options), visit(t, server, client.Options{})
		id := idOf(t, forgotten)
		ctx := patient(t)
		eventually(t, func() bool {
			return busy.Send(ctx, "system", "pong", nil) == nil && len(closed) > 0
		}, "the other is forgotten")
		require.Equal(t, client.Closing{Code: 1000, Reason: "inactive"}, get(t, closed))
		require.Equal(t, client.StatusConnected, busy.Status())
		left := get(t, gone)
		require.Equal(t, id, left.ClientID)
		require.Equal(t, core.ReasonInactive, left.Reason)
		require.Contains(t, log.String(), `msg="client closed for inactivity" client=`+id.String())
	})
	t.Run("disabled", func(t *testing.T) {
		require.Zero(t, newServer(core.Options{}).Options().InactiveTimeout)
	})
}

func TestGuide_AdvancedFeatures_ClientMetadata(t *testing.T) {
	server := start(t, core.Options{MaxMetadata: 256}, func(s *core.Server) {
		s.Controller("user", &Users{})
		s.Handle("user", "preferences", func(c *core.Context) (any, error) { return string(c.Metadata("preferences")), nil })
		s.Handle("user", "remember", func(c *core.Context) (any, error) {
			return nil, c.SetMetadata("everything", json.RawMessage(c.Data()))
		})
	})
	ada, bob := visit(t, server, inRooms("general")), visit(t, server, inRooms("general"))
	ctx := patient(t)
	preferences := func(p *person) (kept string) {
		require.NoError(t, p.Request(ctx, "user", "preferences", nil, &kept))
		return kept
	}
	dark := object{"theme": "dark", "notifications": true}
	require.NoError(t, ada.Request(ctx, "user", "updatePreferences", dark, nil))
	require.JSONEq(t, `{"theme":"dark","notifications":true}`, preferences(ada))
	require.Empty(t, preferences(bob), "each client has its own")

	visited := make(chan error, 1)
	require.True(t, server.Visit(idOf(t, bob), func(c *core.Context) { visited <- c.SetMetadata("preferences", object{"theme": "light"}) }))
	require.NoError(t, get(t, visited))
	info, err := server.Client(ctx, idOf(t, bob))
	require.NoError(t, err)
	require.JSONEq(t, `{"theme":"light"}`, string(info.Metadata["preferences"]))

	_, err = server.Broadcast(core.All().Where("meta:preferences.theme == dark"), "theme", "night", nil)
	require.NoError(t, err)
	ada.hear(t, "theme.night ")
	nothingElse(t, server, ada, bob)

	err = ada.Request(ctx, "user", "remember", strings.Repeat("x", 256), nil)
	require.ErrorContains(t, err, "METADATA_FULL")
	require.JSONEq(t, `{"theme":"dark","notifications":true}`, preferences(ada), "what was there stays")
}

func TestGuide_AdvancedFeatures_PerformanceMonitoring(t *testing.T) {
	t.Run("figures", func(t *testing.T) {
		server := start(t, core.Options{JWTSecret: secret})
		require.Equal(t, core.Health{Status: "healthy"}, quietHealth(server))
		ada := visit(t, server, as(jwt.MapClaims{"sub": 1}, "general", "support"))
		visit(t, server, inRooms("general"))
		require.Equal(t, core.Health{Status: "healthy", ActiveConnections: 2, Users: 1, Rooms: 2}, quietHealth(server))
		require.NoError(t, ada.Close())
		eventually(t, func() bool {
			return quietHealth(server) == core.Health{Status: "healthy", ActiveConnections: 1, Rooms: 1}
		}, "those who leave are not counted")
	})
	t.Run("over HTTP", func(t *testing.T) {
		server := start(t, core.Options{})
		visit(t, server, inRooms("general"))
		listener, err := admin.Listen(server, admin.Options{AdminAddr: "127.0.0.1:0"})
		require.NoError(t, err)
		ctx, stop := context.WithCancel(context.Background())
		ended := make(chan error, 1)
		go func() { ended <- listener.Serve(ctx) }()
		t.Cleanup(func() { stop(); require.NoError(t, <-ended) })

		response, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Get("http://" + listener.Addr().String() + "/api/health")
		require.NoError(t, err)
		defer response.Body.Close()
		var health map[string]any
		require.NoError(t, json.NewDecoder(response.Body).Decode(&health))
		require.Equal(t, "healthy", health["status"])
		require.EqualValues(t, 1, health["activeConnections"])
		require.EqualValues(t, 1, health["rooms"])
	})
	t.Run("an event loop that is held up", func(t *testing.T) {
		held := make(chan struct{})
		release := sync.OnceFunc(func() { close(held) })
		server := start(t, core.Options{Loops: 1}, func(s *core.Server) {
			s.Handle("test", "block", func(*core.Context) (any, error) { <-held; return nil, nil })
		})
		ada := visit(t, server, client.Options{})
		defer release()
		require.NoError(t, ada.Send(patient(t), "test", "block", nil))
		eventually(t, func() bool { return server.Health().Status == "degraded" }, "it is noticed")
		require.Equal(t, "an event loop lags behind", server.Health().Problem)
		release()
		eventually(t, func() bool { return server.Health().Status == "healthy" }, "it is over")
	})
}

// quietHealth is the health without what changes by itself.
func quietHealth(server *core.Server) core.Health {
	h := server.Health()
	h.MessagesIn, h.MessagesOut, h.LoopLagMillis, h.Backlog = 0, 0, 0, 0
	return h
}

// overheardBus tells when it is left.
type overheardBus struct {
	*bus.Member
	left func()
}

func (b overheardBus) Close() {
	b.left()
	b.Member.Close()
}

func TestGuide_AdvancedFeatures_GracefulShutdown(t *testing.T) {
	t.Run("the steps in their order", func(t *testing.T) {
		hub, steps := bus.NewHub(), make(chan string, 10)
		server := newServer(core.Options{
			Loops: 1, DrainTimeout: patience, CloseTimeout: patience,
			Bus:   overheardBus{hub.Join(), func() { steps <- "the bus is left" }},
			Hooks: core.Hooks{Disconnected: func(d core.Departure) { steps <- "a client has gone: " + d.Reason.String() }},
		})
		subscriberRan := make(chan struct{}, 1)
		server.Subscribe(bus.Subscriber{Channel: bus.Custom, Handle: func(context.Context, *bus.Event) (any, error) {
			subscriberRan <- struct{}{}
			return nil, nil
		}})
		others := hub.Join() // another node's
		stop := serve(server)
		drop := deaf(t, server)
		closed := make(chan client.Closing, 1)
		options := inRooms("general")
		options.MinBackoff, options.MaxBackoff = time.Hour, time.Hour
		options.Events.Disconnected = func(c client.Closing) { closed <- c }
		ada := visit(t, server, options)
		address := server.Addr().String()
		require.True(t, others.Wanted(bus.Custom))

		for i := range 100 {
			_, err := server.Broadcast(core.Room("general"), "chat", "message", i)
			require.NoError(t, err)
		}
		stopped := make(chan struct{})
		go func() { defer close(stopped); stop() }()

		// 1. No new connections, once draining has begun.
		eventually(t, func() bool { return server.State() == core.StateDraining }, "it drains")
		late, err := client.New(client.Options{URL: "ws://" + address + "/ws", MaxAttempts: 1, Log: quiet})
		require.NoError(t, err)
		var refused *client.HandshakeError
		require.ErrorAs(t, late.Connect(patient(t)), &refused)
		require.Equal(t, 503, refused.Status)
		require.Equal(t, "DRAINING", refused.Code)

		// 2. All connections are closed gracefully: what waited for them came.
		for i := range 100 {
			ada.hear(t, fmt.Sprint("chat.message ", i))
		}
		require.Equal(t, client.Closing{Code: 1012, Reason: "draining"}, get(t, closed))
		require.Equal(t, "a client has gone: draining", get(t, steps))
		require.True(t, others.Wanted(bus.Custom), "the bus is there as long as clients are")
		drop()
		require.Equal(t, "a client has gone: draining", get(t, steps))

		// 3. The bus is left.
		require.Equal(t, "the bus is left", get(t, steps))
		get(t, stopped)
		require.False(t, others.Wanted(bus.Custom))
		require.NoError(t, bus.NewService(others).SendCustomMessage(object{}))
		require.Empty(t, subscriberRan)

		_, err = net.Dial("tcp", address)
		require.ErrorIs(t, err, syscall.ECONNREFUSED)
	})
	t.Run("intervals and timers", func(t *testing.T) {
		before := goleak.IgnoreCurrent()
		server := newServer(core.Options{
			JSONPingInterval: 10 * time.Millisecond, InactiveTimeout: time.Minute, DrainTimeout: 50 * time.Millisecond,
		})
		server.Subscribe(bus.Subscriber{Channel: bus.Custom, Handle: discard})
		running := make(chan struct{})
		server.Handle("test", "wait", func(c *core.Context) (any, error) {
			close(running)
			<-c.Context().Done()
			return nil, errors.New("the server stops")
		}, core.Blocking())
		stop := serve(server)
		ada := newPerson(server, client.Options{})
		require.NoError(t, ada.Send(patient(t), "test", "wait", nil))
		get(t, running)
		require.NoError(t, ada.Close())
		stop()
		require.NoError(t, goleak.Find(before))
	})
	t.Run("managers and state", func(t *testing.T) {
		server := newServer(core.Options{JWTSecret: secret})
		for range 2 { // it is as new, and can be run again
			stop := serve(server)
			eventually(t, func() bool { return server.State() == core.StateRunning && server.Addr() != nil }, "it runs")
			require.Zero(t, server.Stats().Rooms)
			ada := newPerson(server, as(jwt.MapClaims{"sub": 1}, "general"))
			require.Equal(t, 1, server.MemberCount("general"))
			stop()
			require.NoError(t, ada.Close())
			require.Equal(t, core.StateStopped, server.State())
			require.Equal(t, "stopped", server.Health().Status)
			stats := server.Stats()
			require.Equal(t, []int{0, 0, 0, 0}, []int{stats.Clients, stats.Users, stats.Rooms, stats.Connections})
			require.Zero(t, server.MemberCount("general"))
			require.Empty(t, server.UserClients("1"))
		}
	})
}
