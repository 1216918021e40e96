package redis

import (
	"errors"
	"sync"
	"time"
)

// interest is what the node wants to listen to, and what it is known to. Any
// goroutine may use it; event loops do, and never wait: links take what has
// changed and tell Redis.
type interest struct {
	linger time.Duration
	names  *names
	route  func(channel string) *link // is called with mu locked

	mu       sync.Mutex
	channels map[string]*subscription
	parting  []parting // oldest first
	last     uint64
}

// parting is a subscription that ends when Linger has passed, unless it is wanted
// again.
type parting struct {
	*subscription
	since time.Time
}

// subscription is one channel. It is guarded by interest.mu.
type subscription struct {
	channel string
	room    string // "" for channels that are no room's
	number  uint64 // is given once
	began   time.Time
	link    *link

	wanted    bool
	left      time.Time // since when it is not
	lingering bool
	changed   bool   // it stands in link.changed
	sent      bool   // Redis has been told, over the connection that there is
	standing  bool   // and has confirmed it
	stood     uint64 // how often it has
	// lapsed is since when messages may be missing, because the Cluster ended
	// or moved the subscription; zero if that is not so.
	lapsed  time.Time
	waiting []func(error)
}

// Why a subscription cannot be had.
var (
	errNoLink  = errors.New("there is no connection to Redis")
	errNoRoom  = errors.New("the room has been left")
	errNotOpen = errors.New("the bus is closed")
)

// listen makes a channel wanted that is no room's.
func (in *interest) listen(channel string) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.want(channel, "")
}

// enter makes a room's channel wanted.
func (in *interest) enter(room string) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.want(in.names.room(room), room)
}

// want is called with in.mu locked.
func (in *interest) want(channel, room string) {
	s := in.channels[channel]
	if s == nil {
		in.last++
		s = &subscription{channel: channel, room: room, number: in.last, began: time.Now(), link: in.route(channel)}
		in.channels[channel] = s
	}
	s.wanted = true
	if !s.sent {
		s.link.change(s)
	}
}

// leave lets a room's channel go, when Linger has passed.
func (in *interest) leave(room string) {
	in.mu.Lock()
	defer in.mu.Unlock()
	s := in.channels[in.names.room(room)]
	if s == nil {
		return
	}
	s.wanted, s.left = false, time.Now()
	switch {
	case in.linger <= 0:
		s.link.change(s)
	case !s.lingering:
		s.lingering = true
		in.parting = append(in.parting, parting{s, s.left})
	}
}

// sweep ends the subscriptions that have lingered.
func (in *interest) sweep(now time.Time) {
	in.mu.Lock()
	defer in.mu.Unlock()
	for len(in.parting) > 0 && now.Sub(in.parting[0].since) >= in.linger {
		s := in.parting[0].subscription
		in.parting = in.parting[1:]
		if !s.wanted && now.Sub(s.left) < in.linger { // it was wanted meanwhile
			in.parting = append(in.parting, parting{s, s.left})
			continue
		}
		s.lingering = false
		if !s.wanted {
			s.link.change(s)
		}
	}
}

// standing reports whether a room's subscription is confirmed.
func (in *interest) standing(room string) bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	s := in.channels[in.names.room(room)]
	return s != nil && s.standing
}

// hearing is how sure it is that what is published on a channel arrives.
type hearing struct {
	standing bool      // its subscription is confirmed
	number   uint64    // of that, another one after each loss
	certain  time.Time // all that was published before has arrived
}

// hearing returns how sure that is of a channel.
func (in *interest) hearing(channel string) hearing {
	in.mu.Lock()
	defer in.mu.Unlock()
	s := in.channels[channel]
	if s == nil {
		return hearing{}
	}
	return hearing{s.standing, s.stood, s.link.certain}
}

// await has done called when the room's subscription is confirmed, or cannot be.
func (in *interest) await(room string, done func(error)) {
	if err, now := in.wait(room, done); now {
		done(err)
	}
}

func (in *interest) wait(room string, done func(error)) (err error, now bool) {
	in.mu.Lock()
	defer in.mu.Unlock()
	s := in.channels[in.names.room(room)]
	switch {
	case s == nil:
		return errNoRoom, true
	case s.standing:
		return nil, true
	case !s.link.connected:
		return errNoLink, true
	}
	s.waiting = append(s.waiting, done)
	return nil, false
}

// arrival is where a message has arrived.
type arrival struct {
	channel string
	room    string // "" if the channel is no room's
	number  uint64 // of the subscription
	began   time.Time
	certain time.Time // nothing from before is on its way any more
}

// find returns what is known of a channel that is listened to.
func (in *interest) find(channel string) (at arrival, ok bool) {
	in.mu.Lock()
	defer in.mu.Unlock()
	s := in.channels[channel]
	if s == nil {
		return arrival{}, false
	}
	return arrival{channel, s.room, s.number, s.began, s.link.certain}, true
}

// len returns the number of channels that are listened to.
func (in *interest) len() int {
	in.mu.Lock()
	defer in.mu.Unlock()
	return len(in.channels)
}
