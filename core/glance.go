package core

import (
	"time"

	"github.com/gannet-ws/gannet/bus"
)

// Glance is a node at a glance, for people who look at it every second: figures of
// the last one, and what has happened lately. It costs little to make, asks no event
// loop and waits for none.
type Glance struct {
	Node          string  `json:"node"`
	Worker        *Worker `json:"worker,omitempty"` // nil where there is one process
	Status        string  `json:"status"`           // as in Health
	Problem       string  `json:"problem,omitempty"`
	UptimeSeconds float64 `json:"uptimeSeconds"` // since the server was made

	Connections    int `json:"connections"` // clients, and those who may become some
	MaxConnections int `json:"maxConnections"`
	Clients        int `json:"clients"`
	Users          int `json:"users"`
	Rooms          int `json:"rooms"`
	Backlog        int `json:"backlog"` // bytes that wait in clients' queues
	Blocked        int `json:"blocked"` // clients whose sockets are full
	Watches        int `json:"watches"` // of rooms

	Rates
	BytesIn    float64 `json:"bytesInPerSecond"`
	BytesOut   float64 `json:"bytesOutPerSecond"`
	LagSeconds float64 `json:"lagSeconds"` // of the slowest event loop
	Fanout     Fanout  `json:"fanout"`
	Memory     Memory  `json:"memory"`

	Loops    []LoopGlance      `json:"loops"`
	TopRooms []RoomTraffic     `json:"topRooms"` // the largest and the busiest
	Closed   map[string]Lately `json:"closed"`   // clients by the reason of their end; none where it never was one
	Refused  map[string]Lately `json:"refused"`  // connections by reason, as Closed
	Troubles map[string]Lately `json:"troubles"` // other limits and errors that were met, by their names in Stats

	Bus *bus.Status `json:"bus,omitempty"` // nil where there is no connection to lose
}

// Rates are messages a second.
type Rates struct {
	MessagesIn float64 `json:"messagesInPerSecond"` // of clients
	Published  float64 `json:"publishedPerSecond"`  // on this node, by clients and applications
	Deliveries float64 `json:"deliveriesPerSecond"` // frames to clients
}

// LoopGlance is an event loop at a glance.
type LoopGlance struct {
	Loop       int     `json:"loop"`
	Clients    int     `json:"clients"`
	Blocked    int     `json:"blocked"`
	Deliveries float64 `json:"deliveriesPerSecond"`
	LagSeconds float64 `json:"lagSeconds"` // how long it kept the last question of one a second waiting
	// Busy is the share of the last second in which the loop did not wait for
	// sockets. It is measured only while somebody looks: nil is not known yet.
	Busy *float64 `json:"busy"`
}

// Lately is how often something has happened: in the last minute and the last five,
// each give or take a few seconds, and since the server runs.
type Lately struct {
	Minute      uint64 `json:"minute"`
	FiveMinutes uint64 `json:"fiveMinutes"`
	Total       uint64 `json:"total"`
}

// Moment is how a node was some seconds ago.
type Moment struct {
	AgeSeconds float64 `json:"ageSeconds"`
	Clients    int     `json:"clients"`
	Rates              // of the five seconds before
	LagSeconds float64 `json:"lagSeconds"`
}

// glanceMemory is how long after a Glance things are measured for the next.
const glanceMemory = 5 * time.Second

// glanced reports whether somebody has looked lately.
func (s *Server) glanced() bool {
	seen := s.seen.Load()
	return seen != 0 && s.clock()-time.Duration(seen) < glanceMemory
}

// Glance tells how the server is. Any goroutine may call it, but no event loop: with
// very many rooms it takes some milliseconds.
func (s *Server) Glance() Glance {
	s.seen.Store(int64(s.clock()))
	now, before, points := s.recent.copied()
	health := s.Health()
	g := Glance{
		Node:           s.NodeID(),
		Worker:         s.options.Worker,
		Status:         health.Status,
		Problem:        health.Problem,
		UptimeSeconds:  s.clock().Seconds(),
		Connections:    int(s.connections.Load()),
		MaxConnections: s.MaxConnections(),
		Clients:        health.ActiveConnections,
		Users:          health.Users,
		Rooms:          health.Rooms,
		Backlog:        health.Backlog,
		Watches:        int(s.watches.count.Load()),
		Rates:          ratesBetween(&before, &now),
		LagSeconds:     health.LoopLagMillis / 1000,
		Fanout:         s.fanoutTimes.lately(s.clock()),
		Memory:         readMemory(),
		Loops:          []LoopGlance{},
		TopRooms:       s.traffic.top(s),
		Bus:            health.Bus,
	}
	if seconds := (now.at - before.at).Seconds(); seconds > 0 {
		g.BytesIn = float64(growth(before.BytesIn, now.BytesIn)) / seconds
		g.BytesOut = float64(growth(before.out.BytesOut, now.out.BytesOut)) / seconds
	}
	for l := range s.running {
		one := l.glance()
		g.Blocked += one.Blocked
		g.Loops = append(g.Loops, one)
	}
	g.lately(&now, ago(points, now.at, time.Minute), ago(points, now.at, recentSpan))
	return g
}

