package core_test

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/codec"
	"github.com/gannet-ws/gannet/core"
)

// A client that sends all at once, behind its request, is heard at one point in
// time: no token comes back meanwhile.

const overRate = `{"type":"error","action":"message","data":{"error":"Rate limit exceeded","code":"RATE_LIMIT"}`

// atOnce opens a connection with the messages behind its request.
func atOnce(t *testing.T, server *core.Server, messages ...string) *wirePeer {
	t.Helper()
	var in strings.Builder
	in.WriteString(wireRequest("/ws"))
	for _, message := range messages {
		in.Write(masked(codec.OpText, message))
	}
	p, answer := wireSend(t, server, in.String())
	require.Equal(t, http.StatusSwitchingProtocols, answer.StatusCode)
	return p
}

func TestMaxMessageRate(t *testing.T) {
	server := start(t, core.Options{MaxMessageRate: 3}, wireRoutes)
	p := atOnce(t, server,
		`{"type":"test","action":"nothing","id":1}`, `not JSON`, askPing,
		`{"type":"test","action":"nothing","id":"four"}`, `{"id":5}`, `not JSON either`, `{"type":"un","action":"known","id":[7]}`, ``,
	)
	require.Equal(t, `{"type":"test","action":"nothing","id":1}`, p.text())
	require.Contains(t, p.text(), "Failed to parse JSON")
	require.Equal(t, wirePong, p.text())
	for _, id := range []string{`,"id":"four"`, `,"id":5`, ``, ``, ``} {
		require.Equal(t, overRate+id+`}`, p.text())
	}
	stats := server.Stats()
	require.EqualValues(t, 5, stats.RateLimited)
	require.EqualValues(t, 8, stats.MessagesIn)
	require.EqualValues(t, 1, stats.BadMessages, "what is not handled is not read either")
}

// What is beyond the rate has no effect, and no hook sees it.
func TestMaxMessageRate_IsNotHandled(t *testing.T) {
	told := make(chan string, 10)
	hooks := core.Hooks{Message: func(c *core.Context) { told <- string(c.Data()) }}
	server := start(t, core.Options{MaxMessageRate: 1, Hooks: hooks})
	p := atOnce(t, server, wireJoin(`"a"`), wireJoin(`"b"`))
	require.Contains(t, p.text(), `"success":true`)
	require.Equal(t, overRate+`}`, p.text())
	require.Equal(t, []core.RoomInfo{{Name: "a", Members: 1}}, server.Rooms())
	require.Len(t, told, 1)
}

// A rate is a client's own.
func TestMaxMessageRate_OfEachClient(t *testing.T) {
	server := start(t, core.Options{Loops: 1, MaxMessageRate: 2})
	for range 5 {
		p := atOnce(t, server, askPing, askPing, askPing)
		require.Equal(t, wirePong, p.text())
		require.Equal(t, wirePong, p.text())
		require.Equal(t, overRate+`}`, p.text())
	}
}

// Pongs are not messages, pings are, and fragments are one.
func TestMaxMessageRate_CountsMessages(t *testing.T) {
	server := start(t, core.Options{MaxMessageRate: 3})
	in := wireRequest("/ws")
	for range 20 {
		in += wireFrame(0x8a, "pong")
	}
	in += wireFrame(0x01, askPing[:10]) + wireFrame(0x00, askPing[10:20]) + wireFrame(0x89, "x") + wireFrame(0x80, askPing[20:])
	in += wireFrame(0x81, askPing) + wireFrame(0x81, askPing)
	p := wireOpen(t, server, in)
	opcode, _ := p.frame()
	require.EqualValues(t, codec.OpPong, opcode)
	require.Equal(t, wirePong, p.text())
	require.Equal(t, wirePong, p.text())
	require.Equal(t, overRate+`}`, p.text())
}

