package redistest

import (
	"bufio"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"
)

// Listener is a client of Redis that listens to channels and knows nothing of
// nodes.
type Listener struct {
	t      testing.TB
	conn   net.Conn
	reader *bufio.Reader
}

// Listen subscribes to channels until the test ends.
func Listen(t testing.TB, s *Server, channels ...string) *Listener {
	t.Helper()
	conn, err := net.Dial("tcp", s.Addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	l := &Listener{t: t, conn: conn, reader: bufio.NewReader(conn)}
	if _, err := fmt.Fprintf(conn, "SUBSCRIBE %s\r\n", strings.Join(channels, " ")); err != nil {
		t.Fatal(err)
	}
	for range channels {
		l.read()
	}
	return l
}

// Next returns the next message: its channel and its payload.
func (l *Listener) Next() [2]string {
	l.t.Helper()
	push := l.read()
	if len(push) != 3 {
		l.t.Fatalf("not a message: %q", push)
	}
	return [2]string{push[1], push[2]}
}

func (l *Listener) read() []string {
	l.t.Helper()
	_ = l.conn.SetReadDeadline(time.Now().Add(patience))
	line, err := readLine(l.reader)
	if err != nil {
		l.t.Fatalf("no message came: %v", err)
	}
	push, err := readElements(l.reader, line[1:])
	if err != nil {
		l.t.Fatalf("the answer %q and its elements %q: %v", line, push, err)
	}
	return push
}
