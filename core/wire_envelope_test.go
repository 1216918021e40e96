package core_test

import (
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/bus"
	"github.com/gannet-ws/gannet/core"
)

const (
	wireNotJSON  = `{"type":"error","action":"message","data":{"error":"Failed to parse JSON"}}`
	wireNull     = `{"type":"error","action":"message","data":{"error":"Invalid WebSocket message"}}`
	wireNoType   = `{"type":"error","action":"message","data":{"error":"Missing WebSocket message type"}}`
	wireNoAction = `{"type":"error","action":"message","data":{"error":"Missing WebSocket message action"}}`
)

// wireAnswers sends the payload as text and as binary, and wants the same
// answer, after which the connection goes on.
func wireAnswers(t *testing.T, server *core.Server, payload, want string) {
	t.Helper()
	c := connect(t, server)
	c.send(payload)
	require.Equal(t, want, c.receive(), "text %q", payload)
	c.sendBinary(payload)
	require.Equal(t, want, c.receive(), "binary %q", payload)
	require.Equal(t, wirePong, c.ask(`{"type":"system","action":"ping"}`))
	c.quiet()
}

func TestWire_Envelope_NotJSON(t *testing.T) {
	inData := func(value string) string { return `{"type":"system","action":"ping","data":{"a":[` + value + `]}}` }
	server := start(t, core.Options{})
	for name, payload := range map[string]string{
		"empty":                      ``,
		"spaces":                     " \r\n\t",
		"a word":                     `hello`,
		"cut":                        `{"type":"system","action":"ping"`,
		"two values":                 `{"type":"system","action":"ping"} {}`,
		"a comma too many":           `{"type":"system","action":"ping",}`,
		"single quotes":              `{'type':'system','action':'ping'}`,
		"a comment":                  `{"type":"system","action":"ping"} // hello`,
		"byte order mark":            "\ufeff" + `{"type":"system","action":"ping"}`,
		"other space":                "\u00a0" + `{"type":"system","action":"ping"}`,
		"NUL behind":                 `{"type":"system","action":"ping"}` + "\x00",
		"raw newline":                inData("\"a\nb\""),
		"raw tab":                    inData("\"a\tb\""),
		"raw NUL":                    inData("\"a\x00b\""),
		"raw control in a key":       inData("{\"a\x1fb\":1}"),
		"raw control, unknown key":   `{"type":"system","action":"ping","x":"` + "\x01" + `"}`,
		"raw control in type":        "{\"type\":\"sys\x01tem\",\"action\":\"ping\"}",
		"escape q":                   inData(`"\q"`),
		"escape q, far from the end": inData(`"\q` + strings.Repeat("a", 200) + `"`),
		"escape x":                   inData(`"\x41"`),
		"escape of a quote":          inData(`"\'"`),
		"escape u, short":            inData(`"\u12"`),
		"escape u, no hex":           inData(`"\u12g4"`),
		"escape u, capital":          inData(`"\U0041"`),
		"escape in a key":            inData(`{"\q":1}`),
		"NaN":                        inData(`NaN`),
		"Infinity":                   inData(`-Infinity`),
		"leading zero":               inData(`01`),
		"plus":                       inData(`+1`),
		"point without digits":       inData(`1.`),
		"hexadecimal":                inData(`0x1`),
		"capital true":               inData(`True`),
		"too deep":                   inData(strings.Repeat("[", 1000) + strings.Repeat("]", 1000)),
	} {
		t.Run(name, func(t *testing.T) { wireAnswers(t, server, payload, wireNotJSON) })
	}
}

