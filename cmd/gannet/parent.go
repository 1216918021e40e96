package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/signal"
	"syscall"
)

// parent is the process that has started this one as a worker, as the worker sees
// it. A process that nobody has started so has none, nil.
type parent struct {
	assignment
	control net.Conn
	admin   net.Listener
}

// findParent returns the parent, if there is one.
func findParent() (*parent, error) {
	text, isWorker := os.LookupEnv(workerVariable)
	if !isWorker {
		return nil, nil
	}
	_ = os.Unsetenv(workerVariable)
	p := &parent{}
	err := json.Unmarshal([]byte(text), &p.assignment)
	if err == nil {
		p.control, err = adopt(controlDescriptor, "parent", net.FileConn)
	}
	if err == nil {
		p.admin, err = adopt(adminDescriptor, "admin", net.FileListener)
	}
	if err != nil {
		return nil, fmt.Errorf("%s is for gannet itself to set: %w", workerVariable, err)
	}
	p.takeSignals()
	return p, nil
}

// parentKey is the key of the parent in the context of a command.
type parentKey struct{}

func withParent(ctx context.Context, p *parent) context.Context {
	return context.WithValue(ctx, parentKey{}, p)
}

// parentOf returns the parent of the process that a command runs in, nil if there
// is none.
func parentOf(ctx context.Context) *parent {
	p, _ := ctx.Value(parentKey{}).(*parent)
	return p
}

// takeSignals leaves the meaning of signals to the parent. A terminal and service
// managers send theirs to all processes: a worker drains at SIGINT and SIGTERM,
// and a second one is not its to act on, nor what asks for a reload or a replacement.
func (p *parent) takeSignals() {
	signal.Ignore(syscall.SIGHUP, syscall.SIGUSR2)
	signal.Notify(make(chan os.Signal, 1), syscall.SIGINT, syscall.SIGTERM)
}

// assign gives the worker's settings their values.
func (p *parent) assign(s *serveCommand) {
	s.Server.Addr = p.Addr
	s.Server.TLSAddr = p.TLSAddr
	s.Server.Worker = &p.Worker
	s.Server.Log = s.Server.Log.With("worker", p.Number)
	s.Admin.Listener = p.admin
	s.shareLoops(p.Workers)
	s.PrintRoutes = s.PrintRoutes && p.Number == 0 && p.Restarts == 0 && !p.Replaces
}

// ready tells the parent that the worker serves. A process without a parent has
// nobody to tell.
func (p *parent) ready() {
	if p != nil {
		say(p.control, word{Ready: true})
	}
}

// alive tells the parent that the worker's event loops answer.
func (p *parent) alive() { say(p.control, word{Alive: true}) }

// obey calls reload and retire when the parent says so, and gone when it has ended.
func (p *parent) obey(reload, retire, gone func()) {
	listen(p.control, func(w word) {
		if w.Reload {
			reload()
		}
		if w.Retire {
			retire()
		}
	})
	gone()
}

// fail tells why the process ends: the parent, or else the person who started it.
func (p *parent) fail(err error) {
	if p == nil {
		fmt.Fprintln(os.Stderr, "gannet:", err)
		return
	}
	say(p.control, word{Failure: err.Error()})
}
