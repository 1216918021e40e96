package guide

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/bus"
	"github.com/gannet-ws/gannet/core"
	"github.com/gannet-ws/gannet/core/client"
	"github.com/gannet-ws/gannet/shard"
)

// Every problem of the chapter shows in the figures.
func TestGuide_Troubleshooting(t *testing.T) {
	server := start(t, core.Options{JWTSecret: secret, MaxRooms: 1, MaxMetadata: 1, MaxMessageRate: 20})
	require.Error(t, try(t, client.Options{URL: url(server) + "?token=bad"}))
	require.Error(t, try(t, client.Options{URL: url(server) + "/elsewhere"}))
	ada := visit(t, server, inRooms("general"))
	ctx := patient(t)
	require.Error(t, ada.Join(ctx, "another"))
	require.Error(t, ada.Request(ctx, "no", "route", nil, nil))
	for range 30 {
		require.NoError(t, ada.Send(ctx, "system", "pong", nil))
	}
	eventually(t, func() bool { return server.Stats().RateLimited > 0 }, "it floods")
	require.True(t, server.Disconnect(idOf(t, ada), ""))
	eventually(t, func() bool { return server.Stats().Closed["disconnected"] == 1 }, "it goes")
	stats := server.Stats()
	require.EqualValues(t, 1, stats.Refused["unauthorized"])
	require.EqualValues(t, 1, stats.Refused["not_found"])
	require.EqualValues(t, 1, stats.RoomLimitsMet)
	require.EqualValues(t, 1, stats.UnknownRoutes)
}

func TestGuide_Troubleshooting_ConnectionRefused(t *testing.T) {
	server := newServer(core.Options{})
	stop := serve(server)
	address := server.Addr().String()
	t.Run("the server runs", func(t *testing.T) {
		require.NoError(t, try(t, client.Options{URL: url(server)}))
	})
	t.Run("a firewall", func(t *testing.T) {
		swallow := func(ctx context.Context, _, _ string) (net.Conn, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}
		err := try(t, client.Options{URL: url(server), Dial: swallow, HandshakeTimeout: 10 * time.Millisecond})
		require.ErrorIs(t, err, context.DeadlineExceeded)
	})
	t.Run("the scheme", func(t *testing.T) {
		err := try(t, client.Options{URL: "http://" + address + "/ws"})
		require.EqualError(t, err, `URL has the scheme "http": it is ws or wss`)
		var notTLS tls.RecordHeaderError
		require.ErrorAs(t, try(t, client.Options{URL: "wss://" + address + "/ws"}), &notTLS)
	})
	t.Run("the path", func(t *testing.T) {
		var refused *client.HandshakeError
		require.ErrorAs(t, try(t, client.Options{URL: "ws://" + address + "/socket"}), &refused)
		require.Equal(t, 404, refused.Status)
	})
	t.Run("a page of another origin", func(t *testing.T) {
		header := http.Header{"Origin": {"https://example.com"}}
		require.NoError(t, try(t, client.Options{URL: url(server), Header: header}), "WebSockets have no CORS")
	})
	stop()
	t.Run("the server does not run", func(t *testing.T) {
		require.ErrorIs(t, try(t, client.Options{URL: "ws://" + address + "/ws"}), syscall.ECONNREFUSED)
	})
}

