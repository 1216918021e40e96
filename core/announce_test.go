package core_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/bus"
	"github.com/gannet-ws/gannet/core"
)

var lastActivity = regexp.MustCompile(`"lastActivity":(\d+)`)

// announced is the event as text, with the time of lastActivity replaced by 0.
func announced(t testing.TB, e *bus.Event) string {
	t.Helper()
	text := e.Text()
	if found := lastActivity.FindStringSubmatch(text); found != nil {
		var milliseconds int64
		require.NoError(t, json.Unmarshal([]byte(found[1]), &milliseconds))
		require.WithinDuration(t, time.Now(), time.UnixMilli(milliseconds), time.Minute)
	}
	return e.Channel + " " + lastActivity.ReplaceAllString(text, `"lastActivity":0`)
}

// comesAndGoes is a client that connects, joins, leaves and goes.
func comesAndGoes(t *testing.T, server *core.Server, token, room string) (id string) {
	c := connect(t, server, token)
	if token != "" {
		c.receive()
	}
	id = idOf(c).String()
	name, err := json.Marshal(room)
	require.NoError(t, err)
	require.Contains(t, c.ask(wireJoin(string(name))), `"success":true`)
	require.Contains(t, c.ask(wireJoin(string(name))), `"success":true`) // which changes nothing
	require.Contains(t, c.ask(wireLeave(string(name))), "leftRoom")
	require.Contains(t, c.receive(), `"success":true`)
	require.NoError(t, c.conn.WriteClose(1000, nil))
	eventually(t, func() bool { return !server.Alive(wireShardID(t, id)) }, "it has gone")
	return id
}

// The payloads have the fields that PXL's have, and no others.
func TestAnnounce_Payloads(t *testing.T) {
	const room = `a "room" & é`
	for name, tt := range map[string]struct{ claims, user string }{
		"anonymous":      {"", `null`},
		"user, a number": {`{"sub":5,"plan":"<&>","nested":{"a":[1, 2]}}`, `{"userId":5,"payload":{"sub":5,"plan":"<&>","nested":{"a":[1,2]}}}`},
		"user, a text":   {`{"sub":"a\"b"}`, `{"userId":"a\"b","payload":{"sub":"a\"b"}}`},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHeard()
			b := startTier(t, core.Options{Loops: 1, JWTSecret: wireSecret}, tellID, h.on("*"))
			token := ""
			if tt.claims != "" {
				token = "token=" + wireSign(wireHS256, tt.claims, wireSecret)
			}
			id, node := comesAndGoes(t, b.here, token, room), b.here.NodeID()
			want := []struct{ channel, payload string }{
				{"clientConnected", fmt.Sprintf(`{"clientId":%q,"lastActivity":0,"user":%s,"workerId":%q}`, id, tt.user, node)},
				{"clientJoinedRoom", fmt.Sprintf(`{"clientId":%q,"user":%s,"roomName":%q,"workerId":%q}`, id, tt.user, room, node)},
				{"clientLeftRoom", fmt.Sprintf(`{"clientId":%q,"room":%q,"workerId":%q}`, id, room, node)},
				{"clientDisconnected", fmt.Sprintf(`{"clientId":%q,"workerId":%q}`, id, node)},
			}
			got := map[string]int{}
			for range 2 * len(want) {
				e := next(t, h)
				require.Equal(t, node, e.Sender)
				for _, w := range want {
					if e.Channel == w.channel {
						got[e.Channel]++
						require.JSONEq(t, w.payload, announced(t, e)[len(e.Channel)+1:])
					}
				}
			}
			require.Equal(t, map[string]int{"clientConnected": 2, "clientJoinedRoom": 2, "clientLeftRoom": 2, "clientDisconnected": 2}, got)
			require.Empty(t, h, "once on each node")
		})
	}
}