// In binary frames invalid UTF-8 is an error of the message, not of the
// protocol: the connection goes on.
func TestWire_Envelope_BinaryGarbage(t *testing.T) {
	server := start(t, core.Options{})
	for name, payload := range map[string]string{
		"bytes":              "\x00\x01\xfe\xff",
		"UTF-8 in data":      "{\"type\":\"system\",\"action\":\"ping\",\"data\":\"\xff\"}",
		"overlong in data":   "{\"type\":\"system\",\"action\":\"ping\",\"data\":\"\xc0\xaf\"}",
		"surrogate in a key": "{\"type\":\"system\",\"action\":\"ping\",\"\xed\xa0\x80\":1}",
		"UTF-8 in type":      "{\"type\":\"\xff\",\"action\":\"ping\"}",
		"UTF-8, no object":   "\"\xff\"",
	} {
		t.Run(name, func(t *testing.T) {
			c := connect(t, server)
			c.sendBinary(payload)
			require.Equal(t, wireNotJSON, c.receive())
			require.Equal(t, wirePong, c.ask(`{"type":"system","action":"ping"}`))
		})
	}
}

func TestWire_Envelope_Missing(t *testing.T) {
	server := start(t, core.Options{})
	answers := map[string][]string{
		wireNull:   {`null`, " \n null\t"},
		wireNoType: {`{}`, ` { } `, `5`, `-0.5e1`, `"text"`, `""`, `true`, `false`, `[]`, `[{"type":"system","action":"ping"}]`, `{"action":"ping","data":{}}`, `{"Type":"system","action":"ping"}`, `{"type":"system","type":null,"action":"ping"}`, `{"data":{"type":"system","action":"ping"}}`},
		wireNoAction: {
			`{"type":"system"}`, `{"type":5}`, `{"type":"system","Action":"ping"}`, `{"type":"system","action":"ping","action":""}`,
		},
	}
	for _, falsy := range []string{`null`, `false`, `0`, `-0`, `0.0`, `0e5`, `""`} {
		answers[wireNoType] = append(answers[wireNoType], `{"type":`+falsy+`,"action":"ping"}`)
		answers[wireNoAction] = append(answers[wireNoAction], `{"type":"system","action":`+falsy+`}`)
	}
	for want, payloads := range answers {
		for _, payload := range payloads {
			t.Run(payload, func(t *testing.T) { wireAnswers(t, server, payload, want) })
		}
	}
}

// An error carries the request's id beside its data, where the id can be read.
func TestWire_Envelope_ErrorWithID(t *testing.T) {
	server := start(t, core.Options{})
	tests := []struct{ payload, want string }{
		{`{"id":7}`, `{"type":"error","action":"message","data":{"error":"Missing WebSocket message type"},"id":7}`},
		{`{"id":"x","type":"t"}`, `{"type":"error","action":"message","data":{"error":"Missing WebSocket message action"},"id":"x"}`},
		{`{"id":{},"type":"t"}`, wireNoAction},
		{`[7]`, wireNoType},
		{`{"id":7`, wireNotJSON},
	}
	for _, tt := range tests {
		t.Run(tt.payload, func(t *testing.T) { wireAnswers(t, server, tt.payload, tt.want) })
	}
}

func TestWire_Envelope_UnknownRoute(t *testing.T) {
	const response = `"response":{"error":"Unknown route","code":"UNKNOWN_ROUTE"}`
	server := start(t, core.Options{})
	for _, route := range []string{
		`"type":"chat","action":"send"`,
		`"type":"system","action":"clientList"`,
		`"type":"system","action":"joinroom"`,
		`"type":"SYSTEM","action":"ping"`,
		`"type":"system.ping","action":" "`,
		`"type":"system","action":"ping "`,
		`"type":"room","action":"publish"`, // not enabled
		`"type":"auth","action":"authenticated"`,
		`"type":"error","action":"message"`,
		`"type":5,"action":"ping"`,
		`"type":1e400,"action":"ping"`,
		`"type":true,"action":true`,
		`"type":{},"action":"ping"`,
		`"type":[],"action":"ping"`,
		`"type":["system"],"action":["ping"]`,
		`"type":{"a":"b"},"action":{"c":[1,2]}`,
		`"type":"system","action":5`,
		`"type":"system","action":{"toString":1}`,
		`"type":"\u0041\n\"","action":"é"`,
	} {
		t.Run(route, func(t *testing.T) {
			wireAnswers(t, server, `{`+route+`}`, `{`+route+`,`+response+`}`)
			wireAnswers(t, server, `{`+route+`,"data":{"x":1},"id":"7"}`, `{`+route+`,`+response+`,"id":"7"}`)
		})
	}
}