func TestGuide_Troubleshooting_AuthenticationFailed(t *testing.T) {
	users := make(chan string, 100)
	hooks := core.Hooks{Connected: func(c *core.Context) { users <- c.UserID() }}
	server := start(t, core.Options{JWTSecret: secret, Hooks: hooks})
	base64url := start(t, core.Options{
		JWTSecret: base64.RawURLEncoding.EncodeToString([]byte(secret)), JWTSecretEncoding: "base64url", Hooks: hooks,
	})
	misread := start(t, core.Options{JWTSecret: base64.RawURLEncoding.EncodeToString([]byte(secret))})
	keyless := start(t, core.Options{})
	closed := start(t, core.Options{JWTSecret: secret, RequireAuth: true})
	good := sign(secret, jwt.MapClaims{"sub": 5})
	cases := map[string]struct {
		server *core.Server
		token  string
		code   string // empty: it is let in
	}{
		"a good token":            {server, good, ""},
		"another secret":          {server, sign("another", jwt.MapClaims{"sub": 5}), "TOKEN_INVALID"},
		"the secret as PXL's":     {base64url, good, ""},
		"the secret misread":      {misread, good, "TOKEN_INVALID"},
		"no secret configured":    {keyless, good, "TOKEN_NOT_ACCEPTED"},
		"expired":                 {server, sign(secret, jwt.MapClaims{"sub": 5, "exp": time.Now().Unix() - 1}), "TOKEN_EXPIRED"},
		"not expired yet":         {server, sign(secret, jwt.MapClaims{"sub": 5, "exp": time.Now().Unix() + 3600}), ""},
		"no subject":              {server, sign(secret, jwt.MapClaims{"user": 5}), "TOKEN_WITHOUT_SUBJECT"},
		"no token":                {closed, "", "TOKEN_REQUIRED"},
		"no token, but no matter": {server, "", ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			query := ""
			if c.token != "" {
				query = "?token=" + c.token
			}
			err := try(t, client.Options{URL: url(c.server) + query})
			if c.code == "" {
				require.NoError(t, err)
				user := get(t, users)
				require.Equal(t, c.token != "", user == "5", "the server takes it for %q", user)
				return
			}
			var refused *client.HandshakeError
			require.ErrorAs(t, err, &refused)
			require.Equal(t, 401, refused.Status)
			require.Equal(t, c.code, refused.Code)
			require.NotEmpty(t, refused.Text)
		})
	}
}

// brokenBus is a bus whose way to others is interrupted.
type brokenBus struct{ bus.Local }

func (brokenBus) Publish(bus.Message) error { return errors.New("the bus is away") }

func TestGuide_Troubleshooting_MessagesNotReceivedAcrossWorkers(t *testing.T) {
	t.Run("the bus is away", func(t *testing.T) {
		server := start(t, core.Options{Bus: brokenBus{}})
		ada := visit(t, server, client.Options{})
		_, err := server.Broadcast(core.All(), "chat", "message", nil)
		require.NoError(t, err)
		ada.hear(t, "chat.message ")
		require.EqualValues(t, 1, server.Stats().BusFailures)
	})
	t.Run("workers of the same bus, and of another", func(t *testing.T) {
		_, workers := nodes(t, 2, core.Options{})
		_, foreign := nodes(t, 1, core.Options{})
		ada, eve := visit(t, workers[1], client.Options{}), visit(t, foreign[0], client.Options{})
		_, err := workers[0].Broadcast(core.All(), "chat", "message", nil)
		require.NoError(t, err)
		ada.hear(t, "chat.message ")
		nothingElse(t, foreign[0], eve)
	})
	t.Run("all events are heard", func(t *testing.T) {
		one, _, heard, _ := pair(t, core.Options{Announce: core.AnnounceNone})
		for _, channel := range []string{bus.Custom, bus.SendMessageToAll, "analytics:clicks"} {
			require.NoError(t, one.Emit(channel, object{}))
			heard.hears(t, one, channel, `{"workerId":"WORKER"}`)
		}
	})
	t.Run("the ids of workers", func(t *testing.T) {
		_, workers := nodes(t, 3, core.Options{})
		ids := map[string]bool{}
		for _, worker := range workers {
			ids[worker.NodeID()] = true
		}
		require.Len(t, ids, 3)
	})
}

