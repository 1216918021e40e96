package browser_test

import (
	"encoding/json"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/core"
)

// A server restarts: the client is back in its rooms, and what was said
// meanwhile arrives there, in its order and once.
func TestReconnect_ServerRestarts(t *testing.T) {
	v, before := visit(t), run(t, core.Options{})
	p := v.open(t, before.url())
	p.Run(`
		window.c = client(url, { minDelay: 5, maxDelay: 50 });
		c.connect();
		await Promise.all([c.join("general"), c.join("roost", { username: "Ada" })]);
		await c.join("left");
		await c.leave("left");`)
	address := before.address()
	before.stop()
	p.returns(`{"event": "disconnected", "code": 1012, "reason": "draining"}`, `return await until(c, "disconnected")`)
	p.Run(`
		for (let i = 1; i <= 5; i++) c.send("test", "note", i);
		window.joinedLater = c.join("later");
		window.sixth = c.request("test", "note", 6);`)

	notes := make(chan string, 16)
	after := run(t, core.Options{Addr: address}, func(s *core.Server) {
		s.Handle("test", "note", func(c *core.Context) (any, error) {
			rooms := c.Rooms()
			slices.Sort(rooms)
			notes <- string(c.Data()) + " in " + strings.Join(rooms, " ")
			return nil, nil
		})
	})
	for i := 1; i <= 5; i++ {
		require.Equal(t, fmt.Sprintf("%d in general roost", i), within(t, notes, "a note"))
	}
	require.Equal(t, "6 in general later roost", within(t, notes, "the last note"))
	p.returns(`["general", "later", "left", "roost"]`, `
		await Promise.all([sixth, joinedLater]);
		return [...new Set(c.told.filter(({ event }) => event === "joined").map(({ room }) => room))].sort()`)
	p.returns(`["general", "later", "roost"]`, `return c.rooms.sort()`)
	require.Empty(t, notes)

	p.Run(`window.heard = message(c, "chat", "message")`)
	_, err := after.Broadcast(core.Room("roost"), "chat", "message", "hello again")
	require.NoError(t, err)
	p.returns(`"hello again"`, `return (await heard).data`)
}

// closedPort is an address where nobody listens.
func closedPort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", freePort)
	require.NoError(t, err)
	require.NoError(t, listener.Close())
	return listener.Addr().String()
}

func TestReconnect_GivesUp(t *testing.T) {
	v, address := visit(t), closedPort(t)
	p := v.open(t, "ws://"+address+"/ws")
	p.returns(`[
		{"event": "connecting", "attempt": 1},
		{"event": "reconnecting", "attempt": 2, "delay": 4, "error": {"code": "DISCONNECTED", "message": "The connection ended: code 1006"}},
		{"event": "connecting", "attempt": 2},
		{"event": "reconnecting", "attempt": 3, "delay": 8, "error": {"code": "DISCONNECTED", "message": "The connection ended: code 1006"}},
		{"event": "connecting", "attempt": 3},
		{"event": "reconnecting", "attempt": 4, "delay": 10, "error": {"code": "DISCONNECTED", "message": "The connection ended: code 1006"}},
		{"event": "connecting", "attempt": 4},
		{"event": "failed", "error": {"code": "UNREACHABLE", "message": "No lasting connection: gave up after attempt 4"}}
	]`, `
		Math.random = () => 1;
		window.c = client(url, { minDelay: 1, maxDelay: 10, maxAttempts: 4 });
		c.connect();
		await until(c, "failed");
		return c.told`)
	p.returns(`"failed"`, `return c.status`)

	p.Run(`c.send("test", "kept")`)
	kept := make(chan struct{}, 1)
	run(t, core.Options{Addr: address}, func(s *core.Server) {
		s.Handle("test", "kept", func(*core.Context) (any, error) {
			kept <- struct{}{}
			return nil, nil
		})
	})
	p.returns(`"connected"`, `c.connect(); await until(c, "connected"); return c.status`)
	within(t, kept, "what waited in the queue")
}

