package core

import "time"

// How long handlers take is counted for each route that has one, by the event loops.
// Requests for others are not counted, so that clients cannot make up routes.

// nameRoutes keeps the routes' names by their numbers, for any goroutine. The loops
// that are about to be made count in the same order.
func (s *Server) nameRoutes() {
	names := make([]string, len(s.routes))
	for at, e := range s.routes {
		names[e.number] = at.typ + "." + at.action
	}
	s.routeNames.Store(&names)
}

// handled counts the time that a route's handler took. The loop's goroutine calls it.
func (l *loop) handled(e *endpoint, took time.Duration) { l.handlers[e.number].note(took) }

// handlerTimes returns the times of each route by its name. A dot in a type may make
// two of them look the same: they are one then.
func (s *Server) handlerTimes(byNumber []times) map[string]Histogram {
	byName := map[string]*times{}
	if names := s.routeNames.Load(); names != nil {
		for number, name := range *names {
			if byName[name] == nil {
				byName[name] = &times{}
			}
			if number < len(byNumber) {
				byName[name].add(&byNumber[number])
			}
		}
	}
	histograms := make(map[string]Histogram, len(byName))
	for name, sum := range byName {
		histograms[name] = sum.histogram()
	}
	return histograms
}
