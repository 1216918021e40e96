package siege_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lxzan/gws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// soaking is how long the server is under steady mixed load. make soak sets it.
func soaking(t *testing.T) time.Duration {
	text := os.Getenv("GANNET_SOAK")
	if text == "" {
		return 6 * time.Second
	}
	d, err := time.ParseDuration(text)
	require.NoError(t, err)
	return d
}

// Clients come, join, publish, leave and go, plain, over TLS and compressed, while
// witnesses listen. Memory and descriptors stay what they were after a while.
func TestSoak(t *testing.T) {
	s := startServer(t, build(t), &attack{tls: true, flags: []string{"--client-publish", "--compression=on"}})
	w := summon(t, s, theScale().witnesses)
	duration := soaking(t)
	ctx, over := context.WithTimeout(t.Context(), duration)
	defer over()
	load := mixedLoad(ctx, t, s)

	time.Sleep(duration / 4)
	early, descriptors := s.settledMemory(), s.descriptors()
	load.wait()
	late := s.settledMemory()
	t.Logf("%s: %d visits, %d messages to themselves; resident %s after a quarter, %s at the end",
		duration, load.visits.Load(), load.heard.Load(), megabytes(early), megabytes(late))
	assert.Positive(t, load.visits.Load())
	assert.LessOrEqual(t, s.memoryComesBack(early), allowed(early))
	assert.Eventually(t, func() bool { return s.stats().Clients == len(w.all) }, patience, 20*time.Millisecond, "all visitors have gone")
	assert.LessOrEqual(t, s.descriptors(), descriptors+8)
	w.dismiss()
	stats := s.stats()
	assert.Zero(t, stats.Panics)
	assert.Zero(t, stats.Dropped, "frames")
	for reason, n := range stats.Closed {
		assert.True(t, n == 0 || reason == "peer_closed" || reason == "peer_gone", "%d closed: %s", n, reason)
	}
}

// descriptors is the number that the process holds.
func (s *server) descriptors() int {
	open, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", s.process.Process.Pid))
	require.NoError(s.t, err)
	return len(open)
}

// load is what the visitors do.
type load struct {
	t       *testing.T
	server  *server
	running sync.WaitGroup
	visits  atomic.Int64
	heard   atomic.Int64
}

const (
	visitors = 12                    // that are there at the same time, of each kind
	pause    = 50 * time.Millisecond // between two messages of one
)

func mixedLoad(ctx context.Context, t *testing.T, s *server) *load {
	l := &load{t: t, server: s}
	kinds := []gws.ClientOption{
		{Addr: "ws://" + s.addr + "/ws"},
		{Addr: "wss://" + s.tls + "/ws"},
		{Addr: "ws://" + s.addr + "/ws", PermessageDeflate: gws.PermessageDeflate{Enabled: true, Threshold: 100}},
		{Addr: "wss://" + s.tls + "/ws", PermessageDeflate: gws.PermessageDeflate{Enabled: true, Threshold: 100}},
	}
	for i := range visitors * len(kinds) {
		option := kinds[i%len(kinds)]
		option.TlsConfig = &tls.Config{InsecureSkipVerify: true}
		option.HandshakeTimeout = patience
		l.running.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				l.visit(&option, fmt.Sprintf("visitor-%d-%d", i, n))
			}
		})
	}
	return l
}

func (l *load) wait() { l.running.Wait() }

// visitor is a client for a while.
type visitor struct {
	gws.BuiltinEventHandler
	messages chan string
	leaving  chan struct{}
	ended    chan struct{}
}

func (v *visitor) OnMessage(_ *gws.Conn, m *gws.Message) {
	select {
	case v.messages <- m.Data.String():
	case <-v.leaving:
	}
	_ = m.Close()
}

func (v *visitor) OnPing(conn *gws.Conn, payload []byte) { _ = conn.WritePong(payload) }

func (v *visitor) OnClose(*gws.Conn, error) { close(v.ended) }

// visit joins a room of its own and one that all share, publishes, hears itself in
// both, and goes.
func (l *load) visit(option *gws.ClientOption, name string) {
	const messages = 20
	v := &visitor{messages: make(chan string, 64), leaving: make(chan struct{}), ended: make(chan struct{})}
	conn, _, err := gws.NewClient(v, option)
	if !assert.NoError(l.t, err) {
		return
	}
	go conn.ReadLoop()
	defer func() {
		close(v.leaving)
		_ = conn.NetConn().Close()
		<-v.ended
	}()
	long := strings.Repeat("all work and no play ", 50)
	for _, room := range []string{name, "shared"} {
		_ = conn.WriteString(fmt.Sprintf(`{"type":"system","action":"joinRoom","data":{"roomName":%q},"id":"join"}`, room))
		if !l.hears(v, `"id":"join"`) {
			return
		}
		for i := range messages {
			text := fmt.Sprintf("%s %d in %s", name, i, room)
			_ = conn.WriteString(fmt.Sprintf(`{"type":"room","action":"publish","data":{"roomName":%q,"data":[%q,%q]}}`, room, text, long))
			if !l.hears(v, `"`+text+`"`) {
				return
			}
			l.heard.Add(1)
			time.Sleep(pause)
		}
	}
	_ = conn.WriteString(`{"type":"system","action":"leaveRoom","data":{"roomName":"shared"},"id":"leave"}`)
	if !l.hears(v, `"id":"leave"`) {
		return
	}
	l.visits.Add(1)
	_ = conn.WriteClose(1000, nil)
	for {
		select {
		case <-v.messages: // of others, that were on their way
		case <-v.ended:
			return
		case <-time.After(patience):
			l.t.Errorf("%s: the close handshake does not end", name)
			return
		}
	}
}

// hears waits for a message that contains the text. Others may come before it.
func (l *load) hears(v *visitor, text string) bool {
	timeout := time.NewTimer(patience)
	defer timeout.Stop()
	for {
		select {
		case m := <-v.messages:
			if strings.Contains(m, text) {
				return true
			}
		case <-v.ended:
			l.t.Errorf("closed while %s was awaited", text)
			return false
		case <-timeout.C:
			l.t.Errorf("%s did not come", text)
			return false
		}
	}
}
