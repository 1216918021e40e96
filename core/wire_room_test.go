package core_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/core"
)

// wireJoined is the reply to a join, masked.
func wireJoined(room, userID, userType, username string) string {
	return `{"type":"system","action":"joinRoom","response":{"success":true,"message":"Successfully joined room: ` + room +
		`","data":{"userId":` + userID + `,"userType":` + userType + `,"username":` + username +
		`,"roomName":"` + room + `","joinedAt":"TIME","clientId":"ID"}}}`
}

// wireLeft is the reply to a leave, masked.
func wireLeft(room string) string {
	return `{"type":"system","action":"leaveRoom","response":{"success":true,"message":"Successfully left room: ` + room +
		`","data":{"roomName":"` + room + `","leftAt":"TIME"},"clientId":"ID"}}`
}

func wireLeftEvent(room string) string {
	return `{"type":"user","action":"leftRoom","data":{"roomName":"` + room + `"}}`
}

// wireRefusedRoom is the reply to a room request that is refused, masked.
func wireRefusedRoom(action, text, code string) string {
	if code != "" {
		code = `"code":"` + code + `",`
	}
	return `{"type":"system","action":"` + action + `","response":{"success":false,"error":"` + text + `",` + code + `"clientId":"ID"}}`
}

// wireReach publishes to the target and returns how many clients are here.
func wireReach(t *testing.T, server *core.Server, to core.Target, action string) int {
	t.Helper()
	n, err := server.Publish(core.Publication{To: to, Message: newMessage("test", action, nil)})
	require.NoError(t, err)
	return n
}

func TestWire_Join_Labels(t *testing.T) {
	const id, user, name = `"ID"`, `"user"`, `"user_ID8"`
	tests := []struct {
		labels                     []string
		userID, userType, username string
	}{
		{nil, id, user, name},
		{[]string{`"userId":5`}, `5`, user, name},
		{[]string{`"userId":"anna"`, `"userType":"admin"`, `"username":"Anna \"é\" \u0041"`}, `"anna"`, `"admin"`, `"Anna \"é\" A"`},
		{[]string{`"userId":null`, `"userType":""`, `"username":false`}, id, user, name},
		{[]string{`"userId":0`, `"userType":null`, `"username":""`}, id, user, name},
		{[]string{`"more":[1]`, `"clientId":"x"`, `"joinedAt":"never"`}, id, user, name},
	}
	server := start(t, core.Options{})
	for _, tt := range tests {
		t.Run(strings.Join(tt.labels, ","), func(t *testing.T) {
			c := connect(t, server)
			me := wireID(c)
			reply := wireMask(c.ask(wireJoin(`"general"`, tt.labels...)), me)
			require.JSONEq(t, wireJoined("general", tt.userID, tt.userType, tt.username), reply)
			c.quiet()
		})
	}
}

func TestWire_Join_AuthenticatedUserID(t *testing.T) {
	server := start(t, core.Options{JWTSecret: wireSecret})
	for _, subject := range []string{`5`, `"anna"`, `12345678901234567890`} {
		for _, sent := range []string{`"userId":null`, `"userId":6`, `"userId":"bert"`, `"userId":{"a":1}`} {
			t.Run(subject+" sends "+sent, func(t *testing.T) {
				c := wireUser(t, server, subject)
				me := wireID(c)
				reply := wireMask(c.ask(wireJoin(`"general"`, sent, `"username":"A"`)), me)
				require.JSONEq(t, wireJoined("general", subject, `"user"`, `"A"`), reply)
			})
		}
	}
}

// What a client calls itself makes it nobody's voice and nobody's ear.
func TestWire_Join_LabelIsNoUser(t *testing.T) {
	server := start(t, core.Options{JWTSecret: wireSecret, Loops: 1})
	impostors := []*client{connect(t, server), connect(t, server), wireUser(t, server, "6")}
	for i, label := range []string{`"userId":5`, `"userId":"5"`, `"userId":5`} {
		impostors[i].ask(wireJoin(`"general"`, label))
	}
	require.Zero(t, wireReach(t, server, core.Users("5"), "nobody"))
	five := wireUser(t, server, "5")
	five.ask(wireJoin(`"general"`))
	require.Equal(t, 1, wireReach(t, server, core.Users("5"), "direct"))
	require.Equal(t, `{"type":"test","action":"direct"}`, five.receive())
	for _, impostor := range impostors {
		impostor.quiet()
	}
}

// 5 and "5" are one user.
func TestWire_Join_SubjectAsTextOrNumber(t *testing.T) {
	server := start(t, core.Options{JWTSecret: wireSecret})
	number, text := wireUser(t, server, `5`), wireUser(t, server, `"5"`)
	require.Equal(t, 2, wireReach(t, server, core.Users("5"), "direct"))
	require.Equal(t, `{"type":"test","action":"direct"}`, number.receive())
	require.Equal(t, `{"type":"test","action":"direct"}`, text.receive())
}

