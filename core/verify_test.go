package core_test

import (
	"bufio"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/core"
)

func TestVerify_PublicKeys(t *testing.T) {
	for name, of := range map[string]func(testing.TB) *issuer{"ES256": newES256, "EdDSA": newEdDSA} {
		t.Run(name, func(t *testing.T) {
			known, stranger := of(t), of(t)
			server := start(t, core.Options{JWTSecret: wireSecret, JWTPublicKey: known.public()})
			for who, token := range map[string]string{
				"5": known.token(`{"sub":5}`), `"anna"`: known.token(`{"sub":"anna"}`), "6": wireToken("6"),
			} {
				for _, request := range []string{wireRequest("/ws?token=" + token), wireRequest("/ws", "Authorization: Bearer "+token)} {
					p := wireOpen(t, server, request)
					require.Contains(t, p.text(), `"action":"authenticated","data":{"userId":`+who+`,`)
				}
			}
			past := fmt.Sprintf(`{"sub":5,"exp":%d}`, time.Now().Add(-time.Minute).Unix())
			for body, token := range map[string]string{
				wireInvalidToken: stranger.token(`{"sub":5}`),
				`{"error":"Token expired","code":"TOKEN_EXPIRED"}`:                known.token(past),
				`{"error":"Token has no subject","code":"TOKEN_WITHOUT_SUBJECT"}`: known.token(`{"name":"x"}`),
			} {
				for _, request := range []string{wireRequest("/ws?token=" + token), wireRequest("/ws", "Authorization: Bearer "+token)} {
					status, got := wireRefused(t, server, request)
					require.Equal(t, http.StatusUnauthorized, status)
					require.Equal(t, body, got)
				}
			}
			require.EqualValues(t, 6, server.Stats().Refused["unauthorized"])
		})
	}
}

// startLate runs a server on one loop whose tokens wait for the issuer's keys.
func startLate(t *testing.T, options core.Options) (*core.Server, *lateKeys) {
	late := newLateKeys(t)
	options.Loops, options.JWTSecret, options.JWTJWKSURL = 1, wireSecret, late.url
	server := start(t, options)
	t.Cleanup(late.release) // before the server stops, which waits for checks
	return server, late
}

// askWithToken opens a connection and sends the bytes behind an upgrade request
// with the token, without waiting for an answer.
func askWithToken(t *testing.T, server *core.Server, token, behind string) *wirePeer {
	t.Helper()
	conn := raw(t, server)
	p := &wirePeer{t, conn, bufio.NewReader(conn)}
	p.write(wireRequest("/ws?token="+token) + behind)
	return p
}

// answer reads the answer to the upgrade request.
func (p *wirePeer) answer() (status int, body string, header http.Header) {
	p.t.Helper()
	answer, err := http.ReadResponse(p.in, nil)
	require.NoError(p.t, err)
	if answer.StatusCode == http.StatusSwitchingProtocols {
		return answer.StatusCode, "", answer.Header
	}
	text, err := io.ReadAll(answer.Body)
	require.NoError(p.t, err)
	return answer.StatusCode, string(text), answer.Header
}

// takenIn waits until the server has read so many bytes.
func takenIn(t *testing.T, server *core.Server, bytes int) {
	t.Helper()
	eventually(t, func() bool { return server.Stats().BytesIn == uint64(bytes) }, "all is read")
}

