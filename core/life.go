package core

import (
	"context"
	"errors"
	"net"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gannet-ws/gannet/core/auth"
	"github.com/gannet-ws/gannet/core/secure"
	"github.com/gannet-ws/gannet/shard"
)

// life is one run of a server, from Run to its return.
type life struct {
	ctx       context.Context // ends when handlers are not waited for any more
	end       context.CancelFunc
	booted    chan struct{} // closed when the server listens
	told      chan struct{} // closed when the hook Started has returned, or need not be called
	retired   chan struct{} // closed by Retire
	retiring  sync.Once
	addr      *net.TCPAddr
	tlsAddr   *net.TCPAddr                  // nil: there is none
	unix      *unixSocket                   // nil: there is none
	verifier  atomic.Pointer[auth.Verifier] // nil: tokens are refused
	blocking  *pool[shard.ID]               // handlers of blocking routes
	verifying *pool[verification]           // checks of tokens that take long
	shaking   *secure.Handshakes
}

// newLife returns a life that has not begun.
func (s *Server) newLife() *life {
	l := &life{
		booted:    make(chan struct{}),
		told:      make(chan struct{}),
		retired:   make(chan struct{}),
		blocking:  newPool[shard.ID](s.options.BlockingWorkers, s.options.MaxBlocking, s.options.MaxBlockingPerClient),
		verifying: newPool[verification](s.options.Loops, s.options.MaxVerifying, 1),
		shaking:   secure.NewHandshakes(max(1, runtime.GOMAXPROCS(0)/2)),
	}
	l.ctx, l.end = context.WithCancel(context.Background())
	return l
}

// Run listens and serves until ctx ends. Then it stops in the steps of the
// guide's graceful shutdown: new upgrades are refused, after DrainDelay all clients
// are closed with 1012, over DrainPeriod, and given until DrainTimeout is over to take
// what waits for them, the bus is left, timers, handlers and subscribers end, and the
// server is as new: it can be run again. Run returns nil after that, or an error when
// the server cannot listen or an event loop fails.
func (s *Server) Run(ctx context.Context) error {
	if !s.state.CompareAndSwap(int32(StateNew), int32(StateStarting)) &&
		!s.state.CompareAndSwap(int32(StateStopped), int32(StateStarting)) {
		return errors.New("the server runs already")
	}
	defer s.state.Store(int32(StateStopped))
	if err := errors.Join(s.mistakes...); err != nil {
		return err
	}
	now := s.life.Load()
	defer s.renew(now)
	if err := s.findPlaces(now); err != nil {
		return err
	}
	defer now.leaveUnix()
	stopVerifier, err := s.startVerifier(now)
	if err != nil {
		return err
	}
	defer stopVerifier()
	if err := s.subscribers.Start(); err != nil { // before there are events
		return err
	}
	if err := s.options.Bus.Open(node{s}); err != nil {
		s.stopSubscribers(now, now.ctx)
		return err
	}
	s.watches.begin()
	stopTicking := s.startTicking()
	err = s.serveUntil(ctx, now)
	s.watches.end()
	s.tell("drained", s.options.Hooks.Drained)
	s.options.Bus.Close()
	stopTicking()
	if !s.booted() {
		close(now.told)
	}
	s.stopHandlers(now)
	return err
}

// findPlaces finds out where to listen. What the loops share it opens.
func (s *Server) findPlaces(now *life) (err error) {
	if now.addr, err = s.options.listenAddr(); err != nil {
		return err
	}
	if now.tlsAddr, err = s.options.tlsListenAddr(now.addr); err != nil {
		return err
	}
	if s.options.UnixSocket != "" {
		now.unix, err = listenUnix(s.options.UnixSocket, s.options.UnixSocketMode)
	}
	return err
}

// leaveUnix ends what findPlaces has opened.
func (l *life) leaveUnix() {
	if l.unix != nil {
		l.unix.close()
	}
}

// renew ends a life and begins the next. Who waits for the server to listen waits
// on through a life in which it has not.
func (s *Server) renew(now *life) {
	next := s.newLife()
	if !s.booted() {
		next.booted = now.booted
	}
	now.end()
	s.life.Store(next)
}

// serveUntil serves until ctx ends, or the server is retired, and everybody has
// gone. A handler that holds its loop is told by the end of its context.
func (s *Server) serveUntil(ctx context.Context, now *life) error {
	served := make(chan error, 1)
	go func() { served <- s.serve() }()
	select {
	case err := <-served:
		return err
	case <-now.retired:
		s.drain(0)
	case <-ctx.Done():
		s.drain(s.options.DrainDelay)
	}
	s.stop()
	select {
	case err := <-served:
		return err
	case <-time.After(handlersGrace):
		s.options.Log.Warn("an event loop has not stopped: a handler holds it")
		now.end()
	}
	return <-served
}

// startTicking runs the server's timers until the returned function is called.
func (s *Server) startTicking() (stop func()) {
	s.forgetRecent()
	ticking, cancel := context.WithCancel(context.Background())
	ticked := make(chan struct{})
	go func() {
		defer close(ticked)
		s.tick(ticking)
	}()
	return func() { cancel(); <-ticked; s.forgetRecent() }
}

// forgetRecent makes figures of an earlier run none of the next.
func (s *Server) forgetRecent() {
	s.recent.reset(totals{at: s.clock(), published: s.published.Load(), overloaded: s.overloaded.Load(), bus: s.busTotals()})
	s.fanoutTimes.reset()
}

// handlersGrace is the time for handlers to return once their context has ended.
const handlersGrace = time.Second

// stopHandlers waits for blocking handlers and subscribers: for DrainTimeout, and
// a moment longer when their context has ended.
func (s *Server) stopHandlers(now *life) {
	timer := time.AfterFunc(s.options.DrainTimeout, now.end)
	defer timer.Stop()
	patience, cancel := context.WithTimeout(context.Background(), s.options.DrainTimeout+handlersGrace)
	defer cancel()
	for what, over := range map[string]<-chan struct{}{
		"handlers of blocking routes": now.blocking.stop(),
		"checks of tokens":            now.verifying.stop(),
		"TLS handshakes":              now.shaking.Stop(),
		"the hook Started":            now.told,
	} {
		select {
		case <-over:
		case <-patience.Done():
			s.options.Log.Warn(what + " still run after the server has stopped")
		}
	}
	s.stopSubscribers(now, patience)
}

// Addr returns the address of the listener, nil while the server does not run.
func (s *Server) Addr() net.Addr {
	now := s.life.Load()
	select {
	case <-now.booted:
		return now.addr
	default:
		return nil
	}
}

// TLSAddr returns the address of the listener for TLS, nil without one or while the
// server does not run.
func (s *Server) TLSAddr() net.Addr {
	now := s.life.Load()
	if !s.booted() || now.tlsAddr == nil {
		return nil
	}
	return now.tlsAddr
}

// booted reports whether the server has listened in this life.
func (s *Server) booted() bool { return s.Addr() != nil }

// WaitRunning waits until the server listens, and reports whether it does: not
// if ctx ends before.
func (s *Server) WaitRunning(ctx context.Context) bool {
	select {
	case <-s.life.Load().booted:
		return true
	case <-ctx.Done():
		return false
	}
}