func TestMaxStrikes(t *testing.T) {
	server := start(t, core.Options{MaxMessageRate: 1, MaxStrikes: 3, CloseTimeout: patience}, wireRoutes)
	p := atOnce(t, server, askPing, askPing, askPing, askPing, `{"type":"test","action":"nothing"}`, askPing)
	require.Equal(t, wirePong, p.text())
	require.Equal(t, overRate+`}`, p.text())
	require.Equal(t, overRate+`}`, p.text())
	opcode, payload := p.frame()
	require.EqualValues(t, codec.OpClose, opcode)
	require.Equal(t, "\x03\xf0rate limit", payload)
	p.write(wireFrame(0x81, askPing) + wireClose(1008, ""))
	p.eof()
	require.NoError(t, p.conn.Close())
	eventually(t, func() bool { return server.Stats().Closed["rate_limit"] == 1 }, "counted as what it is")
	require.EqualValues(t, 3, server.Stats().RateLimited)
}

func TestMaxByteRate(t *testing.T) {
	message := func(size int) string {
		return strings.Replace(askPing, "{", "{"+strings.Repeat(" ", size-len(askPing)), 1)
	}
	cases := map[string]struct {
		options core.Options
		sizes   []int
		passes  []bool
	}{
		"a second's worth at once":    {core.Options{MaxByteRate: 1000, MaxMessageSize: 500}, []int{400, 400, 300, 200}, []bool{true, true, false, true}},
		"to the byte":                 {core.Options{MaxByteRate: 1000, MaxMessageSize: 1000}, []int{500, 500, 40}, []bool{true, true, false}},
		"one of the largest size may": {core.Options{MaxByteRate: 1, MaxMessageSize: 2000}, []int{2000, 40}, []bool{true, false}},
		"the largest, a bit late":     {core.Options{MaxByteRate: 1, MaxMessageSize: 2000}, []int{1000, 2000, 1000}, []bool{true, false, true}},
	}
	for name, tt := range cases {
		t.Run(name, func(t *testing.T) {
			server := start(t, tt.options)
			var messages []string
			for _, size := range tt.sizes {
				messages = append(messages, message(size))
			}
			p := atOnce(t, server, messages...)
			for i, passes := range tt.passes {
				want := overRate + `}`
				if passes {
					want = wirePong
				}
				require.Equal(t, want, p.text(), "message %d", i)
			}
		})
	}
}

// The rate of messages can be turned off.
func TestMaxMessageRate_Off(t *testing.T) {
	const messages = 30_000
	server := start(t, core.Options{Loops: 1, MaxMessageRate: -1, MaxStrikes: 1})
	p := wireOpen(t, server, wireRequest("/ws"))
	pongs := bytes.Repeat(masked(codec.OpText, `{"type":"system","action":"pong"}`), messages)
	written := make(chan struct{})
	go func() {
		defer close(written)
		_, _ = p.conn.Write(append(pongs, masked(codec.OpText, askPing)...))
	}()
	defer func() { <-written }()
	require.Equal(t, wirePong, p.text())
	stats := server.Stats()
	require.EqualValues(t, messages+1, stats.MessagesIn)
	require.Zero(t, stats.RateLimited)
	require.Less(t, start(t, core.Options{}).Options().MaxMessageRate, messages, "by default there is a limit")
}

func TestRates_OptionsThatCannotBe(t *testing.T) {
	for want, options := range map[string]core.Options{
		"max-byte-rate must be above zero":   {MaxByteRate: -1},
		"max-strikes must be above zero":     {MaxStrikes: -1},
		"max-strikes is 256: it is 1 to 255": {MaxStrikes: 256},
	} {
		_, err := core.New(options)
		require.EqualError(t, err, want)
	}
}

