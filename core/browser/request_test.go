package browser_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/core"
)

// routes are what the tests request.
func routes(s *core.Server) {
	s.Handle("test", "echo", func(c *core.Context) (any, error) {
		return json.RawMessage(bytes.Clone(c.Data())), nil
	})
	s.Handle("test", "nothing", func(*core.Context) (any, error) { return nil, nil })
	s.Handle("test", "fail", func(*core.Context) (any, error) {
		return nil, &core.Error{Text: "It cannot be", Code: "IMPOSSIBLE"}
	})
	s.Handle("test", "failWithoutCode", func(*core.Context) (any, error) { return nil, &core.Error{Text: "It cannot be"} })
	s.Handle("test", "decline", func(*core.Context) (any, error) {
		return map[string]string{"error": "Not now", "code": "LATER"}, nil
	})
	s.Handle("test", "break", func(*core.Context) (any, error) { return nil, errors.New("a secret") })
}

func TestRequest_Answers(t *testing.T) {
	p := visit(t).open(t, run(t, core.Options{}, routes).url())
	p.Run(`window.c = client(url); c.connect(); await until(c, "connected")`)
	tests := map[string]struct{ script, want string }{
		"a response":          {`return await c.request("test", "echo", { text: "Zoë", list: [1, null] })`, `{"text": "Zoë", "list": [1, null]}`},
		"no response":         {`return (await c.request("test", "nothing")) === undefined`, `true`},
		"null":                {`return (await c.request("test", "echo", null)) === null`, `true`},
		"a pong":              {`return (await c.request("system", "ping")) === undefined`, `true`},
		"an error":            {`return await failure(c.request("test", "fail"))`, `{"code": "IMPOSSIBLE", "message": "It cannot be"}`},
		"without a code":      {`return await failure(c.request("test", "failWithoutCode"))`, `{"code": "REFUSED", "message": "It cannot be"}`},
		"a declining answer":  {`return await failure(c.request("test", "decline"))`, `{"code": "LATER", "message": "Not now"}`},
		"an unknown route":    {`return await failure(c.request("test", "unknown"))`, `{"code": "UNKNOWN_ROUTE", "message": "Unknown route"}`},
		"what was answered":   {`return (await c.request("test", "decline").catch((error) => error)).response`, `{"error": "Not now", "code": "LATER"}`},
		"nothing of a secret": {`return (await failure(c.request("test", "break"))).message.includes("secret")`, `false`},
		"each its own": {`
			const answers = await Promise.all(Array.from({ length: 500 }, (_, i) => c.request("test", "echo", i)));
			return answers.every((answer, i) => answer === i)`, `true`},
		"an error that is one": {`
			const error = await c.request("test", "fail").catch((error) => error);
			return [error instanceof Error, error instanceof GannetError, error.name]`, `[true, true, "GannetError"]`},
		"what cannot be sent": {`
			const ring = {}; ring.ring = ring;
			return [await c.request("a", "b", ring).catch((e) => e.name), await c.request("a", "b", 1n).catch((e) => e.name)]`, `["TypeError", "TypeError"]`},
	}
	for name, tt := range tests {
		t.Run(name, func(*testing.T) { p.returns(tt.want, tt.script) })
	}
}

func TestRequest_AnswersInAnyOrder(t *testing.T) {
	v, peer := visit(t), listen(t)
	p := v.open(t, peer.url)
	p.Run(`
		window.c = client(url);
		c.connect();
		window.both = Promise.all([c.request("a", "b", 1), c.request("a", "b", 2)]);`)
	g := peer.next()
	first, second := idOf(t, g.hears()), idOf(t, g.hears())
	require.NotEqual(t, first, second)
	g.says(`{"type":"a","action":"b","id":1,"data":"an event with an id of its own"}`)
	g.says(`{"type":"a","action":"b","id":"` + second + `","response":"second"}`)
	g.says(`{"type":"error","action":"message","data":{"error":"not for a request"}}`)
	g.says(`{"type":"a","action":"b","id":"` + first + `","response":"first"}`)
	p.returns(`["first", "second"]`, `return await both`)
}

func idOf(t *testing.T, message string) string {
	t.Helper()
	var request struct{ ID string }
	require.NoError(t, json.Unmarshal([]byte(message), &request), message)
	return request.ID
}

func TestRequest_TimesOut(t *testing.T) {
	v, peer := visit(t), listen(t)
	p := v.open(t, peer.url)
	timeout := `{"code": "TIMEOUT", "message": "No answer came in time"}`
	p.Run(`
		window.c = client(url, { requestTimeout: 50 });
		c.connect();
		await until(c, "connected");
		window.late = message(c, "a", "b");`)
	p.returns(timeout, `return await failure(c.request("a", "b"))`)
	p.returns(timeout, `return await failure(c.request("a", "c", null, { timeout: 1 }))`)

	g := peer.next()
	id := idOf(t, g.hears())
	g.says(`{"type":"a","action":"b","id":"` + id + `","response":"late"}`)
	p.returns(`"late"`, `return (await late).response`)
}

