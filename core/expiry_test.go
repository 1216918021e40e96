package core_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/core"
)

// in is a time that a token can say exactly.
func in(d time.Duration) time.Time { return time.Now().Add(d).Truncate(time.Second / 8) }

// shortly is long enough to connect with a token that expires then.
const shortly = 2 * time.Second

// expiring are claims of a user, in JSON, with a time of expiry.
func expiring(subject string, at time.Time) string {
	return fmt.Sprintf(`{"sub":%s,"exp":%.3f}`, subject, float64(at.UnixMilli())/1000)
}

func refresh(token string) string {
	return `{"type":"system","action":"refreshToken","id":"r","data":{"token":"` + token + `"}}`
}

// refreshed is the reply to a token that is good until then.
func refreshed(at time.Time) string {
	return `{"type":"system","action":"refreshToken","response":{"success":true,"expiresAt":"` +
		at.UTC().Format("2006-01-02T15:04:05.000Z") + `"},"id":"r"}`
}

func TestCloseExpired(t *testing.T) {
	t.Parallel()
	sweeps := core.Options{Loops: 1, JWTSecret: wireSecret, CloseTimeout: 100 * time.Millisecond}
	lenient := start(t, sweeps)
	sweeps.CloseExpired = true
	strict := start(t, sweeps)
	soon, later := in(shortly), in(time.Hour)
	as := func(server *core.Server, claims string) *client {
		c := connect(t, server, "token="+wireSign(wireHS256, claims, wireSecret))
		require.Contains(t, c.receive(), "authenticated")
		return c
	}
	spared := as(lenient, expiring("1", soon))
	expired := as(strict, expiring("1", soon))
	stay := []*client{as(strict, expiring("2", later)), as(strict, `{"sub":3}`), connect(t, strict), spared}
	require.Equal(t, closing{1008, "token expired"}, expired.end())
	require.False(t, time.Now().Before(soon), "not before its time")
	for _, c := range stay {
		require.Equal(t, wirePong, c.ask(askPing))
	}
	eventually(t, func() bool { return strict.Stats().Closed["token_expired"] == 1 }, "counted as what it is")
}

// refreshers are the ways to have tokens checked: at once by a secret, and on
// the pool by a public key.
func refreshers(t *testing.T) (options core.Options, tokens map[string]func(claims string) string) {
	public := newES256(t)
	return core.Options{Loops: 1, JWTSecret: wireSecret, JWTPublicKey: public.public(), CloseTimeout: 100 * time.Millisecond, CloseExpired: true},
		map[string]func(string) string{
			"secret":     func(claims string) string { return wireSign(wireHS256, claims, wireSecret) },
			"public key": public.token,
		}
}

func TestRefreshToken_Extends(t *testing.T) {
	t.Parallel()
	options, tokens := refreshers(t)
	for name, token := range tokens {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := start(t, options)
			soon, later := in(shortly), in(time.Hour)
			var both [2]*client
			for i := range both {
				both[i] = connect(t, server, "token="+token(expiring("5", soon)))
				require.Contains(t, both[i].receive(), "authenticated")
			}
			require.JSONEq(t, refreshed(later), both[0].ask(refresh(token(expiring("5", later)))))
			require.Equal(t, closing{1008, "token expired"}, both[1].end())
			require.Equal(t, wirePong, both[0].ask(askPing), "it stays")
			eventually(t, func() bool { return len(server.UserClients("5")) == 1 }, "the other has gone")

			again := in(shortly / 4)
			require.JSONEq(t, refreshed(again), both[0].ask(refresh(token(expiring("5", again)))))
			require.Equal(t, closing{1008, "token expired"}, both[0].end(), "the newest token counts")
		})
	}
}

func TestRefreshToken_WithoutExpiry(t *testing.T) {
	options, tokens := refreshers(t)
	server := start(t, options)
	for name, token := range tokens {
		c := connect(t, server, "token="+token(expiring("5", in(time.Hour))))
		c.receive()
		reply := c.ask(refresh(token(`{"sub":"5","plan":"` + name + `"}`)))
		require.Equal(t, `{"type":"system","action":"refreshToken","response":{"success":true},"id":"r"}`, reply)
	}
}

// From the refresh on the new token's claims count.
func TestRefreshToken_NewClaims(t *testing.T) {
	options, tokens := refreshers(t)
	options.Join = core.JoinClaim
	server := start(t, options, tellID)
	for name, token := range tokens {
		t.Run(name, func(t *testing.T) {
			c := connect(t, server, "token="+token(`{"sub":5,"rooms":["old"]}`))
			c.receive()
			id := idOf(c)
			c.join("old")
			require.Contains(t, c.ask(wireJoin(`"new"`)), joinRefused)
			require.Equal(t, wireLeftEvent("old"), c.ask(refresh(token(`{"sub":"5","rooms":["new"],"by":"`+name+`"}`))))
			c.receive()
			c.join("new")
			info, err := server.Client(t.Context(), id)
			require.NoError(t, err)
			require.ElementsMatch(t, []string{"new"}, info.Rooms, "it leaves what the token names no more")
			require.JSONEq(t, `{"sub":"5","rooms":["new"],"by":"`+name+`"}`, string(info.User.Payload))
			require.Contains(t, c.ask(wireJoin(`"old"`)), joinRefused)
			require.Equal(t, 1, wireReach(t, server, core.All().Where(`claim:by == "`+name+`"`), "claims"))
			require.Contains(t, c.receive(), "claims")
			require.NoError(t, c.conn.WriteClose(1000, nil))
			eventually(t, func() bool { return len(server.UserClients("5")) == 0 }, "the directory has kept up")
		})
	}
	require.Zero(t, server.Stats().Users)
}

