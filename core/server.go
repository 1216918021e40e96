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
// Each event loop has one goroutine. A loop, its shard and all that these hold,
// client records and rooms among it, are touched only there. Other goroutines
// post an operation and wake the loop. What the goroutines share is the
// Directory, the counters that are atomic, and messages, which are immutable.
//
// A handler runs on its client's loop. It must not block, unless its route is
// Blocking, and what the Context hands out is valid until it returns.
package core

import (
	"crypto/rand"
	"crypto/tls"
	"encoding/binary"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gannet-ws/gannet/bus"
	"github.com/gannet-ws/gannet/codec"
	"github.com/gannet-ws/gannet/core/secure"
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
	admission   admission
	deflaters   *codec.Deflaters // nil where there is no compression
	life        atomic.Pointer[life]
	tls         *tls.Config // nil: there is no TLS
	keysMu      sync.Mutex  // of keys, and of the verifier of a life, when they change
	keys        *Keys       // of SetKeys; nil: those of the options

	loops loops
	state atomic.Int32

	connections atomic.Int64 // open, upgraded or not
	served      atomic.Int64 // those that are upgraded
	published   atomic.Uint64
	fanOut      fanOut
	routeNames  atomic.Pointer[[]string] // by the routes' numbers; nil before the loops are made
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

	panicLogged  seldom
	failLogged   seldom
	slowLogged   seldom
	busLogged    seldom
	badLogged    seldom
	gapLogged    seldom
	acceptLogged seldom
	rates        rates
	stats        statsBook

	watches     watches
	fanoutTimes fanoutTimes
	recent      recent
	traffic     traffic
	seen        atomic.Int64 // Server.clock of the last Glance, 0 for none
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
	}
	if options.Compression == CompressionOn {
		s.deflaters = codec.NewDeflaters(options.CompressionLevel)
	}
	s.subscribers = bus.NewDispatcher(bus.DispatcherOptions{Log: options.Log})
	s.life.Store(s.newLife())
	var err error
	if err = s.admission.populate(&s.options); err != nil {
		return nil, err
	}
	if s.upstreams, err = readUpstreams(options.Upstream); err != nil {
		return nil, err
	}
	if err := s.addForwards(); err != nil {
		return nil, err
	}
	s.directory = shard.NewDirectory(s.roomPresence)
	s.watches.directory = s.directory
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
		if err := options.Auth().Check(); err != nil {
			return nil, err
		}
	}
	if options.TLSConfig != nil {
		s.tls = secure.Config(options.TLSConfig)
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

// MaxConnections returns the number of clients that are served at once.
func (s *Server) MaxConnections() int { return s.descriptors.cap }

// NodeID returns the 12 hex digits that name the node and begin the ids of its
// clients. They are random for each server that New makes.
func (s *Server) NodeID() string { return fmt.Sprintf("%012x", s.node) }

// Options returns the options, with the defaults filled in.
func (s *Server) Options() Options { return s.options }
