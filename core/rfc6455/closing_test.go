package rfc6455_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/core"
)

// Sections 5.5.1 and 7, closing the connection.

// Section 7.4: codes that may stand in a close frame are answered with themselves,
// and all others fail the connection.
func TestRFC6455_5_5_1_CloseCodes(t *testing.T) {
	server := serve(t, core.Options{})
	for _, c := range []struct {
		valid bool
		codes []uint16
	}{
		{true, []uint16{1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3001, 3999, 4000, 4001, 4999}},
		{false, []uint16{0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 1999, 2000, 2999, 5000, 5001, 32768, 65535}},
	} {
		for _, code := range c.codes {
			for _, reason := range []string{"", "reason"} {
				t.Run(fmt.Sprint(code, reason), func(t *testing.T) {
					p := open(t, server)
					p.write(masked(fin|closing, withCode(code, reason)))
					if !c.valid {
						p.fails(protocolError)
						return
					}
					require.Equal(t, withCode(code, ""), p.closed())
				})
			}
		}
	}
}

func TestRFC6455_5_5_1_ClosePayloads(t *testing.T) {
	server := serve(t, core.Options{})
	for name, c := range map[string]struct {
		payload string
		code    uint16 // 0: there is none
	}{
		"empty":                          {"", 0},
		"half a code":                    {"\x03", protocolError},
		"a code":                         {withCode(normal, ""), normal},
		"a reason":                       {withCode(normal, "Hello World!"), normal},
		"a reason in UTF-8":              {withCode(normal, "κόσμε"), normal},
		"the longest reason":             {withCode(normal, strings.Repeat("*", 123)), normal},
		"a reason that is too long":      {withCode(normal, strings.Repeat("*", 124)), protocolError},
		"a reason that is no UTF-8":      {withCode(normal, "\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80\x65\x64"), invalidPayload},
		"a reason that is cut":           {withCode(normal, "Hello \xe2\x82"), invalidPayload},
		"a bad code before a bad reason": {withCode(1005, "\xff"), protocolError},
	} {
		for _, piece := range []int{0, 1} {
			t.Run(fmt.Sprintf("%s, written %d at a time", name, piece), func(t *testing.T) {
				p := open(t, server)
				p.chop(masked(fin|closing, c.payload), piece)
				if c.code == 0 {
					require.Empty(t, p.closed())
					return
				}
				p.fails(c.code)
			})
		}
	}
}

// Nothing that comes behind a close frame is heard, and the connection ends.
func TestRFC6455_5_5_1_NothingIsHeardAfter(t *testing.T) {
	server := serve(t, core.Options{})
	for name, after := range map[string]string{
		"nothing":           "",
		"text":              masked(fin|text, "hello"),
		"ping":              masked(fin|ping, "ping"),
		"close":             masked(fin|closing, withCode(1001, "again")),
		"bad code":          masked(fin|closing, withCode(999, "")),
		"protocol error":    masked(fin|0xf, "what"),
		"rest of a message": masked(fin|continuation, "of it"),
		"no frame":          "nonsense, and a lot of it, that makes no header of a frame",
	} {
		for begin, before := range map[string]string{"": "", "in a message": masked(text, "a part")} {
			for _, piece := range []int{0, 1} {
				t.Run(fmt.Sprint(name, begin, piece), func(t *testing.T) {
					p := open(t, server)
					p.chop(before+masked(fin|closing, withCode(normal, ""))+after, piece)
					require.Equal(t, withCode(normal, ""), p.closed())
				})
			}
		}
	}
}

// What was sent before the close frame is answered before it.
func TestRFC6455_5_5_1_AnswersComeFirst(t *testing.T) {
	p := open(t, serve(t, core.Options{MaxMessageSize: 1 << 20}))
	long := strings.Repeat("*", 256<<10)
	p.write(masked(fin|text, long) + masked(fin|ping, "ping") + masked(fin|closing, withCode(normal, "")) + masked(fin|ping, "late"))
	p.expect(fin|text, long)
	p.expect(fin|pong, "ping")
	require.Equal(t, withCode(normal, ""), p.closed())
}

