package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"time"
)

// process is a worker's process, as its parent sees it. Any goroutine may call
// its methods.
type process struct {
	command *exec.Cmd
	control net.Conn
	ready   chan struct{} // closed when it serves
	exited  chan struct{} // closed when it has gone
	hung    atomic.Bool   // it gave no more signs of life, and was killed
	failure string        // its own sentence; to be read when it has gone
	err     error         // how it ended, nil for status 0; to be read when it has gone
	since   time.Time     // when it was started
}

// programPath returns the path by which this program was started: it may lead to
// another file by now, a new release.
func programPath() (string, error) {
	path, err := exec.LookPath(os.Args[0])
	if err != nil {
		return os.Executable()
	}
	return filepath.Abs(path)
}

// launch starts this program again as a worker, which is killed when force ends.
func launch(force context.Context, a assignment, admin *os.File) (*process, error) {
	program, err := programPath()
	if err != nil {
		return nil, err
	}
	assigned, err := json.Marshal(a)
	if err != nil {
		return nil, err
	}
	control, theirs, err := socketPair()
	if err != nil {
		return nil, err
	}
	defer theirs.Close()
	command := exec.CommandContext(force, program, os.Args[1:]...)
	command.Env = append(os.Environ(), workerVariable+"="+string(assigned))
	command.Stdout, command.Stderr = os.Stdout, os.Stderr
	command.ExtraFiles = []*os.File{theirs, admin} // controlDescriptor, adminDescriptor
	if err := command.Start(); err != nil {
		_ = control.Close()
		return nil, err
	}
	p := &process{command: command, control: control, ready: make(chan struct{}), exited: make(chan struct{}), since: time.Now()}
	go p.watch(a.Pulse)
	return p, nil
}

// watch hears what the process says until it has gone. From when it serves it has to
// say within each pulse that it lives.
func (p *process) watch(pulse time.Duration) {
	defer close(p.exited)
	dog := watchdog{pulse: pulse, bite: p.giveUp}
	listen(p.control, func(w word) {
		switch {
		case w.Ready:
			close(p.ready)
			dog.heard()
		case w.Alive:
			dog.heard()
		case w.Failure != "":
			p.failure = w.Failure
		}
	})
	dog.leave()
	p.err = p.command.Wait()
	_ = p.control.Close()
}

// pid is the number of the process.
func (p *process) pid() int { return p.command.Process.Pid }

// hasExited reports whether the process has gone.
func (p *process) hasExited() bool {
	select {
	case <-p.exited:
		return true
	default:
		return false
	}
}

// status says how the process ended: in its own words if it had some, or else as
// the kernel knows it.
func (p *process) status() error {
	switch {
	case p.failure != "":
		return errors.New(p.failure)
	case p.hung.Load():
		return errors.New("its event loops did not answer, and it was killed")
	case p.err == nil:
		return errors.New("exit status 0")
	}
	return p.err
}

// awaitReady waits until the process serves. One that has not within the limit,
// or when ctx ends, is ended, and the error says why.
func (p *process) awaitReady(ctx context.Context, limit time.Duration) error {
	late := time.NewTimer(limit)
	defer late.Stop()
	select {
	case <-p.ready:
		return nil
	case <-p.exited:
		if p.failure != "" {
			return p.status()
		}
		return fmt.Errorf("a worker has ended before it was ready: %w", p.status())
	case <-late.C:
		_ = p.command.Process.Kill()
		<-p.exited
		return fmt.Errorf("a worker was not ready within %s", limit)
	case <-ctx.Done():
		p.terminate()
		<-p.exited
		return ctx.Err()
	}
}

// terminate has the process drain.
func (p *process) terminate() { _ = p.command.Process.Signal(syscall.SIGTERM) }

// giveUp kills a process that gives no more signs of life.
func (p *process) giveUp() {
	p.hung.Store(true)
	_ = p.command.Process.Kill()
}

// retire has the process make way for another, and waits until it has gone. It
// drains at once when ctx ends, and is killed after the limit.
func (p *process) retire(ctx context.Context, limit time.Duration) error {
	say(p.control, word{Retire: true})
	late := time.AfterFunc(limit, func() { _ = p.command.Process.Kill() })
	defer late.Stop()
	select {
	case <-p.exited:
	case <-ctx.Done():
		p.terminate()
		<-p.exited
	}
	return p.err
}
