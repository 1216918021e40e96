package core_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/core"
)

// wirePublish is a request to publish to the room, with further members of data.
func wirePublish(room string, more ...string) string {
	members := strings.Join(append([]string{`"roomName":"` + room + `"`}, more...), ",")
	return `{"type":"room","action":"publish","data":{` + members + `}}`
}

const wirePublished = `{"type":"room","action":"publish","response":{"success":true}}`

// wireRoomMessage is the event that members get.
func wireRoomMessage(room, clientID, userID, data string) string {
	return `{"type":"room","action":"message","data":{"roomName":"` + room + `","clientId":"` + clientID +
		`","userId":` + userID + `,"data":` + data + `}}`
}

func TestWire_Publish_NotEnabled(t *testing.T) {
	server := start(t, core.Options{Loops: 1})
	c, other := connect(t, server), connect(t, server)
	c.join("general")
	other.join("general")
	require.Equal(t, `{"type":"room","action":"publish","response":{"error":"Unknown route","code":"UNKNOWN_ROUTE"}}`,
		c.ask(wirePublish("general", `"data":1`)))
	require.Equal(t, 2, wireReach(t, server, core.Room("general"), "next"))
	require.Equal(t, `{"type":"test","action":"next"}`, other.receive(), "the first that the other gets")
}

func TestWire_Publish_Refused(t *testing.T) {
	const required, stranger = `"Room name is required"`, `"You are not in this room","code":"NOT_A_MEMBER"`
	server := start(t, core.Options{ClientPublish: true, Loops: 1})
	member := connect(t, server)
	member.join("general")
	tests := []struct{ name, request, why string }{
		{"not a member", wirePublish("general", `"data":1`), stranger},
		{"nobody's room", wirePublish("empty", `"data":1`), stranger},
		{"no name", `{"type":"room","action":"publish","data":{"data":1}}`, required},
		{"empty name", wirePublish("", `"data":1`), required},
		{"name is a number", `{"type":"room","action":"publish","data":{"roomName":5}}`, required},
		{"no data", `{"type":"room","action":"publish"}`, required},
		{"data null", `{"type":"room","action":"publish","data":null}`, required},
		{"data is no object", `{"type":"room","action":"publish","data":"general"}`, required},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := connect(t, server)
			me := wireID(c)
			c.join("other")
			want := `{"type":"room","action":"publish","response":{"success":false,"error":` + tt.why + `,"clientId":"ID"}}`
			require.Equal(t, want, wireMask(c.ask(tt.request), me))
			c.quiet()
		})
	}
	wireReach(t, server, core.Room("general"), "next")
	require.Equal(t, `{"type":"test","action":"next"}`, member.receive(), "the first that the member gets")
}

func TestWire_Publish_AfterLeaving(t *testing.T) {
	server := start(t, core.Options{ClientPublish: true})
	c := connect(t, server)
	c.join("general")
	c.ask(wireLeave(`"general"`))
	c.receive()
	require.Contains(t, c.ask(wirePublish("general", `"data":1`)), `"NOT_A_MEMBER"`)
}

// wireTwo returns a publisher's next two messages: the reply and its own copy of
// the event, whose order is open.
func wireTwo(c *client) (reply, event string) {
	c.t.Helper()
	one, two := c.receive(), c.receive()
	if strings.Contains(one, `"action":"publish"`) {
		return one, two
	}
	return two, one
}

