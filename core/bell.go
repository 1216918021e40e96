package core

import (
	"context"
	"fmt"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/panjf2000/gnet/v2"
	"golang.org/x/sys/unix"
)

// A bell wakes an event loop: a socket pair of which the loop polls one end.
// Ringing makes the loop call OnTraffic for that end once it has looked at its
// other sockets, so a loop that rings its own bell takes turns with them.
//
// gnet's Execute would not do: a task that executes another runs it before the
// loop looks at its sockets again, so a long walk would starve them, and each
// call allocates.
type bell struct {
	loop *loop
	rung atomic.Bool // rung, and not yet heard

	mu      sync.Mutex // held while fd is used: after remove its number is another's
	fd      int
	removed chan struct{}
}

// hang makes the loop's bell and has the loop poll it, from soon on. Rings from
// before are not lost.
func hang(l *loop) (*bell, error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("making a socket pair to wake the event loop: %w", err)
	}
	b := &bell{loop: l, fd: fds[0], removed: make(chan struct{})}
	enrolled, err := b.enroll(fds[1])
	if err != nil {
		_ = unix.Close(b.fd)
		return nil, fmt.Errorf("polling the socket that wakes the event loop: %w", err)
	}
	go b.watch(enrolled)
	return b, nil
}

// enroll has the loop poll the other end, of which gnet takes a duplicate.
func (b *bell) enroll(fd int) (<-chan gnet.RegisteredResult, error) {
	file := os.NewFile(uintptr(fd), "bell")
	defer file.Close()
	polled, err := net.FileConn(file)
	if err != nil {
		return nil, err
	}
	enrolled, err := b.loop.events.Enroll(gnet.NewContext(context.Background(), b), polled)
	if err != nil {
		_ = polled.Close()
	}
	return enrolled, err
}

// watch ends the engine, to be started again, if the loop cannot poll its bell,
// for want of a descriptor: it would be deaf.
func (b *bell) watch(enrolled <-chan gnet.RegisteredResult) {
	select {
	case result := <-enrolled:
		if result.Err != nil {
			b.loop.server.options.Log.Error("an event loop cannot be woken", "error", result.Err)
			b.loop.server.stop()
		}
	case <-b.removed:
	}
}

// ring wakes the loop, once for any number of calls until it hears. Any
// goroutine may call it.
func (b *bell) ring() {
	if !b.rung.CompareAndSwap(false, true) {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	select {
	case <-b.removed:
		return
	default:
	}
	one := [1]byte{1}
	for {
		if _, err := unix.Write(b.fd, one[:]); err != syscall.EINTR {
			return
		}
	}
}

// hear makes the next ring count. It comes before the work that the bell calls
// for, so that nothing posted meanwhile is missed.
func (b *bell) hear() { b.rung.Store(false) }

// remove takes the bell down when its loop has ended.
func (b *bell) remove() {
	b.mu.Lock()
	defer b.mu.Unlock()
	close(b.removed)
	_ = unix.Close(b.fd)
}
