package siege_test

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/gannet-ws/gannet/core"
)

// Attacks on connections that are not clients yet.
var onUpgrade = []attack{
	{
		name:  "slow headers: a byte every 100 ms",
		fate:  "closed after `--handshake-timeout`",
		flags: []string{"--handshake-timeout=2s"}, lasts: 4 * time.Second, attackers: 1,
		attack: func(a *attacker) {
			conn := a.dial()
			if conn == nil {
				return
			}
			defer conn.Close()
			for _, b := range request("siege", "/ws", "") {
				if _, err := conn.Write([]byte{b}); err != nil {
					return
				}
				a.wait(100 * time.Millisecond)
			}
		},
		check: refused("handshake_timeout"),
	},
	{
		name:  "connections that say nothing",
		fate:  "closed after `--handshake-timeout`",
		flags: []string{"--handshake-timeout=2s"}, lasts: 4 * time.Second, attackers: 1,
		attack: func(a *attacker) {
			if conn := a.dial(); conn != nil {
				_, _ = conn.Read(make([]byte, 1))
				_ = conn.Close()
			}
		},
		check: refused("handshake_timeout"),
	},
	{
		name:      "one address takes all: connections that say nothing, or are refused and stay",
		fate:      "429 at `--max-connections-per-address`, then closed at once",
		flags:     []string{fmt.Sprintf("--max-connections=%d", theScale().witnesses+20), fmt.Sprintf("--max-connections-per-address=%d", theScale().witnesses+10)},
		attackers: 1,
		attack: func(a *attacker) {
			if a.index == 0 { // one of them behaves, and has another address
				if p := a.upgrade(""); p != nil {
					_ = p.conn.Close()
				}
				a.wait(10 * time.Millisecond)
				return
			}
			conn := a.dialFrom(&net.TCPAddr{IP: net.IPv4(127, 0, 0, 2)}, a.server.addr)
			if conn == nil {
				return
			}
			defer conn.Close()
			if a.index%2 == 0 {
				_, _ = conn.Write(request("siege", "/nowhere", ""))
			}
			_, _ = io.Copy(io.Discard, conn)
			a.wait(10 * time.Millisecond)
		},
		check: func(t assert.TestingT, before, after core.Stats) {
			refused("per_address")(t, before, after)
			assert.Greater(t, after.Upgraded, before.Upgraded+5)
			assert.Equal(t, before.Refused["max_connections"], after.Refused["max_connections"])
		},
	},
	{
		name: "connect and vanish", fate: "counted, forgotten", attackers: 20,
		attack: func(a *attacker) {
			if conn := a.dial(); conn != nil {
				_ = conn.Close()
			}
		},
		check: func(t assert.TestingT, before, after core.Stats) { assert.Greater(t, after.Accepted, before.Accepted) },
	},
	{
		name: "endless headers", fate: "answered 431 at `--max-request-head`", attackers: 4,
		attack: func(a *attacker) {
			conn := a.dial()
			if conn == nil {
				return
			}
			defer conn.Close()
			if _, err := conn.Write([]byte("GET /ws HTTP/1.1\r\n")); err != nil {
				return
			}
			for a.ctx.Err() == nil {
				if _, err := conn.Write([]byte("X-Endless: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n")); err != nil {
					return
				}
			}
		},
		check: refused("head_too_large"),
	},
	{
		name: "reset storm: upgrade and reset at once", fate: "counted as gone", attackers: 20,
		attack: func(a *attacker) {
			if p := a.upgrade(""); p != nil {
				reset(p.conn)
			}
		},
		check: closed("peer_gone"),
	},
	{
		name: "garbage for a request", fate: "answered 400", attackers: 20,
		attack: func(a *attacker) {
			conn := a.dial()
			if conn == nil {
				return
			}
			defer conn.Close()
			garbage := make([]byte, 1+rand.IntN(4096))
			for i := range garbage {
				garbage[i] = byte(rand.Uint32())
			}
			_, _ = conn.Write(append(garbage, "\r\n\r\n"...))
			_, _ = conn.Read(garbage)
		},
		check: refused("bad_request"),
	},
}

// refused checks that connections have been refused for one of the reasons.
func refused(reasons ...string) func(assert.TestingT, core.Stats, core.Stats) {
	return func(t assert.TestingT, before, after core.Stats) {
		var then, now uint64
		for _, reason := range reasons {
			then += before.Refused[reason]
			now += after.Refused[reason]
		}
		assert.Greater(t, now, then, "%v", after.Refused)
	}
}

// closed checks that clients have been closed for one of the reasons.
func closed(reasons ...string) func(assert.TestingT, core.Stats, core.Stats) {
	return func(t assert.TestingT, before, after core.Stats) {
		var then, now uint64
		for _, reason := range reasons {
			then += before.Closed[reason]
			now += after.Closed[reason]
		}
		assert.Greater(t, now, then, "%v", after.Closed)
	}
}