func TestWire_Join_Twice(t *testing.T) {
	server := start(t, core.Options{Loops: 1, MaxRooms: 1})
	c, other := connect(t, server), connect(t, server)
	other.join("general")
	me := wireID(c)
	for range 2 {
		reply := wireMask(c.ask(wireJoin(`"general"`)), me)
		require.JSONEq(t, wireJoined("general", `"ID"`, `"user"`, `"user_ID8"`), reply)
	}
	require.Equal(t, 2, wireReach(t, server, core.Room("general"), "once"))
	require.Equal(t, `{"type":"test","action":"once"}`, c.receive())
	c.quiet()
	c.ask(wireLeave(`"general"`))
	require.Equal(t, 1, wireReach(t, server, core.Room("general"), "left"), "one leave undoes both")
}

func TestWire_Join_GoodNames(t *testing.T) {
	long := strings.Repeat("é", 64)
	server := start(t, core.Options{})
	for _, name := range []string{`a`, ` `, `general chat:5/*?[]`, `a\"b\\c`, `日本語`, long, strings.Repeat("x", 128)} {
		t.Run(name, func(t *testing.T) {
			c := connect(t, server)
			me := wireID(c)
			require.JSONEq(t, wireJoined(name, `"ID"`, `"user"`, `"user_ID8"`), wireMask(c.ask(wireJoin(`"`+name+`"`)), me))
			require.Equal(t, wireLeftEvent(name), c.ask(wireLeave(`"`+name+`"`)))
			require.JSONEq(t, wireLeft(name), wireMask(c.receive(), me))
		})
	}
}

func TestWire_Room_NameRequired(t *testing.T) {
	server := start(t, core.Options{})
	for _, data := range []string{
		``, `,"data":null`, `,"data":{}`, `,"data":{"room":"general"}`, `,"data":"general"`, `,"data":5`, `,"data":["general"]`, `,"data":true`,
		`,"data":{"roomName":""}`, `,"data":{"roomName":null}`, `,"data":{"roomName":5}`, `,"data":{"roomName":0}`, `,"data":{"roomName":false}`,
		`,"data":{"roomName":["general"]}`, `,"data":{"roomName":{"a":"b"}}`, `,"roomName":"general"`,
	} {
		for _, action := range []string{"joinRoom", "leaveRoom"} {
			t.Run(action+data, func(t *testing.T) {
				c := connect(t, server)
				me := wireID(c)
				want := wireRefusedRoom(action, "Room name is required", "")
				require.Equal(t, want, wireMask(c.ask(`{"type":"system","action":"`+action+`"`+data+`}`), me))
				withID := strings.TrimSuffix(want, "}") + `,"id":"7"}`
				require.Equal(t, withID, wireMask(c.ask(`{"id":"7","type":"system","action":"`+action+`"`+data+`}`), me))
				c.quiet()
				require.Zero(t, server.Stats().Rooms)
			})
		}
	}
}

// Keys are case-sensitive in data as in the envelope around it.
func TestWire_Room_KeysAreCaseSensitive(t *testing.T) {
	server := start(t, core.Options{ClientPublish: true})
	for _, key := range []string{"ROOMNAME", "roomname", "RoomName"} {
		for _, action := range []string{"joinRoom", "leaveRoom"} {
			t.Run(action+" "+key, func(t *testing.T) {
				c := connect(t, server)
				me := wireID(c)
				reply := c.ask(`{"type":"system","action":"` + action + `","data":{"` + key + `":"general"}}`)
				require.Equal(t, wireRefusedRoom(action, "Room name is required", ""), wireMask(reply, me))
			})
		}
	}
	t.Run("beside the right one", func(t *testing.T) {
		c := connect(t, server)
		me := wireID(c)
		reply := wireMask(c.ask(wireJoin(`"general"`, `"roomname":"other"`, `"USERID":5`)), me)
		require.JSONEq(t, wireJoined("general", `"ID"`, `"user"`, `"user_ID8"`), reply)
	})
}

func TestWire_Join_BadNames(t *testing.T) {
	want := wireRefusedRoom("joinRoom", "Room name is not allowed", "BAD_ROOM_NAME")
	server := start(t, core.Options{})
	for what, name := range map[string]string{
		"too long":           strings.Repeat("x", 129),
		"too long in bytes":  strings.Repeat("é", 64) + "x",
		"much too long":      strings.Repeat("x", 60000),
		"opening brace":      `a{b`,
		"closing brace":      `a}b`,
		"braces":             `{general}`,
		"escaped brace":      `a\u007bb`,
		"newline":            `a\nb`,
		"tab":                `\t`,
		"NUL":                `a\u0000`,
		"unit separator":     `\u001fa`,
		"delete":             `a\u007f`,
		"C1 control":         `a\u0085b`,
		"C1 control, direct": "a\u0085b",
		"half a character":   `a\ud800`, // has no UTF-8 form
		"its other half":     `\udc00a`,
	} {
		t.Run(what, func(t *testing.T) {
			c := connect(t, server)
			me := wireID(c)
			require.Equal(t, want, wireMask(c.ask(wireJoin(`"`+name+`"`)), me))
			require.Zero(t, server.Stats().Rooms)
		})
	}
}

