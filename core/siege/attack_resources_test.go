package siege_test

import (
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/gannet-ws/gannet/core"
)

// Attacks on what the server has little of.
var withResources = []attack{
	{
		name: "more connections than descriptors", fate: "answered 503, or waits to be accepted",
		descriptors: theScale().witnesses + 400, attackers: 1,
		attack: holdOpen,
		check: func(t assert.TestingT, before, after core.Stats) {
			turnedAway := func(s core.Stats) uint64 {
				return s.Refused["max_connections"] + s.Refused["descriptors"] + s.AcceptFailures
			}
			assert.Greater(t, turnedAway(after), turnedAway(before), "%v", after.Refused)
		},
	},
	{
		name: "more connections than `--max-connections`", fate: "answered 503",
		flags: []string{fmt.Sprintf("--max-connections=%d", theScale().witnesses+100)}, attackers: 1,
		attack: holdOpen,
		check:  refused("max_connections"),
	},
	{
		name: "memory limit (`--memory-limit` 48 MiB) met by readers that do not read", fate: "1013 `slow consumer`",
		flags: []string{"--memory-limit=48MiB"}, lasts: 4 * time.Second, attackers: 20,
		attack: func(a *attacker) {
			p := a.upgrade("")
			if p == nil {
				return
			}
			defer p.conn.Close()
			_ = p.conn.(*net.TCPConn).SetReadBuffer(4096)
			room := fmt.Sprint("bulk-", a.index)
			if p.text(`{"type":"system","action":"joinRoom","data":{"roomName":"`+room+`"}}`) != nil {
				return
			}
			message := `{"type":"siege","action":"bulk","data":"` + strings.Repeat("x", 64<<10) + `"}`
			for range 200 {
				a.server.post("/api/rooms/"+room+"/broadcast", message)
			}
		},
		check: closed("slow_consumer"),
	},
}

// holdOpen holds a connection until the server or the attack ends it.
func holdOpen(a *attacker) {
	if p := a.upgrade(""); p != nil {
		a.idle(p)
	}
}
