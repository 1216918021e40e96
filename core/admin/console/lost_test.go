package console_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gannet-ws/gannet/bus"
	"github.com/gannet-ws/gannet/core"
)

// bereftBus has lost a node, unless it is back, and counts what a test has it count.
type bereftBus struct {
	bus.Local
	stats atomic.Pointer[bus.Stats]
	back  atomic.Bool
}

func (b *bereftBus) Lost() []bus.LostNode {
	if b.back.Load() {
		return nil
	}
	lost := bus.NodeStatus{ID: silentNode, Figures: bus.Figures{State: "running", Clients: 15}, LastSeen: time.Now().Add(-126 * time.Second)}
	return []bus.LostNode{{NodeStatus: lost, LostAt: time.Now().Add(-120 * time.Second)}}
}

func (b *bereftBus) Stats() bus.Stats { return *b.stats.Load() }

func (b *bereftBus) Status() bus.Status { return bus.Status{Connected: true, Since: time.Now()} }

// says waits until what needs attention is exactly that, worst first.
func (l *look) says(level string, sentences ...string) {
	encoded, _ := json.Marshal(sentences)
	l.Wait(fmt.Sprintf(`JSON.stringify([...document.querySelectorAll("#attention li[data-level=%s]")].map((li) => li.textContent)) === %s`,
		level, quote(string(encoded))), strings.Join(sentences, " "))
}

// A node that went without a word, and messages that were lost, do not turn green
// again at once.
func TestBrowserLostNodeAndMessages(t *testing.T) {
	bereft := &bereftBus{}
	bereft.stats.Store(&bus.Stats{})
	s := start(t, settings{server: core.Options{Bus: bereft}})
	l := open(t, s)
	l.row("nodes", silentNode, 5, "lost")
	l.row("nodes", silentNode, 1, "–")
	l.row("nodes", s.server.NodeID(), 5, "ok")
	l.shows("#nodes-note", "this one alone, 1 lost")
	l.says("bad", "Node "+silentNode+": lost 2 min ago without a word, it had 15 clients.")
	l.picture(t, "lost", false)

	bereft.back.Store(true)
	l.shows("#attention li", "Nothing needs attention.")
	l.shows("#nodes-note", "this one alone")
	bereft.stats.Store(&bus.Stats{Dropped: 1, Failed: 2, CountedGaps: 1, UncountedGaps: 2, Missed: 4, Unknown: 5, NodesLost: 6})
	l.says("bad",
		"4 messages of other nodes went missing in the last minute.",
		"2 messages did not go to other nodes in the last minute: the bus was away or full.",
		"1 message of other nodes dropped in the last minute for want of room (--redis-max-inbox, --max-inbox).")
	l.says("warn",
		"Messages of other nodes may be missing: 3 gaps in the last minute, as after a lost connection.",
		"5 messages may not have gone to other nodes in the last minute: Redis did not answer.")
	l.row("troubles", "Nodes lost", 1, "6")
	l.row("troubles", "Messages of other nodes missing", 2, "4")
	l.quiet(t, s)
}
