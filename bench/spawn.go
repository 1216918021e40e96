package bench

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
	"time"
)

const (
	// startLimit is how long a spawned server may take to be ready.
	startLimit = 15 * time.Second
	// stopLimit is how long it may take to end after SIGTERM, then it is killed.
	stopLimit = 10 * time.Second
	// tailSize is how much of its last output is kept, in bytes.
	tailSize = 4 << 10
)

// process is a child of ours. It dies with this process, however that ends.
type process struct {
	pid    int
	ended  chan struct{} // closed when it has ended
	output tail
}

// spawn starts a command, with variables beside those of this process. Its output
// is kept for when it fails.
func spawn(command []string, variables ...string) (*process, error) {
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Env = append(os.Environ(), variables...)
	return start(cmd)
}

// start starts a command in a process group of its own, so that an interrupt
// from the terminal leaves the order of stopping to us. What it writes to standard
// error is kept, and to standard output too unless that leads elsewhere.
func start(cmd *exec.Cmd) (*process, error) {
	p := &process{ended: make(chan struct{})}
	cmd.Stderr = &p.output
	if cmd.Stdout == nil {
		cmd.Stdout = &p.output
	}
	started := make(chan error)
	go p.run(cmd, started)
	if err := <-started; err != nil {
		return nil, fmt.Errorf("bench: starting %s: %w", cmd.Path, err)
	}
	return p, nil
}

// run starts the command and waits for its end. It keeps its thread all that
// time: the kernel sends the death signal when the thread that forked ends.
func (p *process) run(cmd *exec.Cmd, started chan<- error) {
	defer close(p.ended)
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
	if err := cmd.Start(); err != nil {
		started <- err
		return
	}
	p.pid = cmd.Process.Pid
	started <- nil
	_ = cmd.Wait() // how it ended is told by its output
}

// awaitReady waits until ready reports that the process is.
func (p *process) awaitReady(ctx context.Context, ready func(context.Context) bool) error {
	limit := time.Now().Add(startLimit)
	for !ready(ctx) {
		select {
		case <-p.ended:
			return fmt.Errorf("bench: the spawned process ended: %s", p.output.String())
		default:
		}
		if time.Now().After(limit) {
			return fmt.Errorf("bench: the spawned process was not ready after %v: %s", startLimit, p.output.String())
		}
		if err := pause(ctx, 10*time.Millisecond); err != nil {
			return err
		}
	}
	return nil
}

// stop ends the process and waits for that.
func (p *process) stop() {
	child, err := os.FindProcess(p.pid)
	if err != nil {
		return // it has ended
	}
	_ = child.Signal(syscall.SIGTERM)
	select {
	case <-p.ended:
	case <-time.After(stopLimit):
		p.kill()
	}
}

// kill ends the process at once and waits for that.
func (p *process) kill() {
	select {
	case <-p.ended:
	default:
		_ = syscall.Kill(p.pid, syscall.SIGKILL)
		<-p.ended
	}
}

// tail keeps the last tailSize bytes written. It is safe for any goroutine.
type tail struct {
	mutex sync.Mutex
	bytes []byte
}

func (t *tail) Write(b []byte) (int, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	t.bytes = append(t.bytes, b...)
	t.bytes = t.bytes[max(len(t.bytes)-tailSize, 0):]
	return len(b), nil
}

func (t *tail) String() string {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	return string(t.bytes)
}
