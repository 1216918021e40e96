package core

import "github.com/gannet-ws/gannet/bus"

// BusStatus tells how the connection to other nodes is. known is false for a bus
// that has none to lose, such as bus.Local. Any goroutine may call it; it does not
// wait.
func (s *Server) BusStatus() (status bus.Status, known bool) {
	reporter, known := s.options.Bus.(bus.Reporter)
	if !known {
		return bus.Status{}, false
	}
	return reporter.Status(), true
}

// busTotals are what a bus counts and should not have to.
type busTotals struct{ dropped, failed, gaps, missed, unknown, nodesLost uint64 }

// busTotals returns those of the bus, zeros where it has none.
func (s *Server) busTotals() busTotals {
	stats := s.busStats()
	if stats == nil {
		return busTotals{}
	}
	return busTotals{
		dropped:   stats.Dropped,
		failed:    stats.Failed,
		gaps:      stats.CountedGaps + stats.UncountedGaps,
		missed:    stats.Missed,
		unknown:   stats.Unknown,
		nodesLost: stats.NodesLost,
	}
}

// busStats returns the figures of the bus, nil where it has none.
func (s *Server) busStats() *bus.Stats {
	reporter, known := s.options.Bus.(bus.Reporter)
	if !known {
		return nil
	}
	stats := reporter.Stats()
	return &stats
}
