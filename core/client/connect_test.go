package client_test

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/core"
	"github.com/gannet-ws/gannet/core/client"
)

const secret = "a secret of the tests"

func sign(t testing.TB, claims jwt.MapClaims) string {
	t.Helper()
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString([]byte(secret))
	require.NoError(t, err)
	return token
}

func TestConnect_AnonymousInRooms(t *testing.T) {
	s := start(t, core.Options{})
	welcomes := make(chan client.Welcome, 1)
	c := newClient(t, client.Options{
		URL:    s.url(),
		Rooms:  []string{"one", "two"},
		Events: client.Events{Connected: func(w client.Welcome) { welcomes <- w }},
	})
	require.Equal(t, "new", c.Status().String())
	require.NoError(t, c.Connect(patient(t)))
	require.NoError(t, c.Connect(patient(t)), "it is connected")
	require.Equal(t, "connected", c.Status().String())
	require.Len(t, c.ID(), 32)

	welcome := get(t, welcomes, "the welcome")
	require.Equal(t, client.Welcome{
		ClientID: c.ID(), Rooms: []string{"one", "two"}, Refused: map[string]*client.ReplyError{},
	}, welcome)
	for _, room := range []string{"one", "two"} {
		n, err := s.Broadcast(core.Room(room), "chat", "message", nil)
		require.NoError(t, err)
		require.Equal(t, 1, n)
	}
}

func TestConnect_WithoutRoomsAnAnonymousClientHasNoID(t *testing.T) {
	s := start(t, core.Options{})
	c := connect(t, client.Options{URL: s.url()})
	require.Empty(t, c.ID())
	require.NoError(t, c.Join(patient(t), "general"))
	require.Len(t, c.ID(), 32)
}

func TestConnect_TokenSaysWhoItIs(t *testing.T) {
	s := start(t, core.Options{JWTSecret: secret, RequireAuth: true})
	token := sign(t, jwt.MapClaims{"sub": 5})
	for name, options := range map[string]client.Options{
		"as a function": {URL: s.url(), Token: client.StaticToken(token)},
		"as a header":   {URL: s.url(), Header: http.Header{"Authorization": {"Bearer " + token}}},
		"in the query":  {URL: s.url() + "?token=" + token},
	} {
		t.Run(name, func(t *testing.T) {
			welcomes := make(chan client.Welcome, 1)
			options.Events.Connected = func(w client.Welcome) { welcomes <- w }
			c := connect(t, options)
			welcome := get(t, welcomes, "the welcome")
			require.Equal(t, "5", string(welcome.UserID))
			require.Len(t, c.ID(), 32)
			require.Equal(t, c.ID(), welcome.ClientID)
		})
	}
}

func TestConnect_UnauthorisedUntilTheTokenIsGood(t *testing.T) {
	s := start(t, core.Options{JWTSecret: secret, RequireAuth: true})
	tokens := []string{"", "bad", sign(t, jwt.MapClaims{"sub": "a", "exp": 1}), sign(t, jwt.MapClaims{"sub": "a"})}
	var asked atomic.Int32
	c := connect(t, client.Options{
		URL:   s.url(),
		Token: func(context.Context) (string, error) { return tokens[asked.Add(1)-1], nil },
	})
	require.EqualValues(t, 4, asked.Load(), "a token is asked for at each attempt")
	require.EqualValues(t, 3, c.Stats().FailedAttempts)
	require.EqualValues(t, 4, c.Stats().Attempts)
	require.EqualValues(t, 1, c.Stats().Connects)
}

func TestConnect_UnauthorisedForGood(t *testing.T) {
	s := start(t, core.Options{JWTSecret: secret})
	j := newJournal()
	c := newClient(t, client.Options{URL: s.url(), Token: client.StaticToken("bad"), MaxAttempts: 2, Events: j.events()})
	err := c.Connect(patient(t))
	require.ErrorIs(t, err, client.ErrGaveUp)
	var refusal *client.HandshakeError
	require.ErrorAs(t, err, &refusal)
	require.Equal(t, client.HandshakeError{Status: 401, Text: "Invalid token", Code: "TOKEN_INVALID"}, *refusal)
	require.EqualError(t, refusal, "the server refused the connection with 401: Invalid token (TOKEN_INVALID)")
	j.expect(t, "connecting 1", "reconnecting 2", "connecting 2", "failed")
}

