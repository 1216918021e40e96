package redis

import (
	"slices"
	"time"

	"github.com/gannet-ws/gannet/bus"
)

// losses are the nodes that have gone without saying so, in the order in which they
// were lost. They are kept for those who ask later why clients are missing: a while,
// and not all where very many are lost. presence guards them with its lock.
type losses []bus.LostNode

const (
	// lossMemory is how long a lost node is remembered.
	lossMemory = 15 * time.Minute
	// maxLosses is how many are remembered; the first ones are forgotten for others,
	// and all have been counted and logged.
	maxLosses = 100
)

func (l *losses) add(lost bus.LostNode) {
	if len(*l) >= maxLosses {
		*l = slices.Delete(*l, 0, 1)
	}
	*l = append(*l, lost)
}

// remove takes out a node that has been heard again.
func (l *losses) remove(id string) (lost bus.LostNode, found bool) {
	i := slices.IndexFunc(*l, func(n bus.LostNode) bool { return n.ID == id })
	if i < 0 {
		return bus.LostNode{}, false
	}
	lost = (*l)[i]
	*l = slices.Delete(*l, i, i+1)
	return lost, true
}

// lately returns those that are still of interest, the last one first.
func (l losses) lately(now time.Time) []bus.LostNode {
	lately := []bus.LostNode{}
	for _, lost := range slices.Backward(l) {
		if now.Sub(lost.LostAt) < lossMemory {
			lately = append(lately, lost)
		}
	}
	return lately
}
