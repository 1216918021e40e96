//go:build torture

package core_test

import (
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/core"
)

// The torture throws random and mutated bytes at a server in a process of its
// own. It must neither stop, nor keep memory, nor lose a message to those who
// behave. GANNET_TORTURE_BYTES (such as 64MiB) sets the volume, and
// GANNET_TORTURE_SEED repeats a run: all that a connection sends follows from
// the seed and the connection's number.

const (
	tortureVolume  = 1 << 30
	tortureWarmUp  = 256 << 20 // fills pools and slots, and lets the runtime see a peak
	tortureWorkers = 64
	// tortureShare is the most that one connection may cost at once, in KiB: a
	// backlog of 1 MiB, as it is by default, and as much that is not collected
	// yet.
	tortureShare = 2 << 10
	// tortureKept is the most that a server may keep for later use when all have
	// gone, in KiB: the warm-up must not hide what it has made grow.
	tortureKept = 16 << 10
)

func TestTorture(t *testing.T) {
	volume, seed := tortureSettings(t)
	t.Logf("GANNET_TORTURE_SEED=%d GANNET_TORTURE_BYTES=%d", seed, volume)
	server := startTortured(t)
	fresh := server.settle()
	t.Run("warm-up", func(t *testing.T) { torment(t, server, seed+1, tortureWarmUp) })
	before := server.settle()
	t.Run("storm", func(t *testing.T) {
		counts := torment(t, server, seed, volume)
		requireLayers(t, counts)
	})
	after := server.settle()

	for i, f := range []figures{fresh, before, after} {
		when := []string{"fresh", "before", "after"}[i]
		t.Logf("%-6s resident %d KiB (at most %d), heap in use %d, idle %d, the runtime's own %d", when, f.Resident, f.Peak, f.Heap, f.Idle, f.Runtime)
	}
	t.Logf("the server refused %v and closed %v", after.Refused, after.Closed)
	assert.LessOrEqual(t, after.Resident, before.Resident*11/10, "resident memory in KiB")
	assert.LessOrEqual(t, before.Resident, fresh.Resident+tortureKept, "resident memory in KiB, after the warm-up")
	assert.LessOrEqual(t, after.Peak, fresh.Resident+tortureWorkers*tortureShare, "resident memory in KiB, at its most")
	assert.Equal(t, before.Goroutines, after.Goroutines, "goroutines")
	for name, left := range map[string]int{
		"connections": after.Connections, "clients": after.Clients, "rooms": after.Rooms, "users": after.Users, "blocked": after.Blocked,
	} {
		assert.Zero(t, left, name)
	}
	assert.Zero(t, after.AcceptFailures)
	assert.Zero(t, after.Panics, "panics of handlers")
	assert.Zero(t, after.HandlerErrors, "internal errors of handlers")
}

func tortureSettings(t *testing.T) (volume int64, seed uint64) {
	size, seed := core.Size(tortureVolume), rand.Uint64()>>1
	if text := os.Getenv("GANNET_TORTURE_BYTES"); text != "" {
		require.NoError(t, size.UnmarshalText([]byte(text)))
	}
	if text := os.Getenv("GANNET_TORTURE_SEED"); text != "" {
		var err error
		seed, err = strconv.ParseUint(text, 10, 64)
		require.NoError(t, err)
	}
	return int64(size), seed
}

// torment sends so many bytes while witnesses listen to a room of their own.
func torment(t *testing.T, server *torturedServer, seed uint64, volume int64) tally {
	listening := summon(t, server)
	began := time.Now()
	s := &storm{t: t, server: server, seed: seed, total: tally{}}
	s.left.Store(volume)
	s.blow()
	spent := time.Since(began)
	t.Logf("%d bytes over %d connections in %s, %.1f MiB/s", s.sent.Load(), s.conns.Load(), spent.Round(time.Millisecond),
		float64(s.sent.Load())/(1<<20)/spent.Seconds())
	for _, kind := range slices.Sorted(maps.Keys(s.total)) {
		t.Logf("%12d %s", s.total[kind], kind)
	}
	listening.dismiss()
	return s.total
}

// requireLayers makes sure that the bytes came as far as they were meant to.
func requireLayers(t *testing.T, counts tally) {
	for _, kind := range []string{
		"HTTP 101", "HTTP 400", "HTTP 401", "close 1002", "close 1007", "close 1009", "reply", "error reply", "room message", "pong",
	} {
		assert.Positive(t, counts[kind], kind)
	}
}

// tally counts what happened, by its name.
type tally map[string]int64

// storm is a volume of bytes and the workers that send it.
type storm struct {
	t      *testing.T
	server *torturedServer
	seed   uint64
	left   atomic.Int64
	sent   atomic.Int64
	conns  atomic.Uint64

	mu    sync.Mutex
	total tally
}

func (s *storm) blow() {
	var workers sync.WaitGroup
	for range tortureWorkers {
		workers.Go(s.work)
	}
	workers.Wait()
	if !s.server.alive() {
		s.t.Fatalf("the server process has ended:\n%s", s.server.said())
	}
}

func (s *storm) work() {
	counts := tally{}
	var buffer []byte // the attacks are built in it, one after the other
	for s.left.Load() > 0 && s.server.alive() && !s.t.Failed() {
		number := s.conns.Add(1)
		a := newAttack(newDice(s.seed, number), buffer)
		n, fault := a.run(s.server.addr, counts)
		if fault != nil && s.server.alive() {
			s.t.Errorf("connection %d of seed %d (%s, %s): %v", number, s.seed, a.kind, a.ending, fault)
		}
		s.left.Add(-n)
		s.sent.Add(n)
		buffer = a.bytes
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for kind, n := range counts {
		s.total[kind] += n
	}
}