// While a token is checked the loop serves others, whose tokens are checked
// without waiting among them.
func TestVerify_LoopGoesOn(t *testing.T) {
	server, late := startLate(t, core.Options{})
	request := wireRequest("/ws?token=" + late.token(`{"sub":5}`))
	p := askWithToken(t, server, late.token(`{"sub":5}`), "")
	takenIn(t, server, len(request))
	other := connect(t, server)
	require.Equal(t, wirePong, other.ask(askPing))
	require.Contains(t, other.ask(noise), "UNKNOWN_ROUTE")
	wireUser(t, server, "7")
	stats := server.Stats()
	require.Equal(t, [2]int{3, 2}, [2]int{stats.Connections, stats.Clients})
	late.release()
	status, _, header := p.answer()
	require.Equal(t, http.StatusSwitchingProtocols, status)
	require.Equal(t, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", header.Get("Sec-WebSocket-Accept"), "of the key as it was sent")
	require.Contains(t, p.text(), `"userId":5,`)
}

// Frames that a client sends before it is answered are handled when it has been,
// in order, however they are cut.
func TestVerify_FramesBeforeTheAnswer(t *testing.T) {
	frames := wireFrame(0x81, wireJoin(`"a"`)) + wireFrame(0x81, askPing) + wireFrame(0x81, wireLeave(`"a"`)) + wireFrame(0x89, "now")
	for name, cuts := range map[string][]int{
		"none before":             {0},
		"all behind the request":  {len(frames)},
		"all later":               {0, len(frames)},
		"cut in a frame":          {20, len(frames)},
		"in many pieces":          {1, 2, 3, 50, 90, len(frames)},
		"cut in the last of them": {30, len(frames) - 2},
	} {
		t.Run(name, func(t *testing.T) {
			server, late := startLate(t, core.Options{})
			token := late.token(`{"sub":5}`)
			sent := len(wireRequest("/ws?token=" + token))
			p := askWithToken(t, server, token, frames[:cuts[0]])
			takenIn(t, server, sent+cuts[0])
			for i, cut := range cuts[1:] {
				p.write(frames[cuts[i]:cut])
				takenIn(t, server, sent+cut)
			}
			require.Zero(t, server.Stats().MessagesIn, "nothing is handled yet")
			late.release()
			status, _, _ := p.answer()
			require.Equal(t, http.StatusSwitchingProtocols, status)
			require.Contains(t, p.text(), `"userId":5,`, "the greeting comes first")
			p.write(frames[cuts[len(cuts)-1]:])
			require.Contains(t, p.text(), "Successfully joined room: a")
			require.Equal(t, wirePong, p.text())
			require.Equal(t, wireLeftEvent("a"), p.text())
			require.Contains(t, p.text(), "Successfully left room: a")
			opcode, payload := p.frame()
			require.EqualValues(t, 10, opcode)
			require.Equal(t, "now", payload)
		})
	}
}

func TestVerify_BadTokenBehindOthers(t *testing.T) {
	server, late := startLate(t, core.Options{})
	p := askWithToken(t, server, newEdDSA(t).token(`{"sub":5}`), wireFrame(0x81, wireJoin(`"a"`)))
	eventually(t, func() bool { return server.Stats().Connections == 1 }, "it waits")
	late.release()
	status, body, _ := p.answer()
	require.Equal(t, http.StatusUnauthorized, status)
	require.Equal(t, wireInvalidToken, body)
	require.Zero(t, server.Stats().MessagesIn, "what it sent is not handled")
}

// What waits for a token is bounded. Who sends more has not waited for the
// answer, as it should.
func TestVerify_TooMuchBeforeTheAnswer(t *testing.T) {
	const most = 8 << 10
	frame := wireFrame(0x82, strings.Repeat("x", 1000))
	for name, tt := range map[string]struct{ behind, later int }{
		"behind the request": {most + 1, 0},
		"later":              {0, most + 1},
		"in both":            {most / 2, most/2 + 1},
	} {
		t.Run(name, func(t *testing.T) {
			server, late := startLate(t, core.Options{})
			token := late.token(`{"sub":5}`)
			many := strings.Repeat(frame, 20)
			p := askWithToken(t, server, token, many[:tt.behind])
			if tt.later > 0 {
				takenIn(t, server, len(wireRequest("/ws?token="+token))+tt.behind)
				p.write(many[:tt.later])
			}
			status, body, _ := p.answer()
			require.Equal(t, http.StatusBadRequest, status)
			require.Equal(t, `{"error":"Wait for the answer to the upgrade request","code":"BAD_REQUEST"}`, body)
			p.eof()
			late.release()
			other := wireOpen(t, server, wireRequest("/ws?token="+token)) // whose token was checked behind its own
			require.NoError(t, other.conn.Close())
			require.NoError(t, p.conn.Close())
			gone(t, server)
			stats := server.Stats()
			require.EqualValues(t, 1, stats.Refused["bad_request"])
			require.EqualValues(t, 1, stats.Upgraded)
		})
	}
}

func TestVerify_ConnectionEndsMeanwhile(t *testing.T) {
	server, late := startLate(t, core.Options{})
	for range 5 {
		p := askWithToken(t, server, late.token(`{"sub":5}`), wireFrame(0x81, askPing))
		eventually(t, func() bool { return server.Stats().Connections == 1 }, "it waits")
		require.NoError(t, p.conn.Close())
		gone(t, server)
	}
	late.release()
	wireOpen(t, server, wireRequest("/ws?token="+late.token(`{"sub":6}`)))
	stats := server.Stats()
	require.EqualValues(t, 1, stats.Upgraded)
	require.Zero(t, stats.Panics)
}

// More tokens than may wait are refused at once.
func TestVerify_TooManyWait(t *testing.T) {
	server, late := startLate(t, core.Options{MaxVerifying: 2})
	var waiting []*wirePeer
	for range 2 {
		waiting = append(waiting, askWithToken(t, server, late.token(`{"sub":5}`), ""))
	}
	eventually(t, func() bool { return server.Stats().Connections == 2 }, "two wait")
	server.Stats() // behind what they sent
	p := askWithToken(t, server, late.token(`{"sub":6}`), "")
	status, body, header := p.answer()
	require.Equal(t, http.StatusServiceUnavailable, status)
	require.Equal(t, `{"error":"Server is busy, try again","code":"BUSY"}`, body)
	require.Equal(t, "1", header.Get("Retry-After"))
	p.eof()
	stats := server.Stats()
	require.EqualValues(t, 1, stats.Refused["busy"])
	require.EqualValues(t, 1, stats.Busy)
	wireUser(t, server, "7") // whose token need not wait
	late.release()
	for _, p := range waiting {
		status, _, _ := p.answer()
		require.Equal(t, http.StatusSwitchingProtocols, status)
	}
}

// The time for an upgrade goes on while its token is checked.
func TestVerify_HandshakeTimeout(t *testing.T) {
	server, late := startLate(t, core.Options{HandshakeTimeout: 100 * time.Millisecond})
	p := askWithToken(t, server, late.token(`{"sub":5}`), "")
	require.Empty(t, ended(t, p.conn))
	require.NoError(t, p.conn.Close())
	gone(t, server)
	require.EqualValues(t, 1, server.Stats().Refused["handshake_timeout"])
}

// Who waits when the server begins to stop is told to go elsewhere.
func TestVerify_Draining(t *testing.T) {
	late := newLateKeys(t)
	server, err := core.New(core.Options{
		Addr: "127.0.0.1:0", Loops: 1, JWTJWKSURL: late.url, DrainTimeout: patience, DrainPeriod: allAtOnce, Log: slog.New(slog.DiscardHandler),
	})
	require.NoError(t, err)
	stop := run(t, server)
	p := askWithToken(t, server, late.token(`{"sub":5}`), "")
	eventually(t, func() bool { return server.Stats().BytesIn > 0 }, "it waits")
	stopped := make(chan error, 1)
	go func() { stopped <- stop() }()
	eventually(t, func() bool { return server.State() == core.StateDraining }, "it drains")
	late.release()
	status, body, header := p.answer()
	require.Equal(t, http.StatusServiceUnavailable, status)
	require.Contains(t, body, `"DRAINING"`)
	require.Equal(t, "1", header.Get("Retry-After"))
	require.NoError(t, p.conn.Close())
	require.NoError(t, next(t, stopped))
}

// Where the keys cannot be had the fault is not the token's.
func TestVerify_KeysAreAway(t *testing.T) {
	away := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(away.Close)
	server := start(t, core.Options{JWTJWKSURL: away.URL})
	p := askWithToken(t, server, newEdDSA(t).token(`{"sub":5}`), "")
	status, body, header := p.answer()
	require.Equal(t, http.StatusServiceUnavailable, status)
	require.Equal(t, `{"error":"Cannot check tokens at the moment","code":"TOKEN_KEYS_UNAVAILABLE"}`, body)
	require.Equal(t, "1", header.Get("Retry-After"))
	require.Zero(t, server.Stats().Busy)
}
