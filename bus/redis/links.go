package redis

import (
	"errors"
	"sync"
	"time"
)

// links are the subscribing connections: one, or in a Cluster one for each
// primary.
type links struct {
	one      *link // where there is no Cluster
	cluster  *cluster
	interest *interest
	open     func(server) *link // makes a link and does not start it

	mu        sync.Mutex // is locked after interest.mu
	byAddress map[string]*link
	nowhere   *link // has the channels that nobody serves, and never connects
}

// prepare makes the links that are known to be needed. What is listened to is
// noted before they start.
func (ls *links) prepare() {
	if ls.cluster != nil {
		ls.add(ls.cluster.current.Load().primaries())
	}
}

// start begins to connect.
func (ls *links) start() {
	for _, l := range ls.all() {
		l.start()
	}
	if ls.cluster != nil {
		ls.cluster.follow(ls, ls.apply)
	}
}

// of returns the link of a channel. interest.mu is locked.
func (ls *links) of(channel string) *link {
	if ls.cluster == nil {
		return ls.one
	}
	ls.mu.Lock()
	defer ls.mu.Unlock()
	if l := ls.byAddress[ls.cluster.primary(channel)]; l != nil {
		return l
	}
	return ls.nowhere
}

// all returns the links that connect.
func (ls *links) all() (all []*link) {
	if ls.cluster == nil {
		return []*link{ls.one}
	}
	ls.mu.Lock()
	defer ls.mu.Unlock()
	for _, l := range ls.byAddress {
		all = append(all, l)
	}
	return all
}

// lag returns the longest of the links' lags.
func (ls *links) lag() (longest time.Duration) {
	for _, l := range ls.all() {
		longest = max(longest, l.lag.read())
	}
	return longest
}

// apply follows the cluster: there is a link for each primary, and no other, and
// each channel is listened to over its own.
func (ls *links) apply(now *slots) {
	wanted := now.primaries()
	fresh, gone := ls.add(wanted), ls.remove(wanted)
	ls.interest.reroute()
	ls.judge()
	for _, l := range fresh {
		l.start()
	}
	for _, l := range gone {
		l.close()
	}
}

var errNowhere = errors.New("nobody serves the slots of some channels")

// judge notes whether something is listened to that nobody serves.
func (ls *links) judge() {
	if rooms, others := ls.interest.of(ls.nowhere); len(rooms)+len(others) > 0 {
		ls.nowhere.health.down(ls.nowhere, "messages for some rooms do not arrive", errNowhere)
		return
	}
	ls.nowhere.health.up(ls.nowhere)
}

func (ls *links) add(wanted map[string]bool) (fresh []*link) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	for address := range wanted {
		if ls.byAddress[address] != nil {
			continue
		}
		l := ls.open(server{address: address, access: ls.cluster.access})
		l.probing = func(number int) string { return ls.probing(address, number) }
		ls.byAddress[address] = l
		fresh = append(fresh, l)
	}
	return fresh
}

func (ls *links) remove(wanted map[string]bool) (gone []*link) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	for address, l := range ls.byAddress {
		if !wanted[address] {
			delete(ls.byAddress, address)
			gone = append(gone, l)
		}
	}
	return gone
}

// probing returns a channel that a primary serves, for probes, the first of them
// with number 0; "" if it serves none.
func (ls *links) probing(address string, number int) string {
	names, now := ls.interest.names, ls.cluster.current.Load()
	if !now.primaries()[address] {
		return ""
	}
	for k := 0; ; k++ {
		channel := names.probe(k)
		if now[slotOf(channel)] != address {
			continue
		}
		if number == 0 {
			return channel
		}
		number--
	}
}

// close ends all.
func (ls *links) close() {
	if ls.cluster != nil {
		ls.cluster.unfollow(ls)
		ls.nowhere.health.forget(ls.nowhere)
	}
	for _, l := range ls.all() {
		l.close()
	}
}