// What the server may have handled is not sent to it again.
func TestRequest_ConnectionEnds(t *testing.T) {
	v, peer := visit(t), listen(t)
	p := v.open(t, peer.url)
	p.Run(`
		window.c = client(url, { minDelay: 1, maxDelay: 5 });
		c.connect();
		window.lost = failure(c.request("a", "b"));
		c.send("a", "c");`)
	g := peer.next()
	g.hears()
	g.hears()
	g.leaves(1011, "internal error")
	p.returns(`{"code": "DISCONNECTED", "message": "The connection ended: internal error"}`, `return await lost`)

	again := peer.next()
	p.Run(`await until(c, "connected", 2); c.send("marker", "first")`)
	require.JSONEq(t, `{"type": "marker", "action": "first"}`, again.hears())
}

func TestQueue_WaitsForAConnection(t *testing.T) {
	v, peer := visit(t), listen(t)
	p := v.open(t, peer.url)
	full := `{"code": "QUEUE_FULL", "message": "Too much waits for a connection"}`
	timeout := `{"code": "TIMEOUT", "message": "No answer came in time"}`
	p.returns(`[`+full+`, `+full+`, `+timeout+`]`, `
		window.c = client(url, { queueSize: 3 });
		c.send("queued", "1", { text: "one" });
		const gone = failure(c.request("queued", "gone", null, { timeout: 1 }));
		c.send("queued", "2");
		return await Promise.all([thrown(() => c.send("queued", "no")), failure(c.request("queued", "no")), gone]);`)
	p.Run(`
		window.answer = c.request("queued", "3");
		c.connect();
		await until(c, "connected");
		c.send("sent", "4");`)
	g := peer.next()
	require.JSONEq(t, `{"type": "queued", "action": "1", "data": {"text": "one"}}`, g.hears())
	require.JSONEq(t, `{"type": "queued", "action": "2"}`, g.hears())
	request := g.hears()
	require.Contains(t, request, `"type":"queued","action":"3"`)
	require.JSONEq(t, `{"type": "sent", "action": "4"}`, g.hears())
	g.says(fmt.Sprintf(`{"type":"queued","action":"3","id":%q,"response":3}`, idOf(t, request)))
	p.returns(`3`, `return await answer`)
}

// A request that is still in the queue outlives a connection.
func TestQueue_OutlivesAConnection(t *testing.T) {
	v, peer := visit(t), listen(t)
	p := v.open(t, peer.url)
	watchSockets(p)
	p.Run(`
		window.c = client(url, { minDelay: 1, maxDelay: 5 });
		c.connect();
		await until(c, "connected");
		sockets[0].close();
		c.send("late", "1"); // which the socket would swallow
		window.answer = c.request("late", "2");`)
	peer.next()
	g := peer.next()
	require.JSONEq(t, `{"type": "late", "action": "1"}`, g.hears())
	g.says(fmt.Sprintf(`{"type":"late","action":"2","id":%q,"response":2}`, idOf(t, g.hears())))
	p.returns(`2`, `return await answer`)
}

// watchSockets makes a page list its sockets.
func watchSockets(p *page) {
	p.t.Helper()
	p.Run(`
		window.sockets = [];
		window.WebSocket = class extends WebSocket {
			constructor(address) {
				super(address);
				this.given = address;
				sockets.push(this);
			}
		};`)
}

func TestSend_Limits(t *testing.T) {
	v, peer := visit(t), listen(t)
	p := v.open(t, peer.url)
	p.Run(`window.c = client(url, { queueSize: 2000 })`)
	p.returns(`{"code": "QUEUE_FULL", "message": "Too many requests wait for their answers"}`, `
		window.requests = Array.from({ length: 1000 }, () => failure(c.request("a", "b")));
		return await failure(c.request("a", "b"))`)
	p.returns(`1000`, `
		c.close();
		return (await Promise.all(requests)).filter(({ code }) => code === "CLOSED").length`)
	p.Run(`c.connect(); await until(c, "connected")`)
	p.returns(`[true, "QUEUE_FULL", "Too much waits for the network"]`, `
		const much = "x".repeat(60_000);
		let sent = 0;
		const { code, message } = await thrown(() => {
			for (; sent < 100; sent++) c.send("much", "text", much);
		});
		return [sent >= 17 && sent <= 19, code, message]`)
}