func TestWire_Join_MaxRoomName(t *testing.T) {
	c := connect(t, start(t, core.Options{MaxRoomName: 3}))
	require.Contains(t, c.ask(wireJoin(`"abc"`)), `"success":true`)
	require.Contains(t, c.ask(wireJoin(`"abcd"`)), `"code":"BAD_ROOM_NAME"`)
}

func TestWire_Join_TooManyRooms(t *testing.T) {
	server := start(t, core.Options{MaxRooms: 2})
	c := connect(t, server)
	me := wireID(c)
	c.join("one")
	c.join("two")
	want := wireRefusedRoom("joinRoom", "Too many rooms", "TOO_MANY_ROOMS")
	require.Equal(t, want, wireMask(c.ask(wireJoin(`"three"`)), me))
	require.Zero(t, wireReach(t, server, core.Room("three"), "x"))
	c.join("one") // it is a member already
	require.Equal(t, wireLeftEvent("two"), c.ask(wireLeave(`"two"`)))
	c.receive()
	c.join("three")
}

func TestWire_Leave(t *testing.T) {
	server := start(t, core.Options{Loops: 1})
	c, other := connect(t, server), connect(t, server)
	me := wireID(c)
	c.join("general")
	c.join("second")
	other.join("general")

	require.Equal(t, wireLeftEvent("general"), c.ask(wireLeave(`"general"`)), "the event comes first")
	require.JSONEq(t, wireLeft("general"), wireMask(c.receive(), me))
	require.Equal(t, 1, wireReach(t, server, core.Room("general"), "left"))
	require.Equal(t, `{"type":"test","action":"left"}`, other.receive(), "and no event of another's leaving")
	c.quiet()

	require.Equal(t, 1, wireReach(t, server, core.Room("second"), "stays"))
	require.Equal(t, `{"type":"test","action":"stays"}`, c.receive())
}

func TestWire_Leave_NotMember(t *testing.T) {
	server := start(t, core.Options{})
	other := connect(t, server)
	other.join("general")
	c := connect(t, server)
	me := wireID(c)
	for _, room := range []string{"general", "nobody is here", "{}", "general"} {
		require.JSONEq(t, wireLeft(room), wireMask(c.ask(wireLeave(`"`+room+`"`)), me))
	}
	c.quiet()
	require.Equal(t, 1, wireReach(t, server, core.Room("general"), "x"))
}

// In single-room mode a join leaves the other room first, with its event; a
// join that is refused leaves nothing.
func TestWire_SingleRoom(t *testing.T) {
	server := start(t, core.Options{SingleRoom: true, MaxRooms: 1})
	c := connect(t, server)
	me := wireID(c)
	joined := func(room string) string { return wireJoined(room, `"ID"`, `"user"`, `"user_ID8"`) }

	require.JSONEq(t, joined("one"), wireMask(c.ask(wireJoin(`"one"`)), me))
	require.JSONEq(t, joined("one"), wireMask(c.ask(wireJoin(`"one"`)), me), "again: nothing is left")
	require.Contains(t, c.ask(wireJoin(`"{"`)), `"BAD_ROOM_NAME"`)
	require.Contains(t, c.ask(wireJoin(`""`)), `"Room name is required"`)
	require.Equal(t, 1, wireReach(t, server, core.Room("one"), "still"))
	require.Equal(t, `{"type":"test","action":"still"}`, c.receive())

	require.Equal(t, wireLeftEvent("one"), c.ask(wireJoin(`"two"`)))
	require.JSONEq(t, joined("two"), wireMask(c.receive(), me))
	require.Zero(t, wireReach(t, server, core.Room("one"), "gone"))
	require.Equal(t, 1, wireReach(t, server, core.Room("two"), "here"))
	require.Equal(t, `{"type":"test","action":"here"}`, c.receive())
	c.quiet()
}

func TestWire_SeveralRoomsWithoutSingleRoom(t *testing.T) {
	server := start(t, core.Options{})
	c := connect(t, server)
	for i := range 100 { // the default limit
		c.join(fmt.Sprint("room", i))
	}
	require.Contains(t, c.ask(wireJoin(`"one more"`)), `"TOO_MANY_ROOMS"`)
	require.Equal(t, 1, wireReach(t, server, core.Room("room0"), "first"))
	require.Equal(t, `{"type":"test","action":"first"}`, c.receive())
}
