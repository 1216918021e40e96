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

	mu sync.Mutex // held while fd is used: after remove its number is another's
	fd int        // -1 when removed
}

// hang makes the loop's bell and has the loop poll it, from soon on. Rings from
// before are not lost.
func hang(l *loop) (*bell, error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("making a socket pair to wake the event loop: %w", err)
	}
	b := &bell{loop: l, fd: fds[0]}
	file := os.NewFile(uintptr(fds[1]), "bell")
	polled, err := net.FileConn(file)
	_ = file.Close()
	if err == nil {
		_, err = l.events.Enroll(gnet.NewContext(context.Background(), b), polled)
	}
	if err != nil {
		_ = unix.Close(b.fd)
		return nil, fmt.Errorf("polling the socket that wakes the event loop: %w", err)
	}
	return b, nil
}

// ring wakes the loop, once for any number of calls until it hears. Any
// goroutine may call it.
func (b *bell) ring() {
	if !b.rung.CompareAndSwap(false, true) {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.fd < 0 {
		return
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
	_ = unix.Close(b.fd)
	b.fd = -1
}
