package secure

import (
	"net"
	"time"
)

// wire is the net.Conn under a connection's tls.Conn: buffers. Before Settle it
// belongs to the goroutine of the handshake, then to the loop.
type wire Conn

// Read returns what has arrived, but nothing of the record behind the one that is
// being read. It waits for more during a handshake only.
func (w *wire) Read(p []byte) (n int, err error) {
	p = p[:min(len(p), w.records.rest(w.in))]
	switch {
	case w.shake != nil:
		n, err = w.shake.read(p)
	case len(w.in) == 0:
		return 0, errEmpty
	default:
		n = copy(p, w.in)
		w.in = w.in[n:]
	}
	w.records.came(p[:n])
	return n, err
}

// Write takes everything: an error, or a part, would break the tls.Conn for good.
func (w *wire) Write(p []byte) (int, error) {
	if w.shake != nil {
		w.shake.say(p)
		return len(p), nil
	}
	*w.out = append(*w.out, p...)
	return len(p), nil
}

// Close does nothing: the socket is the loop's.
func (*wire) Close() error { return nil }

// LocalAddr and RemoteAddr are known to the loop alone.
func (*wire) LocalAddr() net.Addr  { return &net.TCPAddr{} }
func (*wire) RemoteAddr() net.Addr { return &net.TCPAddr{} }

// Deadlines are the loop's, too: a tls.Conn sets them when it says that it is done.
func (*wire) SetDeadline(time.Time) error      { return nil }
func (*wire) SetReadDeadline(time.Time) error  { return nil }
func (*wire) SetWriteDeadline(time.Time) error { return nil }
