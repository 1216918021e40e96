package guide

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/core"
	"github.com/gannet-ws/gannet/core/browser/browsertest"
	"github.com/gannet-ws/gannet/core/client"
	"github.com/gannet-ws/gannet/shard"
)

// Chapter "Best Practices". Its controllers are among the examples.

// A message has a type and an action, and may have data. Everything else is
// answered with an error.
func TestGuide_BestPractices_MessageProtocol(t *testing.T) {
	server := start(t, core.Options{}, func(s *core.Server) {
		s.Handle("chat", "typing", func(*core.Context) (any, error) { return true, nil })
		s.Handle("chat", "send", func(c *core.Context) (any, error) { return c.Data(), nil })
		s.Handle("chat", "forward", func(c *core.Context) (any, error) {
			return nil, c.Send("chat", "message", c.Data())
		})
	})
	ws := open(t, url(server))
	ws.send(`{"type":"chat","action":"typing"}`)
	require.JSONEq(t, `{"type":"chat","action":"typing","response":true}`, ws.receive())
	failure := func(text string) string { return `{"type":"error","action":"message","data":{"error":"` + text + `"}}` }
	for message, want := range map[string]string{
		`{"type":"chat","action":"send","data":{"text":"Hello!"}}`: `{"type":"chat","action":"send","response":{"text":"Hello!"}}`,
		`{"type":"chat","action":"send","data":[1,"two",null]}`:    `{"type":"chat","action":"send","response":[1,"two",null]}`,
		`{"type":"chat","action":"send"}`:                          `{"type":"chat","action":"send"}`,
		`{"action":"send"}`:                                        failure("Missing WebSocket message type"),
		`{"type":"chat"}`:                                          failure("Missing WebSocket message action"),
		`null`:                                                     failure("Invalid WebSocket message"),
		`Hello!`:                                                   failure("Failed to parse JSON"),
	} {
		ws.send(message)
		require.JSONEq(t, want, ws.receive(), message)
	}

	// Data goes on as it came, or not at all.
	for _, data := range []string{`,"data":{"text":"Hello!"}`, ``} {
		ws.send(`{"type":"chat","action":"forward"` + data + `}`)
		require.ElementsMatch(t, []string{
			`{"type":"chat","action":"forward"}`, `{"type":"chat","action":"message"` + data + `}`,
		}, []string{ws.receive(), ws.receive()})
	}
}

// What a handler returns as an error is answered, and ends nothing: the sample's
// own, those that the client is to know, those that it is not, and a panic.
func TestGuide_BestPractices_ErrorHandling(t *testing.T) {
	met := make(chan error, 1)
	server := start(t, core.Options{Hooks: core.Hooks{
		Error: func(_ *core.Context, err error) { met <- err },
	}}, func(s *core.Server) {
		s.Handle("chat", "send", sendCarefully)
		s.Handle("chat", "edit", func(*core.Context) (any, error) {
			return nil, &core.Error{Text: "Message is too old", Code: "TOO_OLD"}
		})
		s.Handle("chat", "delete", func(*core.Context) (any, error) { return nil, errors.New("the disk is full") })
		s.Handle("chat", "crash", func(*core.Context) (any, error) { panic("at the disco") })
	})
	alice, bob := visit(t, server, client.Options{}), visit(t, server, client.Options{})

	// Validate input.
	for _, data := range []any{nil, object{}, object{"text": ""}, object{"text": 5}, "Hello!"} {
		err := alice.Request(patient(t), "chat", "send", data, nil)
		require.EqualError(t, err, "Invalid message format (INVALID_MESSAGE)", "%v", data)
	}
	require.Empty(t, met, "none of them is the server's")

	// Process message.
	var reply object
	require.NoError(t, alice.Request(patient(t), "chat", "send", object{"text": "Hello!"}, &reply))
	require.Equal(t, object{"success": true}, reply)
	alice.hear(t, `chat.message {"text":"Hello!"}`)
	bob.hear(t, `chat.message {"text":"Hello!"}`)

	// Errors of handlers.
	require.EqualError(t, alice.Request(patient(t), "chat", "edit", nil, nil), "Message is too old (TOO_OLD)")
	require.Empty(t, met, "the client knows it")
	require.EqualError(t, alice.Request(patient(t), "chat", "delete", nil, nil), "Internal error (INTERNAL)")
	require.EqualError(t, get(t, met), "the disk is full")

	// A panic ends the connection of whose message it was, and no other.
	eve := open(t, url(server))
	eve.send(`{"type":"chat","action":"crash"}`)
	require.EqualError(t, get(t, met), "panic: at the disco")
	require.Equal(t, "1011 internal error", eve.ended())
	eventually(t, func() bool { return server.Stats().Clients == 2 }, "eve has gone")
	nothingElse(t, server, alice, bob)
}

