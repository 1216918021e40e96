package admin

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/bus"
	"github.com/gannet-ws/gannet/core"
)

// exchange is a request to an operation, the parts that differ from its plain one, and
// what it has to be answered.
type exchange struct {
	method, path, media, body string // empty: as the operation has them, and JSON
	headers                   []string
	code                      string // of the error; none for good ones
}

// input is what an operation has to answer well, and what it has to refuse. "{id}"
// stands for a client of the user 5, who is in the room general and in no other.
type input struct{ good, bad []exchange }

const (
	goneID  = "{node}ffffffffffffffffffff" // of the node that is asked
	message = `"message":` + hello
)

// refused returns a bad exchange with a body.
func refused(body, code string) exchange { return exchange{body: body, code: code} }

// at returns a bad exchange with a path.
func at(path, code string) exchange { return exchange{path: path, code: code} }

// publishes are the inputs of the operations that send their body to whom the path
// names.
func publishes(path string) input {
	return input{
		good: []exchange{
			{body: hello},
			{body: hello, headers: []string{"Idempotency-Key: a"}},
			{path: path + "?except={id}", body: hello},
			{path: path + "?except=" + someID + "&where=user", body: hello},
			{path: path + "?where=claim%3Aplan+%3D%3D+%22a%3Bb%22", body: hello},
		},
		bad: []exchange{
			refused("", "BAD_MESSAGE"), refused("{}", "BAD_MESSAGE"), refused(`{"type":"t","action":5}`, "BAD_MESSAGE"),
			{media: "text/plain", body: hello, code: "UNSUPPORTED_MEDIA_TYPE"},
			{body: hello + strings.Repeat(" ", 4096), code: "BODY_TOO_LARGE"},
			{path: path + "?except=5", body: hello, code: "BAD_CLIENT_ID"},
			{path: path + "?except=", body: hello, code: "BAD_CLIENT_ID"},
			{path: path + "?except=" + someID + "&except=" + someID, body: hello, code: "BAD_QUERY"},
			{path: path + "?exept=" + someID, body: hello, code: "BAD_QUERY"},
			{path: path + "?where=", body: hello, code: "BAD_CONDITION"},
			{path: path + "?where=claim", body: hello, code: "BAD_CONDITION"},
			{path: path + "?where=user;x", body: hello, code: "BAD_QUERY"},
			{path: path + "?where=%zz", body: hello, code: "BAD_QUERY"},
			{body: hello, headers: []string{"Idempotency-Key: "}, code: "BAD_IDEMPOTENCY_KEY"},
			{body: hello, headers: []string{"Idempotency-Key: " + strings.Repeat("k", 129)}, code: "BAD_IDEMPOTENCY_KEY"},
			{body: hello, headers: []string{"Idempotency-Key: a b"}, code: "BAD_IDEMPOTENCY_KEY"},
		},
	}
}

