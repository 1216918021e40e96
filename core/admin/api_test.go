package admin

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const hello = `{"type":"chat","action":"message","data":"hello"}`

// bodies are envelopes that are delivered as they are, every byte.
var bodies = []string{
	hello,
	" {\n\t\"type\" : \"a\\u0062\", \"action\":\"\\/\" ,\"data\":{ \"x\" : [1, 2.50, 1E2] }}\r\n ",
	`{"action":"日本","data":null,"type":"é😀","more":"\ud83d\ude00"}`,
	`{"type":1,"type":"t","action":"a","id":7}`,
	`{"type":"t","action":"a","data":"` + strings.Repeat("x", 70_000) + `"}`,
}

func TestAPI_BodyIsTheMessage(t *testing.T) {
	n := start(t, settings{})
	alice := n.connect(`{"sub":"alice"}`)
	id := alice.join("general")
	for _, path := range []string{"/api/broadcast", "/api/rooms/general/broadcast", "/api/users/alice/broadcast", "/api/clients/" + id + "/send"} {
		for _, body := range bodies {
			n.post(path, body, "Content-Type: application/json; charset=utf-8").reaches(1)
		}
		alice.receives(bodies...)
	}
}

func TestAPI_Broadcast(t *testing.T) {
	n := start(t, settings{})
	n.post("/api/broadcast", hello).reaches(0)
	a, b, c := n.connect(), n.connect(`{"sub":5}`), n.connect()
	n.post("/api/broadcast", hello).reaches(3)
	b.receives(hello)
	id := b.join("general")
	n.post("/api/broadcast?except="+id, hello).reaches(2)
	n.post("/api/broadcast?except="+someID, hello).reaches(3)
	a.receives(hello, hello, hello)
	b.receives(hello)
	c.receives(hello, hello, hello)
}