// The sample's controller asks for a role.
func TestGuide_BestPractices_Authentication(t *testing.T) {
	server := start(t, core.Options{JWTSecret: secret}, func(s *core.Server) {
		s.Handle("admin", "broadcast", broadcastAsAdmin)
	})
	admin := visit(t, server, as(jwt.MapClaims{"sub": "root", "role": "admin"}))
	alice := visit(t, server, as(jwt.MapClaims{"sub": "alice", "role": "member"}))
	bob := visit(t, server, as(jwt.MapClaims{"sub": "bob"}))
	guest := visit(t, server, client.Options{})

	for _, p := range []*person{alice, bob, guest} {
		err := p.Request(patient(t), "admin", "broadcast", object{"text": "I am the admin"}, nil)
		require.EqualError(t, err, "Unauthorized (FORBIDDEN)")
	}
	var reply object
	require.NoError(t, admin.Request(patient(t), "admin", "broadcast", object{"text": "Closing at six"}, &reply))
	require.Equal(t, object{"success": true}, reply)
	for _, p := range []*person{admin, alice, bob, guest} {
		p.hear(t, `admin.message {"text":"Closing at six"}`)
	}
	nothingElse(t, server, admin, alice, bob, guest)
}

// Hierarchical names are names like others, and a token's claim may name a
// branch.
func TestGuide_BestPractices_RoomNaming(t *testing.T) {
	good := []string{"chat:general", "chat:support", "game:lobby:1", "notifications:user:123"}
	avoided := []string{"room1", "lobby", "general_chat"}
	server := start(t, core.Options{})
	alice := visit(t, server, inRooms(append(good, avoided...)...))
	for _, room := range append(good, avoided...) {
		require.Equal(t, []bool{true}, inRoom(t, server, room, alice), room)
	}
	require.Equal(t, []bool{false}, inRoom(t, server, "chat", alice), "above chat:general there is no room")
	require.Equal(t, []bool{false}, inRoom(t, server, "Chat:General", alice), "case counts")

	claimed := start(t, core.Options{JWTSecret: secret, Join: core.JoinClaim})
	bob := visit(t, claimed, as(jwt.MapClaims{"sub": 123, "rooms": []string{"chat:*", "notifications:user:123"}}))
	for room, allowed := range map[string]bool{
		"chat:general": true, "chat:support": true, "notifications:user:123": true,
		"notifications:user:1234": false, "notifications:user:124": false, "game:lobby:1": false, "chat": false,
	} {
		err := bob.Join(patient(t), room)
		if allowed {
			require.NoError(t, err, room)
		} else {
			require.EqualError(t, err, "You may not join this room (JOIN_REFUSED)", room)
		}
	}
}

// The sample's limit is the application's; the server has one for all messages.
func TestGuide_BestPractices_RateLimiting(t *testing.T) {
	t.Run("Sample", func(t *testing.T) {
		limits, noon := NewLimits(10, time.Minute), time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
		alice, bob := shard.IDFromBytes([16]byte{1}), shard.IDFromBytes([16]byte{2})
		for range 10 {
			require.True(t, limits.Allow(alice, noon))
		}
		require.False(t, limits.Allow(alice, noon.Add(time.Minute-1)), "the eleventh in a minute")
		require.True(t, limits.Allow(bob, noon), "each client has a limit of its own")
		for range 10 {
			require.True(t, limits.Allow(alice, noon.Add(time.Minute)), "a minute later it begins anew")
		}
		require.False(t, limits.Allow(alice, noon.Add(time.Minute)))
		limits.Forget(alice)
		limits.Forget(bob)
		require.Empty(t, limits.windows, "nothing is kept of who has gone")
	})
	t.Run("Server", func(t *testing.T) {
		server := start(t, core.Options{MaxMessageRate: 10, MaxStrikes: 5}, func(s *core.Server) {
			s.Handle("chat", "send", func(*core.Context) (any, error) { return true, nil })
		})
		flood := open(t, url(server))
		for range 1000 {
			if flood.conn.WriteString(`{"type":"chat","action":"send"}`) != nil {
				break // closed already
			}
		}
		require.Equal(t, "1008 rate limit", flood.ended())
		var handled, refused int
		for len(flood.texts) > 0 {
			switch text := flood.receive(); {
			case strings.Contains(text, `"code":"RATE_LIMIT"`):
				refused++
			default:
				require.JSONEq(t, `{"type":"chat","action":"send","response":true}`, text)
				handled++
			}
		}
		require.GreaterOrEqual(t, handled, 10)
		require.Less(t, handled, 1000)
		require.Equal(t, 4, refused)
		require.EqualValues(t, 5, server.Stats().RateLimited, "the fifth closes it")
	})
}

