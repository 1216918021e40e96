package browser_test

import (
	"net"
	"testing"

	"github.com/stretchr/testify/require"
)

// watchTimers makes a page know its timers and its listeners for "online".
func watchTimers(p *page) {
	p.t.Helper()
	p.Run(`
		window.running = new Set();
		for (const [start, stop] of [["setTimeout", "clearTimeout"], ["setInterval", "clearInterval"]]) {
			const [real, unreal] = [window[start], window[stop]];
			window[start] = (act, ...rest) => {
				const id = real(() => {
					if (start === "setTimeout") running.delete(id);
					act();
				}, ...rest);
				running.add(id);
				return id;
			};
			window[stop] = (id) => {
				running.delete(id);
				unreal(id);
			};
		}
		const [add, remove] = [addEventListener, removeEventListener];
		window.addEventListener = (event, ...rest) => {
			running.add(event);
			add(event, ...rest);
		};
		window.removeEventListener = (event, ...rest) => {
			running.delete(event);
			remove(event, ...rest);
		};`)
}

// silentAddress is one where a connection is taken and nothing is said.
func silentAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", freePort)
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	return "ws://" + listener.Addr().String()
}

func TestClose_EndsEverything(t *testing.T) {
	tests := map[string]struct{ until, told string }{
		"before it connects": {`c = client(url)`, `[]`},
		"while it asks for a token": {
			`c = client(url, { token: () => new Promise((resolve) => (window.answer = resolve)) }); c.connect()`,
			`["connecting"]`,
		},
		"while it asks for a token that it does not get": {
			`c = client(url, { token: () => new Promise((_, reject) => (window.answer = reject)) }); c.connect()`,
			`["connecting"]`,
		},
		"while it connects": {
			`c = client("` + silentAddress(t) + `"); c.connect(); while (sockets.length === 0) await null`,
			`["connecting"]`,
		},
		"while it is connected": {
			`c = client(url); c.connect(); await until(c, "connected")`,
			`["connecting", "connected", "disconnected"]`,
		},
		"while it waits": {
			`c = client("ws://` + closedPort(t) + `", { minDelay: 3_600_000 }); c.connect(); await until(c, "reconnecting")`,
			`["connecting", "reconnecting"]`,
		},
		"when it has failed": {
			`c = client("ws://` + closedPort(t) + `", { maxAttempts: 1 }); c.connect(); await until(c, "failed")`,
			`["connecting", "failed"]`,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			v, peer := visit(t), listen(t)
			p := v.open(t, peer.url)
			watchSockets(p)
			watchTimers(p)
			p.Run(`window.answer = () => {}; window.` + tt.until + `;
				c.send("a", "queued");
				window.ends = [failure(c.request("a", "b")), failure(c.join("general"))]`)
			p.returns(`[1, 0, "closed", [], null]`, `
				const waiting = running.size > 0 ? 1 : 0;
				c.close();
				return [waiting, running.size, c.status, c.rooms, c.clientId]`)
			p.returns(`["CLOSED", "CLOSED", "CLOSED", "CLOSED", "CLOSED"]`, `
				const all = [...ends, thrown(() => c.send("a", "b")), failure(c.request("a", "b")), failure(c.join("a"))];
				return (await Promise.all(all)).map(({ code }) => code)`)
			p.returns(tt.told, `
				c.close();
				return c.told.map(({ event }) => event).filter((event) => event !== "joinFailed")`)
			p.returns(`true`, `
				const opened = sockets.length;
				answer("a token, or an error, that comes too late");
				await new Promise((resolve) => setTimeout(resolve));
				return c.status === "closed" && sockets.length === opened`)
		})
	}
}

// The server is told, and what had been sent before arrives. A closed client can
// be used anew; what had waited is gone.
func TestClose_AndConnectAgain(t *testing.T) {
	v, peer := visit(t), listen(t)
	p := v.open(t, peer.url)
	p.Run(`
		window.c = client(url);
		c.connect();
		await until(c, "connected");
		c.send("a", "last");
		c.close()`)
	g := peer.next()
	require.JSONEq(t, `{"type": "a", "action": "last"}`, g.hears())
	require.Empty(t, g.hears())
	p.returns(`{"event": "disconnected", "code": 1000, "reason": "closed"}`, `return c.told.at(-1)`)

	p.Run(`c.connect(); c.send("a", "first"); await until(c, "connected", 2)`)
	require.JSONEq(t, `{"type": "a", "action": "first"}`, peer.next().hears())
}
