package core_test

import (
	"bytes"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/codec"
	"github.com/gannet-ws/gannet/core"
)

const echoPath = "/echo"

func TestEcho_AsItCame(t *testing.T) {
	server := start(t, core.Options{EchoPath: echoPath, MaxMessageSize: 60_000}, wireRoutes)
	p := wireOpen(t, server, wireRequest(echoPath))
	for _, payload := range []string{"", "x", "no JSON", askPing, wireJoin(`"general"`), `{"type":"test","action":"nothing"}`, strings.Repeat("é", 30_000)} {
		p.write(wireFrame(0x81, payload) + wireFrame(0x82, payload+"\xff"[:len(payload)%2]))
		opcode, back := p.frame()
		require.EqualValues(t, codec.OpText, opcode)
		require.Equal(t, payload, back)
		opcode, back = p.frame()
		require.EqualValues(t, codec.OpBinary, opcode)
		require.Equal(t, payload+"\xff"[:len(payload)%2], back)
	}
	require.Zero(t, server.Stats().Rooms)
	require.EqualValues(t, 14, server.Stats().MessagesIn)
	require.Contains(t, connect(t, server).ask(askPing), "pong", "others are served as ever")
}

func TestEcho_FragmentsComeBackAsOne(t *testing.T) {
	p := wireOpen(t, start(t, core.Options{EchoPath: echoPath}), wireRequest(echoPath))
	p.write(wireFrame(0x01, "\xc3") + wireFrame(0x89, "ping") + wireFrame(0x00, "") + wireFrame(0x80, "\xa9"))
	opcode, payload := p.frame()
	require.EqualValues(t, codec.OpPong, opcode)
	require.Equal(t, "ping", payload)
	require.Equal(t, "é", p.text())
}

// Nobody who serves other clients learns of it, or reaches it.
func TestEcho_IsNobody(t *testing.T) {
	told := make(chan string, 10)
	server := start(t, core.Options{EchoPath: echoPath, JWTSecret: wireSecret, Hooks: core.Hooks{
		Connected:    func(c *core.Context) { told <- "connected " + c.UserID() },
		Message:      func(*core.Context) { told <- "message" },
		Disconnected: func(d core.Departure) { told <- "disconnected " + d.User.ID },
	}})
	echo := wireOpen(t, server, wireRequest(echoPath+"?token="+wireToken("5")))
	ada := wireUser(t, server, `"ada"`)
	require.Equal(t, "connected ada", <-told)
	require.Equal(t, 1, wireReach(t, server, core.All(), "everybody"))
	require.Zero(t, wireReach(t, server, core.Users("5"), "the token's"))
	require.Equal(t, `{"type":"test","action":"everybody"}`, ada.receive())
	echo.write(wireFrame(0x81, "hello"))
	require.Equal(t, "hello", echo.text(), "no greeting, no broadcast")

	found, err := server.Clients(t.Context(), nil, 0)
	require.NoError(t, err)
	require.Len(t, found, 1)
	require.Equal(t, "ada", found[0].User.ID)
	stats := server.Stats()
	require.Equal(t, []int{2, 1}, []int{stats.Clients, stats.Users})

	echo.write(wireClose(1000, ""))
	require.Equal(t, closing{1000, ""}, echo.closed())
	require.NoError(t, echo.conn.Close())
	eventually(t, func() bool { return server.Stats().Clients == 1 }, "it has gone")
	require.Equal(t, 1, wireReach(t, server, core.All(), "again"))
	require.NoError(t, ada.conn.WriteClose(1000, nil))
	require.Equal(t, "disconnected ada", <-told)
	require.Empty(t, told)
}

// It is admitted as all others are.
func TestEcho_TokensAreChecked(t *testing.T) {
	server := start(t, core.Options{EchoPath: echoPath, JWTSecret: wireSecret, RequireAuth: true})
	for _, target := range []string{echoPath, echoPath + "?token=bad"} {
		status, _ := wireRefused(t, server, wireRequest(target))
		require.Equal(t, http.StatusUnauthorized, status)
	}
	p := wireOpen(t, server, wireRequest(echoPath+"?token="+wireToken("5"))+wireFrame(0x81, "hello"))
	require.Equal(t, "hello", p.text())
}

