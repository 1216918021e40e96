package core

import (
	"slices"
	"sync"
	"time"

	"github.com/gannet-ws/gannet/bus"
	"github.com/gannet-ws/gannet/shard"
)

// counters are a loop's own, counted without locks on its goroutine.
type counters struct {
	Accepted         uint64 // connections
	AcceptFailures   uint64 // mostly for want of descriptors or memory
	Upgraded         uint64 // connections that became clients
	Refused          [refusalCount]uint64
	TLSHandshakes    uint64 // that ended well
	TLSFailures      uint64 // handshakes that did not, and connections that were no TLS
	Closed           [reasonCount]uint64
	BytesIn          uint64
	MessagesIn       uint64 // data messages, whole
	Inflated         uint64 // those of them that were compressed
	InflatedBytes    uint64 // what these have become
	RoomNamesRefused uint64
	RoomLimitsMet    uint64 // joins refused because of MaxRooms
	JoinsRefused     uint64 // by the join policy or the join hook
	MetadataRefused  uint64 // values beyond MaxMetadata
	RateLimited      uint64 // messages, fragments and pongs beyond a client's rates
	Paused           uint64 // times that a client was not read from, as it published too fast
	Busy             uint64 // requests and upgrades refused by a full pool
	SlowHandlers     uint64 // handlers that held the loop for long
	Forbidden        uint64 // requests of clients for whom Require does not hold
	Upstream         uint64 // requests sent to an application
	UpstreamFailures uint64 // requests for which there was none
	MaxLag           time.Duration
	Lag              times  // of all samples
	BadMessages      uint64 // no envelopes
	UnknownRoutes    uint64 // envelopes for no handler
	HandlerErrors    uint64 // internal errors of handlers
	Panics           uint64 // handlers that panicked
}

// snapshot is what a loop tells of itself.
type snapshot struct {
	counters
	out      shard.Counters
	handlers []times // of each route, by its number
	clients  int
	backlog  int
	largest  int // backlog of one client, at the last sweep
	blocked  int
}

func (l *loop) snapshot() snapshot {
	return snapshot{
		counters: l.counters,
		out:      l.shard.Counters,
		handlers: slices.Clone(l.handlers),
		clients:  l.shard.Len(),
		backlog:  l.shard.Backlog(),
		largest:  l.largest,
		blocked:  l.shard.Blocked(),
	}
}

// add sums the counters, not the figures of the moment.
func (s *snapshot) add(o *snapshot) {
	s.Accepted += o.Accepted
	s.AcceptFailures += o.AcceptFailures
	s.Upgraded += o.Upgraded
	s.TLSHandshakes += o.TLSHandshakes
	s.TLSFailures += o.TLSFailures
	for i, n := range o.Refused {
		s.Refused[i] += n
	}
	for i, n := range o.Closed {
		s.Closed[i] += n
	}
	s.BytesIn += o.BytesIn
	s.MessagesIn += o.MessagesIn
	s.Inflated += o.Inflated
	s.InflatedBytes += o.InflatedBytes
	s.RoomNamesRefused += o.RoomNamesRefused
	s.RoomLimitsMet += o.RoomLimitsMet
	s.JoinsRefused += o.JoinsRefused
	s.MetadataRefused += o.MetadataRefused
	s.RateLimited += o.RateLimited
	s.Paused += o.Paused
	s.Busy += o.Busy
	s.SlowHandlers += o.SlowHandlers
	s.Forbidden += o.Forbidden
	s.Upstream += o.Upstream
	s.UpstreamFailures += o.UpstreamFailures
	s.MaxLag = max(s.MaxLag, o.MaxLag)
	s.Lag.add(&o.Lag)
	s.handlers = sumTimes(s.handlers, o.handlers)
	s.BadMessages += o.BadMessages
	s.UnknownRoutes += o.UnknownRoutes
	s.HandlerErrors += o.HandlerErrors
	s.Panics += o.Panics
	s.out.FramesOut += o.out.FramesOut
	s.out.BytesOut += o.out.BytesOut
	s.out.Writes += o.out.Writes
	s.out.Skipped += o.out.Skipped
	s.out.Dropped += o.out.Dropped
	s.out.Blocked += o.out.Blocked
	for i, n := range o.out.Batches {
		s.out.Batches[i] += n
	}
}

