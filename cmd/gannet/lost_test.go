package main

import (
	"encoding/json"
	"slices"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/core"
)

const (
	logLost = "a node is lost: it has died, hangs or is cut off, and has not said that it leaves"
	logBack = "a lost node is back"
)

// tier is what a worker knows of all.
type tier struct {
	Nodes []core.NodeStatus
	Lost  []core.LostNode
}

func (f *fleet) tier(worker int) (known tier) {
	f.t.Helper()
	require.NoError(f.t, json.Unmarshal([]byte(f.get(worker, "/api/nodes")), &known))
	return known
}

// loses reports whether a worker takes a node for lost.
func (f *fleet) loses(worker int, node string) bool {
	known := f.tier(worker)
	return slices.ContainsFunc(known.Lost, func(n core.LostNode) bool { return n.ID == node }) &&
		!slices.ContainsFunc(known.Nodes, func(n core.NodeStatus) bool { return n.ID == node })
}

// says returns how often it was logged of a node.
func (f *fleet) says(message, node string) (times int) {
	for _, line := range f.logged(message) {
		if line.Node == node {
			times++
		}
	}
	return times
}

// A process that stands still is lost to the others, until it goes on; one that is
// killed stays lost, although another follows it.
func TestLost_ProcessHangsAndDies(t *testing.T) {
	f := newFleet(t, "--redis-heartbeat-interval=500ms")
	pid, node := f.pids()[1], f.tier(1).Nodes[0].ID
	f.await("they know each other", func() bool { return len(f.tier(0).Nodes) == 2 })
	require.NoError(t, syscall.Kill(pid, syscall.SIGSTOP))
	f.await("it is lost", func() bool { return f.loses(0, node) })
	require.Equal(t, f.says(logBack, node)+1, f.says(logLost, node), "it is said once each time")
	require.NoError(t, syscall.Kill(pid, syscall.SIGCONT))
	f.await("it is back", func() bool {
		return len(f.tier(0).Nodes) == 2 && !f.loses(0, node) && f.says(logBack, node) == f.says(logLost, node)
	})

	require.NoError(t, syscall.Kill(pid, syscall.SIGKILL))
	f.await("another follows, and it is lost", func() bool { return f.pids()[1] != pid && f.loses(0, node) })
	require.Equal(t, f.says(logBack, node)+1, f.says(logLost, node), "it is said once each time")
}

// Workers that are replaced, and those that stop, are not lost to anybody.
func TestLost_NobodyWhoLeaves(t *testing.T) {
	f := newFleet(t)
	before := []string{f.tier(0).Nodes[0].ID, f.tier(1).Nodes[0].ID}
	f.signal(syscall.SIGUSR2)
	f.await("all have been replaced", func() bool { return len(f.logged(logGone)) == 2 })
	f.await("all have left", func() bool {
		known := f.tier(0)
		return len(known.Nodes) == 2 && !slices.ContainsFunc(known.Nodes, func(n core.NodeStatus) bool { return slices.Contains(before, n.ID) })
	})
	require.Empty(t, f.tier(0).Lost)
	f.signal(syscall.SIGTERM)
	require.NoError(t, f.ends())
	require.Empty(t, f.logged(logLost))
}
