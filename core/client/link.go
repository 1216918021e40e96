package client

import (
	"errors"
	"net"
	"os"
	"sync"
	"time"
)

// What a link ends with by itself.
var (
	errSilent   = errors.New("the server did not answer a ping in time")
	errLongHead = errors.New("the response to the upgrade request is too long")
)

const (
	// maxResponseHead is the bytes that may be read until a connection is
	// upgraded; a part of them may be messages already.
	maxResponseHead = 64 << 10
	// writeGrace is the time to read on after a write has failed.
	writeGrace = time.Second
)

// link is the network connection below gws. It notices dead servers, and changes
// how connections end: gws closes at once what it has sent a close frame to, and
// so might lose the last messages to a reset. A link reads on until the server
// closes, too.
//
// One goroutine reads, one at a time writes; the other methods may be called from
// any.
type link struct {
	net.Conn
	interval time.Duration // see Options.PingInterval
	patience time.Duration // see Options.PingTimeout
	farewell time.Duration // see Options.CloseTimeout
	ping     func()        // nil until the connection is upgraded
	head     int           // bytes read until then

	mu     sync.Mutex
	until  time.Time // nothing is read after it, once that is set
	broken error     // nothing is written any more
}

// Read reads. A silent server is pinged, on this goroutine.
func (l *link) Read(p []byte) (int, error) {
	if l.ping == nil {
		return l.readHead(p)
	}
	pinged := false
	for {
		leaving := l.armRead(pinged)
		n, err := l.Conn.Read(p)
		switch {
		case err == nil || n > 0:
			return n, nil
		case leaving || !errors.Is(err, os.ErrDeadlineExceeded):
			return 0, l.fail(err)
		case pinged && !l.leaving():
			return 0, l.fail(errSilent)
		}
		pinged = true
		l.ping()
	}
}

func (l *link) readHead(p []byte) (int, error) {
	n, err := l.Conn.Read(p)
	l.head += n
	if l.head > maxResponseHead {
		return 0, l.fail(errLongHead)
	}
	return n, err
}

// armRead sets the time that the next read may take. It reports whether that is
// the end.
func (l *link) armRead(pinged bool) (leaving bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	deadline := l.until
	switch {
	case !l.until.IsZero():
	case pinged:
		deadline = time.Now().Add(l.patience)
	case l.interval > 0:
		deadline = time.Now().Add(l.interval)
	}
	_ = l.SetReadDeadline(deadline)
	return !l.until.IsZero()
}

func (l *link) leaving() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return !l.until.IsZero()
}

// Write writes. Its failures are kept for failure, as gws would take them for the
// reason of the end: the server may have said why it closed, and that is still
// to be read.
func (l *link) Write(p []byte) (int, error) {
	if l.ping == nil {
		return l.Conn.Write(p)
	}
	if l.armWrite() {
		if _, err := l.Conn.Write(p); err != nil {
			_ = l.fail(err)
			l.leave(writeGrace)
		}
	}
	return len(p), nil
}

// armWrite sets the time that the next write may take. It reports whether one
// makes sense.
func (l *link) armWrite() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.broken != nil {
		return false
	}
	_ = l.SetWriteDeadline(time.Now().Add(l.patience))
	return true
}

// fail ends all writing. It returns why that is, which is the first error.
func (l *link) fail(err error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.broken == nil {
		l.broken = err
		_ = l.SetWriteDeadline(time.Now())
	}
	return l.broken
}

// failure returns why nothing is written any more, nil while it is.
func (l *link) failure() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.broken
}

// Close is what gws calls when it has sent a close frame: the server is given time
// to answer. See drop.
func (l *link) Close() error {
	l.leave(l.farewell)
	return nil
}

// leave reads no longer than for the given time.
func (l *link) leave(in time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.until.IsZero() {
		l.until = time.Now().Add(in)
		_ = l.SetReadDeadline(l.until)
	}
}

// drop closes the connection.
func (l *link) drop() { _ = l.Conn.Close() }
