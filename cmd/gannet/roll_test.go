package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// prober asks again and again, from several goroutines, until it is stopped. It
// pauses in between, to leave CPU time to whom it asks.
type prober struct {
	stop    chan struct{}
	probing sync.WaitGroup
	mu      sync.Mutex
	answers map[string]int
}

func probe(goroutines int, ask func() string) *prober {
	p := &prober{stop: make(chan struct{}), answers: map[string]int{}}
	for range goroutines {
		p.probing.Go(func() {
			for {
				select {
				case <-p.stop:
					return
				case <-time.After(time.Millisecond):
					answer := ask()
					p.mu.Lock()
					p.answers[answer]++
					p.mu.Unlock()
				}
			}
		})
	}
	return p
}

// ends returns how often each answer came.
func (p *prober) ends() map[string]int {
	close(p.stop)
	p.probing.Wait()
	return p.answers
}

// upgradeOnce asks for an upgrade on a connection of its own.
func upgradeOnce(url string) string {
	host, path, _ := strings.Cut(strings.TrimPrefix(url, "ws://"), "/")
	conn, err := net.Dial("tcp", host)
	if errors.Is(err, syscall.ECONNRESET) {
		return "reset"
	}
	if err != nil {
		return err.Error()
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(patience))
	_, err = fmt.Fprintf(conn, "GET /%s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", path, host)
	if err != nil {
		return "reset"
	}
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return "no answer"
	case err != nil:
		return "reset"
	}
	_ = answer.Body.Close()
	return strings.TrimSpace(fmt.Sprint(answer.StatusCode, " ", answer.Header.Get("Retry-After")))
}

// readyOnce asks an admin listener whether its worker is ready.
func readyOnce(admin string) string {
	once := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: patience}
	answer, err := once.Get(admin + "/ready")
	if err != nil {
		return err.Error()
	}
	_, _ = io.Copy(io.Discard, answer.Body)
	_ = answer.Body.Close()
	return answer.Status
}

// All processes are replaced, one after another. Meanwhile whoever comes gets a
// connection, or is told to come again, and each worker is ready all the time.
func TestRoll_ReplacesAllWorkers(t *testing.T) {
	f := newFleet(t, "--drain-timeout=5s", "--drain-period=500ms")
	members, before := f.joinAll(10), f.pids()
	url := f.last(0, logServe).URL
	upgrades := probe(2, func() string { return upgradeOnce(url) })
	var ready [2]*prober
	for k := range ready {
		admin := f.last(k, logServe).Admin
		ready[k] = probe(1, func() string { return readyOnce(admin) })
	}
	f.signal(syscall.SIGUSR2)
	f.await("all have been replaced", func() bool { return len(f.logged(logGone)) == 2 })
	answers := upgrades.ends()
	t.Log("upgrades:", answers)
	for k := range ready {
		got := ready[k].ends()
		require.Len(t, got, 1, "worker %d: %v", k, got)
		require.Positive(t, got["200 OK"], "worker %d: %v", k, got)
	}
	require.Positive(t, answers["101"])
	require.Positive(t, answers["503 1"], "the old ones refuse")
	delete(answers, "101")
	delete(answers, "503 1")
	delete(answers, "reset") // of the old one's accept queue, where the kernel is not told better
	require.Empty(t, answers)

	require.Equal(t, []int{before[0], before[1]}, []int{f.logged(logGone)[0].PID, f.logged(logGone)[1].PID}, "one after another")
	after := f.pids()
	require.NotContains(t, before, after[0])
	require.NotContains(t, before, after[1])
	drained(t, append(members[0], members[1]...)...)
	require.Empty(t, f.logged("worker has ended"))
	require.Contains(t, f.get(0, "/metrics"), "\ngannet_worker_restarts_total 0\n")
	f.joinAll(1)
	f.signal(syscall.SIGTERM)
	require.NoError(t, f.ends())
}

