package core

import (
	"errors"
	"fmt"
	"net"

	"github.com/gannet-ws/gannet/core/poll"
)

// serve runs the event loops until they are stopped.
func (s *Server) serve() error {
	defer s.removeLoops()
	if err := s.openLoops(); err != nil {
		s.discardLoops()
		return err
	}
	if !s.state.CompareAndSwap(int32(StateStarting), int32(StateRunning)) {
		s.discardLoops() // it has been asked to stop meanwhile
		return nil
	}
	ended := make(chan error)
	for l := range s.running {
		go func() { ended <- l.poll.Run(l) }()
	}
	s.started()
	var failed error
	for range s.options.Loops {
		if err := <-ended; err != nil {
			failed = err
			s.stop() // the others, too
		}
	}
	return failed
}

// discardLoops closes loops that do not run.
func (s *Server) discardLoops() {
	for l := range s.running {
		l.poll.Discard()
	}
}

// stop ends the loops: serve returns when they have ended.
func (s *Server) stop() {
	for l := range s.running {
		l.poll.Stop()
	}
}

// started tells those who wait that the server listens.
func (s *Server) started() {
	now := s.life.Load()
	close(now.booted)
	go func() {
		defer close(now.told)
		s.tell("started", s.options.Hooks.Started)
	}()
}

// tell calls a hook of the server's life, if there is one. Its panic is logged.
func (s *Server) tell(name string, hook func(*Server)) {
	if hook == nil {
		return
	}
	defer func() {
		if p := recover(); p != nil {
			s.logPanic("hook "+name, p)
		}
	}()
	hook(s)
}

// listenAddr returns the address to listen on.
func (o *Options) listenAddr() (*net.TCPAddr, error) { return o.findAddr(o.Addr) }

// tlsListenAddr returns the address to listen on for TLS, nil where there is none.
// It cannot be the plain one.
func (o *Options) tlsListenAddr(plain *net.TCPAddr) (*net.TCPAddr, error) {
	if o.TLSAddr == "" {
		return nil, nil
	}
	if o.Worker == nil {
		held, err := net.ListenTCP(poll.Network(plain), plain)
		if err != nil {
			return nil, fmt.Errorf("cannot listen for WebSocket connections: %w", err)
		}
		defer held.Close()
	}
	return o.findAddr(o.TLSAddr)
}

func (o *Options) findAddr(address string) (*net.TCPAddr, error) {
	addr, err := net.ResolveTCPAddr("tcp", address)
	switch {
	case err != nil:
	case o.Worker == nil:
		addr, err = reserve(addr)
	case addr.Port == 0:
		err = errors.New("a worker's address needs a port, which all workers share")
	}
	if err != nil {
		return nil, fmt.Errorf("cannot listen for WebSocket connections: %w", err)
	}
	return addr, nil
}

// reserve finds out which address to listen on, and that nobody does. The event
// loops share the port between them (SO_REUSEPORT), so a second server would
// silently take half of the connections.
func reserve(addr *net.TCPAddr) (*net.TCPAddr, error) {
	listener, err := net.ListenTCP(poll.Network(addr), addr)
	if err != nil {
		return nil, err
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr), nil
}