// Stats are a server's figures. The totals count since the server was made.
type Stats struct {
	Node          string  `json:"node"`
	Worker        *Worker `json:"worker,omitempty"` // nil where there is one process
	State         string  `json:"state"`
	UptimeSeconds float64 `json:"uptimeSeconds"`
	Nodes         int     `json:"nodes"` // that are known to be alive, this one among them
	Totals

	// LargestBacklog is what waits for the client for which most does, in bytes, as of
	// the last time that all were looked at, once a second or more often.
	LargestBacklog int `json:"largestBacklog"`

	// TLSExpires is when the certificate of TLS does, in Unix seconds; 0 where there
	// is none, or functions choose it.
	TLSExpires int64 `json:"tlsExpires,omitempty"`

	Bus         *bus.Stats            `json:"bus,omitempty"` // nil where there is no connection to lose
	Loops       []LoopStats           `json:"loops"`
	Subscribers []bus.SubscriberStats `json:"subscribers"`

	// Histograms are for metrics: they are told neither as JSON nor to other nodes.
	Histograms Histograms `json:"-"`
}

// Totals are the figures that have a sum over nodes.
type Totals struct {
	Connections    int `json:"connections"` // clients, and those who may become some
	MaxConnections int `json:"maxConnections"`
	Clients        int `json:"clients"`
	Users          int `json:"users"`
	Rooms          int `json:"rooms"`
	Backlog        int `json:"backlog"` // bytes that wait in clients' queues
	Blocked        int `json:"blocked"` // clients whose sockets are full

	ClientsCompressed int    `json:"clientsCompressed"` // clients with compression
	Compressed        uint64 `json:"compressed"`        // times that a message was compressed, once for each window
	CompressionIn     uint64 `json:"compressionIn"`     // bytes of these messages
	CompressionOut    uint64 `json:"compressionOut"`    // what was left of them
	CompressionFutile uint64 `json:"compressionFutile"` // times that a message did not become smaller
	Inflated          uint64 `json:"inflated"`          // compressed messages of clients
	InflatedBytes     uint64 `json:"inflatedBytes"`     // what these have become

	Accepted         uint64            `json:"accepted"`
	AcceptFailures   uint64            `json:"acceptFailures"` // mostly for want of descriptors or memory
	Upgraded         uint64            `json:"upgraded"`
	TLSHandshakes    uint64            `json:"tlsHandshakes"` // that ended well
	TLSFailures      uint64            `json:"tlsFailures"`   // handshakes that did not, and connections that were no TLS
	Refused          map[string]uint64 `json:"refused"`       // by reason
	Closed           map[string]uint64 `json:"closed"`        // by reason
	BytesIn          uint64            `json:"bytesIn"`
	BytesOut         uint64            `json:"bytesOut"`
	MessagesIn       uint64            `json:"messagesIn"`
	FramesOut        uint64            `json:"framesOut"`
	Writes           uint64            `json:"writes"` // system calls that took the frames
	Published        uint64            `json:"published"`
	Overloaded       uint64            `json:"overloaded"`  // publications that were refused
	BusFailures      uint64            `json:"busFailures"` // messages and events that the bus refused
	BusBad           uint64            `json:"busBad"`      // messages and events of other nodes that cannot be used
	Skipped          uint64            `json:"skipped"`     // messages, for slow consumers
	Dropped          uint64            `json:"dropped"`     // frames, with their client's connection
	TimesBlocked     uint64            `json:"timesBlocked"`
	GapNoticesLost   uint64            `json:"gapNoticesLost"`
	RoomNamesRefused uint64            `json:"roomNamesRefused"`
	RoomLimitsMet    uint64            `json:"roomLimitsMet"` // joins refused: too many rooms
	JoinsRefused     uint64            `json:"joinsRefused"`  // by the join policy or the join hook
	MetadataRefused  uint64            `json:"metadataRefused"`
	RateLimited      uint64            `json:"rateLimited"`      // messages, fragments and pongs beyond a client's rates
	Paused           uint64            `json:"paused"`           // times that a client was not read from, as it published too fast
	Busy             uint64            `json:"busy"`             // requests and upgrades refused by a full pool
	SlowHandlers     uint64            `json:"slowHandlers"`     // that held an event loop for SlowHandler
	Forbidden        uint64            `json:"forbidden"`        // requests of clients that may not make them
	Upstream         uint64            `json:"upstream"`         // requests sent to an application
	UpstreamFailures uint64            `json:"upstreamFailures"` // requests for which there was none
	BadReplies       uint64            `json:"badReplies"`       // of applications
	Blocking         int               `json:"blocking"`         // requests to blocking routes that wait or run
	KeySetRefreshes  uint64            `json:"keySetRefreshes"`  // times that the keys of tokens were fetched
	KeySetFailures   uint64            `json:"keySetFailures"`   // times that they could not be
	MaxLagSeconds    float64           `json:"maxLagSeconds"`    // of any event loop so far; over nodes the longest
	BadMessages      uint64            `json:"badMessages"`
	UnknownRoutes    uint64            `json:"unknownRoutes"`
	HandlerErrors    uint64            `json:"handlerErrors"`
	Panics           uint64            `json:"panics"`
	Surveys          uint64            `json:"surveys"`       // questions to other nodes
	SurveyMissing    uint64            `json:"surveyMissing"` // answers of nodes that did not come
	Watches          int               `json:"watches"`       // of rooms
	WatchSkipped     uint64            `json:"watchSkipped"`  // messages that a watch had no room for
}

