package browser_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/core"
)

func TestRooms_JoinAndLeave(t *testing.T) {
	p := visit(t).open(t, run(t, core.Options{}).url())
	p.Run(`window.c = client(url); c.connect()`)
	p.returns(`[true, "general", "Ada", true]`, `
		const { success, data } = await c.join("general", { username: "Ada", roomName: "another" });
		return [success, data.roomName, data.username, c.clientId === data.clientId && c.clientId.length === 32]`)
	p.returns(`["roost", "general"]`, `await c.join("roost"); await c.join("general"); return c.rooms`)
	p.returns(`["roost"]`, `await c.leave("general"); return c.rooms`)
	p.returns(`["roost"]`, `await c.leave("never joined"); return c.rooms`)
	p.returns(`["general", "roost"]`, `
		c.leave("roost");
		await Promise.all([c.join("roost"), c.join("general"), c.leave("general"), c.join("general")]);
		return c.rooms.sort()`)
	p.returns(`{"code": "REFUSED", "message": "Room name is required"}`, `return await failure(c.join(""))`)
	p.returns(`{"code": "BAD_ROOM_NAME", "message": "Room name is not allowed"}`, `return await failure(c.join("{}"))`)
	p.returns(`["general", "roost"]`, `return c.rooms.sort()`)
}

// A room that the server makes a client leave is not joined again.
func TestRooms_TheServerDecides(t *testing.T) {
	p := visit(t).open(t, run(t, core.Options{SingleRoom: true}).url())
	p.returns(`["two"]`, `
		const c = client(url);
		c.connect();
		await c.join("one");
		await c.join("two");
		return c.rooms`)
}

// Before there is a connection a join waits like any request, and is sent once.
func TestRooms_BeforeTheConnection(t *testing.T) {
	v, peer := visit(t), listen(t)
	p := v.open(t, peer.url)
	p.Run(`
		window.c = client(url);
		await c.leave("never joined");
		window.joins = Promise.all([c.join("a"), c.join("b"), c.leave("b")]);
		c.send("the", "end");
		c.connect();`)
	g := peer.next()
	a, b, left := g.hears(), g.hears(), g.hears()
	require.Contains(t, a, `"action":"joinRoom","data":{"roomName":"a"}`)
	require.Contains(t, b, `"action":"joinRoom","data":{"roomName":"b"}`)
	require.Contains(t, left, `"action":"leaveRoom","data":{"roomName":"b"}`)
	require.JSONEq(t, `{"type": "the", "action": "end"}`, g.hears())
	for _, message := range []string{a, b, left} {
		g.says(`{"type":"system","action":"joinRoom","id":"` + idOf(t, message) + `","response":{}}`)
	}
	p.returns(`["a"]`, `await joins; return c.rooms`)
}

// Only the server's refusal ends a wish; a join whose fate nobody knows is tried
// again on the next connection.
func TestRooms_AreWishes(t *testing.T) {
	v, peer := visit(t), listen(t)
	p := v.open(t, peer.url)
	p.returns(`["TIMEOUT", "slow"]`, `
		window.c = client(url, { minDelay: 1, maxDelay: 5 });
		c.connect();
		await until(c, "connected");
		const { request } = c;
		c.request = (...args) => request.call(c, ...args, { timeout: 50 });
		const { code } = await failure(c.join("slow", { username: "Ada" }));
		delete c.request;
		return [code, ...c.rooms]`)
	first := peer.next()
	first.hears()
	p.Run(`window.lost = failure(c.join("lost"))`)
	first.hears()
	first.leaves(1011, "")
	p.returns(`"DISCONNECTED"`, `return (await lost).code`)

	second := peer.next()
	slow, lost := second.hears(), second.hears()
	require.Contains(t, slow, `"data":{"username":"Ada","roomName":"slow"}`)
	require.Contains(t, lost, `"data":{"roomName":"lost"}`)
	second.says(`{"type":"system","action":"joinRoom","id":"` + idOf(t, slow) + `","response":{"success":true,"data":{"clientId":"me"}}}`)
	second.says(`{"type":"system","action":"joinRoom","id":"` + idOf(t, lost) + `","response":{"success":false,"error":"Not you","code":"JOIN_REFUSED"}}`)
	p.returns(`{"event": "joinFailed", "room": "lost", "error": {"code": "JOIN_REFUSED", "message": "Not you"}}`,
		`return await until(c, "joinFailed", 3)`)
	p.returns(`{"event": "joined", "room": "slow", "response": {"success": true, "data": {"clientId": "me"}}}`, `return await until(c, "joined")`)
	p.returns(`[["slow"], "me"]`, `return [c.rooms, c.clientId]`)
}