// inputs are those of all operations, by method and path.
var inputs = map[string]input{
	"GET /health":  {good: []exchange{{}, {path: "/health?from=balancer"}}, bad: []exchange{{method: "POST", code: "NOT_FOUND"}}},
	"GET /ready":   {good: []exchange{{}}, bad: []exchange{{method: "DELETE", code: "NOT_FOUND"}}},
	"GET /metrics": {good: []exchange{{}}, bad: []exchange{{headers: []string{"X-API-Key: wrong"}, code: "API_KEY_REQUIRED"}}},

	"POST /api/publish": {
		good: []exchange{
			{body: `{` + message + `}`},
			{body: `{"room":"general",` + message + `}`},
			{body: `{"rooms":["general","b"],` + message + `}`},
			{body: `{"userId":5,` + message + `}`},
			{body: `{"userIds":["5",6],` + message + `}`},
			{body: `{"clientId":"{id}",` + message + `}`},
			{body: `{"clientIds":["{id}"],"except":"{id}",` + message + `}`},
			{body: `{"room":"general","where":"claim:plan == premium",` + message + `}`},
			{media: mediaNDJSON, body: "{" + message + "}\n{}\n\n{\"room\":5}"},
			{media: mediaNDJSON},
		},
		bad: []exchange{
			refused("", "BAD_LINE"), refused(hello, "BAD_LINE"), refused("[]", "BAD_LINE"), refused(`{"rooms":[],`+message+`}`, "BAD_LINE"),
			refused(`{"rooms":null,`+message+`}`, "BAD_LINE"), refused(`{"room":"a","rooms":["b"],`+message+`}`, "BAD_LINE"),
			refused(`{"room":"a"}`, "BAD_MESSAGE"), refused(`{"message":{}}`, "BAD_MESSAGE"),
			refused(`{"clientIds":["5"],`+message+`}`, "BAD_CLIENT_ID"), refused(`{"except":"5",`+message+`}`, "BAD_CLIENT_ID"),
			refused(`{"where":"x",`+message+`}`, "BAD_CONDITION"), refused(`{"where":"",`+message+`}`, "BAD_LINE"),
			{media: "text/plain", body: `{` + message + `}`, code: "UNSUPPORTED_MEDIA_TYPE"},
			{body: `{` + message + strings.Repeat(" ", 4096) + `}`, code: "BODY_TOO_LARGE"},
			{media: mediaNDJSON, body: strings.Repeat("\n", 4096), code: "BODY_TOO_LARGE"},
			{path: "/api/publish?except=" + someID, body: `{` + message + `}`, code: "BAD_QUERY"},
			{body: `{` + message + `}`, headers: []string{"Idempotency-Key: é"}, code: "BAD_IDEMPOTENCY_KEY"},
		},
	},
	"POST /api/broadcast":                publishes("/api/broadcast"),
	"POST /api/rooms/{room}/broadcast":   publishes("/api/rooms/general/broadcast"),
	"POST /api/users/{userId}/broadcast": publishes("/api/users/5/broadcast"),
	"POST /api/clients/{clientId}/send":  publishes("/api/clients/{id}/send"),

	"POST /api/events": {
		good: []exchange{
			{body: "{}"},
			{body: ` {"type":"order","data":{"id":7}} `},
			{body: `{"workerId":7}`},
			{body: `{"a":1}`, headers: []string{"Idempotency-Key: a"}},
			{body: `{"a":1}`, headers: []string{"Idempotency-Key: a"}},
		},
		bad: []exchange{
			refused("", "BAD_BODY"), refused("null", "BAD_BODY"), refused("[{}]", "BAD_BODY"), refused(`"text"`, "BAD_BODY"), refused("{} {}", "BAD_BODY"),
			refused(`{"a":1,}`, "BAD_BODY"), refused("{\"a\":\"\xff\"}", "BAD_BODY"), refused("\ufeff{}", "BAD_BODY"),
			{media: "text/plain", body: "{}", code: "UNSUPPORTED_MEDIA_TYPE"},
			{media: mediaNDJSON, body: "{}", code: "UNSUPPORTED_MEDIA_TYPE"},
			{body: "{}" + strings.Repeat(" ", 4096), code: "BODY_TOO_LARGE"},
			{path: "/api/events?channel=custom", body: "{}", code: "BAD_QUERY"},
			{body: "{}", headers: []string{"Idempotency-Key: a b"}, code: "BAD_IDEMPOTENCY_KEY"},
		},
	},

	"GET /api/nodes":         {good: []exchange{{}}, bad: []exchange{at("/api/nodes?x", "BAD_QUERY")}},
	"GET /api/health":        {good: []exchange{{}}, bad: []exchange{at("/api/health?x", "BAD_QUERY")}},
	"GET /api/stats":         {good: []exchange{{}}, bad: []exchange{at("/api/stats?x", "BAD_QUERY")}},
	"GET /api/cluster/stats": {good: []exchange{{}}, bad: []exchange{at("/api/cluster/stats?x", "BAD_QUERY")}},
	"GET /api/console":       {good: []exchange{{}, {path: "/api/console?moments=true"}}, bad: []exchange{at("/api/console?moment=true", "BAD_QUERY")}},
	"GET /api/watch": {
		good: []exchange{{path: "/api/watch?room=general"}, {path: "/api/watch?room=.."}},
		bad:  []exchange{{code: "BAD_ROOM_NAME"}, at("/api/watch?room=%7B", "BAD_ROOM_NAME"), at("/api/watch?rooms=general", "BAD_QUERY")},
	},
	"GET /api/rooms": {
		good: []exchange{
			{},
			{path: "/api/rooms?limit=1"},
			{path: "/api/rooms?prefix="},
			{path: "/api/rooms?prefix=gen&after=a&limit=1"},
			{path: "/api/rooms?after=x"},
		},
		bad: []exchange{
			at("/api/rooms?limit=0", "BAD_LIMIT"), at("/api/rooms?prefix=a&limit=10001", "BAD_LIMIT"), at("/api/rooms?prefix=%FF", "BAD_QUERY"),
			at("/api/rooms?after=%FF", "BAD_QUERY"), at("/api/rooms?prefix=a&prefix=b", "BAD_QUERY"), at("/api/rooms?page=2", "BAD_QUERY"),
		},
	},
	"GET /api/rooms/{room}": {
		good: []exchange{{}, {path: "/api/rooms/a%2Fb"}, {path: "/api/rooms/%FF"}},
		bad:  []exchange{at("/api/rooms/general?limit=1", "BAD_QUERY")},
	},
	"GET /api/rooms/{room}/members": {
		good: []exchange{{}, {path: "/api/rooms/general/members?limit=1"}, {path: "/api/rooms/none/members"}},
		bad:  []exchange{at("/api/rooms/general/members?limit=x", "BAD_LIMIT"), at("/api/rooms/general/members?after=x", "BAD_QUERY")},
	},
	"GET /api/clients": {
		good: []exchange{
			{},
			{path: "/api/clients?limit=1"},
			{path: "/api/clients?after="},
			{path: "/api/clients?after={id}"},
			{path: "/api/clients?after=" + someID},
			{path: "/api/clients?userId=5&room=general&where=claim%3Aplan+%3D%3D+premium&limit=10000"},
			{path: "/api/clients?room=%7B"},
		},
		bad: []exchange{
			at("/api/clients?limit=0", "BAD_LIMIT"), at("/api/clients?limit=10001", "BAD_LIMIT"), at("/api/clients?after=5", "BAD_CLIENT_ID"),
			at("/api/clients?userId=", "BAD_QUERY"), at("/api/clients?room=", "BAD_QUERY"), at("/api/clients?where=", "BAD_QUERY"),
			at("/api/clients?userId=%FF", "BAD_QUERY"), at("/api/clients?room=%FF", "BAD_QUERY"), at("/api/clients?where=plan", "BAD_CONDITION"),
			at("/api/clients?user=5", "BAD_QUERY"), at("/api/clients?room=a&room=b", "BAD_QUERY"),
		},
	},
	"GET /api/clients/{clientId}": {
		good: []exchange{{}},
		bad: []exchange{
			at("/api/clients/5", "BAD_CLIENT_ID"), at("/api/clients/"+goneID, "CLIENT_GONE"), at("/api/clients/"+someID, "NODE_MISSING"),
			at("/api/clients/{id}?x", "BAD_QUERY"),
		},
	},
	"GET /api/users/{userId}": {
		good: []exchange{{}, {path: "/api/users/nobody"}},
		bad:  []exchange{at("/api/users/5?limit=1", "BAD_QUERY")},
	},

	"PUT /api/clients/{clientId}/rooms/{room}": {
		good: []exchange{{}, {path: "/api/clients/{id}/rooms/other"}},
		bad: []exchange{
			at("/api/clients/5/rooms/r", "BAD_CLIENT_ID"), at("/api/clients/{id}/rooms/%7B", "BAD_ROOM_NAME"),
			at("/api/clients/{id}/rooms/third", "TOO_MANY_ROOMS"), at("/api/clients/"+goneID+"/rooms/r", "CLIENT_GONE"),
			at("/api/clients/"+someID+"/rooms/r", "NODE_MISSING"), at("/api/clients/{id}/rooms/r?x", "BAD_QUERY"),
		},
	},
	"DELETE /api/clients/{clientId}/rooms/{room}": {
		good: []exchange{{}, {}, {path: "/api/clients/" + goneID + "/rooms/r"}},
		bad:  []exchange{at("/api/clients/5/rooms/r", "BAD_CLIENT_ID"), at("/api/clients/{id}/rooms/%00", "BAD_ROOM_NAME")},
	},
	"PUT /api/users/{userId}/rooms/{room}": {
		good: []exchange{{}, {path: "/api/users/5/rooms/a"}, {path: "/api/users/5/rooms/b"}, {path: "/api/users/nobody/rooms/a"}},
		bad:  []exchange{at("/api/users/5/rooms/%FF", "BAD_ROOM_NAME"), at("/api/users/5/rooms/r?x", "BAD_QUERY")},
	},
	"DELETE /api/users/{userId}/rooms/{room}": {
		good: []exchange{{}, {}},
		bad:  []exchange{at("/api/users/5/rooms/%7D", "BAD_ROOM_NAME")},
	},
	"PATCH /api/clients/{clientId}/metadata": {
		good: []exchange{
			{body: `{"level":3,"zone":{"a":null}}`}, {body: `{"level":null,"none":null}`}, {body: " {}\n"}, {body: `{"":"é","a":1,"a":2}`},
		},
		bad: []exchange{
			{path: "/api/clients/5/metadata", body: "{}", code: "BAD_CLIENT_ID"},
			{path: "/api/clients/" + goneID + "/metadata", body: "{}", code: "CLIENT_GONE"},
			{path: "/api/clients/" + someID + "/metadata", body: "{}", code: "NODE_MISSING"},
			{path: "/api/clients/{id}/metadata?x", body: "{}", code: "BAD_QUERY"},
			refused("", "BAD_BODY"), refused("null", "BAD_BODY"), refused("[]", "BAD_BODY"), refused(`{"a":1}{}`, "BAD_BODY"), refused(`{"a":}`, "BAD_BODY"),
			refused("{\"a\":\"\xff\"}", "BAD_BODY"), refused(`{"a":"`+strings.Repeat("x", 256)+`"}`, "METADATA_FULL"),
			{media: "application/merge-patch+json", body: "{}", code: "UNSUPPORTED_MEDIA_TYPE"},
			{body: "{}" + strings.Repeat(" ", 4096), code: "BODY_TOO_LARGE"},
		},
	},
	"POST /api/clients/{clientId}/disconnect": {
		good: []exchange{{body: `{"reason":"bye"}`}, {}, {path: "/api/clients/" + goneID + "/disconnect", body: "{}"}},
		bad: []exchange{
			{path: "/api/clients/5/disconnect", code: "BAD_CLIENT_ID"},
			refused("x", "BAD_BODY"), refused(`{"reason":5}`, "BAD_BODY"),
			{media: "text/plain", code: "UNSUPPORTED_MEDIA_TYPE"},
			{body: strings.Repeat(" ", 4096), code: "BODY_TOO_LARGE"},
		},
	},
	"POST /api/users/{userId}/disconnect": {
		good: []exchange{{}, {body: `{"reason":"bye"}`}},
		bad: []exchange{
			refused(`{"raison":"bye"}`, "BAD_BODY"),
			{media: "text/plain", code: "UNSUPPORTED_MEDIA_TYPE"},
			{body: strings.Repeat(" ", 4096), code: "BODY_TOO_LARGE"},
			at("/api/users/5/disconnect?x", "BAD_QUERY"),
		},
	},

	"GET /api/openapi.yaml": {good: []exchange{{}}, bad: []exchange{at("/api/openapi.yaml?x", "BAD_QUERY")}},
	"GET /api/openapi.json": {good: []exchange{{}}, bad: []exchange{at("/api/openapi.json?x", "BAD_QUERY")}},
}

