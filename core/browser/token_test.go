package browser_test

import (
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/core"
)

func TestToken_SaysWhoTheClientIs(t *testing.T) {
	const secret = "a secret of the tests"
	signed, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{"sub": 5, "exp": time.Now().Add(time.Hour).Unix()}).SignedString([]byte(secret))
	require.NoError(t, err)
	v := visit(t)
	p := v.open(t, run(t, core.Options{JWTSecret: secret, RequireAuth: true}).url())
	p.returns(`[5, true, 5, null]`, `
		const c = client(url, { token: "`+signed+`" });
		const greeting = message(c, "auth", "authenticated");
		c.connect();
		const { data } = await greeting;
		const known = c.clientId === data.clientId && /^[0-9a-f]{32}$/.test(c.clientId);
		const joined = await c.join("general", { userId: 6 });
		c.close();
		return [data.userId, known, joined.data.userId, c.clientId]`)

	// A refused upgrade is a failed attempt: a page is not told why.
	p.returns(`["reconnecting", "failed"]`, `
		const c = client(url, { maxAttempts: 2, minDelay: 1, maxDelay: 5 });
		c.connect();
		await until(c, "failed");
		return c.told.map(({ event }) => event).filter((event) => event !== "connecting")`)
}

func TestToken_IsAskedForAtEachConnect(t *testing.T) {
	v, peer := visit(t), listen(t)
	p := v.open(t, peer.url+"/ws?kept=yes&token=old")
	p.Run(`
		let asked = 0;
		window.c = client(() => Promise.resolve(url), { token: async () => "token " + ++asked + "&?#", minDelay: 1, maxDelay: 5 });
		c.connect();`)
	first := peer.next()
	require.Equal(t, "token 1&?#", first.token)
	p.Run(`await until(c, "connected")`)
	first.leaves(1008, "token expired")
	require.Equal(t, "token 2&?#", peer.next().token)
	p.returns(`{"event": "disconnected", "code": 1008, "reason": "token expired"}`, `return await until(c, "disconnected")`)
}

func TestToken_NoneIsAnonymous(t *testing.T) {
	v, peer := visit(t), listen(t)
	p := v.open(t, peer.url)
	for _, token := range []string{"undefined", "null", `""`, "() => null", "async () => undefined"} {
		p.Run(`const c = client(url, { token: ` + token + ` }); c.connect(); await until(c, "connected"); c.close()`)
		require.Empty(t, peer.next().token, token)
	}
}

// A function that fails, or never ends, makes the attempt fail.
func TestToken_FunctionFails(t *testing.T) {
	v, peer := visit(t), listen(t)
	p := v.open(t, peer.url)
	p.returns(`["no token", "no token either", "The connection ended: no connection in time"]`, `
		const answers = [
			() => Promise.reject(new Error("no token")),
			() => { throw new Error("no token either") },
			() => new Promise(() => {}),
			() => "a token",
		];
		window.c = client(url, { token: () => (answers.length > 1 ? answers.shift() : answers[0])(), connectTimeout: 1000, minDelay: 1, maxDelay: 5 });
		c.connect();
		await until(c, "connected");
		return c.told.filter(({ event }) => event === "reconnecting").slice(0, 3).map(({ error }) => error.message)`)
	require.Equal(t, "a token", peer.next().token)
}
