package admin

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/gannet-ws/gannet/core"
)

// What the console asks for. Its page is package console's.

// view is what the console shows.
type view struct {
	Node string `json:"node"` // that answers
	Demo bool   `json:"demo"` // whether there is a demo page for who asks
	core.ClusterGlance
	Known   []core.NodeStatus `json:"known"`             // nodes that have shown a sign of life, missing or not
	Lost    []core.LostNode   `json:"lost"`              // nodes that have gone without saying so, lately
	Moments []core.Moment     `json:"moments,omitempty"` // of this node, where they are asked for
}

// look answers with all nodes at a glance. With ?moments=true the last five minutes
// of this node are added.
func (a *Admin) look(w http.ResponseWriter, r *http.Request) {
	now := view{
		Node:          a.server.NodeID(),
		Demo:          a.options.Demo && fromLoopback(r),
		ClusterGlance: a.overview.of(a.server),
		Known:         a.server.Cluster().Nodes(),
		Lost:          a.server.Cluster().Lost(),
	}
	if r.URL.Query().Get("moments") == "true" {
		now.Moments = a.server.Moments()
	}
	writeJSON(w, http.StatusOK, now)
}

// overview is all nodes at a glance, shared by all who look at the same time.
type overview struct {
	mu   sync.Mutex
	at   time.Time // zero: never
	last core.ClusterGlance
}

const (
	// overviewAge is for how long a glance is shown: however many look, nodes are
	// asked twice a second.
	overviewAge = 500 * time.Millisecond
	// overviewPatience is how long nodes are waited for.
	overviewPatience = time.Second
)

// of returns a glance that is not old. It does not end when the one who asks goes:
// others may wait for it, too.
func (o *overview) of(server *core.Server) core.ClusterGlance {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.at.IsZero() && time.Since(o.at) < overviewAge {
		return o.last
	}
	waiting, enough := context.WithTimeout(context.Background(), overviewPatience)
	defer enough()
	o.last = server.Cluster().Glance(waiting)
	o.at = time.Now()
	return o.last
}