// world is a node with a key for each scope, and a client.
type world struct {
	*node
	fill *strings.Replacer // of what stands for the client
}

func newWorld(t *testing.T) world {
	t.Helper()
	n := start(t, settings{
		server: core.Options{Loops: 1, MaxRooms: 2, MaxMetadata: 256, Bus: bus.NewHub().Join()},
		admin:  Options{MaxPublishSize: 2048, APIKeys: scopedKeys()},
	})
	id := n.connect(`{"sub":5,"plan":"premium"}`).join("general")
	return world{n, strings.NewReplacer("{id}", id, "{node}", n.server.NodeID(), "{clientId}", id, "{userId}", "5", "{room}", "general")}
}

// send sends an exchange to an operation, with a key of the scope.
func (w world) send(o *operation, e exchange, scope Scope) *answer {
	w.t.Helper()
	method, path, media := o.method, o.path, mediaJSON
	if e.method != "" {
		method = e.method
	}
	if e.path != "" {
		path = e.path
	}
	if e.media != "" {
		media = e.media
	}
	headers := []string{"Content-Type: " + media}
	if scope != scopeNone {
		headers = append(headers, "X-API-Key: "+keyFor(scope))
	}
	return w.do(method, w.fill.Replace(path), w.fill.Replace(e.body), append(headers, e.headers...)...)
}