func TestConnect_TokenFunctionFails(t *testing.T) {
	s := start(t, core.Options{})
	mine := errors.New("no such secret")
	c := newClient(t, client.Options{
		URL: s.url(), MaxAttempts: 1,
		Token: func(context.Context) (string, error) { return "", mine },
	})
	require.ErrorIs(t, c.Connect(patient(t)), mine)
}

func TestConnect_GivesUpWhereNobodyListens(t *testing.T) {
	j := newJournal()
	c := newClient(t, client.Options{URL: "ws://" + unused(t) + "/ws", MaxAttempts: 3, Events: j.events()})
	require.NoError(t, c.Send(patient(t), "chat", "send", nil))
	err := c.Connect(patient(t))
	require.ErrorIs(t, err, client.ErrGaveUp)
	require.ErrorContains(t, err, "gave up connecting after 3 attempts: cannot reach the server: dial tcp")
	j.expect(t, "connecting 1", "reconnecting 2", "connecting 2", "reconnecting 3", "connecting 3", "failed")

	get(t, c.Done(), "the end of its goroutines")
	require.Equal(t, client.StatusFailed, c.Status())
	require.Equal(t, err, c.Err())
	require.ErrorIs(t, c.Send(patient(t), "chat", "send", nil), client.ErrGaveUp)
	require.ErrorIs(t, c.Request(patient(t), "chat", "send", nil, nil), client.ErrGaveUp)
	require.ErrorIs(t, c.Connect(patient(t)), client.ErrGaveUp)
	require.EqualError(t, c.Close(), "messages were not sent: 1")
	require.EqualValues(t, 1, c.Stats().Unsent)
	require.Equal(t, client.StatusFailed, c.Status(), "closing does not hide it")
}

func TestConnect_GoesOnWhenTheContextEnds(t *testing.T) {
	address := unused(t)
	c := newClient(t, client.Options{URL: "ws://" + address + "/ws"})
	ctx, cancel := context.WithCancelCause(context.Background())
	ended := make(chan error)
	go func() { ended <- c.Connect(ctx) }()
	eventually(t, func() bool { return c.Stats().FailedAttempts > 0 }, "no attempt failed")
	enough := errors.New("enough")
	cancel(enough)
	err := get(t, ended, "Connect to return")
	require.ErrorIs(t, err, enough)
	require.ErrorContains(t, err, "not connected yet: enough; last attempt: cannot reach the server")

	start(t, core.Options{Addr: address})
	require.NoError(t, c.Connect(patient(t)))
}

func TestConnect_RefusedRoomsAreToldAndTheClientIsConnected(t *testing.T) {
	s := start(t, core.Options{MaxRooms: 1})
	welcomes := make(chan client.Welcome, 1)
	c := newClient(t, client.Options{
		URL: s.url(), Rooms: []string{"{bad}", "good", "many"},
		Events: client.Events{Connected: func(w client.Welcome) { welcomes <- w }},
	})
	err := c.Connect(patient(t))
	require.ErrorContains(t, err, `room "{bad}": Room name is not allowed (BAD_ROOM_NAME)`)
	require.ErrorContains(t, err, `room "many": Too many rooms (TOO_MANY_ROOMS)`)
	var refused *client.ReplyError
	require.ErrorAs(t, err, &refused)
	require.Equal(t, client.StatusConnected, c.Status())

	welcome := get(t, welcomes, "the welcome")
	require.Equal(t, []string{"good"}, welcome.Rooms)
	require.Len(t, welcome.Refused, 2)
	require.Equal(t, "TOO_MANY_ROOMS", welcome.Refused["many"].Code)
	require.Equal(t, []string{"{bad}", "good", "many"}, c.Rooms(), "they are tried again")
}

