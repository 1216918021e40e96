package siege_test

import (
	"net"
	"strings"
	"time"
)

// Attacks by clients that do not read, or are not there any more.
var withReading = []attack{
	{
		name: "slow readers: nothing is read, 64 KB messages come", fate: "1013 `slow consumer` at `--max-backlog`",
		lasts: 4 * time.Second, attackers: 20,
		attack: func(a *attacker) {
			p := a.upgrade("")
			if p == nil {
				return
			}
			defer p.conn.Close()
			_ = p.conn.(*net.TCPConn).SetReadBuffer(4096)
			if p.text(`{"type":"system","action":"joinRoom","data":{"roomName":"slow"}}`) != nil {
				return
			}
			if a.index == 0 { // one of them has the room talk
				message := `{"type":"siege","action":"bulk","data":"` + strings.Repeat("x", 64<<10) + `"}`
				for a.ctx.Err() == nil {
					a.server.post("/api/rooms/slow/broadcast", message)
					a.wait(10 * time.Millisecond)
				}
			}
			<-a.ctx.Done()
		},
		check: closed("slow_consumer"),
	},
	{
		name: "half-open peers: no sign of life any more", fate: "dropped after `--ping-interval` and `--ping-timeout`",
		flags: []string{"--ping-interval=500ms", "--ping-timeout=3s"}, lasts: 6 * time.Second, attackers: 1,
		attack: func(a *attacker) {
			if p := a.upgrade(""); p != nil {
				a.wait(5 * time.Second)
				_ = p.conn.Close()
			}
		},
		check: closed("ping_timeout"),
	},
	{
		name: "half-closed peers: no more is sent, all is read", fate: "closed at once", attackers: 20,
		attack: func(a *attacker) {
			if p := a.upgrade(""); p != nil {
				_ = p.conn.(*net.TCPConn).CloseWrite()
				a.idle(p)
			}
		},
		check: closed("peer_gone"),
	},
	{
		name: "close frames without an end of the connection", fate: "dropped after `--close-timeout`",
		flags: []string{"--close-timeout=300ms"}, attackers: 4,
		attack: func(a *attacker) {
			p := a.upgrade("")
			if p == nil {
				return
			}
			_ = p.frame(8, []byte{3, 232})
			a.untilClosed(p, func() []byte {
				a.wait(50 * time.Millisecond)
				return []byte("more, which nobody reads")
			})
		},
		check: closed("peer_closed"),
	},
}
