package core_test

import (
	"log/slog"
	"net/http"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/core"
	"github.com/gannet-ws/gannet/core/auth"
)

// upgradeStatus is the answer to an upgrade request with a token.
func upgradeStatus(t *testing.T, server *core.Server, token string) int {
	t.Helper()
	p, answer := wireSend(t, server, wireRequest("/ws?token="+token))
	_ = p.conn.Close()
	return answer.StatusCode
}

// takes makes sure that the first tokens are taken and the others are not.
func takes(t *testing.T, server *core.Server, taken []string, refused ...string) {
	t.Helper()
	for _, token := range taken {
		require.Equal(t, http.StatusSwitchingProtocols, upgradeStatus(t, server, token))
	}
	for _, token := range refused {
		require.Equal(t, http.StatusUnauthorized, upgradeStatus(t, server, token))
	}
}

func TestSetKeys_FromNowOn(t *testing.T) {
	const other = "another secret of the tests"
	es, ed := newES256(t), newEdDSA(t)
	bySecret, byOther := wireToken("5"), wireSign(wireHS256, `{"sub":5}`, other)
	byES, byEd := es.token(`{"sub":5}`), ed.token(`{"sub":5}`)
	server := start(t, core.Options{JWTSecret: wireSecret, JWTPublicKey: es.public()})
	takes(t, server, []string{bySecret, byES}, byOther, byEd)
	stays := wireUser(t, server, "5")

	require.NoError(t, server.SetKeys(core.Keys{Secret: other, PublicKey: ed.public()}))
	takes(t, server, []string{byOther, byEd}, bySecret, byES)
	require.NoError(t, server.SetKeys(core.Keys{Secret: "YW5vdGhlcg", SecretEncoding: auth.Base64URL}))
	takes(t, server, []string{wireSign(wireHS256, `{"sub":5}`, "another")}, bySecret, byES, byOther, byEd)
	require.Equal(t, wirePong, stays.ask(askPing))
	require.Contains(t, stays.ask(`{"type":"system","action":"refreshToken","data":{"token":"`+bySecret+`"}}`), "TOKEN_INVALID")

	for want, keys := range map[string]core.Keys{
		"there is no key":      {},
		"not base64url":        {Secret: "!", SecretEncoding: auth.Base64URL},
		"holds no PEM block":   {Secret: wireSecret, PublicKey: []byte("nothing")},
		"in PEM, DER or JWK f": {Secret: string(es.public())},
	} {
		require.ErrorContains(t, server.SetKeys(keys), want)
	}
	takes(t, server, []string{wireSign(wireHS256, `{"sub":5}`, "another")}, bySecret)
}

// A server that had no key takes tokens when it gets one.
func TestSetKeys_TheFirst(t *testing.T) {
	server := start(t, core.Options{})
	takes(t, server, nil, wireToken("5"))
	require.NoError(t, server.SetKeys(core.Keys{Secret: wireSecret}))
	takes(t, server, []string{wireToken("5")})
}

// Keys that are set before a server runs, or between two runs, are those of the next.
func TestSetKeys_WhileItDoesNotRun(t *testing.T) {
	published := newLateKeys(t)
	published.release()
	for name, options := range map[string]core.Options{
		"no key":      {},
		"a secret":    {JWTSecret: "the first"},
		"a key's URL": {JWTJWKSURL: published.url},
	} {
		t.Run(name, func(t *testing.T) {
			options.Addr, options.DrainPeriod, options.Log = "127.0.0.1:0", allAtOnce, slog.New(slog.DiscardHandler)
			server, err := core.New(options)
			require.NoError(t, err)
			for _, secret := range []string{wireSecret, "another"} {
				require.NoError(t, server.SetKeys(core.Keys{Secret: secret}))
				stop := run(t, server)
				taken := []string{wireSign(wireHS256, `{"sub":5}`, secret)}
				if options.JWTJWKSURL != "" {
					taken = append(taken, published.token(`{"sub":5}`))
				}
				takes(t, server, taken, wireSign(wireHS256, `{"sub":5}`, "the first"))
				require.NoError(t, stop())
			}
			require.Equal(t, options.JWTSecret, server.Options().JWTSecret)
		})
	}
}

// What the caller does with its file afterwards changes nothing.
func TestSetKeys_CopiesThePublicKey(t *testing.T) {
	ed := newEdDSA(t)
	server, err := core.New(core.Options{Addr: "127.0.0.1:0", Log: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	pem := ed.public()
	require.NoError(t, server.SetKeys(core.Keys{PublicKey: pem}))
	clear(pem)
	run(t, server)
	takes(t, server, []string{ed.token(`{"sub":5}`)}, wireToken("5"))
}

// Tokens that both keys' servers take are never refused while keys change.
func TestSetKeys_WhileTokensAreChecked(t *testing.T) {
	es, ed := newES256(t), newEdDSA(t)
	server := start(t, core.Options{JWTSecret: wireSecret, JWTPublicKey: es.public()})
	var changing sync.WaitGroup
	stop := make(chan struct{})
	changing.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			keys := core.Keys{Secret: wireSecret, PublicKey: append(es.public(), ed.public()...)}
			if i%2 == 0 {
				keys.PublicKey = es.public()
			}
			if server.SetKeys(keys) != nil {
				panic("the keys are good")
			}
		}
	})
	byES := es.token(`{"sub":5}`)
	for range 50 {
		takes(t, server, []string{wireToken("5"), byES}, newEdDSA(t).token(`{"sub":5}`))
	}
	close(stop)
	changing.Wait()
}
