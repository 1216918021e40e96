package core_test

import (
	"net/http"
	"runtime"
	"strings"
	"testing"

	"github.com/lxzan/gws"
	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/codec"
	"github.com/gannet-ws/gannet/core"
)

func TestCompression_Negotiation(t *testing.T) {
	on := start(t, core.Options{Compression: core.CompressionOn, JWTSecret: wireSecret})
	off := start(t, core.Options{})
	key := newES256(t)
	slow := start(t, core.Options{Compression: core.CompressionOn, JWTPublicKey: key.public()})
	tests := map[string]struct {
		server *core.Server
		target string
		lines  []string
		want   string
		count  int // of clients with compression
	}{
		"off":               {off, "/ws", []string{deflateOffer}, "", 0},
		"nothing offered":   {on, "/ws", nil, "", 0},
		"declined":          {on, "/ws", []string{"Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=8"}, "", 0},
		"as browsers do it": {on, "/ws", []string{deflateOffer}, deflateAnswer, 1},
		"smaller window":    {on, "/ws", []string{"Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=13"}, deflateAnswer + "; server_max_window_bits=12", 1},
		"the second line":   {on, "/ws", []string{"Sec-WebSocket-Extensions: other", deflateOffer}, deflateAnswer, 1},
		"with a token":      {on, "/ws?token=" + wireToken("5"), []string{deflateOffer}, deflateAnswer, 1},
		"checked elsewhere": {slow, "/ws?token=" + key.token(`{"sub":5}`), []string{deflateOffer}, deflateAnswer, 1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			p, answer := wireSend(t, tt.server, wireRequest(tt.target, tt.lines...))
			require.Equal(t, http.StatusSwitchingProtocols, answer.StatusCode)
			require.Equal(t, tt.want, answer.Header.Get("Sec-WebSocket-Extensions"))
			require.Equal(t, tt.count, tt.server.Stats().ClientsCompressed)
			require.NoError(t, p.conn.Close())
			eventually(t, func() bool { return tt.server.Stats().ClientsCompressed == 0 }, "who has gone counts no more")
		})
	}
}

// RFC 6455 section 9.1, whether there is compression or not.
func TestCompression_MalformedOffer(t *testing.T) {
	for _, setting := range []core.Compression{core.CompressionOn, core.CompressionOff} {
		server := start(t, core.Options{Compression: setting})
		_, answer := wireSend(t, server, wireRequest("/ws", "Sec-WebSocket-Extensions: ;;;"))
		require.Equal(t, http.StatusBadRequest, answer.StatusCode)
		require.EqualValues(t, 1, server.Stats().Refused["bad_request"])
	}
}

// What is compressed is decided by the size, for replies and for messages to
// many; control frames never are.
func TestCompression_Threshold(t *testing.T) {
	const threshold = 300
	server := start(t, core.Options{Compression: core.CompressionOn, CompressionThreshold: threshold}, backRoute)
	p := openDeflated(t, server, deflateHead)
	for _, size := range []int{1, threshold - 1, threshold, threshold + 1, 5000} {
		request, reply := askBack(max(1, size-len(`{"type":"test","action":"text","response":""}`)), false)
		p.write(string(masked(codec.OpText, request)))
		require.Equal(t, received{codec.OpText, reply, len(reply) >= threshold}, p.next())

		if size < 100 {
			continue
		}
		_, err := server.Publish(core.Publication{To: core.All(), Message: sized(size)})
		require.NoError(t, err)
		require.Equal(t, received{codec.OpText, string(sized(size).Payload()), size >= threshold}, p.next())
	}
	p.write(string(masked(codec.OpPing, strings.Repeat("p", 125))))
	require.Equal(t, received{codec.OpPong, strings.Repeat("p", 125), false}, p.next())

	stats := server.Stats()
	require.EqualValues(t, 6, stats.Compressed)
	require.Zero(t, stats.CompressionFutile)
	require.EqualValues(t, 2*(threshold+threshold+1+5000), stats.CompressionIn)
	require.Less(t, stats.CompressionOut, stats.CompressionIn/2)
}

// The greeting of a user may be long, and stands right behind the HTTP answer.
func TestCompression_Greeting(t *testing.T) {
	server := start(t, core.Options{Compression: core.CompressionOn, JWTSecret: wireSecret})
	subject := `"` + strings.Repeat("user", 150) + `"`
	p := openDeflated(t, server, wireRequest("/ws?token="+wireToken(subject), deflateOffer))
	got := p.next()
	require.True(t, got.compressed)
	require.Contains(t, got.text, `"action":"authenticated","data":{"userId":`+subject)
}

