package browser_test

import "testing"

func TestOn_Messages(t *testing.T) {
	v, peer := visit(t), listen(t)
	p := v.open(t, peer.url)
	p.Run(`
		window.c = client(url);
		window.heard = [];
		for (const [type, action] of [["chat", "message"], ["chat", "*"], ["*", "message"], ["*", "*"]]) {
			c.on(type, action, (content) => heard.push([type, action, content]));
		}
		c.connect();
		window.end = message(c, "the", "end");`)
	g := peer.next()
	g.says(`{"type":"chat","action":"message","data":1}`)
	g.says(`{"type":"chat","action":"typing","data":2}`)
	g.says(`{"type":"mail","action":"message","data":3}`)
	g.says(`{"type":"chat","action":"send","response":4}`)
	g.says(`{"type":"error","action":"message","data":{"error":"five"}}`)
	g.says(`{"type":"*","action":"*","data":6}`)
	g.says(`{"type":"connected","data":7}`)
	g.says(`{"type":"the","action":"end"}`)
	p.returns(`[
		["chat", "message", 1], ["chat", "*", 1], ["*", "message", 1], ["*", "*", 1],
		["chat", "*", 2], ["*", "*", 2],
		["*", "message", 3], ["*", "*", 3],
		["chat", "*", 4], ["*", "*", 4],
		["*", "message", {"error": "five"}], ["*", "*", {"error": "five"}],
		["*", "*", 6],
		["*", "*", 7],
		["*", "*", null]
	]`, `await end; return heard.map(([type, action, content]) => [type, action, content ?? null])`)
	p.returns(`["connecting", "connected"]`, `return c.told.map(({ event }) => event)`)
}

func TestOn_Ends(t *testing.T) {
	v, peer := visit(t), listen(t)
	p := v.open(t, peer.url)
	p.Run(`
		window.c = client(url);
		window.heard = [];
		const note = (content) => heard.push(content);
		c.on("a", "b", note);
		window.stop = c.on("a", "b", note);
		const once = c.on("a", "b", (content) => {
			once();
			c.on("a", "b", () => heard.push("added while it runs"));
			heard.push("once " + content);
		});
		c.connect();`)
	g := peer.next()
	g.says(`{"type":"a","action":"b","data":1}`)
	g.says(`{"type":"the","action":"first"}`)
	p.returns(`[1, 1, "once 1"]`, `if (heard.length < 3) await message(c, "the", "first"); return heard.splice(0)`)
	p.Run(`stop(); stop(); window.end = message(c, "the", "end")`)
	g.says(`{"type":"a","action":"b","data":2}`)
	g.says(`{"type":"the","action":"end"}`)
	p.returns(`[2, "added while it runs"]`, `await end; return heard`)
}

func TestOn_Mistakes(t *testing.T) {
	p := visit(t).open(t, "ws://127.0.0.1/ws")
	p.returns(`["There is no event chat", "There is no event undefined", "The handler must be a function", "The handler must be a function"]`, `
		const c = new GannetClient(url);
		const calls = [() => c.on("chat", () => {}), () => c.on(() => {}), () => c.on("connected"), () => c.on("a", "b", "c")];
		return calls.map((call) => {
			try { call() } catch (error) { return error instanceof TypeError && error.message }
		})`)
}

// What fails in a handler is reported, and concerns nobody else.
func TestOn_HandlersThatFail(t *testing.T) {
	v, peer := visit(t), listen(t)
	p := v.open(t, peer.url)
	p.Run(`
		window.reported = [];
		addEventListener("error", (event) => {
			event.preventDefault();
			reported.push(event.error.code ?? event.error.message);
		});
		window.c = client(url, { minDelay: 1, maxDelay: 5 });
		const fail = (what) => () => { throw new Error(what) };
		c.on("connecting", fail("connecting"));
		c.on("connected", fail("connected"));
		c.on("disconnected", fail("disconnected"));
		c.on("reconnecting", fail("reconnecting"));
		c.on("a", "b", fail("message"));
		window.heard = message(c, "a", "b");
		c.connect();`)
	g := peer.next()
	g.says(`{"type":"a","action":"b","data":"for the others"}`)
	p.returns(`"for the others"`, `return (await heard).data`)
	p.Run(`window.end = message(c, "the", "end")`)
	for _, bad := range []string{"", "{", "null", "5", `"text"`, `[]`, `{}`, `{"type":5}`} {
		g.says(bad)
	}
	g.says(`{"type":"the","action":"end"}`)
	p.Run(`await end`)
	g.leaves(1011, "")
	peer.next()
	p.returns(`["connecting", "connected", "message",
		"BAD_MESSAGE", "BAD_MESSAGE", "BAD_MESSAGE", "BAD_MESSAGE", "BAD_MESSAGE", "BAD_MESSAGE", "BAD_MESSAGE", "BAD_MESSAGE",
		"disconnected", "reconnecting", "connecting", "connected"]`, `await until(c, "connected", 2); return reported`)
}