// ratesBetween are the rates between two moments.
func ratesBetween(from, to *totals) Rates {
	seconds := (to.at - from.at).Seconds()
	if seconds <= 0 {
		return Rates{}
	}
	return Rates{
		MessagesIn: float64(growth(from.MessagesIn, to.MessagesIn)) / seconds,
		Published:  float64(growth(from.published, to.published)) / seconds,
		Deliveries: float64(growth(from.out.FramesOut, to.out.FramesOut)) / seconds,
	}
}

// glance is the loop by its last sample. Any goroutine may call it.
func (l *loop) glance() LoopGlance {
	g := LoopGlance{Loop: int(l.shard.Index()), LagSeconds: l.lag().Seconds()}
	last := l.sampled.Load()
	if last == nil {
		return g
	}
	g.Clients, g.Blocked, g.Deliveries = last.clients, last.blocked, last.frames
	if last.busy >= 0 {
		g.Busy = &last.busy
	}
	return g
}

// lately fills in what has happened lately.
func (g *Glance) lately(now, minute, five *totals) {
	since := func(count func(*totals) uint64) Lately {
		n := count(now)
		return Lately{Minute: growth(count(minute), n), FiveMinutes: growth(count(five), n), Total: n}
	}
	g.Closed, g.Refused, g.Troubles = map[string]Lately{}, map[string]Lately{}, map[string]Lately{}
	for i, n := range now.Closed {
		if n > 0 {
			g.Closed[Reason(i).String()] = since(func(t *totals) uint64 { return t.Closed[i] })
		}
	}
	for i, n := range now.Refused {
		if n > 0 {
			g.Refused[refusals[i]] = since(func(t *totals) uint64 { return t.Refused[i] })
		}
	}
	for name, count := range troubles {
		if count(now) > 0 {
			g.Troubles[name] = since(count)
		}
	}
}

// troubles are what should not happen often, by its name in Stats; what the bus counts
// has bus before it.
var troubles = map[string]func(*totals) uint64{
	"acceptFailures": func(t *totals) uint64 { return t.AcceptFailures },
	"badMessages":    func(t *totals) uint64 { return t.BadMessages },
	"busDropped":     func(t *totals) uint64 { return t.bus.dropped },
	"busFailed":      func(t *totals) uint64 { return t.bus.failed },
	"busGaps":        func(t *totals) uint64 { return t.bus.gaps },
	"busMissed":      func(t *totals) uint64 { return t.bus.missed },
	"busUnknown":     func(t *totals) uint64 { return t.bus.unknown },
	"busy":           func(t *totals) uint64 { return t.Busy },
	"dropped":        func(t *totals) uint64 { return t.out.Dropped },
	"handlerErrors":  func(t *totals) uint64 { return t.HandlerErrors },
	"nodesLost":      func(t *totals) uint64 { return t.bus.nodesLost },
	"overloaded":     func(t *totals) uint64 { return t.overloaded },
	"panics":         func(t *totals) uint64 { return t.Panics },
	"paused":         func(t *totals) uint64 { return t.Paused },
	"rateLimited":    func(t *totals) uint64 { return t.RateLimited },
	"skipped":        func(t *totals) uint64 { return t.out.Skipped },
	"slowHandlers":   func(t *totals) uint64 { return t.SlowHandlers },
	"timesBlocked":   func(t *totals) uint64 { return t.out.Blocked },
}

// Moments returns how the node was in the last five minutes, a moment each five
// seconds, oldest first. Any goroutine may call it; it does not wait.
func (s *Server) Moments() []Moment {
	_, _, points := s.recent.copied()
	moments := []Moment{}
	for i := 1; i < len(points); i++ {
		moments = append(moments, Moment{
			AgeSeconds: (s.clock() - points[i].at).Seconds(),
			Clients:    points[i].clients,
			Rates:      ratesBetween(&points[i-1], &points[i]),
			LagSeconds: points[i].lag.Seconds(),
		})
	}
	return moments
}