// The server closes the connection first, and its peer need not do anything. Once the
// peer has closed it too, it is forgotten.
func TestRFC6455_7_1_1_ServerClosesFirst(t *testing.T) {
	server := serve(t, core.Options{CloseTimeout: time.Hour})
	p := open(t, server)
	p.write(masked(fin|closing, withCode(normal, "")))
	p.closed()
	require.NoError(t, p.conn.CloseWrite())
	forgotten(t, server)
	require.EqualValues(t, 1, server.Stats().Closed["peer_closed"])
}

// forgotten waits until the server has no connection any more.
func forgotten(t *testing.T, server *core.Server) {
	t.Helper()
	require.Eventually(t, func() bool { return server.Stats().Connections == 0 }, patience, 2*time.Millisecond)
}

// A peer that goes without a close frame, section 7.1.5: there is nobody to answer.
func TestRFC6455_7_1_5_WithoutACloseFrame(t *testing.T) {
	server := serve(t, core.Options{CloseTimeout: time.Hour})
	p := open(t, server)
	p.write(masked(text, "a part"))
	require.NoError(t, p.conn.CloseWrite())
	p.ended()
	forgotten(t, server)
	require.EqualValues(t, 1, server.Stats().Closed["peer_gone"])
}

// A peer that does not do its part in closing is dropped, section 7.1.2: whichever
// side has begun.
func TestRFC6455_7_1_2_CloseTimeout(t *testing.T) {
	const policyViolation = 1008
	hello, answer := masked(fin|text, `{"type":"system","action":"ping"}`), masked(fin|closing, withCode(policyViolation, ""))
	for name, c := range map[string]struct {
		label string
		after string // what the peer sends when it has been told
		begin bool   // the peer begins
	}{
		"says nothing":               {"disconnected", "", false},
		"goes on talking":            {"disconnected", hello, false},
		"pings":                      {"disconnected", masked(fin|ping, "still here"), false},
		"breaks the protocol":        {"disconnected", masked(fin|0xf, ""), false},
		"answers and stays":          {"disconnected", answer, false},
		"answers and goes on":        {"disconnected", answer + hello, false},
		"begins and stays":           {"peer_closed", "", true},
		"begins and goes on":         {"peer_closed", hello, true},
		"begins and speaks nonsense": {"peer_closed", "nonsense", true},
	} {
		t.Run(name, func(t *testing.T) {
			ids := make(chan core.ClientID, 1)
			server := serve(t, core.Options{
				CloseTimeout: 100 * time.Millisecond,
				Hooks:        core.Hooks{Connected: func(c *core.Context) { ids <- c.ClientID() }},
			})
			p := openAt(t, server, server.Options().Path)
			want := withCode(policyViolation, "enough")
			if c.begin {
				want = withCode(normal, "")
				p.write(masked(fin|closing, want))
			} else {
				require.True(t, server.Disconnect(<-ids, "enough"))
			}
			p.expect(fin|closing, want)
			p.write(c.after)
			forgotten(t, server)
			assert.EqualValues(t, 1, server.Stats().Closed[c.label])
			_, err := p.in.ReadByte()
			require.Error(t, err, "nothing follows a close frame")
		})
	}
}

// A peer whose mistake fails the connection goes on sending, as it has not heard of
// it: the close frame reaches it, and no reset overtakes that.
func TestRFC6455_7_1_7_FailureCanBeRead(t *testing.T) {
	server := serve(t, core.Options{CloseTimeout: patience})
	more := strings.Repeat(masked(fin|text, strings.Repeat("x", 1000)), 1000)
	for name, c := range map[string]struct {
		sent string
		code uint16
	}{
		"protocol error":  {masked(fin|0x3, "hello"), protocolError},
		"invalid UTF-8":   {masked(fin|text, "\xff"), invalidPayload},
		"too big":         {masked(fin|text, strings.Repeat("x", 1<<20)), tooBig},
		"bad close frame": {masked(fin|closing, "\x03"), protocolError},
	} {
		t.Run(name, func(t *testing.T) {
			p := open(t, server)
			p.write(masked(fin|text, "before") + c.sent + more)
			p.expect(fin|text, "before")
			p.fails(c.code)
		})
	}
}