func TestConnect_WaitsForTheGreetingOfAToken(t *testing.T) {
	f := pretend(t)
	c := newClient(t, client.Options{
		URL: f.url, Token: client.StaticToken("token"), MaxAttempts: 1, HandshakeTimeout: 50 * time.Millisecond,
	})
	require.ErrorContains(t, c.Connect(patient(t)), "HandshakeTimeout is over")
	require.Equal(t, "Bearer token", get(t, f.requests, "the request").Get("Authorization"))
}

func TestConnect_ConnectedComesBeforeTheFirstMessage(t *testing.T) {
	f := pretend(t)
	j := newJournal()
	c := newClient(t, client.Options{URL: f.url, Rooms: []string{"general"}, Events: j.events()})
	done := make(chan error, 1)
	go func() { done <- c.Connect(patient(t)) }()
	conn := get(t, f.opened, "the connection")
	join := get(t, f.messages, "the join")
	require.NoError(t, conn.WriteString(`{"type":"chat","action":"message","data":1}`))
	require.NoError(t, conn.WriteString(replyTo(t, join, `{"success":true}`)))
	require.NoError(t, get(t, done, "Connect"))
	j.expect(t, "connecting 1", "connected", "message chat.message 1")
}

func TestConnect_ConnectionThatEndsBeforeItCountsIsAFailedAttempt(t *testing.T) {
	f := pretend(t)
	j := newJournal()
	c := newClient(t, client.Options{URL: f.url, Rooms: []string{"general"}, Events: j.events()})
	done := make(chan error, 1)
	go func() { done <- c.Connect(patient(t)) }()
	for range 2 {
		conn := get(t, f.opened, "the connection")
		get(t, f.messages, "the join")
		require.NoError(t, conn.WriteClose(1013, []byte("busy")))
	}
	conn := get(t, f.opened, "the connection")
	require.NoError(t, conn.WriteString(replyTo(t, get(t, f.messages, "the join"), `{"success":true}`)))
	require.NoError(t, get(t, done, "Connect"))
	require.EqualValues(t, 2, c.Stats().FailedAttempts)
	j.expect(t, "connecting 1", "reconnecting 2", "connecting 2", "reconnecting 3", "connecting 3", "connected")
}

func TestConnect_DismissedBeforeItCountsItStaysAway(t *testing.T) {
	f := pretend(t)
	c := newClient(t, client.Options{URL: f.url, Rooms: []string{"general"}})
	done := make(chan error, 1)
	go func() { done <- c.Connect(patient(t)) }()
	conn := get(t, f.opened, "the connection")
	get(t, f.messages, "the join")
	require.NoError(t, conn.WriteClose(1008, []byte("disconnected")))
	require.ErrorIs(t, get(t, done, "Connect"), client.ErrGaveUp)
}

func TestConnect_FloodBeforeTheRoomsAreJoinedFailsTheAttempt(t *testing.T) {
	f := pretend(t)
	var log buffer
	c := newClient(t, client.Options{
		URL: f.url, Rooms: []string{"general"}, MaxBacklog: 3000, HandshakeTimeout: time.Hour, Log: log.logger(),
		Events: client.Events{Connected: func(client.Welcome) {}},
	})
	done := make(chan error, 1)
	go func() { done <- c.Connect(patient(t)) }()
	conn := get(t, f.opened, "the connection")
	get(t, f.messages, "the join")
	for range 300 {
		_ = conn.WriteString(`{"type":"chat","action":"message"}`) // the client may hang up
	}
	conn = get(t, f.opened, "the next connection")
	require.NoError(t, conn.WriteString(replyTo(t, get(t, f.messages, "the join"), `{"success":true}`)))
	require.NoError(t, get(t, done, "Connect"))
	require.Contains(t, log.String(), client.ErrBacklogFull.Error())
}