// The sample's log entry, and that the server does not write one of its own.
func TestGuide_BestPractices_Logging(t *testing.T) {
	var written journal
	server := start(t, core.Options{JWTSecret: secret, SlowHandler: -1, Log: written.logger()}, func(s *core.Server) {
		s.Handle("chat", "send", sendLogged(written.logger()))
	})
	alice := visit(t, server, as(jwt.MapClaims{"sub": 123}))
	before := written.String()
	require.NoError(t, alice.Request(patient(t), "chat", "send", object{"text": "Hello!"}, nil))
	require.Regexp(t, `^time=\S+ level=INFO msg="Chat message sent" clientId=`+alice.ID()+` userId=123 messageLength=6\n$`,
		strings.TrimPrefix(written.String(), before))
	alice.hear(t, `chat.message {"text":"Hello!"}`)
}

// The sample's class, as it stands, and gannet.js beside it, in Chromium.
func TestGuide_BestPractices_ConnectionManagement_Browser(t *testing.T) {
	chromium := browsertest.Open(t)
	server := newServer(core.Options{Addr: "127.0.0.1:" + freePort(t)})
	stop := serve(server)
	page := chromium.Tab(t, site(t, url(server))+"/reconnection.html")
	page.Wait(`written.join() === "Connected" && told.join() === "connected,joined"`, "both are connected")

	// Attempts are counted from the last connection on.
	for range 2 {
		disconnectOutsiders(t, server)
		page.Wait(`written.join() === "Connected,Disconnected,Reconnecting in 10ms (attempt 1),Connected"`, "it is back")
		page.Run("written.length = 1")
	}

	// They wait longer each time, and end.
	stop()
	page.Wait(`written.at(-1) === "Max reconnection attempts reached"`, "it gives up")
	for i, delay := range []string{"10", "20", "40", "80", "160"} {
		want := fmt.Sprintf("Reconnecting in %sms (attempt %d)", delay, i+1)
		require.True(t, page.Holds(`written.includes("`+want+`")`), want)
	}

	// gannet.js goes on, and is back in its room when the server is.
	stop = serve(server)
	page.Wait(`told.filter((event) => event === "joined").length === 2`, "it has joined again")
	require.Equal(t, 1, server.MemberCount("general"))
	stop()
}

// disconnectOutsiders disconnects those who are in no room, and are some.
func disconnectOutsiders(t *testing.T, server *core.Server) {
	t.Helper()
	clients, err := server.Clients(patient(t), func(v *core.ClientView) bool { return !v.IsMember("general") }, 0)
	require.NoError(t, err)
	require.Len(t, clients, 1)
	require.True(t, server.Disconnect(clients[0].ID, "go away"))
}

// A client in Go has the sample's class in it.
func TestGuide_BestPractices_ConnectionManagement(t *testing.T) {
	told := make(chan string, 100)
	server := newServer(core.Options{Addr: "127.0.0.1:" + freePort(t)})
	stop := serve(server)
	const delay = 10 * time.Millisecond
	limit := delay
	alice := newClient(server, client.Options{
		Rooms: []string{"general"}, MinBackoff: delay, MaxAttempts: 5,
		GiveUp: func(client.Closing) bool { return false }, // by default it stays away when it is sent away
		Events: client.Events{
			Connected:    func(w client.Welcome) { told <- fmt.Sprint("connected, in ", w.Rooms) },
			Disconnected: func(c client.Closing) { told <- "disconnected: " + c.Reason },
			Reconnecting: func(attempt int, in time.Duration) {
				assert.Less(t, in, limit+time.Second) // which a server that stops may ask for
				limit *= 2                            // which short connections do not set back
				told <- fmt.Sprint("attempt ", attempt)
			},
			Failed: func(err error) { told <- "failed" },
		},
	})
	t.Cleanup(func() { require.NoError(t, alice.Close()) })
	require.Equal(t, "connected, in [general]", get(t, told))

	for range 2 {
		id, ok := shard.ParseID(alice.ID())
		require.True(t, ok)
		require.True(t, server.Disconnect(id, "go away"))
		require.Equal(t, "disconnected: go away", get(t, told))
		require.Equal(t, "attempt 1", get(t, told))
		require.Equal(t, "connected, in [general]", get(t, told))
	}

	stop()
	require.Equal(t, "disconnected: draining", get(t, told))
	for attempt := 1; attempt <= 5; attempt++ {
		require.Equal(t, fmt.Sprint("attempt ", attempt), get(t, told))
	}
	require.Equal(t, "failed", get(t, told))
	require.ErrorIs(t, alice.Err(), client.ErrGaveUp)
	require.Empty(t, told)
}