// Pings cost a server as much as messages do, and answers.
func TestMaxMessageRate_PingsCount(t *testing.T) {
	server := start(t, core.Options{MaxMessageRate: 2, MaxStrikes: 3, CloseTimeout: patience})
	in := wireRequest("/ws")
	for range 5 {
		in += wireFrame(0x89, "x")
	}
	p := wireOpen(t, server, in)
	for range 2 {
		opcode, payload := p.frame()
		require.EqualValues(t, 10, opcode)
		require.Equal(t, "x", payload)
	}
	opcode, payload := p.frame()
	require.EqualValues(t, 8, opcode, "the third that is too much")
	require.Equal(t, "\x03\xf0rate limit", payload)
	require.EqualValues(t, 3, server.Stats().RateLimited)
	require.Zero(t, server.Stats().MessagesIn)
}

// Frames that are no messages are not free: a message that never ends, of empty
// frames, is one that ends its client, and so are pongs.
func TestMaxByteRate_FramesCount(t *testing.T) {
	const room = 16_000 / 1024 // frames for which there are bytes
	for name, frames := range map[string]string{
		"empty fragments": wireFrame(0x01, "") + strings.Repeat(wireFrame(0x00, ""), room+2),
		"pongs":           strings.Repeat(wireFrame(0x8a, ""), room+3),
		"pongs that say something, and a fragment": strings.Repeat(wireFrame(0x8a, strings.Repeat("x", 36)), 14) + strings.Repeat(wireFrame(0x8a, ""), 3) + wireFrame(0x01, ""),
	} {
		t.Run(name, func(t *testing.T) {
			server := start(t, core.Options{MaxByteRate: 1, MaxMessageSize: 16_000, MaxStrikes: 3, CloseTimeout: patience})
			p := wireOpen(t, server, wireRequest("/ws")+frames)
			opcode, payload := p.frame()
			require.EqualValues(t, codec.OpClose, opcode)
			require.Equal(t, "\x03\xf0rate limit", payload)
			require.EqualValues(t, 3, server.Stats().RateLimited)
			require.EqualValues(t, 0, server.Stats().MessagesIn)
		})
	}
}

// A fragment beyond the rate is a strike, and heard: a message is not torn.
func TestMaxByteRate_FragmentsAreHeard(t *testing.T) {
	server := start(t, core.Options{MaxByteRate: 1, MaxMessageSize: 16_000})
	in := wireRequest("/ws") + wireFrame(0x01, askPing[:1])
	for range 20 {
		in += wireFrame(0x00, "")
	}
	p := wireOpen(t, server, in+wireFrame(0x80, askPing[1:]))
	require.Equal(t, wirePong, p.text())
	require.EqualValues(t, 7, server.Stats().RateLimited)
}

// However much comes at once of a message that never ends.
func TestMaxByteRate_FloodOfEmptyFragments(t *testing.T) {
	server := start(t, core.Options{MaxByteRate: 1 << 20})
	p := wireOpen(t, server, wireRequest("/ws")+wireFrame(0x01, ""))
	var writing sync.WaitGroup
	writing.Go(func() {
		flood := strings.Repeat(wireFrame(0x00, ""), 10_000)
		for {
			if _, err := io.WriteString(p.conn, flood); err != nil {
				return
			}
		}
	})
	opcode, payload := p.frame()
	require.EqualValues(t, codec.OpClose, opcode)
	require.Equal(t, "\x03\xf0rate limit", payload)
	require.NoError(t, p.conn.Close())
	writing.Wait()
}

// By default the largest message may come in very small fragments.
func TestMaxByteRate_SmallFragments(t *testing.T) {
	server := start(t, core.Options{})
	request := strings.Replace(askPing, "{", "{"+strings.Repeat(" ", 64<<10-len(askPing)), 1)
	in := wireFrame(0x01, request[:64])
	for i := 64; i < len(request)-64; i += 64 {
		in += wireFrame(0x00, request[i:i+64])
	}
	p := wireOpen(t, server, wireRequest("/ws")+in+wireFrame(0x80, request[len(request)-64:]))
	require.Equal(t, wirePong, p.text())
	require.Zero(t, server.Stats().RateLimited)
}
