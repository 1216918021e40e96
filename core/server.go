// Package core is the server: event loops that accept, upgrade, route and fan out.
//
// A server is made with New, given handlers, controllers and subscribers, and run:
//
//	server, err := core.New(core.Options{Addr: ":3000"})
//	if err != nil {
//		log.Fatal(err)
//	}
//	server.Handle("chat", "send", core.Typed(func(c *core.Context, m Message) (any, error) {
//		n, err := c.Broadcast(core.Room(m.Room).Except(c.ClientID()), "chat", "message", m)
//		return map[string]int{"receivers": n}, err
//	}))
//	if err := server.Run(ctx); err != nil { // until ctx ends, then drains
//		log.Fatal(err)
//	}
//
// Clients join and leave rooms by the built-in routes system.joinRoom and
// system.leaveRoom. Package core/client is a client in Go, core/guide has an
// example for everything.
//
// # Who owns what
//
// gnet runs one goroutine for each event loop. A loop, its shard and all that
// these hold, client records and rooms among it, are touched only there. Other
// goroutines post an operation and ring the loop's bell. What the goroutines
// share is the Directory, the counters that are atomic, and messages, which are
// immutable.
//
// A handler runs on its client's loop. It must not block, unless its route is
// Blocking, and what the Context hands out is valid until it returns.
package core

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/panjf2000/gnet/v2"

	"github.com/gannet-ws/gannet/bus"
	"github.com/gannet-ws/gannet/shard"
)

// Server is one node. Its methods may be called from any goroutine unless they
// say otherwise.
type Server struct {
	options     Options
	node        uint64 // 48 bits, random at each start
	made        time.Time
	routes      map[route]*endpoint
	subscribers *bus.Dispatcher
	upstreams   upstreams
	mistakes    []error // in routes and subscribers, for Run to return
	directory   *shard.Directory
	descriptors descriptors
	life        atomic.Pointer[life]

	loops  loops
	engine atomic.Pointer[gnet.Engine]
	retry  chan struct{} // loops ask for retries of full sockets
	state  atomic.Int32

	connections atomic.Int64 // open, upgraded or not
	published   atomic.Uint64
	overloaded  atomic.Uint64
	busFailures atomic.Uint64
	noticesLost atomic.Uint64 // of gaps, that clients were to get
	busBad      atomic.Uint64 // messages and events of the bus that cannot be used
	badReplies  atomic.Uint64 // of upstreams

	surveyHandlers map[string]SurveyHandler
	surveys        atomic.Uint64 // questions to other nodes
	surveyMissing  atomic.Uint64 // answers that did not come
	surveyPanics   atomic.Uint64
	surveyLogged   seldom

	restarts    atomic.Uint64
	panicLogged seldom
	failLogged  seldom
	slowLogged  seldom
	busLogged   seldom
	badLogged   seldom
	gapLogged   seldom
	rates       rates
	stats       statsBook
}

// New returns a server that does not listen yet. The error is a sentence for
// the person who chose the options.
func New(options Options) (*Server, error) {
	options.populate()
	if err := options.validate(); err != nil {
		return nil, err
	}
	s := &Server{
		options: options,
		made:    time.Now(),
		routes:  map[route]*endpoint{},
		retry:   make(chan struct{}, 1),
	}
	s.subscribers = bus.NewDispatcher(bus.DispatcherOptions{Log: options.Log})
	s.life.Store(s.newLife())
	var err error
	if s.upstreams, err = readUpstreams(options.Upstream); err != nil {
		return nil, err
	}
	if err := s.addForwards(); err != nil {
		return nil, err
	}
	s.directory = shard.NewDirectory(s.roomPresence)
	s.stats.last = map[*loop]snapshot{}
	var random [8]byte
	_, _ = rand.Read(random[:]) // never fails
	s.node = binary.BigEndian.Uint64(random[:]) >> 16

	limit, err := descriptorLimit()
	if err != nil {
		return nil, err
	}
	if s.descriptors, err = planDescriptors(limit, options.Loops, options.MaxConnections); err != nil {
		return nil, err
	}
	if options.hasKey() {
		if err := options.auth().Check(); err != nil {
			return nil, err
		}
	}
	s.handleSystem()
	s.handleSurveys()
	if options.ClientPublish {
		s.Handle("room", "publish", roomPublish)
	}
	return s, nil
}

// roomPresence tells the bus which rooms have members here.
func (s *Server) roomPresence(room string, members bool) {
	if members {
		s.options.Bus.Enter(room)
		return
	}
	s.options.Bus.Leave(room)
}

// MaxConnections returns the number of connections that are served at once.
func (s *Server) MaxConnections() int { return s.descriptors.cap }

// NodeID returns the 12 hex digits that name the node and begin the ids of its
// clients. They are random for each server that New makes.
func (s *Server) NodeID() string { return fmt.Sprintf("%012x", s.node) }

// Options returns the options, with the defaults filled in.
func (s *Server) Options() Options { return s.options }

// listenAddr returns the address to listen on.
func (o *Options) listenAddr() (*net.TCPAddr, error) {
	if o.Worker == nil {
		return reserve(o.Addr)
	}
	addr, err := net.ResolveTCPAddr("tcp", o.Addr)
	if err == nil && addr.Port == 0 {
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
func reserve(address string) (*net.TCPAddr, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("cannot listen for WebSocket connections: %w", err)
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr), nil
}

const (
	readBuffer        = 64 << 10 // bytes that one read takes from a socket
	restartBackoff    = 50 * time.Millisecond
	maxRestartBackoff = 2 * time.Second
)

// serve runs gnet's engine, again whenever it ends by itself: an accept that
// fails for want of descriptors or memory takes the engine with it.
func (s *Server) serve() error {
	backoff := restartBackoff
	for s.State() < StateDraining {
		began := time.Now()
		err := s.runEngine()
		s.removeLoops()
		if err != nil && !s.booted() {
			return fmt.Errorf("cannot start the event loops: %w", err)
		}
		if !s.state.CompareAndSwap(int32(StateRunning), int32(StateStarting)) && s.State() >= StateDraining {
			return nil
		}
		s.restarts.Add(1)
		s.options.Log.Error("the event loops have ended and are started again; all clients were lost", "error", err)
		if time.Since(began) > time.Minute {
			backoff = restartBackoff
		}
		time.Sleep(backoff)
		backoff = min(2*backoff, maxRestartBackoff)
	}
	return nil
}

func (s *Server) runEngine() error {
	now := s.life.Load()
	return gnet.Run(engine{s}, "tcp://"+net.JoinHostPort(hostOf(now.addr), strconv.Itoa(now.addr.Port)),
		gnet.WithReusePort(true),
		gnet.WithReuseAddr(true), // or sockets in TIME_WAIT would keep a restarted server from its port
		gnet.WithNumEventLoop(s.options.Loops),
		gnet.WithReadBufferCap(readBuffer),
		gnet.WithLogger(engineLog{s.options.Log}),
	)
}

// hostOf is the host to listen on, empty for all addresses of both families.
func hostOf(addr *net.TCPAddr) string {
	if addr.IP.To4() == nil && addr.IP.IsUnspecified() {
		return ""
	}
	return (&net.IPAddr{IP: addr.IP, Zone: addr.Zone}).String()
}

// stop ends the engine, without gnet's way of waiting, which polls: serve
// returns when it has ended.
func (s *Server) stop() {
	dontWait, cancel := context.WithCancel(context.Background())
	cancel()
	if booted := s.engine.Load(); booted != nil {
		_ = booted.Stop(dontWait)
	}
}
