package bench

import (
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestReadCPUOfThisProcess(t *testing.T) {
	before, err := readCPU(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	for began := ownTime(t); ownTime(t)-began < 100*time.Millisecond; {
	}
	after, err := readCPU(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	used := after.since(before)
	if used.Total < 50*time.Millisecond || used.Total > 10*time.Second {
		t.Errorf("100 ms of work used %v", used.Total)
	}
	if used.user() > used.Total || used.User+used.System < clockTick {
		t.Errorf("of %v, %v in user space (ticks: %v and %v)", used.Total, used.user(), used.User, used.System)
	}
}

// ownTime is the CPU time of this process as it is told to itself.
func ownTime(t *testing.T) time.Duration {
	t.Helper()
	var usage unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &usage); err != nil {
		t.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

func TestReadCPUOfNobody(t *testing.T) {
	if _, err := readCPU(-1); err == nil {
		t.Error("no error")
	}
}

func TestParseStat(t *testing.T) {
	for _, test := range []struct {
		name, stat   string
		user, system time.Duration
		fails        bool
	}{
		{"plain", "1 (cat) R 2 3 4 0 -1 5 6 0 0 0 11 22 0 0 20", 110 * time.Millisecond, 220 * time.Millisecond, false},
		{"hostile name", "1 (a) R 9 9) R 2 3 4 0 -1 5 6 0 0 0 11 22 0 0 20", 110 * time.Millisecond, 220 * time.Millisecond, false},
		{"short", "1 (cat) R 2 3", 0, 0, true},
		{"no number", "1 (cat) R 2 3 4 0 -1 5 6 0 0 0 x 22 0 0 20", 0, 0, true},
		{"empty", "", 0, 0, true},
	} {
		user, system, err := parseStat([]byte(test.stat))
		if user != test.user || system != test.system || (err != nil) != test.fails {
			t.Errorf("%s: %v, %v, %v", test.name, user, system, err)
		}
	}
}

func TestResidentBytesOfThisProcess(t *testing.T) {
	n, err := residentBytes(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	if n < 1<<20 || n > 10<<30 {
		t.Errorf("%d bytes", n)
	}
}

func TestMachineIdle(t *testing.T) {
	before, err := parseMachine([]byte("cpu  100 0 100 700 100 0 0 0 5 5\ncpu0 1 2 3\n"))
	if err != nil {
		t.Fatal(err)
	}
	after, err := parseMachine([]byte("cpu  150 0 150 750 150 0 0 0 9 9\n"))
	if err != nil {
		t.Fatal(err)
	}
	if idle := after.idleSince(before); idle != 0.5 {
		t.Errorf("idle = %v, want 0.5", idle)
	}
	if _, err := parseMachine([]byte("cpu 1 2")); err == nil {
		t.Error("a short line is no error")
	}
	if _, err := readMachine(); err != nil {
		t.Error(err)
	}
}