func TestGuide_Troubleshooting_RoomMessagesNotDelivered(t *testing.T) {
	server := start(t, core.Options{Hooks: core.Hooks{Join: func(_ *core.Context, room string) error {
		if room == "staff" {
			return &core.Error{Text: "Members only", Code: "MEMBERS_ONLY"}
		}
		return nil
	}}})
	ada, bob := visit(t, server, inRooms("general")), visit(t, server, inRooms("General"))
	ctx := patient(t)

	var refused *client.ReplyError
	require.ErrorAs(t, ada.Join(ctx, "staff"), &refused, "whether it joined")
	require.Equal(t, "MEMBERS_ONLY", refused.Code)
	require.NoError(t, ada.Join(ctx, "support"))
	require.Equal(t, []string{"general", "support"}, ada.Rooms())

	require.Equal(t, []core.RoomInfo{{Name: "General", Members: 1}, {Name: "general", Members: 1}, {Name: "support", Members: 1}}, server.Rooms())
	require.Equal(t, 1, server.MemberCount("general"), "whether the room exists")
	require.Zero(t, server.MemberCount("staff"))
	members, err := server.Members(ctx, "general")
	require.NoError(t, err)
	require.Equal(t, []shard.ID{idOf(t, ada)}, members)
	var table strings.Builder
	require.NoError(t, server.WriteRooms(&table))
	require.Regexp(t, `general +1\n`, table.String())

	_, err = server.Broadcast(core.Room("general"), "chat", "message", nil)
	require.NoError(t, err)
	ada.hear(t, "chat.message ")
	n, err := server.Broadcast(core.Room("staff"), "chat", "message", nil)
	require.NoError(t, err)
	require.Zero(t, n)
	nothingElse(t, server, ada, bob)
}

func TestGuide_Troubleshooting_MemoryLeaks(t *testing.T) {
	t.Run("nothing is left of a client", func(t *testing.T) {
		gone := make(chan core.Departure, 100)
		server := start(t, core.Options{JWTSecret: secret, Hooks: core.Hooks{
			Connected:    func(c *core.Context) { _ = c.SetMetadata("theme", "dark") },
			Disconnected: func(d core.Departure) { gone <- d },
		}}, func(s *core.Server) {
			s.Handle("test", "panic", func(*core.Context) (any, error) { panic("at the disco") })
		})
		leave := map[core.Reason]func(p *person){
			core.ReasonPeerClosed:   func(p *person) { require.NoError(t, p.Close()) },
			core.ReasonDisconnected: func(p *person) { server.Disconnect(idOf(t, p), "") },
			core.ReasonInternal:     func(p *person) { require.NoError(t, p.Send(patient(t), "test", "panic", nil)) },
		}
		for reason, leave := range leave {
			options := as(jwt.MapClaims{"sub": 1}, "general")
			options.GiveUp = func(client.Closing) bool { return true }
			ada := visit(t, server, options)
			id := idOf(t, ada)
			leave(ada)
			left := get(t, gone)
			require.Equal(t, id, left.ClientID)
			require.Equal(t, reason, left.Reason)
			require.Equal(t, "1", left.User.ID)
		}
		eventually(t, func() bool { return server.Stats().Connections == 0 }, "all have gone")
		stats := server.Stats()
		require.Equal(t, []int{0, 0, 0, 0}, []int{stats.Clients, stats.Users, stats.Rooms, stats.Backlog})
		require.Empty(t, gone, "each is told once")
	})
	t.Run("rate limits are bounded", func(t *testing.T) {
		const remembered = 10_000
		var handled atomic.Int64
		key := func(e *bus.Event) string { return e.Text() }
		handle := bus.WithRateLimitBy(func(context.Context, *bus.Event) (any, error) {
			handled.Add(1)
			return nil, nil
		}, key, 1, time.Hour, nil)
		send := func(client int) {
			_, err := handle(t.Context(), &bus.Event{Payload: fmt.Append(nil, client)})
			require.NoError(t, err)
		}
		send(0)
		send(0)
		require.EqualValues(t, 1, handled.Load())
		for client := range remembered {
			send(client + 1)
		}
		send(0)
		require.EqualValues(t, remembered+2, handled.Load(), "the first has been forgotten")
	})
	t.Run("slow readers", func(t *testing.T) {
		server := start(t, core.Options{MaxBacklog: 64 << 10, CloseTimeout: 50 * time.Millisecond})
		deaf(t, server)
		text := strings.Repeat("x", 32<<10)
		eventually(t, func() bool {
			_, err := server.Broadcast(core.All(), "chat", "message", text)
			return err == nil && server.Stats().Closed["slow_consumer"] == 1
		}, "who does not read is closed")
	})
}

