// Package redistest runs real Redis servers for tests: on free ports of
// loopback, without persistence, in the test's own directory. All of them end
// with the test.
package redistest

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patience bounds every wait; only a failing test uses it up.
const patience = 30 * time.Second

// Server is a Redis server. Its methods are for the test's goroutine.
type Server struct {
	Addr string // host:port

	t       testing.TB
	command []string
	dir     string
	process *exec.Cmd
	ended   chan struct{} // closed when the process has gone
}

// Start runs a server, with further settings of redis-server if some are given:
// "--save", "".
func Start(t testing.TB, settings ...string) *Server {
	t.Helper()
	return start(t, freePort(t), settings)
}

func start(t testing.TB, port int, settings []string) *Server {
	t.Helper()
	s := &Server{t: t, Addr: net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), dir: t.TempDir()}
	s.command = append([]string{
		find(t),
		"--port", strconv.Itoa(port), "--bind", "127.0.0.1", "--dir", s.dir,
		"--save", "", "--appendonly", "no", "--logfile", "redis.log", "--daemonize", "no",
	}, settings...)
	t.Cleanup(s.end) // even if it does not answer
	s.launch()
	return s
}

// URL returns the address as redis://host:port.
func (s *Server) URL() string { return "redis://" + s.Addr }

func (s *Server) launch() {
	s.t.Helper()
	s.process = exec.Command(s.command[0], s.command[1:]...)
	s.process.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	process, ended, started := s.process, make(chan struct{}), make(chan error)
	go func() {
		defer close(ended)
		runtime.LockOSThread() // the server dies with the thread that has started it
		defer runtime.UnlockOSThread()
		err := process.Start()
		started <- err
		if err == nil {
			_ = process.Wait()
		}
	}()
	if err := <-started; err != nil {
		s.t.Fatalf("cannot start a Redis server: %v", err)
	}
	s.ended = ended
	s.await()
}

// await returns when the server answers.
func (s *Server) await() {
	s.t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		select {
		case <-s.ended:
			s.t.Fatalf("the Redis server has ended:\n%s", s.log())
		default:
		}
		if _, err := command(s.Addr, "PING"); err == nil || strings.HasPrefix(err.Error(), "NOAUTH") {
			return
		}
	}
	s.t.Fatalf("the Redis server does not answer:\n%s", s.log())
}

func (s *Server) log() string {
	log, _ := os.ReadFile(filepath.Join(s.dir, "redis.log"))
	return string(log)
}

// Kill ends the server as a crash does, with SIGKILL, and waits until it has
// gone. It does nothing when the server does not run.
func (s *Server) Kill() {
	s.signal(syscall.SIGKILL)
	<-s.ended
}

// Restart runs a killed server again, on the same port and with nothing in it.
func (s *Server) Restart() {
	s.t.Helper()
	s.launch()
}

// Freeze stops the server without closing anything: connections stay, and
// nothing is answered.
func (s *Server) Freeze() { s.signal(syscall.SIGSTOP) }

// Thaw lets a frozen server go on.
func (s *Server) Thaw() { s.signal(syscall.SIGCONT) }

func (s *Server) signal(signal syscall.Signal) { _ = s.process.Process.Signal(signal) }

func (s *Server) end() {
	if s.ended == nil {
		return // it could not be started
	}
	s.Kill()
	if s.t.Failed() {
		s.t.Logf("log of the Redis server at %s:\n%s", s.Addr, s.log())
	}
}

// Do sends a command and returns the answer: a simple value as text, an array as
// its elements' texts in lines. It fails the test on an error.
func (s *Server) Do(args ...string) string {
	s.t.Helper()
	answer, err := command(s.Addr, args...)
	if err != nil {
		s.t.Fatalf("%s: %v", strings.Join(args, " "), err)
	}
	return answer
}

// Try sends a command as Do does, and returns an error where the server is away, or
// refuses.
func (s *Server) Try(args ...string) (string, error) { return command(s.Addr, args...) }

// Until sends a command until its answer contains the text.
func (s *Server) Until(text string, args ...string) {
	s.t.Helper()
	var answer string
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if answer, _ = command(s.Addr, args...); strings.Contains(answer, text) {
			return
		}
	}
	s.t.Fatalf("%s: no %q in the answer:\n%s", strings.Join(args, " "), text, answer)
}

// command sends one command over a connection of its own.
func command(addr string, args ...string) (string, error) {
	conn, err := net.DialTimeout("tcp", addr, time.Second)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(5 * time.Second))
	request := fmt.Appendf(nil, "*%d\r\n", len(args))
	for _, arg := range args {
		request = fmt.Appendf(request, "$%d\r\n%s\r\n", len(arg), arg)
	}
	if _, err := conn.Write(request); err != nil {
		return "", err
	}
	return readAnswer(bufio.NewReader(conn))
}

func readAnswer(r *bufio.Reader) (string, error) {
	line, err := readLine(r)
	if err != nil {
		return "", err
	}
	switch rest := line[1:]; line[0] {
	case '-':
		return "", fmt.Errorf("%s", rest)
	case '$':
		return readBlob(r, rest)
	case '*':
		return readList(r, rest)
	default:
		return rest, nil
	}
}

// readLine reads a line of at least its first byte, which says what it is.
func readLine(r *bufio.Reader) (string, error) {
	line, err := r.ReadString('\n')
	if err != nil {
		return "", err
	}
	line = strings.TrimSuffix(line, "\r\n")
	if line == "" {
		return "", errors.New("an empty line")
	}
	return line, nil
}

func readBlob(r *bufio.Reader, size string) (string, error) {
	n, err := strconv.Atoi(size)
	if err != nil || n < 0 {
		return "", err
	}
	blob := make([]byte, n+2)
	if _, err := io.ReadFull(r, blob); err != nil {
		return "", err
	}
	return string(blob[:n]), nil
}

func readList(r *bufio.Reader, size string) (string, error) {
	elements, err := readElements(r, size)
	return strings.Join(elements, "\n"), err
}

func readElements(r *bufio.Reader, size string) (elements []string, err error) {
	n, err := strconv.Atoi(size)
	if err != nil {
		return nil, err
	}
	for range n {
		element, err := readAnswer(r)
		if err != nil {
			return nil, err
		}
		elements = append(elements, element)
	}
	return elements, nil
}

// find returns the path of redis-server.
func find(t testing.TB) string {
	t.Helper()
	for _, name := range []string{os.Getenv("REDIS_SERVER"), "redis-server"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Fatal("There is no redis-server for the tests: run them with `make test`, which finds or installs one.")
	return ""
}

// Ports are below those that the kernel gives to outgoing connections. A client
// that comes back again and again while its server is away would get the server's
// port for its own end one day, be connected to itself, and keep the server from
// starting again.
const (
	firstPort = 12_000
	lastPort  = 32_000
)

var (
	portsTaken = map[int]bool{}
	portsMu    sync.Mutex
)

// freePort returns a port of loopback that was free a moment ago, and that no other
// server of this process has had.
func freePort(t testing.TB) int {
	t.Helper()
	portsMu.Lock()
	defer portsMu.Unlock()
	for range 1000 {
		port := firstPort + rand.IntN(lastPort-firstPort)
		if portsTaken[port] || !isFree(port) {
			continue
		}
		portsTaken[port] = true
		return port
	}
	t.Fatal("There is no free port.")
	return 0
}

func isFree(port int) bool {
	listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return false
	}
	return listener.Close() == nil
}