// What does not become smaller is sent as it is.
func TestCompression_Futile(t *testing.T) {
	server := start(t, core.Options{Compression: core.CompressionOn, CompressionThreshold: 1})
	p := openDeflated(t, server, deflateHead)
	message := codec.NewMessage(codec.OpText, []byte(`"x"`))
	_, err := server.Publish(core.Publication{To: core.All(), Message: message})
	require.NoError(t, err)
	require.Equal(t, received{codec.OpText, `"x"`, false}, p.next())
	stats := server.Stats()
	require.EqualValues(t, 1, stats.CompressionFutile)
	require.Zero(t, stats.Compressed)
}

// Nothing is compressed for nobody.
func TestCompression_OnlyForClientsThatThereAre(t *testing.T) {
	server := start(t, core.Options{Compression: core.CompressionOn})
	plain := connect(t, server)
	publish := func() {
		_, err := server.Publish(core.Publication{To: core.All(), Message: sized(1000)})
		require.NoError(t, err)
		require.Equal(t, string(sized(1000).Payload()), plain.receive())
	}
	publish()
	require.Zero(t, server.Stats().Compressed)
	small := connectDeflated(t, server, gws.PermessageDeflate{ServerMaxWindowBits: 9})
	publish()
	require.EqualValues(t, 1, server.Stats().Compressed)
	require.Equal(t, string(sized(1000).Payload()), small.receive())
	_, err := server.Publish(core.Publication{To: core.Room("empty"), Message: sized(1000)})
	require.NoError(t, err)
	require.EqualValues(t, 1, server.Stats().Compressed)
}

// offersOfClients are what a real client may offer.
var offersOfClients = map[string]gws.PermessageDeflate{
	"15 bits":                 {},
	"15 bits, with contexts":  {ServerContextTakeover: true, ClientContextTakeover: true},
	"12 bits":                 {ServerMaxWindowBits: 12},
	"10 bits":                 {ServerMaxWindowBits: 10, ClientMaxWindowBits: 10},
	"9 bits, small its own":   {ServerMaxWindowBits: 9, ClientMaxWindowBits: 9},
	"compresses all it sends": {Threshold: 1},
}

func TestCompression_RealClientsBothWays(t *testing.T) {
	server := start(t, core.Options{Compression: core.CompressionOn}, backRoute)
	for name, offer := range offersOfClients {
		t.Run(name, func(t *testing.T) {
			c := connectDeflated(t, server, offer)
			for _, around := range []int{2, 512, 4 << 10, 32 << 10, 60_000} {
				for _, size := range []int{around - 46, around - 1, around + 1} {
					for _, noise := range []bool{false, true} {
						request, reply := askBack(max(size, 1), noise)
						require.Equal(t, reply, c.ask(request))
					}
				}
			}
		})
	}
	stats := server.Stats()
	require.NotZero(t, stats.Compressed)
	require.NotZero(t, stats.Inflated)
	require.Greater(t, stats.InflatedBytes, stats.BytesIn)
	require.Greater(t, stats.CompressionIn, stats.BytesOut)
}

// Clients of every kind on one loop get the same messages in the same order,
// compressed or not, and each its own replies.
func TestCompression_MixedRoom(t *testing.T) {
	server := start(t, core.Options{Compression: core.CompressionOn, Loops: 1}, backRoute)
	clients := []*client{connect(t, server)}
	for _, offer := range offersOfClients {
		clients = append(clients, connectDeflated(t, server, offer))
	}
	clients = append(clients, connect(t, server))
	for _, c := range clients {
		c.join("general")
	}
	var batch []core.Publication
	for n := range 150 {
		text := filler([]int{10, 1000, 10_000}[n%3], n%4 == 0)
		message := newMessage("test", "numbered", map[string]any{"n": n, "text": text})
		batch = append(batch, core.Publication{To: core.Room("general"), Message: message})
	}
	_, err := server.PublishAll(batch[:100])
	require.NoError(t, err)
	for _, p := range batch[100:] {
		_, err := server.Publish(p)
		require.NoError(t, err)
	}
	for _, c := range clients {
		for _, p := range batch {
			require.Equal(t, string(p.Message.Payload()), c.receive())
		}
	}
	replies := make([]string, len(clients))
	for i, c := range clients {
		var request string
		request, replies[i] = askBack(1000+i, i%2 == 0)
		c.send(request)
	}
	for i, c := range clients {
		require.Equal(t, replies[i], c.receive())
	}
}

