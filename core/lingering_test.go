package core_test

import (
	"bytes"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/codec"
	"github.com/gannet-ws/gannet/core"
)

// floodOn writes the same again and again, up to most bytes, until the server has closed
// the connection or the test ends it.
func floodOn(p *wirePeer, piece string, most int) (wait func()) {
	var writing sync.WaitGroup
	flood := bytes.Repeat([]byte(piece), 256<<10/len(piece))
	writing.Go(func() {
		for written := 0; written < most; written += len(flood) {
			if _, err := p.conn.Write(flood); err != nil {
				return
			}
		}
	})
	return writing.Wait
}

// floods are what ends a client, and how.
var floods = map[string]struct {
	first, again string
	ends         string
}{
	"empty fragments":        {wireFrame(0x01, ""), wireFrame(0x00, ""), "\x03\xf0rate limit"},
	"pongs":                  {"", wireFrame(0x8a, ""), "\x03\xf0rate limit"},
	"messages":               {"", wireFrame(0x82, strings.Repeat("x", 1000)), "\x03\xf0rate limit"},
	"after a protocol error": {wireFrame(0x83, ""), strings.Repeat("\x00", 1000), ""},
}

// Who floods on although it has been told that it is closed is not read from any more:
// what it sends stays in its own socket.
func TestLingering_FloodersAreNotReadFrom(t *testing.T) {
	const most = 64 << 20
	for name, flood := range floods {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := start(t, core.Options{MaxByteRate: 64 << 10, CloseTimeout: time.Second})
			p := wireOpen(t, server, wireRequest("/ws")+flood.first)
			wait := floodOn(p, flood.again, most)
			opcode, payload := p.frame()
			for ; opcode != byte(codec.OpClose); opcode, payload = p.frame() {
			}
			if flood.ends != "" {
				require.Equal(t, flood.ends, payload)
			}
			p.eof() // with the close frame, not only at the deadline
			wait()
			gone(t, server)
			require.Less(t, server.Stats().BytesIn, uint64(most/2))
		})
	}
}

// The end of its stream is noticed all the same.
func TestLingering_EndOfAFlooder(t *testing.T) {
	server := start(t, core.Options{MaxByteRate: 1, MaxMessageSize: 16_000, MaxStrikes: 3, CloseTimeout: 10 * patience})
	p := wireOpen(t, server, wireRequest("/ws")+strings.Repeat(wireFrame(0x8a, ""), 500))
	require.Equal(t, closing{1008, "rate limit"}, p.closed())
	p.write(wireFrame(0x8a, strings.Repeat("x", 100)))
	require.NoError(t, p.conn.Close())
	gone(t, server)
	require.EqualValues(t, 1, server.Stats().Closed["rate_limit"])
}

// What a client has under way when it is closed is read, up to its close frame, however
// little it might send otherwise.
func TestLingering_WhatIsUnderWay(t *testing.T) {
	for name, tt := range map[string]struct {
		rate     core.Size
		messages int
	}{
		"within its rate":          {1 << 20, 500},
		"with little of that left": {1, 40},
	} {
		t.Run(name, func(t *testing.T) {
			server := start(t, core.Options{
				MaxMessageRate: 1, MaxByteRate: tt.rate, MaxMessageSize: 1000, MaxStrikes: 1, CloseTimeout: patience,
			})
			p := atOnce(t, server, askPing, askPing)
			require.Equal(t, wirePong, p.text())
			opcode, payload := p.frame()
			require.EqualValues(t, codec.OpClose, opcode)
			require.Equal(t, "\x03\xf0rate limit", payload)
			under := strings.Repeat(wireFrame(0x81, askPing), tt.messages)
			p.write(under[:len(under)/2])
			p.write(under[len(under)/2:] + wireFrame(0x82, strings.Repeat("x", 1000)) + wireClose(1008, ""))
			_, err := p.in.ReadByte()
			require.ErrorIs(t, err, io.EOF)
			require.EqualValues(t, 1, server.Stats().RateLimited, "nothing more counts as beyond the rate")
			require.NoError(t, p.conn.Close())
			gone(t, server)
		})
	}
}

// Who goes on is told once that nothing more comes, with the frame that is too much.
func TestLingering_BeyondTheRate(t *testing.T) {
	const enough = 64 // frames that are more than is granted, by the last of them
	for name, more := range map[string]string{
		"messages":  strings.Repeat(wireFrame(0x81, ""), enough),
		"fragments": wireFrame(0x01, "") + strings.Repeat(wireFrame(0x00, ""), enough-2) + wireFrame(0x80, ""),
	} {
		t.Run(name, func(t *testing.T) {
			server := start(t, core.Options{
				MaxMessageRate: 1, MaxByteRate: 1, MaxMessageSize: 1000, MaxStrikes: 1, CloseTimeout: 10 * patience,
			})
			p := atOnce(t, server, askPing, askPing)
			require.Equal(t, wirePong, p.text())
			opcode, payload := p.frame()
			require.EqualValues(t, codec.OpClose, opcode)
			require.Equal(t, "\x03\xf0rate limit", payload)
			last := len(wireFrame(0x80, ""))
			p.write(more[:len(more)-last])
			read := uint64(len(wireRequest("/ws")) + 2*len(wireFrame(0x81, askPing)) + len(more) - last)
			eventually(t, func() bool { return server.Stats().BytesIn == read }, "all has been read")
			require.EqualValues(t, 1, server.Stats().RateLimited)
			p.write(more[len(more)-last:])
			p.eof()
			require.NoError(t, p.conn.Close())
			gone(t, server)
			require.EqualValues(t, 2, server.Stats().RateLimited)
		})
	}
}
