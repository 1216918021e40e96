package core

import (
	"net/netip"

	"golang.org/x/sys/unix"

	"github.com/gannet-ws/gannet/core/poll"
)

// listener is where a loop accepts connections. Each loop has one of its own on
// the same port, and the kernel deals them out; of a socket in the file system each
// has a copy.
type listener struct {
	fd     int
	handle poll.Handle
	tls    bool // what connects speaks TLS
	paused bool // nothing is left to accept with: the next sweep tries again
}

// acceptBurst is the number of connections that are accepted between two looks at
// the other sockets.
const acceptBurst = 64

// listen has the loop accept connections at the server's addresses.
func (l *loop) listen() error {
	fd, err := poll.Listen(l.life.addr)
	if err = l.listenAt(fd, err, false); err != nil {
		return err
	}
	if l.life.tlsAddr != nil {
		fd, err := poll.Listen(l.life.tlsAddr)
		if err = l.listenAt(fd, err, true); err != nil {
			return err
		}
	}
	if l.life.unix != nil {
		fd, err := l.life.unix.copy()
		return l.listenAt(fd, err, false)
	}
	return nil
}

// listenAt takes a descriptor over that listens, if there is no error.
func (l *loop) listenAt(fd int, err error, tls bool) error {
	if err != nil {
		return err
	}
	at := &listener{fd: fd, tls: tls}
	if at.handle, err = l.poll.Add(fd, at); err != nil {
		_ = unix.Close(fd)
		return err
	}
	l.listeners = append(l.listeners, at)
	return nil
}

// accept lets waiting connections in, a bounded number of them.
func (l *loop) accept(at *listener) {
	for range acceptBurst {
		fd, peer, err := poll.Accept(at.fd)
		if err == unix.EAGAIN {
			return
		}
		if err == nil {
			l.open(fd, at, peer.Addr())
			continue
		}
		l.counters.AcceptFailures++
		if l.server.acceptLogged.now() {
			l.server.options.Log.Error("cannot accept a connection", "error", err)
		}
		if lacking(err) {
			l.pauseAccepting(at)
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
func (l *loop) pauseAccepting(at *listener) {
	err := l.poll.Watch(at.handle, 0)
	at.paused = err == nil
}

// resumeAccepting tries again, now or at the next sweep.
func (l *loop) resumeAccepting() {
	for _, at := range l.listeners {
		if at.paused {
			err := l.poll.Watch(at.handle, poll.Input)
			at.paused = err != nil
		}
	}
}

// open takes a listener's new connection in, to be upgraded or refused. peer is
// where it comes from, the zero Addr for a Unix socket.
func (l *loop) open(fd int, at *listener, peer netip.Addr) {
	s := l.server
	l.counters.Accepted++
	if fd >= s.descriptors.drop && !l.squeeze(&fd) {
		l.counters.Refused[refusedDescriptors]++
		_ = unix.Close(fd)
		return
	}
	h := &handshake{loop: l, fd: fd, since: s.now(), index: len(l.handshakes), address: peer, group: keyOf(peer)}
	if !l.countArrival(h) {
		l.turnAway(h, at)
		return
	}
	if at.tls {
		h.tls = &tlsState{}
	}
	var err error
	if h.handle, err = l.poll.Add(fd, h); err != nil {
		l.counters.Refused[refusedDescriptors]++
		l.countNoMore(h)
		_ = unix.Close(fd)
		return
	}
	s.connections.Add(1)
	h.crowded = fd >= s.descriptors.refuse
	l.handshakes = append(l.handshakes, h)
	l.arrive(h)
}
