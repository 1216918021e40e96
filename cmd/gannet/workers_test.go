package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/bus/redistest"
	"github.com/gannet-ws/gannet/core"
)

func TestWorkers_ShareAPortAndTheirRooms(t *testing.T) {
	f := newFleet(t)
	members := f.joinAll(1)
	for k := range members {
		f.publish(k, "all", `{"type":"t","action":"a"}`)
		for _, m := range append(members[0], members[1]...) {
			require.Equal(t, `{"type":"t","action":"a"}`, m.receive())
		}
	}
	for k := range members {
		var stats struct {
			Worker struct{ Number, Restarts int }
		}
		require.NoError(t, json.Unmarshal([]byte(f.get(k, "/api/stats")), &stats))
		require.Equal(t, k, stats.Worker.Number)
		require.Contains(t, f.get(k, "/metrics"), "\ngannet_worker_restarts_total 0\n")
		require.Equal(t, 2, f.last(k, logServe).Loops, "half of the CPUs")
	}
	require.NotEqual(t, f.last(0, logServe).Admin, f.last(1, logServe).Admin)
	require.Equal(t, f.last(0, logServe).URL, f.last(1, logServe).URL)
	_, port, _ := strings.Cut(f.last(0, logServe).URL, "127.0.0.1:")
	_, err := net.Listen("tcp", "127.0.0.1:"+strings.TrimSuffix(port, "/ws"))
	require.ErrorContains(t, err, "address already in use")
}

func TestWorkers_OneThatDiesIsStartedAgain(t *testing.T) {
	f := newFleet(t)
	members := f.joinAll(2)
	before := f.pids()
	require.NoError(t, syscall.Kill(before[1], syscall.SIGKILL))
	for _, m := range members[1] {
		code, _ := m.end()
		require.EqualValues(t, 1006, code)
	}
	f.await("another process serves", func() bool { return f.pids()[1] != before[1] })
	require.Equal(t, before[0], f.pids()[0])
	require.Equal(t, "signal: killed", f.last(1, "worker has ended").Status)
	require.Contains(t, f.get(1, "/metrics"), "\ngannet_worker_restarts_total 1\n")

	again := f.joinAll(1)
	f.publish(1, "all", `{"type":"t","action":"again"}`)
	for _, m := range append(append(members[0], again[0]...), again[1]...) {
		require.Equal(t, `{"type":"t","action":"again"}`, m.receive())
	}
	f.signal(syscall.SIGTERM)
	require.NoError(t, f.ends())
}

// The others forget a worker that was killed, with its clients and its rooms, and
// so does Redis.
func TestWorkers_NothingRemainsOfOneThatDies(t *testing.T) {
	f := newFleet(t, "--redis-heartbeat-interval=100ms", "--redis-probe-interval=100ms")
	members := f.joinAll(2)
	dead := f.last(1, logServe).Node
	f.await("the workers know each other", func() bool { return strings.Contains(f.get(0, "/api/nodes"), dead) })
	require.Contains(t, f.get(0, "/api/rooms/all/members"), dead)

	require.NoError(t, syscall.Kill(f.pids()[1], syscall.SIGKILL))
	f.await("another process serves", func() bool { return f.last(1, logServe).Node != dead })
	again := f.last(1, logServe).Node
	f.await("the other worker gives it up, and knows its successor", func() bool {
		knows := slices.ContainsFunc(f.tier(0).Nodes, func(n core.NodeStatus) bool { return n.ID == again })
		return knows && f.loses(0, dead)
	})
	for _, m := range members[0] {
		m.answers()
	}
	listed := f.get(0, "/api/rooms/all/members")
	require.NotContains(t, listed, dead)
	require.Contains(t, listed, `"missing":[]`)
	require.Equal(t, len(members[0]), strings.Count(listed, `"clientId"`))
	require.Contains(t, f.get(0, "/api/rooms"), fmt.Sprintf(`"members":%d`, len(members[0])))
	f.await("Redis forgets it", func() bool { return !strings.Contains(f.redis.Do("PUBSUB", "CHANNELS", "*"), dead) })
	require.Equal(t, "0", f.redis.Do("DBSIZE"))
}