// wireRoutes are the ways in which a handler can answer.
func wireRoutes(s *core.Server) {
	handlers := map[string]core.Handler{
		"nothing":  func(*core.Context) (any, error) { return nil, nil },
		"value":    func(*core.Context) (any, error) { return map[string]any{"a": []int{1, 2}}, nil },
		"null":     func(*core.Context) (any, error) { return json.RawMessage(`null`), nil },
		"false":    func(*core.Context) (any, error) { return false, nil },
		"text":     func(*core.Context) (any, error) { return "a\n\"é\u2028", nil },
		"data":     func(c *core.Context) (any, error) { return string(c.Data()), nil },
		"public":   func(*core.Context) (any, error) { return nil, &core.Error{Text: "No \"such\" thing", Code: "NO_SUCH"} },
		"codeless": func(*core.Context) (any, error) { return "ignored", &core.Error{Text: "Not today"} },
		"internal": func(*core.Context) (any, error) { return nil, errors.New("the password is secret") },
		"unsaid":   func(*core.Context) (any, error) { return func() {}, nil },
	}
	for action, handler := range handlers {
		s.Handle("test", action, handler)
	}
}

func TestWire_Envelope_Reply(t *testing.T) {
	const failed = `{"type":"error","action":"message","data":{"error":"Internal error","code":"INTERNAL"}}`
	tests := []struct{ action, want string }{
		{"nothing", `{"type":"test","action":"nothing"}`},
		{"value", `{"type":"test","action":"value","response":{"a":[1,2]}}`},
		{"null", `{"type":"test","action":"null","response":null}`},
		{"false", `{"type":"test","action":"false","response":false}`},
		{"public", `{"type":"error","action":"message","data":{"error":"No \"such\" thing","code":"NO_SUCH"}}`},
		{"codeless", `{"type":"error","action":"message","data":{"error":"Not today"}}`},
		{"internal", failed},
		{"unsaid", failed},
	}
	server := start(t, core.Options{}, wireRoutes)
	for _, tt := range tests {
		t.Run(tt.action, func(t *testing.T) {
			wireAnswers(t, server, `{"type":"test","action":"`+tt.action+`"}`, tt.want)
			withID := strings.TrimSuffix(tt.want, "}") + `,"id":-3}`
			wireAnswers(t, server, `{"id":-3,"type":"test","action":"`+tt.action+`"}`, withID)
		})
	}
}

func TestWire_Envelope_TextOfReply(t *testing.T) {
	c := connect(t, start(t, core.Options{}, wireRoutes))
	var reply struct{ Response string }
	require.NoError(t, json.Unmarshal([]byte(c.ask(`{"type":"test","action":"text"}`)), &reply))
	require.Equal(t, "a\n\"é\u2028", reply.Response)
}

func TestWire_Envelope_ID(t *testing.T) {
	const plain = `{"type":"test","action":"nothing"}`
	server := start(t, core.Options{}, wireRoutes)
	for _, id := range []string{`0`, `7`, `-1.50e+3`, `12345678901234567890123`, `""`, `"seven"`, `"\u00e9\n\"é"`} {
		t.Run("echoed "+id, func(t *testing.T) {
			want := strings.TrimSuffix(plain, "}") + `,"id":` + id + `}`
			wireAnswers(t, server, `{"type":"test","action":"nothing","id":`+id+`}`, want)
		})
	}
	for _, id := range []string{`null`, `true`, `false`, `{}`, `{"a":1}`, `[]`, `[7]`} {
		t.Run("dropped "+id, func(t *testing.T) {
			wireAnswers(t, server, `{"type":"test","action":"nothing","id":`+id+`}`, plain)
		})
	}
}