func TestGuide_Troubleshooting_HighLatency(t *testing.T) {
	server := start(t, core.Options{Loops: 1})
	ada, bob := visit(t, server, inRooms("general")), visit(t, server, client.Options{})
	t.Run("batches", func(t *testing.T) {
		var batch []core.Publication
		for i := range 100 {
			message, err := core.NewMessage("chat", "message", i)
			require.NoError(t, err)
			batch = append(batch, core.Publication{To: core.Room("general"), Message: message})
		}
		before := server.Stats()
		_, err := server.PublishAll(batch)
		require.NoError(t, err)
		for i := range batch {
			ada.hear(t, fmt.Sprint("chat.message ", i))
		}
		after := server.Stats()
		require.EqualValues(t, 100, after.FramesOut-before.FramesOut)
		require.EqualValues(t, 1, after.Writes-before.Writes, "all went in one write")
	})
	t.Run("rooms", func(t *testing.T) {
		n, err := server.Broadcast(core.Room("general"), "chat", "message", nil)
		require.NoError(t, err)
		require.Equal(t, 1, n)
		ada.hear(t, "chat.message ")
		nothingElse(t, server, ada, bob)
	})
	t.Run("the size of messages", func(t *testing.T) {
		server := start(t, core.Options{MaxMessageSize: 1 << 10})
		closed := make(chan client.Closing, 1)
		sender := visit(t, server, client.Options{
			GiveUp: func(client.Closing) bool { return true },
			Events: client.Events{Disconnected: func(c client.Closing) { closed <- c }},
		})
		require.NoError(t, sender.Send(patient(t), "chat", "send", strings.Repeat("x", 1<<10)))
		require.EqualValues(t, 1009, get(t, closed).Code)
		eventually(t, func() bool { return server.Stats().Closed["message_too_big"] == 1 }, "it is counted")
	})
	t.Run("what delays", func(t *testing.T) {
		eventually(t, func() bool { return server.Stats().MaxLagSeconds > 0 }, "the lag of event loops is measured")
		require.Less(t, server.Health().LoopLagMillis, 1e3*patience.Seconds())
	})
}

func TestGuide_Troubleshooting_ConnectionDrops(t *testing.T) {
	t.Run("heartbeat", func(t *testing.T) {
		server := start(t, core.Options{JSONPingInterval: 20 * time.Millisecond, InactiveTimeout: 800 * time.Millisecond})
		browser := open(t, url(server)) // which does not answer
		listening := visit(t, server, client.Options{})
		require.JSONEq(t, `{"type":"system","action":"ping"}`, browser.receive())
		require.Equal(t, "1000 inactive", browser.ended())
		require.Equal(t, client.StatusConnected, listening.Status(), "this one answers")
		require.EqualValues(t, 1, listening.Stats().Connects)
		eventually(t, func() bool { return server.Stats().Clients == 1 }, "the other has gone")
		nothingElse(t, server, listening)
	})
	t.Run("pings of the protocol", func(t *testing.T) {
		server := start(t, core.Options{PingInterval: 50 * time.Millisecond, PingTimeout: 500 * time.Millisecond})
		deaf(t, server) // which does not answer
		listening := visit(t, server, client.Options{})
		eventually(t, func() bool { return server.Stats().Closed["ping_timeout"] == 1 }, "the dead are dropped")
		require.EqualValues(t, 1, listening.Stats().Connects)
	})
	t.Run("reconnection", func(t *testing.T) {
		server := newServer(core.Options{})
		stop := serve(server)
		connected := make(chan client.Welcome, 10)
		options := inRooms("general")
		options.MinBackoff, options.MaxBackoff, options.MaxAttempts = time.Millisecond, 20*time.Millisecond, -1
		options.Events.Connected = func(w client.Welcome) { connected <- w }
		ada := visit(t, server, options)
		require.Equal(t, []string{"general"}, get(t, connected).Rooms)
		address := server.Addr().String()
		stop()
		again := start(t, core.Options{Addr: address})
		require.Equal(t, []string{"general"}, get(t, connected).Rooms)
		_, err := again.Broadcast(core.Room("general"), "chat", "message", nil)
		require.NoError(t, err)
		ada.hear(t, "chat.message ")
	})
}