// LoopStats are the figures of one event loop.
type LoopStats struct {
	Loop    int `json:"loop"`
	Clients int `json:"clients"`
	Blocked int `json:"blocked"`
}

// statsPatience is how long a busy loop is waited for. Its last figures stand
// in for one that does not answer.
const statsPatience = time.Second

// statsBook holds the last figures of each loop, and the sum of those that have
// ended.
type statsBook struct {
	mu    sync.Mutex
	last  map[*loop]snapshot
	ended snapshot
}

// Stats asks all loops for their figures and adds them up. It must not be
// called on an event loop, which it would wait for.
func (s *Server) Stats() Stats {
	s.stats.mu.Lock()
	defer s.stats.mu.Unlock()
	s.askLoops()
	total := s.stats.ended
	stats := Stats{Loops: []LoopStats{}}
	for l := range s.running {
		one := s.stats.last[l]
		total.add(&one)
		stats.Backlog += one.backlog
		stats.LargestBacklog = max(stats.LargestBacklog, one.largest)
		stats.Blocked += one.blocked
		stats.Loops = append(stats.Loops, LoopStats{Loop: int(l.shard.Index()), Clients: one.clients, Blocked: one.blocked})
	}
	s.fillStats(&stats, &total)
	return stats
}

// askLoops renews the figures of the loops that answer in time.
func (s *Server) askLoops() {
	if s.State() < StateRunning {
		return // the loops that there are do not run yet
	}
	type answer struct {
		loop *loop
		snapshot
	}
	answers := make(chan answer, maxLoops)
	asked := 0
	for l := range s.running {
		asked++
		l.post(shard.Op{Call: func(*shard.Shard) { answers <- answer{l, l.snapshot()} }})
	}
	patience := time.NewTimer(statsPatience)
	defer patience.Stop()
	for range asked {
		select {
		case a := <-answers:
			s.stats.last[a.loop] = a.snapshot
		case <-patience.C:
			return
		}
	}
}