// Of clients that take turns on one loop, each gets replies as it has agreed on,
// also one that comes later, from a blocking route.
func TestCompression_RepliesAreEachClientsOwn(t *testing.T) {
	held := newGate()
	answer := func(*core.Context) (any, error) { return filler(1000, false), nil }
	server := start(t, core.Options{Compression: core.CompressionOn, Loops: 1}, held.route(answer), func(s *core.Server) {
		s.Handle("test", "inline", answer)
	})
	request := func(action string) string {
		return string(masked(codec.OpText, `{"type":"test","action":"`+action+`"}`))
	}
	reply := func(action string) string {
		return `{"type":"test","action":"` + action + `","response":"` + filler(1000, false) + `"}`
	}
	before, between, after := wireOpen(t, server, wireRequest("/ws")), openDeflated(t, server, deflateHead), wireOpen(t, server, wireRequest("/ws"))
	for range 3 {
		before.write(request("inline"))
		require.Equal(t, reply("inline"), before.text())
		between.write(request("inline"))
		require.Equal(t, received{codec.OpText, reply("inline"), true}, between.next())
		between.write(request("held"))
		next(t, held.entered)
		after.write(request("inline"))
		require.Equal(t, reply("inline"), after.text())
		held.pass(1)
		require.Equal(t, received{codec.OpText, reply("held"), true}, between.next())
	}
}

// What a handler publishes is compressed on its loop, and reaches clients of
// other loops as well.
func TestCompression_PublishedByHandler(t *testing.T) {
	server := start(t, core.Options{Compression: core.CompressionOn, Loops: 2, ClientPublish: true})
	var clients []*client
	for range 6 {
		clients = append(clients, connect(t, server), connectDeflated(t, server, gws.PermessageDeflate{Threshold: 1}))
	}
	for _, c := range clients {
		c.join("general")
	}
	text := filler(3000, false)
	clients[1].send(`{"type":"room","action":"publish","data":{"roomName":"general","self":false,"data":"` + text + `"}}`)
	require.Equal(t, `{"type":"room","action":"publish","response":{"success":true}}`, clients[1].receive())
	for i, c := range clients {
		if i != 1 {
			require.Contains(t, c.receive(), text)
		}
	}
	clients[1].quiet()
}

func TestCompression_Abuse(t *testing.T) {
	request := `{"type":"test","action":"text","data":"` + filler(400, false) + `"}`
	tests := map[string]struct {
		offered bool
		frames  string
		want    closing
		reason  string
	}{
		"not negotiated":       {false, pressedFrame(codec.OpText, request), closing{1002, "reserved bits set"}, "protocol_error"},
		"ping":                 {true, reservedFrame(codec.OpPing, true, "x"), closing{1002, "reserved bits set"}, "protocol_error"},
		"close":                {true, reservedFrame(codec.OpClose, true, ""), closing{1002, "reserved bits set"}, "protocol_error"},
		"continuation":         {true, reservedFrame(codec.OpText, false, "x") + reservedFrame(codec.OpContinuation, true, "x"), closing{1002, "reserved bits set"}, "protocol_error"},
		"bad data":             {true, reservedFrame(codec.OpText, true, request), closing{1007, "bad compressed data"}, "invalid_payload"},
		"cut short":            {true, reservedFrame(codec.OpText, true, pressed(request)[:50]), closing{1007, "bad compressed data"}, "invalid_payload"},
		"an earlier message's": {true, reservedFrame(codec.OpText, true, "\xf2\x00\x11\x00\x00"), closing{1007, "bad compressed data"}, "invalid_payload"},
		"not UTF-8":            {true, pressedFrame(codec.OpText, "\xff"), closing{1007, "invalid utf-8"}, "invalid_payload"},
		"too large":            {true, pressedFrame(codec.OpText, strings.Repeat(" ", 64<<10+1)), closing{1009, "message too big"}, "message_too_big"},
		"too large before":     {true, reservedFrame(codec.OpText, true, strings.Repeat(" ", 70_000)), closing{1009, "message too big"}, "message_too_big"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			server := start(t, core.Options{Compression: core.CompressionOn}, backRoute)
			head := wireRequest("/ws")
			if tt.offered {
				head = deflateHead
			}
			p := wireOpen(t, server, head+string(masked(codec.OpText, askPing)))
			require.Equal(t, wirePong, p.text(), "it works before")
			p.write(tt.frames + string(masked(codec.OpText, askPing)))
			require.Equal(t, tt.want, p.closed())
			require.NoError(t, p.conn.Close())
			eventually(t, func() bool { return server.Stats().Closed[tt.reason] == 1 }, "counted as what it is")
		})
	}
}