func TestWire_Publish_Data(t *testing.T) {
	server := start(t, core.Options{ClientPublish: true, Loops: 1})
	stranger := connect(t, server)
	stranger.join("other")
	tests := []struct{ name, member, want string }{
		{"object", `"data":{"b":[1, 2],"a":"\u00e9 é \n"}`, `{"b":[1, 2],"a":"\u00e9 é \n"}`},
		{"string", `"data":"hello"`, `"hello"`},
		{"number as written", `"data":1.50e+400`, `1.50e+400`},
		{"false", `"data":false`, `false`},
		{"null", `"data":null`, `null`},
		{"none", `"self":true`, `null`},
		{"looks like an envelope", `"data":{"type":"system","action":"ping"}`, `{"type":"system","action":"ping"}`},
		{"self true", `"self":true,"data":1`, `1`},
		{"self null", `"self":null,"data":1`, `1`},
		{"own userId", `"userId":5,"clientId":"x","data":1`, `1`},
		{"large", `"data":"` + strings.Repeat("é", 30000) + `"`, `"` + strings.Repeat("é", 30000) + `"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			sender, member := connect(t, server), connect(t, server)
			me := wireID(sender)
			sender.join("general")
			member.join("general")
			want := wireRoomMessage("general", me, `"`+me+`"`, tt.want)
			sender.send(wirePublish("general", tt.member))
			require.Equal(t, want, member.receive())
			reply, event := wireTwo(sender)
			require.Equal(t, wirePublished, reply)
			require.Equal(t, want, event)
			member.quiet()
			sender.quiet()
			stranger.quiet()
			require.NoError(t, sender.conn.NetConn().Close())
			require.NoError(t, member.conn.NetConn().Close())
		})
	}
}

func TestWire_Publish_Self(t *testing.T) {
	server := start(t, core.Options{ClientPublish: true, Loops: 1})
	sender, member := connect(t, server), connect(t, server)
	me := wireID(sender)
	sender.join("general")
	member.join("general")
	require.Equal(t, wirePublished, sender.ask(wirePublish("general", `"self":false`, `"data":"a"`)))
	require.Equal(t, wireRoomMessage("general", me, `"`+me+`"`, `"a"`), member.receive())
	sender.quiet()
}

func TestWire_Publish_Authenticated(t *testing.T) {
	server := start(t, core.Options{ClientPublish: true, JWTSecret: wireSecret})
	member := connect(t, server)
	member.join("general")
	for _, subject := range []string{`5`, `"anna"`, `"a\"b"`} {
		t.Run(subject, func(t *testing.T) {
			sender := wireUser(t, server, subject)
			me := wireID(sender)
			sender.ask(wireJoin(`"general"`, `"userId":6`))
			require.Equal(t, wirePublished, sender.ask(wirePublish("general", `"self":false`, `"data":[1]`)))
			require.Equal(t, wireRoomMessage("general", me, subject, `[1]`), member.receive())
		})
	}
}

// A label is told to nobody: an anonymous sender's userId is its client id.
func TestWire_Publish_LabelledSender(t *testing.T) {
	server := start(t, core.Options{ClientPublish: true})
	sender, member := connect(t, server), connect(t, server)
	me := wireID(sender)
	member.join("general")
	sender.ask(wireJoin(`"general"`, `"userId":5`))
	sender.send(wirePublish("general", `"data":1`))
	require.Equal(t, wireRoomMessage("general", me, `"`+me+`"`, `1`), member.receive())
}

func TestWire_Publish_RoomNameInEvent(t *testing.T) {
	server := start(t, core.Options{ClientPublish: true})
	sender := connect(t, server)
	me := wireID(sender)
	for _, name := range []string{`a\"b\\c`, `日本`, ` `} {
		t.Run(name, func(t *testing.T) {
			sender.ask(wireJoin(`"` + name + `"`))
			sender.send(wirePublish(name, `"data":1`))
			reply, event := wireTwo(sender)
			require.Equal(t, wirePublished, reply)
			require.JSONEq(t, wireRoomMessage(name, me, `"`+me+`"`, `1`), event)
		})
	}
}

func TestWire_Publish_ID(t *testing.T) {
	server := start(t, core.Options{ClientPublish: true})
	sender, member := connect(t, server), connect(t, server)
	me := wireID(sender)
	sender.join("general")
	member.join("general")
	sender.send(`{"type":"room","action":"publish","id":7,"data":{"roomName":"general","self":false}}`)
	require.Equal(t, `{"type":"room","action":"publish","response":{"success":true},"id":7}`, sender.receive())
	require.Equal(t, wireRoomMessage("general", me, `"`+me+`"`, `null`), member.receive(), "the id is the sender's alone")
}
