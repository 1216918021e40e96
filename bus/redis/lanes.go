package redis

import (
	"sync"
	"time"

	"github.com/redis/rueidis"
)

// lanes are the publishers: one, or in a Cluster one for each primary. Any
// goroutine may publish.
type lanes struct {
	bus     *Bus
	one     *publisher // where there is no Cluster
	cluster *cluster

	mu        sync.RWMutex
	byAddress map[string]*publisher
	begun     bool  // the slots have been asked for once
	early     queue // what came before
	// torn are those that nobody, or somebody else, serves. Who does has to tell
	// those who listen.
	torn tears
}

// newLanes begins to connect. They are ended by close.
func (b *Bus) newLanes() *lanes {
	l := &lanes{bus: b, byAddress: map[string]*publisher{}, torn: tears{}}
	if !b.place.cluster {
		l.one = l.publisher(b.options.server(b.place))
		return l
	}
	l.cluster = newCluster(&b.options, b.place, b.names.Load().isOurs, b.health)
	l.cluster.follow(l, l.apply)
	l.cluster.start(l.begin)
	return l
}

// publisher starts a publisher to a server.
func (l *lanes) publisher(to server) *publisher {
	p := &publisher{
		options: &l.bus.options,
		server:  to,
		command: l.command,
		numbers: l.bus.numbers,
		stats:   &l.bus.stats,
		health:  l.bus.health,
	}
	if l.cluster != nil {
		p.moved = func(torn tears) { l.moved(to.address, torn) }
	}
	p.start()
	return p
}

// command publishes a message: to a shard, if there are any and the channel is
// Gannet's.
func (l *lanes) command(build rueidis.Builder, channel, message string) rueidis.Completed {
	if l.cluster != nil && l.cluster.sharded(channel) {
		return build.Spublish().Channel(channel).Message(message).Build()
	}
	return build.Publish().Channel(channel).Message(message).Build()
}

// publish is publisher.publish, of the one that serves the channel.
func (l *lanes) publish(channel string, message []byte, numbered bool) error {
	return l.enqueue(outgoing{channel: channel, message: message, numbered: numbered})
}

// beat publishes a sign of life, which is not counted.
func (l *lanes) beat(channel string, message []byte) error {
	return l.enqueue(outgoing{channel: channel, message: message, beat: true})
}

func (l *lanes) enqueue(o outgoing) error {
	if l.one != nil {
		return l.one.publish(o)
	}
	l.mu.RLock()
	if p := l.byAddress[l.cluster.primary(o.channel)]; p != nil && l.begun {
		defer l.mu.RUnlock()
		return p.publish(o)
	}
	l.mu.RUnlock()
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.hold(o)
}

// hold keeps a message until the slots have been asked for once. After that one
// that nobody serves is lost. l.mu is locked.
func (l *lanes) hold(o outgoing) error {
	if !l.begun && l.early.bytes+o.size() <= int(l.bus.options.MaxQueue) {
		l.early.push(o)
		return nil
	}
	if p := l.byAddress[l.cluster.primary(o.channel)]; p != nil && l.begun {
		return p.publish(o)
	}
	o.count(&l.bus.stats.failed)
	if o.numbered {
		l.tear(o.channel, l.bus.numbers.next(o.channel))
	}
	return errAway
}

// begin publishes what came early. It is called when the slots have been asked
// for once.
func (l *lanes) begin() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.begun = true
	for !l.early.empty() {
		_ = l.hold(l.early.pop()) // what fails is counted
	}
}

// moved is called with channels of which messages were lost, because the server
// that they were sent to does not serve them any more.
func (l *lanes) moved(from string, torn tears) {
	l.adopt(torn)
	l.cluster.doubt(from)
}

func (l *lanes) adopt(torn tears) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for channel, last := range torn {
		l.tear(channel, last)
	}
}

// tear is called with l.mu locked.
func (l *lanes) tear(channel string, last mark) {
	l.torn.add(channel, last, l.bus.options.MaxChannels)
}

// apply follows the cluster: there is a publisher for each primary, and no other.
func (l *lanes) apply(now *slots) {
	wanted := now.primaries()
	var gone []*publisher
	l.mu.Lock()
	for address, p := range l.byAddress {
		if !wanted[address] {
			delete(l.byAddress, address)
			gone = append(gone, p)
		}
	}
	for address := range wanted {
		if l.byAddress[address] == nil {
			l.byAddress[address] = l.publisher(server{address: address, access: l.bus.place.access})
		}
	}
	l.mu.Unlock()
	for _, p := range gone {
		p.close()
		l.adopt(p.torn)
	}
	l.mend()
}

// mend has those who serve torn channels tell.
func (l *lanes) mend() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for channel, last := range l.torn {
		if p := l.byAddress[l.cluster.primary(channel)]; p != nil {
			delete(l.torn, channel)
			p.mend(channel, last)
		}
	}
}

// waiting returns the size in bytes of the messages that wait.
func (l *lanes) waiting() (bytes int) {
	if l.one != nil {
		return l.one.waiting()
	}
	l.mu.RLock()
	defer l.mu.RUnlock()
	for _, p := range l.byAddress {
		bytes += p.waiting()
	}
	return bytes
}

// close sends what waits, and ends. A Cluster that does not say who serves what is
// waited for PublishTimeout at most.
func (l *lanes) close() {
	if l.one != nil {
		l.one.close()
		return
	}
	patience := time.AfterFunc(l.bus.options.PublishTimeout, l.cluster.end)
	<-l.cluster.first
	patience.Stop()
	l.cluster.close()
	var wait sync.WaitGroup
	for _, p := range l.byAddress {
		wait.Go(p.close)
	}
	wait.Wait()
}
