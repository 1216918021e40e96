//go:build torture

package core_test

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const tortureWitnesses = 50

// witnesses are clients that behave, in a room that only they know. Each must
// get every message of the room, in order, whatever the others do.
type witnesses struct {
	t      *testing.T
	server *torturedServer
	all    []*witness
	stop   chan struct{}
	group  sync.WaitGroup
}

type witness struct {
	*client
	last atomic.Int64 // number received
}

// summon connects the witnesses before the server begins to speak to them.
func summon(t *testing.T, server *torturedServer) *witnesses {
	w := &witnesses{t: t, server: server, stop: make(chan struct{})}
	room := fmt.Sprintf("witnesses-%x", rand.Uint64())
	for range tortureWitnesses {
		c, err := dial(t, "ws://"+server.addr+"/ws")
		require.NoError(t, err)
		c.join(room)
		one := &witness{client: c}
		w.all = append(w.all, one)
		w.group.Go(func() { one.listen(w.stop) })
	}
	server.ask("speak " + room)
	return w
}

func (w *witness) listen(stop chan struct{}) {
	for {
		select {
		case m := <-w.messages:
			expected := fmt.Sprintf(`{"type":"torture","action":"count","data":%d}`, w.last.Load()+1)
			if m.text != expected {
				w.t.Errorf("a witness got %s where it expected %s", m.text, expected)
				return
			}
			w.last.Add(1)
		case end := <-w.closed:
			w.closed <- end
			w.t.Errorf("a witness was closed after message %d: %+v", w.last.Load(), end)
			return
		case <-stop:
			return
		}
	}
}

// dismiss makes sure that each witness has heard all and is still connected.
func (w *witnesses) dismiss() {
	w.t.Helper()
	last, err := strconv.ParseInt(w.server.ask("hush"), 10, 64)
	require.NoError(w.t, err)
	assert.Positive(w.t, last)
	eventually(w.t, func() bool {
		for _, one := range w.all {
			if one.last.Load() < last {
				return w.t.Failed()
			}
		}
		return true
	}, "all witnesses have heard the last message")
	close(w.stop)
	w.group.Wait()
	if w.t.Failed() {
		return
	}
	for _, one := range w.all {
		one.quiet()
	}
	w.t.Logf("%d witnesses heard %d messages each", len(w.all), last)
}
