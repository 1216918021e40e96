package main

import (
	"context"
	"log/slog"
	"net"
	"os"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/gannet-ws/gannet/core"
)

// manager is the service manager that has started this process: systemd, with
// Type=notify or notify-reload. It is told when the service is ready, when it reloads
// its settings, when it stops and, if it asks for that (WatchdogSec=), that it lives.
// Each is a datagram to the socket that $NOTIFY_SOCKET names, as sd_notify(3) says,
// which nobody answers. A process that nobody has started so has none, nil. Any
// goroutine may call its methods.
type manager struct {
	socket string
	pulse  time.Duration // within which it wants a sign of life; 0: it wants none
	log    *slog.Logger

	mu    sync.Mutex // of what follows: lines go out in the order in which it changes
	stage stage
}

// stage is how far the service has come, as its manager knows it. There is no way back.
type stage int

const (
	stageStarting stage = iota
	stageServing
	stageStopping
)

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

func (m *manager) ready()    { m.reach(stageServing, "READY=1") }
func (m *manager) stopping() { m.reach(stageStopping, "STOPPING=1") }
func (m *manager) alive()    { m.tell("WATCHDOG=1") }

// reach tells that the service has come to a stage, unless it has before.
func (m *manager) reach(next stage, line string) {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.stage < next {
		m.stage = next
		m.tell(line)
	}
}

// around tells that the settings of a service that serves are reloaded, and when they
// have been: systemd with Type=notify-reload waits for that. The time is that of the
// clock by which it knows whether this answers its own signal.
func (m *manager) around(reload func()) {
	var now unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_MONOTONIC, &now) // there is one
	m.tellWhileServing("RELOADING=1\nMONOTONIC_USEC=" + strconv.FormatInt(now.Nano()/1000, 10))
	reload()
	m.tellWhileServing("READY=1")
}

// tellWhileServing sends a line that means something between start and stop alone.
func (m *manager) tellWhileServing(line string) {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.stage == stageServing {
		m.tell(line)
	}
}

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