// Fragments of a compressed message, control frames between them, and messages
// that are not compressed, all on one connection and in any pieces.
func TestCompression_Fragments(t *testing.T) {
	server := start(t, core.Options{Compression: core.CompressionOn, CompressionThreshold: 100}, backRoute)
	request, reply := askBack(700, false)
	payload := pressed(request)
	in := pressedFrame(codec.OpBinary, request) +
		reservedFrame(codec.OpText, false, payload[:10]) +
		string(masked(codec.OpPing, "between")) +
		string(codec.AppendMaskedFrame(nil, codec.OpContinuation, false, [4]byte{1, 2, 3, 4}, []byte(payload[10:60]))) +
		string(codec.AppendMaskedFrame(nil, codec.OpContinuation, true, [4]byte{4, 3, 2, 1}, []byte(payload[60:]))) +
		string(masked(codec.OpText, request))
	for _, piece := range []int{len(in), 1, 7, 100} {
		p := openDeflated(t, server, deflateHead)
		for at := 0; at < len(in); at += piece {
			p.write(in[at:min(at+piece, len(in))])
		}
		compressed := received{codec.OpText, reply, true}
		require.Equal(t, compressed, p.next())
		require.Equal(t, received{codec.OpPong, "between", false}, p.next())
		require.Equal(t, compressed, p.next())
		require.Equal(t, compressed, p.next())
	}
	require.EqualValues(t, 4*2, server.Stats().Inflated)
	require.EqualValues(t, 4*2*len(request), server.Stats().InflatedBytes)
}

// A bomb costs the largest message and no more, however much it would become.
func TestCompression_Bombs(t *testing.T) {
	server := start(t, core.Options{Compression: core.CompressionOn, Loops: 1, MaxMessageSize: 300_000})
	bomb := pressedFrame(codec.OpText, strings.Repeat(" ", 4<<20))
	require.Less(t, len(bomb), 10_000)
	const bombs = 20
	var peers []*deflatePeer
	for range bombs {
		peers = append(peers, openDeflated(t, server, deflateHead))
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for _, p := range peers {
		p.write(bomb)
		require.Equal(t, "\x03\xf1message too big", p.next().text)
		require.NoError(t, p.conn.Close())
	}
	runtime.ReadMemStats(&after)
	require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(bombs*(3<<19)), "of 80 MiB that they would be")
	eventually(t, func() bool { return server.Stats().Closed["message_too_big"] == bombs }, "each is closed")
}

// What a message is made of counts against the rate of bytes, and what it becomes
// beyond that against those that follow, of which none is decompressed to be refused.
func TestCompression_ByteRate(t *testing.T) {
	const rate = 10_000
	padded := strings.Replace(askPing, "{", "{"+strings.Repeat(" ", 6000), 1)
	blocks := strings.Repeat("\x00\x00\x00\xff\xff", 1200) + pressed(askPing) // 6000 bytes that become 33
	for name, c := range map[string]struct {
		frame string
		heard int
	}{
		"what it becomes":    {pressedFrame(codec.OpText, padded), 2},
		"what it is made of": {reservedFrame(codec.OpText, true, blocks), 1},
	} {
		t.Run(name, func(t *testing.T) {
			server := start(t, core.Options{Compression: core.CompressionOn, MaxByteRate: rate, MaxMessageSize: rate})
			p := openDeflated(t, server, deflateHead)
			const refused = 10
			p.write(strings.Repeat(c.frame, c.heard+refused))
			for range c.heard {
				require.Equal(t, wirePong, p.next().text)
			}
			for range refused {
				require.Equal(t, overRate+`}`, p.next().text)
			}
			require.EqualValues(t, refused, server.Stats().RateLimited)
			require.EqualValues(t, c.heard, server.Stats().Inflated)
		})
	}
}

// fourEmptyBlocks bring a code each, RFC 1951 section 3.2.7, and end at once,
// the last with a whole byte.
const fourEmptyBlocks = "\x04\xc0\x81\x00\x00\x00\x00\x00\x90\xff\x6b\x10\x00\x07\x02\x00\x00\x00\x00\x40\xfe\xaf" +
	"\x41\x00\x1c\x08\x00\x00\x00\x00\x00\xf9\xbf\x06\x01\x70\x20\x00\x00\x00\x00\x00\xe4\xff\x1a"

