package core

import (
	"golang.org/x/sys/unix"

	"github.com/gannet-ws/gannet/core/poll"
)

// listener is where a loop accepts connections. Each loop has one of its own on
// the same port, and the kernel deals them out.
type listener struct {
	fd     int
	handle poll.Handle
	paused bool // nothing is left to accept with: the next sweep tries again
}

// acceptBurst is the number of connections that are accepted between two looks at
// the other sockets.
const acceptBurst = 64

// listen has the loop accept connections at the server's address.
func (l *loop) listen() error {
	fd, err := poll.Listen(l.life.addr)
	if err != nil {
		return err
	}
	handle, err := l.poll.Add(fd, &l.listener)
	if err != nil {
		_ = unix.Close(fd)
		return err
	}
	l.listener = listener{fd: fd, handle: handle}
	return nil
}

// accept lets waiting connections in, a bounded number of them.
func (l *loop) accept() {
	for range acceptBurst {
		fd, err := poll.Accept(l.listener.fd)
		if err == unix.EAGAIN {
			return
		}
		if err == nil {
			l.open(fd)
			continue
		}
		l.counters.AcceptFailures++
		if l.server.acceptLogged.now() {
			l.server.options.Log.Error("cannot accept a connection", "error", err)
		}
		if lacking(err) {
			l.pauseAccepting()
			return
		}
	}
}

// lacking reports whether an accept failed for want of descriptors or memory, and
// not because of its connection.
func lacking(err error) bool {
	return err == unix.EMFILE || err == unix.ENFILE || err == unix.ENOBUFS || err == unix.ENOMEM
}

// pauseAccepting lets those who knock wait in the kernel until the next sweep. If
// even that fails, the loop tries again at once.
func (l *loop) pauseAccepting() {
	err := l.poll.Watch(l.listener.handle, 0)
	l.listener.paused = err == nil
}

// resumeAccepting tries again, now or at the next sweep.
func (l *loop) resumeAccepting() {
	if !l.listener.paused {
		return
	}
	err := l.poll.Watch(l.listener.handle, poll.Input)
	l.listener.paused = err != nil
}

// open takes a new connection in, to be upgraded or refused.
func (l *loop) open(fd int) {
	s := l.server
	l.counters.Accepted++
	if fd >= s.descriptors.drop {
		l.counters.Refused[refusedDescriptors]++
		_ = unix.Close(fd)
		return
	}
	h := &handshake{loop: l, fd: fd, since: s.now(), index: len(l.handshakes)}
	var err error
	if h.handle, err = l.poll.Add(fd, h); err != nil {
		l.counters.Refused[refusedDescriptors]++
		_ = unix.Close(fd)
		return
	}
	count := s.connections.Add(1)
	h.crowded = count > int64(s.descriptors.cap) || fd >= s.descriptors.refuse
	l.handshakes = append(l.handshakes, h)
}
