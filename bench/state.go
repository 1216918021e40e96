package bench

import "sync/atomic"

// state is what has become of sockets, of a loop, a process or a generator.
type state struct {
	Ready  int64 // sockets that can receive messages
	Failed int64 // sockets that never became ready
	Closed int64 // sockets that the server closed after they were ready

	Breaks   int64 // times that a loop has broken its connections
	Repeated int64 // handshakes after a break that failed and were begun again

	Sent      uint64 // messages that sockets have sent
	Expected  uint64 // deliveries that follow from them
	Delivered uint64 // distinct messages
	Missing   uint64 // messages that later ones have overtaken so far
}

func (s *state) add(o state) {
	s.Ready += o.Ready
	s.Failed += o.Failed
	s.Closed += o.Closed
	s.Breaks += o.Breaks
	s.Repeated += o.Repeated
	s.Sent += o.Sent
	s.Expected += o.Expected
	s.Delivered += o.Delivered
	s.Missing += o.Missing
}

// alive is how many sockets are ready and open.
func (s *state) alive() int { return int(s.Ready - s.Closed) }

// progress is a loop's state for other goroutines to see while it runs. The loop
// stores it after each batch of events, so it trails the truth by one batch.
type progress struct {
	ready, failed, closed, breaks, repeated atomic.Int64
	sent, expected, delivered, missing      atomic.Uint64
}

// store makes a state seen. A break is seen after what it did to the sockets.
func (p *progress) store(s *state) {
	p.ready.Store(s.Ready)
	p.failed.Store(s.Failed)
	p.closed.Store(s.Closed)
	p.repeated.Store(s.Repeated)
	p.sent.Store(s.Sent)
	p.expected.Store(s.Expected)
	p.delivered.Store(s.Delivered)
	p.missing.Store(s.Missing)
	p.breaks.Store(s.Breaks)
}

func (p *progress) load() state {
	s := state{Breaks: p.breaks.Load()} // first, see store
	s.Ready = p.ready.Load()
	s.Failed = p.failed.Load()
	s.Closed = p.closed.Load()
	s.Repeated = p.repeated.Load()
	s.Sent = p.sent.Load()
	s.Expected = p.expected.Load()
	s.Delivered = p.delivered.Load()
	s.Missing = p.missing.Load()
	return s
}