func TestRefreshToken_Refused(t *testing.T) {
	options, tokens := refreshers(t)
	server := start(t, options, tellID)
	past := in(-time.Minute)
	for name, token := range tokens {
		t.Run(name, func(t *testing.T) {
			c := connect(t, server, "token="+token(`{"sub":5,"first":true}`))
			c.receive()
			id := idOf(c)
			for code, bad := range map[string]string{
				"TOKEN_OTHER_USER":      token(`{"sub":6}`),
				"TOKEN_EXPIRED":         token(expiring("5", past)),
				"TOKEN_INVALID":         token(`{"sub":5}`) + "x",
				"TOKEN_WITHOUT_SUBJECT": token(`{"name":5}`),
				"TOKEN_REQUIRED":        "",
			} {
				requireError(t, code, c.ask(refresh(bad)))
			}
			info, err := server.Client(t.Context(), id)
			require.NoError(t, err)
			require.JSONEq(t, `{"sub":5,"first":true}`, string(info.User.Payload), "the old one counts")

			anonymous := connect(t, server)
			requireError(t, "NOT_AUTHENTICATED", anonymous.ask(refresh(token(`{"sub":5}`))))
			info, err = server.Client(t.Context(), idOf(anonymous))
			require.NoError(t, err)
			require.Nil(t, info.User)
		})
	}
	require.Zero(t, server.Stats().HandlerErrors)
}

// requireError makes sure that a reply to the request r is an error with a code
// and a text.
func requireError(t testing.TB, code, reply string) {
	t.Helper()
	var got struct {
		Type string
		ID   string
		Data core.Error
	}
	require.NoError(t, json.Unmarshal([]byte(reply), &got))
	require.Equal(t, [3]string{"error", "r", code}, [3]string{got.Type, got.ID, got.Data.Code}, reply)
	var data struct{ Data struct{ Error string } }
	require.NoError(t, json.Unmarshal([]byte(reply), &data))
	require.NotEmpty(t, data.Data.Error)
}

func TestRefreshToken_NoToken(t *testing.T) {
	server := start(t, core.Options{JWTSecret: wireSecret})
	c := wireUser(t, server, "5")
	for _, data := range []string{``, `,"data":null`, `,"data":{}`, `,"data":{"token":5}`, `,"data":{"token":null}`, `,"data":[]`, `,"data":"x"`} {
		requireError(t, "TOKEN_REQUIRED", c.ask(`{"type":"system","action":"refreshToken","id":"r"`+data+`}`))
	}
	keyless := connect(t, start(t, core.Options{}))
	require.Contains(t, keyless.ask(refresh(wireToken("5"))), "UNKNOWN_ROUTE")
}

// A check that takes long holds up nothing else, and each client has one at most.
func TestRefreshToken_Waits(t *testing.T) {
	server, late := startLate(t, core.Options{MaxVerifying: 2})
	var all [3]*client
	for i := range all {
		all[i] = wireUser(t, server, "5")
	}
	hour := in(time.Hour)
	token := late.token(expiring("5", hour))
	all[0].send(refresh(token))
	require.Equal(t, wirePong, all[0].ask(askPing), "other requests overtake it")
	requireError(t, "BUSY", all[0].ask(refresh(token)))
	all[1].send(refresh(token))
	require.Equal(t, wirePong, all[1].ask(askPing))
	requireError(t, "BUSY", all[2].ask(refresh(token)))
	require.EqualValues(t, 2, server.Stats().Busy)
	require.Contains(t, all[2].ask(noise), "UNKNOWN_ROUTE")

	require.NoError(t, all[1].conn.NetConn().Close())
	eventually(t, func() bool { return len(server.UserClients("5")) == 2 }, "it has gone meanwhile")
	late.release()
	require.JSONEq(t, refreshed(hour), all[0].receive())
	require.JSONEq(t, refreshed(hour), all[0].ask(refresh(token)), "and again")
	require.Zero(t, server.Stats().Panics)
}

// What a new token no longer names is left, and what it names is joined.
func TestRefreshToken_RoomsFollowTheClaim(t *testing.T) {
	server := start(t, core.Options{Loops: 1, JWTSecret: wireSecret, Join: core.JoinClaim, AutoJoin: true})
	c := claimant(t, server, `["old","both","team:*"]`)
	c.join("team:1")
	code := wireShardID(t, wireID(c))
	require.NoError(t, server.JoinRoom(t.Context(), code, "by code"))
	token := wireSign(wireHS256, `{"sub":5,"rooms":["both","new"]}`, wireSecret)
	c.send(`{"type":"system","action":"refreshToken","data":{"token":"` + token + `"}}`)
	left := []string{c.receive(), c.receive()}
	require.ElementsMatch(t, []string{wireLeftEvent("old"), wireLeftEvent("team:1")}, left)
	require.Contains(t, c.receive(), `"success":true`)
	info, err := server.Client(t.Context(), code)
	require.NoError(t, err)
	require.ElementsMatch(t, []string{"both", "by code", "new"}, info.Rooms)
}