// What follows a close code. The delays are the longest and the shortest that
// chance allows, with minDelay 1000: the connection was short, so the next
// attempt is the second.
func TestReconnect_AfterACloseCode(t *testing.T) {
	v, peer := visit(t), listen(t)
	p := v.open(t, peer.url)
	const never, hour = 0, 3_600_000
	tests := []struct {
		code    uint16
		reason  string
		token   string
		longest int
	}{
		{1000, "inactive", "null", never},
		{1000, "", "null", never},
		{1001, "", "null", 4000},
		{1002, "", "null", 4000},
		{1007, "", "null", 4000},
		{1008, "disconnected", "() => null", never},
		{1008, "", "() => null", never},
		{1008, "token expired", "() => null", 4000},
		{1008, "token expired", `"always the same"`, never},
		{1008, "rate limit", "null", hour},
		{1008, "frame timeout", "null", 16_000},
		{1009, "", "null", 4000},
		{1011, "internal error", "null", 4000},
		{1012, "draining", "null", 16_000},
		{1013, "slow consumer", "null", 16_000},
		{4000, "whatever", "null", 4000},
	}
	for _, tt := range tests {
		for chance, delay := range []int{1000, tt.longest} {
			name := fmt.Sprintf("%d %s %s, chance %d", tt.code, tt.reason, tt.token, chance)
			p.Run(fmt.Sprintf(`
				Math.random = () => %d;
				window.c = client(url, { minDelay: 1000, maxDelay: %d, token: %s });
				c.connect();
				await until(c, "connected")`, chance, hour, tt.token))
			peer.next().leaves(tt.code, tt.reason)
			var told struct {
				Event   string
				Attempt int
				Delay   int
				Error   struct{ Code string }
			}
			require.NoError(t, json.Unmarshal([]byte(p.Run(`
				await Promise.race([until(c, "reconnecting"), until(c, "failed")]);
				c.close();
				return c.told.at(-1)`)), &told))
			require.Equal(t, "DISCONNECTED", told.Error.Code, name)
			if tt.longest == never {
				require.Equal(t, "failed", told.Event, name)
				continue
			}
			require.Equal(t, "reconnecting", told.Event, name)
			require.Equal(t, 2, told.Attempt, name)
			require.Equal(t, delay, told.Delay, name)
		}
	}
}

// A connection that lasted makes good for the attempts before it.
func TestReconnect_AttemptsAreForgotten(t *testing.T) {
	v, peer := visit(t), listen(t)
	p := v.open(t, peer.url)
	p.Run(`
		Math.random = () => 1;
		const now = performance.now.bind(performance);
		let passed = 0;
		performance.now = () => now() + passed;
		window.pass = (ms) => (passed += ms);
		window.c = client(url, { minDelay: 1 });
		c.connect();
		await until(c, "connected")`)
	peer.next().leaves(1011, "")
	p.Run(`await until(c, "connected", 2)`)
	second := peer.next()
	p.Run(`pass(5000)`)
	second.leaves(1011, "")
	p.returns(`[[2, 4], [1, 2]]`, `
		await until(c, "reconnecting", 2);
		return c.told.filter(({ event }) => event === "reconnecting").map(({ attempt, delay }) => [attempt, delay])`)
}

// Nothing has to wait that could be tried at once.
func TestReconnect_AtOnce(t *testing.T) {
	for name, how := range map[string]string{
		"the browser comes online": `dispatchEvent(new Event("online"))`,
		"connect":                  `c.connect()`,
	} {
		t.Run(name, func(t *testing.T) {
			v, peer := visit(t), listen(t)
			p := v.open(t, peer.url)
			p.Run(`
				window.c = client(url, { minDelay: 3_600_000 });
				c.connect();
				await until(c, "connected")`)
			peer.next().leaves(1011, "")
			p.returns(`"reconnecting"`, `await until(c, "reconnecting"); return c.status`)
			p.returns(`["connecting", 1, 2]`, how+`;
				c.connect();
				return [c.status, c.told.at(-1).attempt, c.told.filter(({ event }) => event === "connecting").length]`)
			p.Run(`await until(c, "connected", 2)`)
			peer.next()
			p.Run(`c.connect(); dispatchEvent(new Event("online"))`) // which changes nothing
			p.returns(`"connected"`, `return c.status`)
		})
	}
}

// A handler of disconnected decides what follows.
func TestReconnect_HandlersDecide(t *testing.T) {
	v, peer := visit(t), listen(t)
	p := v.open(t, peer.url)
	for act, want := range map[string]string{
		"close":   `["connecting", "connected", "disconnected"]`,
		"connect": `["connecting", "connected", "disconnected", "connecting", "connected"]`,
	} {
		p.Run(`
			window.c = client(url, { minDelay: 3_600_000 });
			c.on("disconnected", () => c.` + act + `());
			c.connect();
			await until(c, "connected")`)
		peer.next().leaves(1008, "disconnected")
		if act == "connect" {
			peer.next()
			p.Run(`await until(c, "connected", 2)`)
		}
		p.returns(want, `await until(c, "disconnected"); return c.told.map(({ event }) => event)`)
	}
}
