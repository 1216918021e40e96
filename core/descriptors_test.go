package core_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/core"
	"github.com/gannet-ws/gannet/core/admin"
)

// lowLimit is the number of descriptors of the server under test, which runs in
// a process of its own: limits are a process's.
const lowLimit = 320

// TestDescriptors_ServerProcess is that process, and passes where it is not
// started as such.
func TestDescriptors_ServerProcess(t *testing.T) {
	if os.Getenv("GANNET_TEST_LOW_LIMIT") == "" {
		return
	}
	limit := syscall.Rlimit{Cur: lowLimit, Max: lowLimit}
	require.NoError(t, syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit))
	server := start(t, core.Options{}, holdDescriptors)
	operator, err := admin.Listen(server, admin.Options{AdminAddr: "127.0.0.1:0", MaxPublishSize: 1 << 20})
	require.NoError(t, err)
	ctx, stop := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- operator.Serve(ctx) }()
	fmt.Println("serving", server.Addr(), operator.Addr())
	_, _ = io.Copy(io.Discard, os.Stdin) // until the other process ends it
	stop()
	require.NoError(t, <-served)
}

// holdDescriptors adds a route that opens as many files as it is asked for, as
// a handler's outgoing connections would, and closes them a while later. Until
// then it takes what others give back, if it could not have all.
func holdDescriptors(server *core.Server) {
	server.Handle("test", "hold", func(c *core.Context) (any, error) {
		var request struct{ Count, Milliseconds int }
		if err := c.Bind(&request); err != nil {
			return nil, err
		}
		held := openFiles(nil, request.Count)
		count, stopped := len(held), c.Context()
		go func() {
			for range request.Milliseconds {
				if stopped.Err() != nil {
					break
				}
				time.Sleep(time.Millisecond)
				held = openFiles(held, request.Count)
			}
			for _, file := range held {
				_ = file.Close()
			}
		}()
		return count, nil
	})
}

// openFiles opens files until there are so many, or no descriptor is left.
func openFiles(held []*os.File, count int) []*os.File {
	for len(held) < count {
		file, err := os.Open(os.DevNull)
		if err != nil {
			break
		}
		held = append(held, file)
	}
	return held
}

// lowServer is the server process as its peers see it.
type lowServer struct {
	t           *testing.T
	addr, admin string
}

func startLowServer(t *testing.T) *lowServer {
	command := exec.Command(os.Args[0], "-test.run=^TestDescriptors_ServerProcess$", "-test.v")
	command.Env = append(os.Environ(), "GANNET_TEST_LOW_LIMIT=1")
	input, err := command.StdinPipe()
	require.NoError(t, err)
	output, err := command.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, command.Start())
	s := &lowServer{t: t}
	lines := bufio.NewScanner(output)
	for s.admin == "" && lines.Scan() {
		_, _ = fmt.Sscanf(lines.Text(), "serving %s %s", &s.addr, &s.admin)
	}
	require.NotEmpty(t, s.admin, "the server process did not start")
	t.Cleanup(func() {
		_ = input.Close()
		rest, _ := io.ReadAll(output)
		require.NoError(t, command.Wait(), string(rest))
	})
	return s
}

func (s *lowServer) stats() (stats core.Stats) {
	response, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Get("http://" + s.admin + "/api/stats")
	require.NoError(s.t, err, "the admin listener has descriptors of its own")
	defer response.Body.Close()
	require.NoError(s.t, json.NewDecoder(response.Body).Decode(&stats))
	return stats
}