// A message that is much work to decompress, and comes to nothing, is given up, however
// large messages may be.
func TestCompression_Work(t *testing.T) {
	server := start(t, core.Options{Compression: core.CompressionOn, MaxMessageSize: 16 << 20})
	p := openDeflated(t, server, deflateHead)
	p.write(reservedFrame(codec.OpText, true, strings.Repeat(fourEmptyBlocks, 2000)+pressed(askPing)))
	require.Equal(t, "\x03\xf1too much work to decompress", p.next().text)
	require.NoError(t, p.conn.Close())
	eventually(t, func() bool { return server.Stats().Closed["message_too_big"] == 1 }, "it is closed")
	require.Zero(t, server.Stats().Inflated)
}

// What came before a message that cannot be decompressed is answered.
func TestCompression_AnswersBeforeAFailure(t *testing.T) {
	server := start(t, core.Options{Compression: core.CompressionOn})
	p := openDeflated(t, server, deflateHead)
	p.write(string(masked(codec.OpText, askPing)) + reservedFrame(codec.OpText, true, "\x07"))
	require.Equal(t, wirePong, p.next().text)
	require.Equal(t, codec.OpClose, p.next().opcode)
}

// Work counts against the rate of bytes, but not for the message itself: one of the
// largest size may always come.
func TestCompression_WorkIsOwed(t *testing.T) {
	const rate = 10_000
	server := start(t, core.Options{Compression: core.CompressionOn, MaxByteRate: rate, MaxMessageSize: rate})
	p := openDeflated(t, server, deflateHead)
	frame := reservedFrame(codec.OpText, true, strings.Repeat(fourEmptyBlocks, 110)+pressed(askPing))
	p.write(frame)
	require.Equal(t, wirePong, p.next().text)
	p.write(frame + string(masked(codec.OpText, askPing)))
	require.Equal(t, overRate+`}`, p.next().text)
	require.Equal(t, overRate+`}`, p.next().text, "what is not compressed has to wait, too")
	require.EqualValues(t, 2, server.Stats().RateLimited)
	require.EqualValues(t, 1, server.Stats().Inflated)
}

// What a client has under way when its last message has closed it is read, however much
// work that was.
func TestCompression_WorkIsNotOwedByTheClosed(t *testing.T) {
	const rate = 10_000
	server := start(t, core.Options{Compression: core.CompressionOn, MaxByteRate: rate, MaxMessageSize: rate, CloseTimeout: patience}, func(s *core.Server) {
		s.Handle("test", "panic", func(*core.Context) (any, error) { panic("at the disco") })
	})
	p := openDeflated(t, server, deflateHead)
	p.write(reservedFrame(codec.OpText, true, strings.Repeat(fourEmptyBlocks, 110)+pressed(`{"type":"test","action":"panic"}`)))
	next := p.next()
	for ; next.opcode != codec.OpClose; next = p.next() {
	}
	require.Equal(t, "\x03\xf3", next.text[:2])
	p.write(string(masked(codec.OpText, askPing)) + wireClose(1011, ""))
	p.eof()
	require.NoError(t, p.conn.Close())
	gone(t, server)
	require.Zero(t, server.Stats().RateLimited)
}

// Little may come of a client that compresses before it is one.
func TestCompression_EarlyFrames(t *testing.T) {
	server := start(t, core.Options{Compression: core.CompressionOn})
	_, answer := wireSend(t, server, deflateHead+strings.Repeat(pressedFrame(codec.OpText, askPing), 100))
	require.Equal(t, http.StatusBadRequest, answer.StatusCode)
	p := openDeflated(t, server, deflateHead+pressedFrame(codec.OpText, askPing))
	require.Equal(t, wirePong, p.next().text)
}

func TestCompression_OptionsThatCannotBe(t *testing.T) {
	for want, options := range map[string]core.Options{
		`compression is "yes": it is off or on`:    {Compression: "yes"},
		"compression-level is 10: it is 1 to 9":    {CompressionLevel: 10},
		"compression-level is -1: it is 1 to 9":    {CompressionLevel: -1},
		"compression-threshold must be above zero": {CompressionThreshold: -1},
	} {
		_, err := core.New(options)
		require.EqualError(t, err, want)
	}
	options := start(t, core.Options{}).Options()
	require.Equal(t, core.CompressionOff, options.Compression)
	require.Equal(t, core.Size(512), options.CompressionThreshold)
}