func TestEcho_RatesDoNotHold(t *testing.T) {
	server := start(t, core.Options{EchoPath: echoPath, MaxMessageRate: 1, MaxByteRate: 1, MaxMessageSize: 10, MaxStrikes: 1})
	in := wireRequest(echoPath)
	for range 50 {
		in += wireFrame(0x81, "text") + wireFrame(0x89, "ping") + wireFrame(0x8a, "pong") + wireFrame(0x02, "fr") + wireFrame(0x80, "agments")
	}
	p := wireOpen(t, server, in)
	for range 50 {
		for _, want := range []string{"text", "ping", "fragments"} {
			_, payload := p.frame()
			require.Equal(t, want, payload)
		}
	}
	require.Zero(t, server.Stats().RateLimited)
	p.write(wireFrame(0x81, "01234567890"))
	require.Equal(t, closing{1009, "message too big"}, p.closed(), "the limit of a message does")
}

// A client of the echo path that does not read is not read from, and gets all when it
// does.
func TestEcho_WaitsForItsReader(t *testing.T) {
	const messages, size = 2000, 2000
	server := start(t, core.Options{EchoPath: echoPath, MaxBacklog: 4 << 10, Loops: 1})
	conn := cramped(t, server)
	slow := upgradeAt(t, conn, echoPath)
	text := func(i int) string { return strconv.Itoa(i) + strings.Repeat("x", size) }
	var writing sync.WaitGroup
	writing.Go(func() {
		for i := range messages {
			if _, err := conn.Write(append(masked(codec.OpText, text(i)), masked(codec.OpPing, strconv.Itoa(i))...)); err != nil {
				return
			}
		}
	})
	defer writing.Wait()
	defer conn.Close()
	eventually(t, func() bool { return server.Stats().Blocked == 1 }, "its socket is full")
	for range 200 {
		assert.LessOrEqual(t, server.Stats().Backlog, 64<<10+size, "what one read has brought")
	}
	for i := range messages {
		op, payload, err := slow.frame()
		require.NoError(t, err)
		require.Equal(t, codec.OpText, op)
		require.Equal(t, text(i), payload)
		op, payload, err = slow.frame()
		require.NoError(t, err)
		require.Equal(t, codec.OpPong, op)
		require.Equal(t, strconv.Itoa(i), payload)
	}
	stats := server.Stats()
	require.Equal(t, 1, stats.Clients)
	require.Zero(t, stats.Dropped+stats.Skipped)
}

// A message that is larger than its socket takes and its backlog may be comes back
// whole, and others behind it.
func TestEcho_LargeMessages(t *testing.T) {
	server := start(t, core.Options{EchoPath: echoPath, MaxMessageSize: 4 << 20, MaxBacklog: 4 << 10})
	b := upgradeAt(t, raw(t, server), echoPath)
	large := bytes.Repeat([]byte("0123456789abcdef"), 4<<20/16)
	var writing sync.WaitGroup
	writing.Go(func() {
		for range 2 {
			_, _ = b.Write(codec.AppendMaskedFrame(nil, codec.OpBinary, true, [4]byte{1, 2, 3, 4}, large))
		}
	})
	defer writing.Wait()
	defer b.Close()
	want := codec.AppendFrame(nil, codec.OpBinary, large)
	got := make([]byte, len(want))
	for range 2 {
		_, err := io.ReadFull(b, got)
		require.NoError(t, err)
		require.True(t, bytes.Equal(want, got))
	}
}

func TestEcho_OptionsThatCannotBe(t *testing.T) {
	for want, options := range map[string]core.Options{
		`echo-path "echo" must begin with a slash and have no query`:                    {EchoPath: "echo"},
		`echo-path "/echo?x" must begin with a slash and have no query`:                 {EchoPath: "/echo?x"},
		`echo-path "/ws" is the path of all other clients`:                              {EchoPath: "/ws"},
		`max-message-size is 1GiB: with echo-path it is at most 512MiB`:                 {EchoPath: echoPath, MaxMessageSize: 1 << 30},
		`frame-timeout is 169h0m0s, which is too long: at most 168h0m0s can be counted`: {FrameTimeout: 169 * 3600e9},
		`slow-consumer is "sometimes": it is close, skip or latest`:                     {SlowConsumer: "sometimes"},
	} {
		_, err := core.New(options)
		require.EqualError(t, err, want)
	}
}
