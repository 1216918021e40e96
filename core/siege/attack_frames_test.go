package siege_test

import (
	"bytes"
	"fmt"
	"io"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/gannet-ws/gannet/codec"
	"github.com/gannet-ws/gannet/core"
)

var maskKey = [4]byte{9, 8, 7, 6}

// masked is so many times the same frame, one behind the other.
func masked(times int, op codec.Opcode, final bool, payload []byte) []byte {
	return bytes.Repeat(codec.AppendMaskedFrame(nil, op, final, maskKey, payload), times)
}

// readOfFlooder is the most that is read of one that floods on, in bytes: until it is
// closed, a little more, and what its socket holds when it has gone.
const readOfFlooder = 16 << 20

// Attacks by what clients send.
var withFrames = []attack{
	{
		name: "slow writers: a message of 64 KB, a byte every 100 ms", fate: "1008 `frame timeout` after `--frame-timeout`",
		flags: []string{"--frame-timeout=1s"}, lasts: 3 * time.Second, attackers: 1,
		attack: func(a *attacker) {
			p := a.begin("", announce(0x81, 64<<10))
			if p == nil {
				return
			}
			a.untilClosed(p, func() []byte {
				a.wait(100 * time.Millisecond)
				return []byte{'x'}
			})
		},
		check: closed("frame_timeout"),
	},
	{
		name: "fragment flood: empty fragments without end", fate: "1008 `rate limit`", attackers: 20,
		attack: func(a *attacker) {
			p := a.begin("", masked(1, codec.OpText, false, nil))
			if p == nil {
				return
			}
			flood := masked(1000, codec.OpContinuation, false, nil)
			a.flood(p, flood)
		},
		check: closed("rate_limit"),
	},
	{
		name: "fragment flood that goes on after its close", fate: "1008 `rate limit`, then not read from", attackers: 20,
		flags: []string{"--close-timeout=1s"}, lasts: 3 * time.Second,
		attack: func(a *attacker) {
			p := a.begin("", masked(1, codec.OpText, false, nil))
			if p == nil {
				return
			}
			go func() { _, _ = io.Copy(io.Discard, p.conn) }()
			flood := masked(10_000, codec.OpContinuation, false, nil)
			a.flood(p, flood)
		},
		check: func(t assert.TestingT, before, after core.Stats) {
			closed("rate_limit")(t, before, after)
			each := (after.BytesIn - before.BytesIn) / max(after.Closed["rate_limit"]-before.Closed["rate_limit"], 1)
			assert.Less(t, each, uint64(readOfFlooder))
		},
	},
	{
		name: "ping flood that reads no pong", fate: "1008 `rate limit`, or 1013 `slow consumer`",
		lasts: 3 * time.Second, attackers: 20,
		attack: func(a *attacker) {
			p := a.upgrade("")
			if p == nil {
				return
			}
			flood := masked(500, codec.OpPing, true, bytes.Repeat([]byte("p"), codec.MaxControlPayload))
			a.flood(p, flood)
		},
		check: closed("rate_limit", "slow_consumer"),
	},
	{
		name: "pong flood", fate: "1008 `rate limit`", attackers: 20,
		attack: func(a *attacker) {
			p := a.upgrade("")
			if p == nil {
				return
			}
			flood := masked(1000, codec.OpPong, true, nil)
			a.flood(p, flood)
		},
		check: closed("rate_limit"),
	},
	{
		name: "lengths of 64 KiB + 1 to 2^63", fate: "1009 or 1002, before memory is spent", attackers: 4,
		attack: func(a *attacker) {
			p := a.upgrade("")
			if p == nil {
				return
			}
			lengths := []uint64{64<<10 + 1, 1 << 31, 1 << 32, 1 << 62, 1 << 63, 1<<64 - 1}
			_ = p.write(announce(0x82, lengths[a.round%len(lengths)]))
			a.idle(p)
		},
		check: func(t assert.TestingT, before, after core.Stats) {
			closed("message_too_big")(t, before, after)
			closed("protocol_error")(t, before, after)
		},
	},
	{
		name: "request flood: unknown routes as fast as it goes", fate: "`RATE_LIMIT`, then 1008",
		flags: []string{"--max-message-rate=2000"}, attackers: 40,
		attack: func(a *attacker) {
			p := a.upgrade("")
			if p == nil {
				return
			}
			go a.idle(p)
			flood := masked(500, codec.OpText, true, []byte(`{"type":"no","action":"such"}`))
			a.flood(p, flood)
		},
		check: closed("rate_limit"),
	},
	{
		name: "room churn: joins and leaves of ever new rooms", fate: "served, within its rate", attackers: 40,
		attack: func(a *attacker) {
			p := a.upgrade("")
			if p == nil {
				return
			}
			defer p.conn.Close()
			for n := 0; a.ctx.Err() == nil; n++ {
				for _, action := range []string{"joinRoom", "leaveRoom"} {
					if p.text(fmt.Sprintf(`{"type":"system","action":%q,"data":{"roomName":"churn-%d-%d-%d"}}`, action, a.index, a.round, n)) != nil {
						return
					}
					if _, _, err := p.next(); err != nil {
						return
					}
				}
			}
		},
		check: func(t assert.TestingT, before, after core.Stats) {
			assert.Greater(t, after.MessagesIn, before.MessagesIn+1000)
			assert.LessOrEqual(t, after.Rooms, 1+full.attackers)
		},
	},
	{
		name: "publish flood to a room of the flooders", fate: "read from more slowly (`--max-inbox`), then 1008 `rate limit`",
		flags: []string{"--client-publish"}, attackers: 40,
		attack: func(a *attacker) {
			p := a.upgrade("")
			if p == nil {
				return
			}
			if p.text(`{"type":"system","action":"joinRoom","data":{"roomName":"flooders"}}`) != nil {
				_ = p.conn.Close()
				return
			}
			go a.idle(p)
			flood := masked(100, codec.OpText, true, []byte(`{"type":"room","action":"publish","data":{"roomName":"flooders","data":"`+string(bytes.Repeat([]byte("x"), 200))+`"}}`))
			a.flood(p, flood)
		},
		check: func(t assert.TestingT, before, after core.Stats) {
			assert.Greater(t, after.Published, before.Published+1000)
		},
	},
}
