package redis

import (
	"fmt"
	"sync"
	"time"

	"github.com/gannet-ws/gannet/bus"
)

// listener is what an open bus has and a closed one has not: the link, what it
// listens to, the way of what it receives to the node, and what it knows of the
// other nodes.
type listener struct {
	node      bus.Node
	names     *names
	interest  *interest
	links     *links
	inbox     *inbox
	gaps      *gaps
	sender    *lanes
	presence  *presence
	asking    *asking
	answering *answering
	end       chan struct{}
	wait      sync.WaitGroup
}

// newListener makes a listener that has not begun.
func (b *Bus) newListener(node bus.Node, names *names, sender *lanes) (*listener, error) {
	l := &listener{
		node:      node,
		names:     names,
		gaps:      newGaps(names, b.options.MaxChannels, 2*b.options.PublishTimeout, &b.stats),
		sender:    sender,
		asking:    newAsking(b.options.MaxSurveys),
		answering: newAnswering(b, node, names, sender),
		end:       make(chan struct{}),
	}
	l.interest = &interest{
		linger:   b.options.Linger,
		names:    names,
		route:    func(channel string) *link { return l.links.of(channel) },
		channels: map[string]*subscription{},
	}
	l.presence = newPresence(b, node, names, sender, func() hearing { return l.interest.hearing(names.nodes) })
	r := &receiver{
		options:   &b.options,
		names:     names,
		node:      node,
		interest:  l.interest,
		expected:  newExpectations(b.options.MaxChannels),
		gaps:      l.gaps,
		stats:     &b.stats,
		health:    b.health,
		presence:  l.presence,
		asking:    l.asking,
		answering: l.answering,
	}
	l.links = &links{interest: l.interest, cluster: sender.cluster, byAddress: map[string]*link{}}
	l.links.open = func(to server) *link {
		made := &link{
			options:  &b.options,
			server:   to,
			interest: l.interest,
			health:   b.health,
			stats:    &b.stats,
			gaps:     l.gaps,
			arrive:   r.arrive,
			probing:  func(int) string { return names.node },
			cluster:  sender.cluster,
		}
		made.prepare()
		return made
	}
	l.links.one = l.links.open(b.options.server(b.place))
	l.links.nowhere = l.links.open(server{})
	l.links.prepare()
	for _, channel := range []string{names.all, names.node, names.survey, names.nodes} {
		l.interest.listen(channel)
	}
	for _, name := range eventChannels(node) {
		channel := names.event(name)
		if names.isOurs(channel) {
			return nil, fmt.Errorf("events on %s cannot be subscribed to: the channel is the bus's own", channel)
		}
		l.interest.listen(channel)
	}
	l.inbox = newInbox(int(b.options.MaxInbox), r.deliver)
	r.inbox = l.inbox
	return l, nil
}

func (l *listener) start() {
	l.wait.Go(l.tellGaps)
	l.wait.Go(l.sweep)
	l.answering.start()
	l.links.start()
	l.wait.Go(func() {
		for _, link := range l.links.all() {
			<-link.tried // who is asked too early hears no answer
		}
		l.presence.run(l.end)
	})
}

// close returns when the node is not called any more.
func (l *listener) close() {
	l.links.close()
	l.inbox.close()
	l.answering.close()
	close(l.end)
	l.wait.Wait()
}

// tellGaps tells the node what it misses.
func (l *listener) tellGaps() {
	for {
		select {
		case <-l.gaps.more:
			l.gaps.tell(l.node)
		case <-l.end:
			l.gaps.tell(l.node)
			return
		}
	}
}

// sweep ends the subscriptions that have lingered.
func (l *listener) sweep() {
	if l.interest.linger <= 0 {
		return
	}
	ticker := time.NewTicker(max(l.interest.linger/8, time.Millisecond))
	defer ticker.Stop()
	for {
		select {
		case now := <-ticker.C:
			l.interest.sweep(now)
		case <-l.end:
			return
		}
	}
}
