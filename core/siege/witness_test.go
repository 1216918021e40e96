package siege_test

import (
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/codec"
)

const witnessRoom = "witnesses"

// witnesses are clients that behave, in a room to which ten messages a second are
// published. Each must get every one, in order, whatever others do.
type witnesses struct {
	t         *testing.T
	server    *server
	all       []*witness
	listening sync.WaitGroup
	dismissed atomic.Bool

	published atomic.Int64 // the last number
	hush      chan struct{}
	hushed    chan struct{}
}

type witness struct {
	*peer
	last atomic.Int64 // number received

	mu      sync.Mutex
	latency []time.Duration
}

// summon connects the witnesses and begins to publish.
func summon(t *testing.T, s *server, n int) *witnesses {
	w := &witnesses{t: t, server: s, hush: make(chan struct{}), hushed: make(chan struct{})}
	for range n {
		p, err := connect(s.addr, "/ws")
		require.NoError(t, err)
		require.NoError(t, p.text(`{"type":"system","action":"joinRoom","data":{"roomName":"`+witnessRoom+`"}}`))
		_, reply, err := p.next()
		require.NoError(t, err)
		require.Contains(t, string(reply), `"success":true`)
		one := &witness{peer: p}
		w.all = append(w.all, one)
		w.listening.Go(func() { w.listen(one) })
	}
	go w.publish()
	t.Cleanup(w.dismiss)
	return w
}

// publish publishes ten times a second. What the server has no room for is
// published again: it has been refused whole.
func (w *witnesses) publish() {
	defer close(w.hushed)
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		next := w.published.Load() + 1
		message := fmt.Sprintf(`{"type":"siege","action":"count","data":"%d %d"}`, next, time.Now().UnixNano())
		if w.server.post("/api/rooms/"+witnessRoom+"/broadcast", message) {
			w.published.Store(next)
		}
		select {
		case <-tick.C:
		case <-w.hush:
			return
		}
	}
}

// listen reads what a witness gets until it is dismissed.
func (w *witnesses) listen(one *witness) {
	for {
		op, payload, err := one.next()
		switch {
		case w.dismissed.Load():
			return
		case err != nil || op == codec.OpClose:
			w.t.Errorf("a witness was closed after message %d: %v %q", one.last.Load(), err, payload)
			return
		case op == codec.OpPing:
			_ = one.frame(codec.OpPong, payload)
			continue
		}
		number, at, ok := readCount(string(payload))
		if !ok || number != one.last.Load()+1 {
			w.t.Errorf("a witness got %q after message %d", payload, one.last.Load())
			return
		}
		one.note(number, time.Since(at))
	}
}

// readCount reads a message of the publisher.
func readCount(text string) (number int64, at time.Time, ok bool) {
	text, ok = strings.CutPrefix(text, `{"type":"siege","action":"count","data":"`)
	count, when, _ := strings.Cut(strings.TrimSuffix(text, `"}`), " ")
	number, badCount := strconv.ParseInt(count, 10, 64)
	nanos, badTime := strconv.ParseInt(when, 10, 64)
	return number, time.Unix(0, nanos), ok && badCount == nil && badTime == nil
}

func (one *witness) note(number int64, latency time.Duration) {
	one.mu.Lock()
	one.latency = append(one.latency, latency)
	one.mu.Unlock()
	one.last.Store(number)
}

// heard reports whether every witness has got the message with the number.
func (w *witnesses) heard(number int64) bool {
	for _, one := range w.all {
		if one.last.Load() < number {
			return false
		}
	}
	return true
}

// forget begins anew with latencies.
func (w *witnesses) forget() {
	for _, one := range w.all {
		one.mu.Lock()
		one.latency = one.latency[:0]
		one.mu.Unlock()
	}
}

// percentile returns the latency that so many in a hundred messages met.
func (w *witnesses) percentile(p int) time.Duration {
	var all []time.Duration
	for _, one := range w.all {
		one.mu.Lock()
		all = append(all, one.latency...)
		one.mu.Unlock()
	}
	if len(all) == 0 {
		return 0
	}
	slices.Sort(all)
	return all[min(len(all)-1, len(all)*p/100)]
}

// dismiss makes sure that each witness has heard all, and lets them go.
func (w *witnesses) dismiss() {
	if w.dismissed.Load() {
		return
	}
	close(w.hush)
	<-w.hushed
	last := w.published.Load()
	heard := func() bool { return w.heard(last) || w.t.Failed() || !w.server.alive() }
	assert.Eventually(w.t, heard, patience, 10*time.Millisecond, "every witness hears message %d", last)
	w.dismissed.Store(true)
	for _, one := range w.all {
		_ = one.conn.(*net.TCPConn).Close()
	}
	w.listening.Wait()
}