// Every operation has input that it takes and input that it refuses; all answers are
// as is described.
func TestOperations_GoodAndBadInput(t *testing.T) {
	d := readDescription(t)
	d.each(t, func(t *testing.T, o *operation, described object) {
		t.Parallel() // a body that is too large takes half a second
		in := inputs[o.method+" "+o.path]
		require.NotEmpty(t, in.good, "an operation needs good input")
		require.NotEmpty(t, in.bad, "an operation needs bad input")
		w := newWorld(t)
		for _, e := range in.good {
			answer := w.send(o, e, o.scope)
			require.Equal(t, success(described), answer.status, "%+v: %s", e, answer.body)
			d.describes(t, described, answer)
		}
		w = newWorld(t)
		w.send(o, in.good[0], o.scope)
		if o.path == "/api/clients/{clientId}/rooms/{room}" && o.method == "PUT" {
			w.send(o, exchange{path: "/api/clients/{id}/rooms/second"}, o.scope)
		}
		for _, e := range in.bad {
			answer := w.send(o, e, o.scope)
			answer.fails(statusOf(t, e.code), e.code)
			if e.method == "" {
				d.describes(t, described, answer)
			}
		}
	})
	assert.Len(t, inputs, len(operations), "there is input for what is no operation")
}

func statusOf(t *testing.T, code string) int {
	t.Helper()
	for _, c := range ErrorCodes() {
		if c.Code == code {
			return c.Status
		}
	}
	t.Fatal("there is no code " + code)
	return 0
}

// Only the key with an operation's scope opens it, and what is open needs none.
func TestOperations_Scopes(t *testing.T) {
	d := readDescription(t)
	w := newWorld(t)
	for i := range operations {
		o := &operations[i]
		described := d.operation(o.method, o.path)
		e := inputs[o.method+" "+o.path].good[0]
		for _, scope := range Scopes() {
			answer := w.send(o, e, scope)
			if o.scope == scopeNone || o.scope == scope {
				require.Less(t, answer.status, 401, "%s %s with %s: %s", o.method, o.path, scope, answer.body)
				continue
			}
			answer.fails(http.StatusForbidden, "SCOPE_MISSING")
			require.Contains(t, answer.body, "lacks the scope "+string(o.scope))
			d.describes(t, described, answer)
		}
		if o.scope != scopeNone {
			answer := w.send(o, e, scopeNone)
			answer.fails(http.StatusUnauthorized, "API_KEY_REQUIRED")
			d.describes(t, described, answer)
		}
	}
}