func TestWorkers_DrainAtSIGTERM(t *testing.T) {
	f := newFleet(t)
	members := f.joinAll(2)
	f.signal(syscall.SIGHUP)
	f.await("both workers hear of the signal", func() bool { return len(f.logged(logReloaded)) == 2 })
	members[0][0].answers()
	f.signal(syscall.SIGTERM)
	drained(t, append(members[0], members[1]...)...)
	require.NoError(t, f.ends(), "exit status 0")
	require.Len(t, f.logged("stopping"), 1, "the parent says it, and no worker")
	require.Len(t, f.logged("stopped"), 1)
}

// A terminal sends its signals to all processes, a service manager does so, too,
// and what it sends to the workers counts for nothing.
func TestWorkers_SignalToAllProcesses(t *testing.T) {
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		t.Run(signal.String(), func(t *testing.T) {
			f := newFleet(t)
			members := f.joinAll(1)
			for _, pid := range f.pids() {
				require.NoError(t, syscall.Kill(pid, syscall.SIGHUP))
				require.NoError(t, syscall.Kill(pid, syscall.SIGUSR2))
			}
			require.NoError(t, syscall.Kill(-f.Process.Pid, signal))
			drained(t, append(members[0], members[1]...)...)
			require.NoError(t, f.ends(), "exit status 0")
		})
	}
}

func TestWorkers_SecondSignalEndsAtOnce(t *testing.T) {
	f := newFleet(t, "--drain-timeout=1h", "--close-timeout=1h")
	deaf := &command{Cmd: f.Cmd, url: f.last(0, logServe).URL}
	_, reader, line := deaf.upgrade(t)
	require.Equal(t, "HTTP/1.1 101 Switching Protocols", line)
	skipHead(t, reader)
	f.signal(syscall.SIGTERM)
	first, err := reader.ReadByte()
	require.NoError(t, err)
	require.EqualValues(t, 0x88, first, "a close frame, which is not answered")
	f.signal(syscall.SIGINT)
	var exit *exec.ExitError
	require.ErrorAs(t, f.ends(), &exit)
	require.Equal(t, 1, exit.ExitCode(), "it was not killed itself")
	require.Len(t, f.logged("worker has not drained"), 2)
	require.Len(t, f.logged("gannet: not all workers have drained"), 1)
}

func TestWorkers_EndWithTheirParent(t *testing.T) {
	f := newFleet(t)
	members := f.joinAll(1)
	f.signal(syscall.SIGKILL)
	drained(t, append(members[0], members[1]...)...)
	require.Error(t, f.ends())
}

func TestWorkers_WrongSettingsAreRefusedWithASentence(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	taken := listener.Addr().String()
	redis := "--redis-url=redis://127.0.0.1:1"
	tests := map[string]struct {
		args []string
		want string
	}{
		"no Redis":         {[]string{"--workers=2"}, "workers is 2: more than one need redis-url"},
		"none":             {[]string{"--workers=0"}, "workers must be above zero"},
		"fewer than none":  {[]string{"--workers=-1"}, "workers is -1: it is 1 to 256"},
		"too many":         {[]string{"--workers=257", redis}, "workers is 257: it is 1 to 256"},
		"no time to start": {[]string{"--worker-start-timeout=-1s"}, "worker-start-timeout must be above zero"},
		"port in use":      {[]string{"--workers=2", redis, "--addr=" + taken}, "cannot listen for WebSocket connections"},
		"admin port":       {[]string{"--workers=2", redis, "--admin-addr=" + taken}, "cannot open the admin listener of worker 0"},
		"second admin":     {[]string{"--workers=2", redis, "--admin-addr=127.0.0.1:65535"}, `admin-addr is "127.0.0.1:65535": the last of 2 workers would listen on port 65536`},
		"no admin address": {[]string{"--workers=2", redis, "--admin-addr=nowhere"}, `admin-addr is "nowhere": it is HOST:PORT`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			err := run(ctx, append([]string{"serve", "--addr=127.0.0.1:0", "--admin-addr=127.0.0.1:0"}, test.args...))
			require.ErrorContains(t, err, test.want)
			require.NotContains(t, err.Error(), "\n")
		})
	}
}