// keepEnded adds up the figures of loops that have ended. Nothing else touches
// them any more.
func (s *Server) keepEnded(ended *loop) {
	s.stats.mu.Lock()
	defer s.stats.mu.Unlock()
	last := ended.snapshot()
	s.stats.ended.add(&last)
	delete(s.stats.last, ended)
}

func (s *Server) fillStats(stats *Stats, total *snapshot) {
	stats.Node = s.NodeID()
	stats.Worker = s.options.Worker
	stats.State = s.State().String()
	stats.UptimeSeconds = time.Since(s.made).Seconds()
	stats.Connections = int(s.connections.Load())
	stats.MaxConnections = s.MaxConnections()
	stats.Clients = s.directory.Clients()
	stats.Users = s.directory.Users()
	stats.Rooms = s.directory.Rooms()
	stats.Accepted = total.Accepted
	stats.AcceptFailures = total.AcceptFailures
	stats.Upgraded = total.Upgraded
	stats.TLSHandshakes, stats.TLSFailures = total.TLSHandshakes, total.TLSFailures
	stats.TLSExpires = s.tlsExpires()
	stats.Refused = map[string]uint64{}
	for i, n := range total.Refused {
		stats.Refused[refusals[i]] = n
	}
	stats.Closed = map[string]uint64{}
	for i, n := range total.Closed {
		stats.Closed[Reason(i).String()] = n
	}
	stats.BytesIn = total.BytesIn
	stats.BytesOut = total.out.BytesOut
	stats.MessagesIn = total.MessagesIn
	s.fillCompression(stats, total)
	stats.FramesOut = total.out.FramesOut
	stats.Writes = total.out.Writes
	stats.Published = s.published.Load()
	stats.Overloaded = s.overloaded.Load()
	stats.BusBad = s.busBad.Load()
	if stats.Bus = s.busStats(); stats.Bus != nil {
		stats.BusBad += stats.Bus.Bad
	}
	stats.GapNoticesLost = s.noticesLost.Load()
	stats.BusFailures = s.busFailures.Load()
	stats.Skipped = total.out.Skipped
	stats.Dropped = total.out.Dropped
	stats.TimesBlocked = total.out.Blocked
	stats.RoomNamesRefused = total.RoomNamesRefused
	stats.JoinsRefused = total.JoinsRefused
	stats.MetadataRefused = total.MetadataRefused
	stats.RateLimited = total.RateLimited
	stats.Paused = total.Paused
	stats.Busy = total.Busy
	stats.SlowHandlers = total.SlowHandlers
	stats.Forbidden = total.Forbidden
	stats.Upstream = total.Upstream
	stats.UpstreamFailures = total.UpstreamFailures
	stats.BadReplies = s.badReplies.Load()
	stats.Blocking = s.life.Load().blocking.load()
	stats.MaxLagSeconds = total.MaxLag.Seconds()
	stats.RoomLimitsMet = total.RoomLimitsMet
	stats.BadMessages = total.BadMessages
	stats.UnknownRoutes = total.UnknownRoutes
	stats.HandlerErrors = total.HandlerErrors
	stats.Panics = total.Panics + s.surveyPanics.Load()
	stats.Nodes = 1 + len(s.options.Bus.Nodes())
	stats.Surveys = s.surveys.Load()
	stats.SurveyMissing = s.surveyMissing.Load()
	stats.Watches = int(s.watches.count.Load())
	stats.WatchSkipped = s.watches.skipped.Load()
	if verifier := s.life.Load().verifier.Load(); verifier != nil {
		keys := verifier.Stats()
		stats.KeySetRefreshes, stats.KeySetFailures = keys.Refreshes, keys.Failures
	}
	stats.Subscribers = s.subscribers.Stats()
	s.fillHistograms(&stats.Histograms, total)
}
