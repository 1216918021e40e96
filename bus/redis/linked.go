package redis

import (
	"time"

	"github.com/redis/rueidis"
)

// What a link and its interest share, guarded by interest.mu.

// change notes that a subscription is to be looked at. Without a connection there
// is nothing to tell Redis: what is not wanted is forgotten, and open looks at
// the rest.
func (l *link) change(s *subscription) {
	switch {
	case !l.connected:
		l.interest.forget(s)
	case !s.changed:
		s.changed = true
		l.changed = append(l.changed, s)
		l.nudge()
	}
}

// forget removes a subscription, unless it is to stay.
func (in *interest) forget(s *subscription) {
	if !s.wanted && !s.lingering {
		delete(in.channels, s.channel)
		delete(s.link.lapsing, s)
	}
}

// open begins with a new connection, over which nothing is subscribed yet.
func (l *link) open() {
	l.interest.mu.Lock()
	defer l.interest.mu.Unlock()
	l.connected = true
	for _, s := range l.interest.channels {
		if s.link == l {
			l.change(s)
		}
	}
}

// lose notes that the connection is lost, and tells those who wait.
func (l *link) lose() {
	l.interest.mu.Lock()
	l.connected = false
	l.changed, l.left = nil, nil
	failed := l.ready // what has been confirmed is lost
	l.ready = nil
	for _, s := range l.interest.channels {
		if s.link != l {
			continue
		}
		failed = append(failed, s.waiting...)
		s.sent, s.standing, s.changed, s.waiting = false, false, false, nil
		l.interest.forget(s)
	}
	l.interest.mu.Unlock()
	for _, done := range failed {
		done(errNoLink)
	}
}

// changes returns channels to subscribe to, and to unsubscribe from, at most max,
// and whether there are more. What is wanted no more is forgotten.
func (l *link) changes(max int) (on, off []string, more bool) {
	l.interest.mu.Lock()
	defer l.interest.mu.Unlock()
	n := min(max, len(l.changed))
	for _, s := range l.changed[:n] {
		if s.link != l {
			continue
		}
		s.changed = false
		switch {
		case s.wanted || s.lingering:
			if !s.sent {
				s.sent = true
				on = append(on, s.channel)
			}
			continue
		case s.sent:
			off = append(off, s.channel)
		}
		l.interest.forget(s)
		l.fail(s, errNoRoom)
	}
	l.changed = l.changed[n:]
	for _, channel := range l.left {
		if s := l.interest.channels[channel]; s == nil || s.link != l { // or it has come back
			off = append(off, channel)
		}
	}
	l.left = nil
	return on, off, len(l.changed) > 0
}

// fail has those told who wait for a subscription that cannot be had any more.
func (l *link) fail(s *subscription, why error) {
	for _, done := range s.waiting {
		l.ready = append(l.ready, func(error) { done(why) })
		l.nudge()
	}
	s.waiting = nil
}

// reroute has each channel listened to over its link, and those whose
// subscription has ended subscribed to again.
func (in *interest) reroute() {
	in.mu.Lock()
	defer in.mu.Unlock()
	for _, s := range in.channels {
		if to := in.route(s.channel); to != s.link {
			s.move(to)
		}
		if !s.sent {
			s.link.change(s)
		}
	}
}

// move changes the link. What the old one was not certain of is missing.
func (s *subscription) move(to *link) {
	from := s.link
	from.miss(s)
	delete(from.lapsing, s)
	to.lapsing[s] = true
	if s.sent {
		from.left = append(from.left, s.channel)
		from.nudge()
	}
	from.fail(s, errNoLink)
	s.sent, s.standing, s.changed, s.link = false, false, false, to
}

// lapse notes that Redis has ended a subscription, and that the cluster knows
// where it can be had. l.interest.mu is locked.
func (l *link) lapse(s *subscription) {
	s.sent, s.standing = false, false
	l.miss(s)
	l.cluster.doubt(l.server.address)
}

// miss notes that what the link was not certain of is missing. l.interest.mu is
// locked.
func (l *link) miss(s *subscription) {
	if s.lapsed.IsZero() {
		s.lapsed = l.certain
		l.lapsing[s] = true
	}
}

// lapsed returns what has lapsed and stands again, and since when it had. It is
// to be called after a probe.
func (l *link) lapsed() (rooms, others []string, since time.Time) {
	l.interest.mu.Lock()
	defer l.interest.mu.Unlock()
	for s := range l.lapsing {
		if !s.standing {
			continue
		}
		if since.IsZero() || s.lapsed.Before(since) {
			since = s.lapsed
		}
		s.lapsed = time.Time{}
		delete(l.lapsing, s)
		if s.room == "" {
			others = append(others, s.channel)
		} else {
			rooms = append(rooms, s.room)
		}
	}
	return rooms, others, since
}

// confirmed is called by the connection and must not block.
func (l *link) confirmed(c rueidis.PubSubSubscription) {
	l.interest.mu.Lock()
	defer l.interest.mu.Unlock()
	s := l.interest.channels[c.Channel]
	if s == nil || s.link != l || !s.sent {
		return
	}
	switch c.Kind {
	case "subscribe", "ssubscribe":
		s.standing = true
		s.stood++
	case "sunsubscribe": // was not asked for: the slot has moved
		l.lapse(s)
		return
	default:
		return
	}
	if len(s.waiting) > 0 {
		l.ready = append(l.ready, s.waiting...)
		s.waiting = nil
		l.nudge()
	}
}

// tell tells those whose subscriptions have been confirmed.
func (l *link) tell() {
	l.interest.mu.Lock()
	ready := l.ready
	l.ready = nil
	l.interest.mu.Unlock()
	for _, done := range ready {
		done(nil)
	}
}

// of returns the rooms, and the other channels, that are listened to over a link.
func (in *interest) of(l *link) (rooms, others []string) {
	in.mu.Lock()
	defer in.mu.Unlock()
	for channel, s := range in.channels {
		switch {
		case s.link != l:
		case s.room == "":
			others = append(others, channel)
		case s.wanted:
			rooms = append(rooms, s.room)
		}
	}
	return rooms, others
}

// proved notes that all that was published before has arrived.
func (l *link) proved(before time.Time) {
	l.interest.mu.Lock()
	defer l.interest.mu.Unlock()
	l.certain = before
}

// moved notes that a channel is to be had elsewhere.
func (l *link) moved(channel string) {
	l.interest.mu.Lock()
	defer l.interest.mu.Unlock()
	if s := l.interest.channels[channel]; s != nil && s.link == l {
		l.lapse(s)
	}
}

// anyLapsed reports whether something that had lapsed may stand again.
func (l *link) anyLapsed() bool {
	l.interest.mu.Lock()
	defer l.interest.mu.Unlock()
	for s := range l.lapsing {
		if s.sent {
			return true
		}
	}
	return false
}