func TestAnnounce_Choices(t *testing.T) {
	for _, tt := range []struct {
		choice core.Announcements
		want   []string
	}{
		{core.AnnounceNone, nil},
		{core.AnnounceRooms, []string{"clientJoinedRoom", "clientLeftRoom"}},
		{core.AnnounceAll, []string{"clientConnected", "clientJoinedRoom", "clientLeftRoom", "clientDisconnected"}},
		{"", []string{"clientConnected", "clientJoinedRoom", "clientLeftRoom", "clientDisconnected"}},
	} {
		t.Run("announce "+string(tt.choice), func(t *testing.T) {
			here, there := newHeard(), newHeard()
			hub := bus.NewHub()
			server := start(t, core.Options{Loops: 1, Announce: tt.choice, Bus: hub.Join()}, tellID, here.on("*"))
			start(t, core.Options{Loops: 1, Bus: hub.Join()}, there.on("*"))
			comesAndGoes(t, server, "", "r")
			require.NoError(t, bus.NewService(hub.Join()).Emit("end", map[string]int{}))
			for _, h := range []heard{here, there} {
				for _, channel := range tt.want {
					require.Equal(t, channel, next(t, h).Channel)
				}
				require.Equal(t, "end", next(t, h).Channel)
			}
		})
	}
	_, err := core.New(core.Options{Announce: "some"})
	require.EqualError(t, err, `announce is "some": it is none, rooms or all`)
}

// wantingBus is a bus on which others listen to some channels.
type wantingBus struct {
	bus.Local
	wanted  map[string]bool
	mu      sync.Mutex
	emitted []string
}

func (b *wantingBus) Wanted(channel string) bool { return b.wanted[channel] }

func (b *wantingBus) Emit(e *bus.Event) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.emitted = append(b.emitted, e.Channel)
	return nil
}

func (b *wantingBus) all() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.emitted
}

// What nobody listens to is not announced.
func TestAnnounce_OnlyWhatSomebodyWants(t *testing.T) {
	h, nodes := newHeard(), &wantingBus{wanted: map[string]bool{bus.ClientLeftRoom: true}}
	server := start(t, core.Options{Loops: 1, Bus: nodes}, tellID, h.on(bus.ClientJoinedRoom))
	comesAndGoes(t, server, "", "r")
	require.Equal(t, []string{bus.ClientLeftRoom}, nodes.all())
	require.Equal(t, bus.ClientJoinedRoom, next(t, h).Channel)
	require.Empty(t, h)
}

// Joins and leaves that code makes are announced like those that clients ask for.
func TestAnnounce_WhateverTheCause(t *testing.T) {
	h := newHeard()
	hooks := core.Hooks{Connected: func(c *core.Context) { _ = c.Join("hook") }}
	server := start(t, core.Options{Loops: 1, SingleRoom: true, Hooks: hooks, JWTSecret: wireSecret, AutoJoin: true}, tellID, h.on("*"))
	c := connect(t, server, "token="+wireSign(wireHS256, `{"sub":1,"rooms":["claimed"]}`, wireSecret))
	require.Contains(t, c.receive(), "authenticated")
	require.Equal(t, wireLeftEvent("claimed"), c.receive())
	id := idOf(c)
	require.NoError(t, server.JoinRoom(t.Context(), id, "code"))
	_, err := server.LeaveRoom(t.Context(), id, "code")
	require.NoError(t, err)
	for _, want := range []string{
		"clientConnected", "clientJoinedRoom claimed", "clientLeftRoom claimed", "clientJoinedRoom hook", "clientLeftRoom hook",
		"clientJoinedRoom code", "clientLeftRoom code",
	} {
		e := next(t, h)
		room, _ := e.Value("roomName")
		if e.Channel == bus.ClientLeftRoom {
			room, _ = e.Value("room")
		}
		got := e.Channel
		if room != nil {
			got += fmt.Sprint(" ", room)
		}
		require.Equal(t, want, got)
	}
}