// upgrade sends an upgrade request and returns the connection and the answer's
// first line, which is empty when the connection was closed without one.
func (s *lowServer) upgrade() (net.Conn, string) {
	conn, err := net.Dial("tcp", s.addr)
	require.NoError(s.t, err)
	s.t.Cleanup(func() { _ = conn.Close() })
	require.NoError(s.t, conn.SetDeadline(time.Now().Add(patience)))
	_, _ = fmt.Fprint(conn, "GET /ws HTTP/1.1\r\nHost: test\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
	line, _ := bufio.NewReader(conn).ReadString('\n')
	return conn, strings.TrimSpace(line)
}

const switching = "HTTP/1.1 101 Switching Protocols"

func TestDescriptors_RunningOutRefusesAndNeverStops(t *testing.T) {
	s := startLowServer(t)
	speaker, err := dial(t, "ws://"+s.addr+"/ws")
	require.NoError(t, err)

	answers := map[string]int{}
	var conns []net.Conn
	for range lowLimit + 50 {
		conn, line := s.upgrade()
		conns = append(conns, conn)
		answers[line]++
	}
	stats := s.stats()
	assert.Equal(t, stats.MaxConnections, answers[switching]+1, "the cap is exact")
	assert.Positive(t, answers["HTTP/1.1 503 Service Unavailable"])
	assert.Positive(t, stats.Refused["max_connections"])
	assert.Zero(t, stats.AcceptFailures)
	assert.Contains(t, speaker.ask(`{"type":"system","action":"ping"}`), "pong", "those inside are served")

	for _, conn := range conns {
		_ = conn.Close()
	}
	eventually(t, func() bool { _, line := s.upgrade(); return line == switching }, "there is room again")
}

// Connections that are no clients give back their descriptors to who asks for a place.
func TestDescriptors_SilentConnectionsKeepNobodyOut(t *testing.T) {
	for name, sends := range map[string]string{"silent": "", "slow": "GET /ws HTTP/1.1\r\nHost: a", "refused": wireRequest("/nowhere")} {
		t.Run(name, func(t *testing.T) {
			s := startLowServer(t)
			flood := func(count int) {
				for range count {
					conn, err := net.Dial("tcp", s.addr)
					require.NoError(t, err)
					t.Cleanup(func() { _ = conn.Close() })
					_, _ = io.WriteString(conn, sends)
				}
			}
			flood(2 * lowLimit)
			for range 20 {
				_, line := s.upgrade()
				require.Equal(t, switching, line)
				flood(20)
			}
			stats := s.stats()
			assert.Equal(t, 20, stats.Clients)
			assert.Zero(t, stats.AcceptFailures)
			assert.Zero(t, stats.Refused["max_connections"])
		})
	}
}

// Where descriptors are scarce a client takes the place of a connection that is none,
// which is closed; where they are not any more, of nobody.
func TestDescriptors_OneGivesWayToAClient(t *testing.T) {
	const silent = lowLimit * 11 / 16 // the next has a number that is scarce, and yet an answer
	request := wireRequest("/ws")
	s := startLowServer(t)
	connect := func() net.Conn {
		conn, err := net.Dial("tcp", s.addr)
		require.NoError(t, err)
		t.Cleanup(func() { _ = conn.Close() })
		require.NoError(t, conn.SetDeadline(time.Now().Add(patience)))
		return conn
	}
	var conns []net.Conn
	for range silent {
		conns = append(conns, connect())
	}
	slow := connect()
	_, err := io.WriteString(slow, request[:20])
	require.NoError(t, err)
	eventually(t, func() bool { return s.stats().Connections == silent+1 }, "all are there")

	clients := 0
	stats := s.stats()
	for ; stats.Refused["descriptors"] == 0 && clients < 20; clients++ { // some numbers were the operator's, and are free again
		_, line := s.upgrade()
		require.Equal(t, switching, line)
		stats = s.stats()
	}
	require.EqualValues(t, 1, stats.Refused["descriptors"])
	eventually(t, func() bool { return s.stats().Connections == silent+clients }, "the last has the place of another")

	for _, conn := range conns[silent/2:] {
		require.NoError(t, conn.Close())
	}
	eventually(t, func() bool { return s.stats().Connections == silent/2+clients }, "they have gone")
	_, err = io.WriteString(slow, request[20:])
	require.NoError(t, err)
	line, err := bufio.NewReader(slow).ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, switching, strings.TrimSpace(line))
	stats = s.stats()
	require.Equal(t, silent/2+clients, stats.Connections, "nobody has made room for it")
	require.EqualValues(t, 1, stats.Refused["descriptors"])
}

func TestDescriptors_OutgoingAndAdminConnectionsCount(t *testing.T) {
	s := startLowServer(t)
	speaker, err := dial(t, "ws://"+s.addr+"/ws")
	require.NoError(t, err)
	for range core.AdminDescriptors + 20 {
		idle, err := net.Dial("tcp", s.admin)
		require.NoError(t, err)
		t.Cleanup(func() { _ = idle.Close() })
	}
	// All that is left but a few: clients must be refused before an accept
	// finds none.
	reply := speaker.ask(`{"type":"test","action":"hold","data":{"count":190,"milliseconds":3000}}`)
	require.Contains(t, reply, `"response":190`)
	refused := 0
	for range 100 {
		if _, line := s.upgrade(); line != switching {
			assert.Equal(t, "HTTP/1.1 503 Service Unavailable", line)
			refused++
		}
	}
	assert.Positive(t, refused)
	assert.Contains(t, speaker.ask(`{"type":"system","action":"ping"}`), "pong")
	eventually(t, func() bool { _, line := s.upgrade(); return line == switching }, "there is room again")
	eventually(t, func() bool {
		response, err := http.Get("http://" + s.admin + "/health")
		if err != nil {
			return false
		}
		_ = response.Body.Close()
		return response.StatusCode == http.StatusOK
	}, "the admin listener recovers when its idle connections time out")
	assert.Zero(t, s.stats().AcceptFailures)
}

// TestDescriptors_NoneLeftLosesNobody takes every last descriptor, which no reserve
// can help against: an accept fails.
func TestDescriptors_NoneLeftLosesNobody(t *testing.T) {
	s := startLowServer(t)
	speaker, err := dial(t, "ws://"+s.addr+"/ws")
	require.NoError(t, err)
	speaker.ask(`{"type":"test","action":"hold","data":{"count":1000,"milliseconds":500}}`)
	waiting, err := net.Dial("tcp", s.addr)
	require.NoError(t, err, "the kernel lets it wait")
	defer waiting.Close()
	assert.Contains(t, speaker.ask(`{"type":"system","action":"ping"}`), "pong", "those inside are served")

	var stats core.Stats
	eventually(t, func() bool {
		late, err := dial(t, "ws://"+s.addr+"/ws")
		if err != nil || !strings.Contains(late.ask(`{"type":"system","action":"ping"}`), "pong") {
			return false
		}
		stats = s.stats()
		return true
	}, "there is room again")
	assert.Positive(t, stats.AcceptFailures)
	assert.Equal(t, 2, stats.Clients)
	assert.Contains(t, speaker.ask(`{"type":"system","action":"ping"}`), "pong")
}