// What keeps a worker from starting is said once, and is the end.
func TestWorkers_ThatCannotStart(t *testing.T) {
	redis := redistest.Start(t)
	tests := map[string]struct {
		args, environment []string
		want              string
	}{
		"wrong setting":    {[]string{"--path=ws"}, nil, `gannet: path "ws" must begin with a slash and have no query` + "\n"},
		"too slow":         {[]string{"--worker-start-timeout=1us"}, nil, "gannet: a worker was not ready within 1µs\n"},
		"not by a parent":  {nil, []string{workerVariable + "={}"}, "gannet: " + workerVariable + " is for gannet itself to set: "},
		"not even started": {nil, []string{workerVariable + "=x"}, "gannet: " + workerVariable + " is for gannet itself to set: "},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			args := []string{"serve", "--addr=127.0.0.1:0", "--admin-addr=127.0.0.1:0", "--log-level=error", "--workers=3", "--redis-url=" + redis.URL()}
			gannet := exec.CommandContext(ctx, os.Args[0], append(args, test.args...)...)
			gannet.Env = append(append(os.Environ(), "GANNET_TEST_AS_COMMAND=1"), test.environment...)
			output, err := gannet.CombinedOutput()
			var exit *exec.ExitError
			require.ErrorAs(t, err, &exit, string(output))
			assert.Equal(t, 1, exit.ExitCode())
			assert.Contains(t, string(output), test.want)
			assert.Equal(t, 1, strings.Count(string(output), "gannet:"), string(output))
		})
	}
}

// A link by which gannet was started may lead to another release by the time that a
// worker is.
func TestProgramPath_IsNotResolved(t *testing.T) {
	program, err := os.Executable()
	require.NoError(t, err)
	link := filepath.Join(t.TempDir(), "gannet")
	require.NoError(t, os.Symlink(program, link))
	started := os.Args[0]
	t.Cleanup(func() { os.Args[0] = started })
	os.Args[0] = link
	path, err := programPath()
	require.NoError(t, err)
	require.Equal(t, link, path)
}

func TestBackoff_DoublesAndForgets(t *testing.T) {
	var b backoff
	limit := leastBackoff
	for range 20 {
		wait := b.next()
		require.GreaterOrEqual(t, wait, limit/2)
		require.Less(t, wait, limit)
		limit = min(2*limit, mostBackoff)
	}
	b.served(steady - 1)
	require.GreaterOrEqual(t, b.next(), mostBackoff/2)
	b.served(steady)
	require.Less(t, b.next(), leastBackoff)
	require.GreaterOrEqual(t, b.next(), leastBackoff)
}

func TestHoldPort_IsForThoseWhoShareIt(t *testing.T) {
	addresses := []string{"127.0.0.1:0", ":0", "0.0.0.0:0"}
	if probe, err := net.Listen("tcp", "[::1]:0"); err == nil { // where there is IPv6
		_ = probe.Close()
		addresses = append(addresses, "[::1]:0")
	}
	for _, address := range addresses {
		t.Run(address, func(t *testing.T) {
			port, err := holdPort(address)
			require.NoError(t, err)
			_, err = net.Listen("tcp", port.addr.String())
			require.ErrorContains(t, err, "address already in use")
			second, err := bindShared(port.addr)
			require.NoError(t, err)
			require.NoError(t, second.Close())
			port.release()
			listener, err := net.Listen("tcp", port.addr.String())
			require.NoError(t, err)
			require.NoError(t, listener.Close())
		})
	}
}

func TestAddPort(t *testing.T) {
	for address, want := range map[string]string{
		"127.0.0.1:3001": "127.0.0.1:3003", ":3001": ":3003", "[::1]:3001": "[::1]:3003", "localhost:http": "localhost:82", ":0": ":0",
	} {
		got, err := addPort(address, 2)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	_, err := addPort("nowhere", 2)
	require.Error(t, err)
}
