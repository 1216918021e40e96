package browser_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/core"
)

// takeClock makes the heart of a page's clients beat when the test says beat().
func takeClock(p *page) {
	p.t.Helper()
	p.Run(`
		const hearts = new Map();
		let last = 0;
		window.setInterval = (act) => {
			hearts.set(++last, act);
			return last;
		};
		window.clearInterval = (id) => hearts.delete(id);
		window.hearts = hearts;
		window.beat = (times) => {
			for (; times > 0; times--) for (const act of [...hearts.values()]) act();
		};`)
}

const ping = `{"type": "system", "action": "ping"}`

// A network that has gone silent closes nothing.
func TestHeartbeat_NoticesASilentNetwork(t *testing.T) {
	v := visit(t)
	network := through(t, run(t, core.Options{}).address())
	p := v.open(t, network.url())
	takeClock(p)
	p.Run(`
		window.c = client(url, { connectTimeout: 1000, minDelay: 5, maxDelay: 50 });
		c.connect();
		await c.join("general");`)

	resume := network.silence(t)
	p.returns(`{"event": "disconnected", "code": 1006, "reason": "no answer to a heartbeat"}`, `
		window.lost = failure(c.request("system", "ping"));
		beat(3);
		return await until(c, "disconnected")`)
	p.returns(`"DISCONNECTED"`, `return (await lost).code`)
	p.returns(`{"code": "DISCONNECTED", "message": "The connection ended: no connection in time"}`,
		`return (await until(c, "reconnecting", 2)).error`)
	resume()
	p.Run(`await until(c, "connected", 2); await until(c, "joined", 2)`)
}

// Silence is answered with a question, to which any message is an answer.
// Without one the connection is over, and the next is given its own time.
func TestHeartbeat_AnyMessageWillDo(t *testing.T) {
	v, peer := visit(t), listen(t)
	p := v.open(t, peer.url)
	takeClock(p)
	p.Run(`window.c = client(url, { minDelay: 1, maxDelay: 5 }); c.connect(); await until(c, "connected"); beat(1)`)
	g := peer.next()
	for range 3 {
		p.Run(`beat(1); window.answered = message(c, "some", "thing")`)
		require.JSONEq(t, ping, g.hears())
		g.says(`{"type":"some","action":"thing"}`)
		p.Run(`await answered; beat(1); c.send("after", "a beat")`)
		require.JSONEq(t, `{"type": "after", "action": "a beat"}`, g.hears())
	}
	p.Run(`beat(1)`)
	require.JSONEq(t, ping, g.hears())
	p.returns(`["connecting", "connected"]`, `return c.told.map(({ event }) => event)`)
	p.returns(`"no answer to a heartbeat"`, `beat(1); return (await until(c, "disconnected")).reason`)
	require.Empty(t, g.hears(), "the client goes")

	again := peer.next()
	p.returns(`1`, `await until(c, "connected", 2); beat(2); return hearts.size`)
	require.JSONEq(t, ping, again.hears())
}

// The interval is the option's, and 0 is none.
func TestHeartbeat_Interval(t *testing.T) {
	v, peer := visit(t), listen(t)
	p := v.open(t, peer.url)
	p.returns(`[15000, 40000]`, `
		const intervals = [];
		window.setInterval = (_, interval) => intervals.push(interval);
		for (const heartbeat of [undefined, 0, 40_000]) {
			const c = client(url, { heartbeat });
			c.connect();
			await until(c, "connected");
			c.close();
		}
		return intervals`)
}

// An idle connection has no timer but the heartbeat.
func TestHeartbeat_IsTheOnlyTimer(t *testing.T) {
	v, peer := visit(t), listen(t)
	p := v.open(t, peer.url)
	watchTimers(p)
	p.returns(`[1, 0]`, `
		const timers = [];
		for (const heartbeat of [15_000, 0]) {
			const c = client(url, { heartbeat });
			c.connect();
			await until(c, "connected");
			timers.push(running.size);
			c.close();
		}
		return timers`)
}

func TestHeartbeat_OfTheServer(t *testing.T) {
	v, peer := visit(t), listen(t)
	p := v.open(t, peer.url)
	p.Run(`window.c = client(url); window.pinged = message(c, "system", "ping"); c.connect()`)
	g := peer.next()
	g.says(ping)
	require.JSONEq(t, `{"type": "system", "action": "pong"}`, g.hears())
	p.Run(`await pinged`)
}