// A worker's clients are served until each is closed, while those of the others
// notice nothing. SIGTERM in the midst of it has all of them go.
func TestRoll_ClosesClientsOneAfterAnother(t *testing.T) {
	f := newFleet(t, "--drain-timeout=1h", "--drain-period=5m")
	members := f.joinAll(2)
	for len(members[0]) < 300 { // one goes each second: the test needs no more than the first
		m := f.join()
		members[m.worker] = append(members[m.worker], m)
	}
	f.signal(syscall.SIGUSR2)
	f.await("the first is closed", func() bool { return len(open(members[0])) < len(members[0]) })
	left := open(members[0])
	require.Greater(t, len(left), len(members[0])/2)
	f.publish(0, "all", `{"type":"t","action":"still here"}`)
	served := 0
	for _, m := range left {
		select {
		case message := <-m.messages:
			require.Equal(t, `{"type":"t","action":"still here"}`, message)
			served++
		case <-m.closed: // its turn has come
		case <-time.After(patience):
			t.Fatal("a client is not served")
		}
	}
	require.Greater(t, served, len(left)/2)
	for _, m := range members[1] {
		require.Equal(t, `{"type":"t","action":"still here"}`, m.receive())
		m.answers()
	}
	f.await("one more waits, not two", func() bool {
		f.signal(syscall.SIGUSR2)
		return len(f.logged("a replacement of the workers waits already")) > 0
	})

	f.signal(syscall.SIGTERM)
	f.await("the other one drains, too", func() bool { return len(f.logged("draining")) == 2 })
	for _, m := range append(members[0], members[1]...) {
		_ = m.conn.NetConn().Close()
	}
	require.NoError(t, f.ends())
	require.Len(t, f.logged(logReady), 3)
}

// open returns those of the clients that have not been closed.
func open(members []*member) (left []*member) {
	for _, m := range members {
		if len(m.closed) == 0 {
			left = append(left, m)
		}
	}
	return left
}

// Settings with which no worker can start cost nobody anything.
func TestRoll_ReplacementCannotStart(t *testing.T) {
	file := filepath.Join(t.TempDir(), "gannet.yaml")
	write := func(settings string) { require.NoError(t, os.WriteFile(file, []byte(settings), 0o600)) }
	write("max-rooms: 7")
	f := newFleet(t, "--config="+file, "--drain-timeout=100ms")
	members, before := f.joinAll(1), f.pids()
	for _, wrong := range []string{"max-rooms: many", "path: ws"} {
		write(wrong)
		refused := len(f.logged(logKept))
		f.signal(syscall.SIGUSR2)
		f.await("it is not replaced", func() bool { return len(f.logged(logKept)) > refused })
		require.Contains(t, f.last(0, logKept).Error, wrong[:4])
	}
	require.Equal(t, before, f.pids())
	for k := range members {
		members[k][0].answers()
		require.Contains(t, f.get(k, "/ready"), "ready")
	}
	write("max-rooms: 8")
	f.signal(syscall.SIGUSR2)
	f.await("all have been replaced", func() bool { return len(f.logged(logGone)) == 2 })
	drained(t, members[0][0], members[1][0])
}

const logKept = "worker could not be replaced and goes on, as do those behind it"

// Workers that die while others are replaced are started again, and replaced
// when it is their turn.
func TestRoll_WorkersDieMeanwhile(t *testing.T) {
	f := newFleet(t, "--drain-timeout=10s", "--drain-period=3s")
	members, before := f.joinAll(5), f.pids()
	f.signal(syscall.SIGUSR2)
	f.await("the first is being replaced", func() bool { return len(f.logged(logReady)) == 3 })
	require.NoError(t, syscall.Kill(f.last(0, logReady).PID, syscall.SIGKILL))
	require.NoError(t, syscall.Kill(before[1], syscall.SIGKILL))
	f.await("both have been replaced", func() bool { return len(f.logged(logGone)) == 2 })
	require.Len(t, f.logged("worker has ended"), 2)
	for _, m := range members[1] {
		code, _ := m.end()
		require.EqualValues(t, 1006, code)
	}
	drained(t, members[0]...)
	for k := range members {
		require.NotContains(t, before, f.pids()[k])
		require.Contains(t, f.get(k, "/metrics"), "\ngannet_worker_restarts_total 1\n")
	}
	f.joinAll(1)
	f.signal(syscall.SIGTERM)
	require.NoError(t, f.ends())
}