func TestWire_Envelope_Reading(t *testing.T) {
	tests := []struct{ name, payload, want string }{
		{"spaces", " \r\n\t{ \"type\" : \"system\" , \"action\" : \"ping\" } \n", wirePong},
		{"order and others", `{"x":[null],"data":1,"action":"ping","y":{},"type":"system"}`, wirePong},
		{"escaped key and value", `{"ty\u0070e":"test","action":"n\u006fthing"}`, `{"type":"test","action":"n\u006fthing"}`},
		{"last type counts", `{"type":"chat","action":"ping","type":"system"}`, wirePong},
		{"last action counts", `{"action":"joinRoom","type":"system","action":"ping"}`, wirePong},
		{"last id counts", `{"type":"test","action":"nothing","id":1,"id":"2"}`, `{"type":"test","action":"nothing","id":"2"}`},
		{"last id counts, though none", `{"type":"test","action":"nothing","id":1,"id":null}`, `{"type":"test","action":"nothing"}`},
		{"last data counts", `{"data":1,"type":"test","action":"data","data":[2]}`, `{"type":"test","action":"data","response":"[2]"}`},
		{"no data", `{"type":"test","action":"data"}`, `{"type":"test","action":"data","response":""}`},
		{"data null", `{"type":"test","action":"data","data":null}`, `{"type":"test","action":"data","response":"null"}`},
	}
	server := start(t, core.Options{}, wireRoutes)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { wireAnswers(t, server, tt.payload, tt.want) })
	}
}

// Requests that come at once are answered in order.
func TestWire_Envelope_ManyAtOnce(t *testing.T) {
	p := wireOpen(t, start(t, core.Options{}, wireRoutes), wireRequest("/ws"))
	var all strings.Builder
	payloads := []string{`{"type":"test","action":"nothing","id":1}`, `nope`, `{"type":"x","action":"y","id":2}`, `{"type":"test","action":"nothing","id":3}`}
	for _, payload := range payloads {
		all.WriteString(wireFrame(0x81, payload))
	}
	p.write(all.String())
	require.Equal(t, `{"type":"test","action":"nothing","id":1}`, p.text())
	require.Equal(t, wireNotJSON, p.text())
	require.Equal(t, `{"type":"x","action":"y","response":{"error":"Unknown route","code":"UNKNOWN_ROUTE"},"id":2}`, p.text())
	require.Equal(t, `{"type":"test","action":"nothing","id":3}`, p.text())
}

// countingBus notes what is published.
type countingBus struct {
	bus.Local
	mu        sync.Mutex
	published []string
}

func (b *countingBus) Publish(m bus.Message) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.published = append(b.published, string(m.Payload))
	return nil
}

func (b *countingBus) payloads() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.published
}

// Errors are between a client and its node: neither other nodes nor other
// clients hear of them.
func TestWire_Envelope_ErrorsStayHere(t *testing.T) {
	nodes := &countingBus{}
	server := start(t, core.Options{Bus: nodes, Loops: 1}, wireRoutes)
	guilty, other := connect(t, server), connect(t, server)
	guilty.join("general")
	other.join("general")
	for _, payload := range []string{`nope`, `null`, `{}`, `{"type":"t"}`, `{"type":"x","action":"y"}`, `{"type":"test","action":"public"}`, `{"type":"test","action":"internal"}`} {
		guilty.ask(payload)
	}
	_, err := server.Publish(core.Publication{To: core.Room("general"), Message: newMessage("a", "b", nil)})
	require.NoError(t, err)
	require.Equal(t, `{"type":"a","action":"b"}`, other.receive(), "the first that the other gets")
	require.Equal(t, []string{`{"type":"a","action":"b"}`}, nodes.payloads(), "all that other nodes get")
}
