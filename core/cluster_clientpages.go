package core

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/gannet-ws/gannet/core/condition"
	"github.com/gannet-ws/gannet/shard"
)

// Pages of the clients of all nodes. They are in the order of their ids, of which the
// node is the first part, then the event loop, then the place in its memory: a page is
// found without a look at those before it, and most pages are one node's alone.

const kindClientPage = builtIn + "clientPage"

// maxClientPage is about the size of what one node tells of its clients, in bytes: an
// answer has to fit into a message of the bus.
const maxClientPage = 512 << 10

// ClientQuery says which clients are asked for. The zero value means the first of all.
type ClientQuery struct {
	// UserID is the user that they are connections of, Room one that they are in,
	// and Where a condition that holds for them; see package core/condition. Those
	// that are empty are none.
	UserID string `json:"userId,omitempty"`
	Room   string `json:"room,omitempty"`
	Where  string `json:"where,omitempty"`
	// After is the id behind which the page begins, of a client that need not be
	// connected any more.
	After ClientID `json:"after"`
	// Limit is how many there are on the page at most: 1,000 where it is 0 or less,
	// and never more than MaxListed.
	Limit int `json:"limit"`
}

// ClientPage is some of the clients of all nodes, by id.
type ClientPage struct {
	Clients []ClientInfo `json:"clients"`
	// Truncated says that there are more behind them. There may be fewer than the
	// limit then: what one node tells at once is about 512 KiB.
	Truncated bool `json:"truncated"`
	// Next is the id behind which the next page begins, zero where there is none.
	Next ClientID `json:"next,omitzero"`
	Coverage
}

// someClientInfos are the first of one node's clients.
type someClientInfos struct {
	Clients []ClientInfo `json:"clients"`
	More    bool         `json:"more,omitempty"`
}

// Clients returns a page of what is known of clients. With ClientPage.Next as After it
// returns the next one; clients that come or go meanwhile are on a page or not, all
// others on exactly one. The error says that the condition cannot be read.
func (c *Cluster) Clients(ctx context.Context, q ClientQuery) (ClientPage, error) {
	page := ClientPage{Clients: []ClientInfo{}, Coverage: Coverage{Missing: []string{}}}
	if _, err := q.filter(); err != nil {
		return page, err
	}
	limit := listed(q.Limit)
	if at := nodeOf(q.After); c.knows(at) {
		page.fill(ctx, c, at, q, limit)
		q.After = lastOf(q.After)
	}
	if !page.Truncated {
		page.fill(ctx, c, "", q, limit)
	}
	if page.Truncated {
		page.Next = page.Clients[len(page.Clients)-1].ID
	}
	return page, nil
}

// knows reports whether a node is this one, or known to be alive.
func (c *Cluster) knows(nodeID string) bool {
	return slices.ContainsFunc(c.Nodes(), func(n NodeStatus) bool { return n.ID == nodeID })
}

// lastOf returns the last id that the node of another, its first six bytes, may give.
func lastOf(id ClientID) ClientID {
	raw := id.Bytes()
	for i := 6; i < len(raw); i++ {
		raw[i] = 0xff
	}
	return shard.IDFromBytes(raw)
}

// fill adds clients of the named node, or of all nodes, until there are so many. It
// asks for one at least: whether there are more is to be known.
func (p *ClientPage) fill(ctx context.Context, c *Cluster, nodeID string, q ClientQuery, limit int) {
	q.Limit = max(1, limit-len(p.Clients))
	answers, coverage := inquire[someClientInfos](ctx, c, nodeID, kindClientPage, q)
	p.cover(coverage, q.After)
	for _, a := range answers { // in the order of their ids
		for i := range a.value.Clients {
			if len(p.Clients) == limit {
				p.Truncated = true
				return
			}
			a.value.Clients[i].restoreUser()
			p.Clients = append(p.Clients, a.value.Clients[i])
		}
		if a.value.More {
			p.Truncated = true
			return
		}
	}
}

// cover adds what a survey lacks: nodes whose ids all come before the page lack
// nothing on it.
func (p *ClientPage) cover(more Coverage, after ClientID) {
	for _, node := range more.Missing {
		if last := node + strings.Repeat("f", 20); last > after.String() {
			p.Missing = append(p.Missing, node)
		}
	}
	slices.Sort(p.Missing)
	p.Problem = cmp.Or(p.Problem, more.Problem)
}

// filter returns what picks the clients that are asked for.
func (q *ClientQuery) filter() (func(*ClientView) bool, error) {
	var where *condition.Condition
	if q.Where != "" {
		var err error
		if where, err = condition.Parse(q.Where); err != nil {
			return nil, fmt.Errorf("cannot read the condition: %w", err)
		}
	}
	return func(v *ClientView) bool {
		return (q.UserID == "" || v.UserID() == q.UserID) &&
			(q.Room == "" || v.IsMember(q.Room)) &&
			(where == nil || where.Holds(v))
	}, nil
}

func (s *Server) answerClientPage(ctx context.Context, data json.RawMessage) (any, error) {
	var q ClientQuery
	if err := json.Unmarshal(data, &q); err != nil {
		return nil, fmt.Errorf("cannot read what is asked for: %w", err)
	}
	filter, err := q.filter()
	if err != nil {
		return nil, err
	}
	page, size := someClientInfos{Clients: []ClientInfo{}}, 0
	for l := range s.running {
		from, some := s.slotAfter(l, q.After)
		if !some {
			continue
		}
		err := l.each(ctx, from, func(c *shard.Client) bool {
			view := l.view(c)
			if c.ID().Compare(q.After) <= 0 || !l.picks(filter, view) {
				return true
			}
			if len(page.Clients) >= listed(q.Limit) || size >= maxClientPage {
				page.More = true
				return false
			}
			info := view.Info()
			page.Clients, size = append(page.Clients, info), size+info.size()
			return true
		})
		if err != nil {
			return nil, err // the loop may still add to the page
		}
		if page.More {
			break
		}
	}
	return page, nil
}

// slotAfter returns where the loop's clients begin whose ids may come after one. It
// reports false where there are none.
func (s *Server) slotAfter(l *loop, id ClientID) (slot int, some bool) {
	index := l.shard.Index()
	switch {
	case s.node < id.Node() || s.node == id.Node() && index < id.Shard():
		return 0, false
	case s.node == id.Node() && index == id.Shard():
		return int(id.Slot()), true
	}
	return 0, true
}

// size returns about how many bytes the client takes in JSON.
func (i *ClientInfo) size() int {
	size := 256 // names of fields, numbers, id and address
	if i.User != nil {
		size += len(i.User.IDJSON) + len(i.User.Payload)
	}
	for _, room := range i.Rooms {
		size += len(room) + len(`"",`)
	}
	for key, value := range i.Metadata {
		size += len(key) + len(value) + len(`"":,`)
	}
	return size
}
