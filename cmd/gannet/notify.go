package main

import (
	"context"
	"log/slog"
	"net"
	"os"
	"strconv"
	"time"

	"github.com/gannet-ws/gannet/core"
)

// manager is the service manager that has started this process: systemd, with
// Type=notify. It is told when the service is ready, when it stops and, if it asks
// for that (WatchdogSec=), that it lives. Each is a datagram to the socket that
// $NOTIFY_SOCKET names, as sd_notify(3) says, which nobody answers. A process that
// nobody has started so has none, nil. Any goroutine may call its methods.
type manager struct {
	socket string
	pulse  time.Duration // within which it wants a sign of life; 0: it wants none
	log    *slog.Logger
}

// tellTimeout is how long a manager may take to have room for a datagram.
const tellTimeout = 5 * time.Second

// findManager returns the service manager, if there is one. It takes what tells of
// it out of the environment: workers have their parent to tell.
func findManager(log *slog.Logger) *manager {
	m := &manager{socket: take("NOTIFY_SOCKET"), log: log}
	process, pulse := take("WATCHDOG_PID"), take("WATCHDOG_USEC")
	if m.socket == "" {
		return nil
	}
	if process == "" || process == strconv.Itoa(os.Getpid()) {
		microseconds, _ := strconv.ParseInt(pulse, 10, 64) // none: 0
		m.pulse = max(0, time.Duration(microseconds)*time.Microsecond)
	}
	return m
}

// take returns an environment variable and unsets it.
func take(name string) string {
	value := os.Getenv(name)
	_ = os.Unsetenv(name)
	return value
}

func (m *manager) ready()    { m.tell("READY=1") }
func (m *manager) alive()    { m.tell("WATCHDOG=1") }
func (m *manager) stopping() { m.tell("STOPPING=1") }

// wantedPulse returns the time within which the manager wants a sign of life, 0 if
// it wants none.
func (m *manager) wantedPulse() time.Duration {
	if m == nil {
		return 0
	}
	return m.pulse
}

// report tells of a server until the returned function is called: that it serves,
// that its event loops answer, and, when ctx ends, that it stops.
func (m *manager) report(ctx context.Context, server *core.Server) (end func()) {
	if m == nil {
		return func() {}
	}
	go func() {
		if server.WaitRunning(ctx) {
			m.ready()
		}
	}()
	keepSilent := context.AfterFunc(ctx, m.stopping)
	stopBeating := beat(m.pulse, answering(server, m.pulse), m.alive)
	return func() { keepSilent(); stopBeating() }
}

// tell sends a line. A service whose manager cannot be told goes on, and says so in
// its log.
func (m *manager) tell(line string) {
	if m == nil {
		return
	}
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: m.socket, Net: "unixgram"})
	if err == nil {
		defer conn.Close()
		_ = conn.SetWriteDeadline(time.Now().Add(tellTimeout))
		_, err = conn.Write([]byte(line))
	}
	if err != nil {
		m.log.Error("cannot tell the service manager", "line", line, "error", err)
	}
}
