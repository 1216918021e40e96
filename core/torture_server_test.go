//go:build torture

package core_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/core"
)

// The server under torture is a process of its own, so that its memory can be
// told from the torturer's and its death from the test's. It reads commands
// from its standard input, a line each, and answers each with a line.

const (
	tortureSecret = "the secret of the torture"
	tortureTick   = 50 * time.Millisecond
	// answerMark begins the answers: the test binary prints lines of its own.
	answerMark = "tortured: "
)

// figures are what the server process tells of itself once it has settled.
type figures struct {
	core.Stats
	Resident, Peak int64 // KiB
	Heap           int64 // KiB in use
	Idle           int64 // KiB of heap that the runtime could give back and has not
	Runtime        int64 // KiB that the runtime needs to keep account of it all
	Goroutines     int
}

// TestTorture_ServerProcess is the server process, and passes where it is not
// started as such.
func TestTorture_ServerProcess(t *testing.T) {
	if os.Getenv("GANNET_TEST_TORTURED") == "" {
		return
	}
	server := start(t, core.Options{
		ClientPublish:    true,
		JWTSecret:        tortureSecret,
		HandshakeTimeout: 2 * time.Second,
		CloseTimeout:     time.Second,
		PingInterval:     3 * time.Second,
		PingTimeout:      5 * time.Second,
	})
	fmt.Println(answerMark + server.Addr().String())
	var speaking *speaker
	commands := bufio.NewScanner(os.Stdin)
	for commands.Scan() {
		answer := ""
		switch command, room, _ := strings.Cut(commands.Text(), " "); command {
		case "settle":
			answer = settle(t, server)
		case "speak":
			speaking = speak(server, room)
		case "hush":
			answer = strconv.Itoa(speaking.hush())
		}
		fmt.Println(answerMark + answer)
	}
}

// settle waits until nobody is connected, and gives back all memory that can be.
func settle(t *testing.T, server *core.Server) string {
	for limit := time.Now().Add(2 * patience); server.Stats().Connections > 0 && time.Now().Before(limit); {
		time.Sleep(10 * time.Millisecond)
	}
	f := figures{Stats: server.Stats(), Goroutines: quietGoroutines()}
	memory := collect()
	f.Heap, f.Idle = int64(memory.HeapInuse>>10), int64((memory.HeapIdle-memory.HeapReleased)>>10)
	f.Runtime = int64((memory.MSpanSys + memory.MCacheSys + memory.GCSys + memory.BuckHashSys + memory.OtherSys + memory.StackSys) >> 10)
	f.Resident, f.Peak = statusKiB(t, "VmRSS:"), statusKiB(t, "VmHWM:")
	text, err := json.Marshal(f)
	require.NoError(t, err)
	return string(text)
}

// collect gives memory back to the kernel until little is left to give. A
// sync.Pool is empty after the second collection, and what ends while one runs
// goes with the next.
func collect() (memory runtime.MemStats) {
	for try := 0; try < 5 || try < 50 && memory.HeapIdle-memory.HeapReleased > 1<<20; try++ {
		debug.FreeOSMemory()
		time.Sleep(20 * time.Millisecond)
		runtime.ReadMemStats(&memory)
	}
	return memory
}

// quietGoroutines is the least number of goroutines over a while, in which
// those that are about to end do.
func quietGoroutines() int {
	least := runtime.NumGoroutine()
	for range 20 {
		time.Sleep(10 * time.Millisecond)
		least = min(least, runtime.NumGoroutine())
	}
	return least
}

func statusKiB(t *testing.T, name string) int64 {
	status, err := os.ReadFile("/proc/self/status")
	require.NoError(t, err)
	for line := range strings.Lines(string(status)) {
		if fields := strings.Fields(line); len(fields) > 1 && fields[0] == name {
			n, err := strconv.ParseInt(fields[1], 10, 64)
			require.NoError(t, err)
			return n
		}
	}
	t.Fatalf("the kernel does not tell %s", name)
	return 0
}

// speaker publishes 1, 2, 3 … to a room.
type speaker struct {
	stop  chan struct{}
	ended chan int
}

func speak(server *core.Server, room string) *speaker {
	s := &speaker{make(chan struct{}), make(chan int)}
	go func() {
		tick := time.NewTicker(tortureTick)
		defer tick.Stop()
		number := 1
		for {
			message := newMessage("torture", "count", strconv.AppendInt(nil, int64(number), 10))
			// ErrOverloaded says to try again, so the next tick does.
			if _, err := server.Publish(core.Publication{To: core.Room(room), Message: message}); err == nil {
				number++
			}
			select {
			case <-tick.C:
			case <-s.stop:
				s.ended <- number - 1
				return
			}
		}
	}()
	return s
}

// hush ends the speaker and returns the last number.
func (s *speaker) hush() int {
	close(s.stop)
	return <-s.ended
}

// torturedServer is the server process as the torturer sees it.
type torturedServer struct {
	t       *testing.T
	addr    string
	input   io.WriteCloser
	answers chan string
	ended   chan struct{}
	log     string
}

func startTortured(t *testing.T) *torturedServer {
	s := &torturedServer{t: t, answers: make(chan string, 16), ended: make(chan struct{}), log: filepath.Join(t.TempDir(), "log")}
	log, err := os.Create(s.log)
	require.NoError(t, err)
	defer log.Close()
	command := exec.Command(os.Args[0], "-test.run=^TestTorture_ServerProcess$", "-test.v", "-test.timeout=0")
	command.Env = append(os.Environ(), "GANNET_TEST_TORTURED=1", "GOTRACEBACK=all")
	command.Stderr = log
	s.input, err = command.StdinPipe()
	require.NoError(t, err)
	output, err := command.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, command.Start())
	go s.listen(output)
	t.Cleanup(func() {
		_ = s.input.Close()
		<-s.ended
		require.NoError(t, command.Wait(), s.said())
	})
	s.addr = s.answer("the address")
	return s
}

func (s *torturedServer) listen(output io.Reader) {
	defer close(s.ended)
	lines := bufio.NewScanner(output)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if answer, ok := strings.CutPrefix(lines.Text(), answerMark); ok {
			s.answers <- answer
		}
	}
}

// alive reports whether the process runs.
func (s *torturedServer) alive() bool {
	select {
	case <-s.ended:
		return false
	default:
		return true
	}
}

// said is the end of what the process wrote to its standard error: a crash
// begins with its cause, so the beginning of the last trace counts.
func (s *torturedServer) said() string {
	text, _ := os.ReadFile(s.log)
	for _, mark := range []string{"\nfatal error:", "\npanic:"} {
		if i := bytes.Index(text, []byte(mark)); i >= 0 {
			text = text[i:]
			return string(text[:min(len(text), 8<<10)])
		}
	}
	return string(text[max(0, len(text)-8<<10):])
}

func (s *torturedServer) ask(command string) string {
	_, _ = fmt.Fprintln(s.input, command)
	return s.answer(command)
}

func (s *torturedServer) answer(to string) string {
	s.t.Helper()
	select {
	case answer := <-s.answers:
		return answer
	case <-s.ended:
		s.t.Fatalf("%s: the server process has ended:\n%s", to, s.said())
	case <-time.After(4 * patience):
		s.t.Fatalf("%s: the server process does not answer:\n%s", to, s.said())
	}
	return ""
}

func (s *torturedServer) settle() (f figures) {
	s.t.Helper()
	require.NoError(s.t, json.Unmarshal([]byte(s.ask("settle")), &f))
	return f
}
