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

// busStats returns the figures of the bus, nil where it has none.
func (s *Server) busStats() *bus.Stats {
	reporter, known := s.options.Bus.(bus.Reporter)
	if !known {
		return nil
	}
	stats := reporter.Stats()
	return &stats
}