func TestAPI_Rooms(t *testing.T) {
	names := []string{
		"general", "a/b", "//", "/a/", "..", ".", "../../broadcast", "é 日本 😀", "50%", "%2F", "a?b#c&d=e+f", `quote"\`, ";", "a b",
	}
	n := start(t, settings{})
	everywhere, nowhere := n.connect(), n.connect()
	members := map[string]*client{}
	for _, name := range names {
		members[name] = n.connect()
		members[name].join(name)
		everywhere.join(name)
	}
	var all []string
	for _, name := range names {
		body := `{"type":"room","action":"named","data":` + quote(name) + `}`
		n.post("/api/rooms/"+escape(name)+"/broadcast", body).reaches(2)
		members[name].receives(body)
		all = append(all, body)
	}
	everywhere.receives(all...)
	nowhere.quiet()
	for _, path := range []string{"/api/rooms/unknown/broadcast", "/api/rooms/GENERAL/broadcast", "/api/rooms/%FF/broadcast", "/api/rooms/%20general/broadcast"} {
		n.post(path, hello).reaches(0)
	}
	nowhere.quiet()
	everywhere.quiet()
}

// escape writes a name as one segment of a path, dots too, which a client may
// take for a way up.
func escape(name string) string {
	return strings.ReplaceAll(url.PathEscape(name), ".", "%2E")
}

func TestAPI_RoomExcept(t *testing.T) {
	n := start(t, settings{})
	a, b := n.connect(), n.connect()
	id := a.join("general")
	b.join("general")
	n.post("/api/rooms/general/broadcast?except="+id, hello).reaches(1)
	n.post("/api/rooms/general/broadcast?except="+someID, hello).reaches(2)
	n.post("/api/rooms/general/broadcast?except="+strings.Repeat("0", 32), hello).reaches(2)
	a.receives(hello, hello)
	b.receives(hello, hello, hello)
}

func TestAPI_Users(t *testing.T) {
	n := start(t, settings{})
	number, text, other := n.connect(`{"sub":5}`), n.connect(`{"sub":"5"}`), n.connect(`{"sub":"a/b é.."}`)
	nobody := n.connect()
	n.post("/api/users/5/broadcast", hello).reaches(2)
	n.post("/api/users/"+escape("a/b é..")+"/broadcast", hello).reaches(1)
	number.receives(hello)
	id := number.join("general")
	n.post("/api/users/5/broadcast?except="+id, hello).reaches(1)
	for _, user := range []string{"6", "5.0", "05", "%225%22", "a", id} {
		n.post("/api/users/"+user+"/broadcast", hello).reaches(0)
	}
	number.quiet()
	text.receives(hello, hello)
	other.receives(hello)
	nobody.quiet()
}

func TestAPI_Clients(t *testing.T) {
	n := start(t, settings{})
	a, b := n.connect(`{"sub":5}`), n.connect(`{"sub":5}`)
	id := a.join("general")
	b.join("general")
	n.post("/api/clients/"+id+"/send", hello).reaches(1)
	n.post("/api/clients/"+id+"/send?except="+someID, hello).reaches(1)
	n.post("/api/clients/"+id+"/send?except="+id, hello).reaches(0)
	n.post("/api/clients/"+someID+"/send", hello).reaches(0)
	n.post("/api/clients/"+strings.Repeat("0", 32)+"/send", hello).reaches(0)
	n.post("/api/clients/"+id[:31]+flip(id[31])+"/send", hello).reaches(0)
	a.receives(hello, hello)
	b.quiet()
}

// flip returns another hex digit.
func flip(digit byte) string {
	if digit == '0' {
		return "1"
	}
	return "0"
}

var badIDs = []string{"5", someID + "0", someID[:31], strings.ToUpper(someID), someID[:31] + "g", someID[:31] + "%20", "%00"}

func TestAPI_BadClientIDs(t *testing.T) {
	n := start(t, settings{})
	c := n.connect()
	c.join("general")
	for _, id := range badIDs {
		n.post("/api/clients/"+id+"/send", hello).fails(http.StatusBadRequest, "BAD_CLIENT_ID")
	}
	for _, id := range append([]string{""}, badIDs...) {
		for _, path := range []string{"/api/broadcast", "/api/rooms/general/broadcast", "/api/users/5/broadcast", "/api/clients/" + someID + "/send"} {
			n.post(path+"?except="+id, hello).fails(http.StatusBadRequest, "BAD_CLIENT_ID")
		}
	}
	c.quiet()
}

var publishPaths = []string{"/api/broadcast", "/api/rooms/general/broadcast", "/api/users/5/broadcast"}

func TestAPI_BadBodies(t *testing.T) {
	n := start(t, settings{})
	c := n.connect(`{"sub":5}`)
	id := c.join("general")
	bad := []string{
		"", " ", "{", "hello", "null", "5", `"text"`, "[]", "[" + hello + "]", "{}", hello + hello, hello + "\n" + hello, hello + "x",
		`{"type":"t"}`, `{"action":"a"}`, `{"Type":"t","ACTION":"a"}`, `{"type":"","action":"a"}`, `{"type":null,"action":"a"}`,
		`{"type":5,"action":"a"}`, `{"type":"t","action":5}`, `{"type":["t"],"action":"a"}`, `{"type":"t","action":{}}`, `{"type":true,"action":"a"}`,
		`{"type":"t","action":"a",}`, `{'type':'t','action':'a'}`, "{\"type\":\"t\",\"action\":\"a\",\"data\":\"\xff\"}",
		"{\"type\":\"t\",\"action\":\"a\",\"data\":\"\n\"}", `{"type":"t","action":"a","data":"\q"}`, `{"type":"t","action":"a","data":01}`,
		"\ufeff" + hello, hello + "\x00",
		`{"type":"t","action":"a","data":` + strings.Repeat("[", 600) + strings.Repeat("]", 600) + `}`,
	}
	for _, path := range append(publishPaths, "/api/clients/"+id+"/send") {
		for _, body := range bad {
			n.post(path, body).fails(http.StatusBadRequest, "BAD_MESSAGE")
		}
	}
	c.quiet()
}

func TestAPI_MediaTypes(t *testing.T) {
	n := start(t, settings{})
	c := n.connect(`{"sub":5}`)
	c.join("general")
	for _, path := range append(publishPaths, "/api/publish") {
		for _, media := range []string{
			"", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/jsonp",
			"application/json, text/plain", "json", "application/json+x", "text/plain; application/json", "*/*",
		} {
			n.post(path, hello, "Content-Type: "+media).fails(http.StatusUnsupportedMediaType, "UNSUPPORTED_MEDIA_TYPE")
		}
	}
	n.post("/api/broadcast", hello, "Content-Type: application/x-ndjson").fails(http.StatusUnsupportedMediaType, "UNSUPPORTED_MEDIA_TYPE")
	n.post("/api/publish", hello, "Content-Type: application/json").fails(http.StatusBadRequest, "BAD_LINE")
	c.quiet()
	n.post("/api/broadcast", hello, "Content-Type: Application/JSON;charset=UTF-8").reaches(1)
	c.receives(hello)
}

func TestAPI_TooLarge(t *testing.T) {
	const limit = 2048
	n := start(t, settings{admin: Options{MaxPublishSize: limit}})
	c := n.connect()
	fitting := hello + strings.Repeat(" ", limit-len(hello))
	n.post("/api/broadcast", fitting).reaches(1)
	c.receives(fitting)
	for _, body := range []string{fitting + " ", fitting + strings.Repeat(" ", limit)} {
		answer := n.post("/api/broadcast", body)
		answer.fails(http.StatusRequestEntityTooLarge, "BODY_TOO_LARGE")
		assert.Contains(t, answer.body, "2KiB")
		n.post("/api/publish", body, "Content-Type: application/x-ndjson").fails(http.StatusRequestEntityTooLarge, "BODY_TOO_LARGE")
	}
	c.quiet()
}

func TestAPI_BodyThatCannotBeRead(t *testing.T) {
	n := start(t, settings{})
	c := n.connect()
	conn := n.tcp()
	_, err := io.WriteString(conn, "POST /api/broadcast HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nno chunk\r\n")
	require.NoError(t, err)
	readAnswer(t, conn).fails(http.StatusBadRequest, "BAD_BODY")
	c.quiet()
}

func TestAPI_BeforeAndAfterTheServerRuns(t *testing.T) {
	n := newNode(t, settings{})
	n.post("/api/broadcast", hello).reaches(0)
	stop := n.run()
	require.NoError(t, stop())
	n.post("/api/broadcast", hello).reaches(0)
	n.post("/api/rooms/general/broadcast", hello).reaches(0)
}
