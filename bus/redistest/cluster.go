package redistest

import (
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Cluster is a Redis Cluster of three primaries without replicas.
type Cluster struct {
	Servers []*Server
	t       testing.TB
	ids     []string
}

const (
	slotCount = 16384
	primaries = 3
)

// firstSlot returns the first slot that a primary has in the beginning.
func firstSlot(primary int) int { return primary * slotCount / primaries }

// StartCluster runs it, and returns when all primaries know each other and all
// slots.
func StartCluster(t testing.TB) *Cluster {
	t.Helper()
	c := &Cluster{t: t}
	var buses []string
	for range primaries {
		buses = append(buses, strconv.Itoa(freePort(t)))
		c.Servers = append(c.Servers, Start(t, "--cluster-enabled", "yes", "--cluster-port", buses[len(buses)-1],
			"--cluster-node-timeout", "1000", "--cluster-require-full-coverage", "no"))
	}
	for i, s := range c.Servers {
		c.ids = append(c.ids, s.Do("CLUSTER", "MYID"))
		s.Do("CLUSTER", "SET-CONFIG-EPOCH", strconv.Itoa(i+1))
		s.Do("CLUSTER", "ADDSLOTSRANGE", strconv.Itoa(firstSlot(i)), strconv.Itoa(firstSlot(i+1)-1))
	}
	c.meet(buses)
	c.AwaitOK()
	return c
}

// meet introduces the primaries to each other. A meeting comes to nothing when a
// primary takes longer than cluster-node-timeout: there is another one then.
func (c *Cluster) meet(buses []string) {
	c.t.Helper()
	var again time.Time
	c.until(func() bool {
		if time.Now().After(again) {
			again = time.Now().Add(2 * time.Second)
			for i, s := range c.Servers {
				host, port, _ := net.SplitHostPort(s.Addr)
				c.Servers[0].Do("CLUSTER", "MEET", host, port, buses[i])
			}
		}
		for i := range c.Servers {
			if !c.agree(firstSlot(i), i) {
				return false
			}
		}
		return true
	})
}

// AwaitOK returns when all primaries serve all slots.
func (c *Cluster) AwaitOK() {
	c.t.Helper()
	for _, s := range c.Servers {
		s.Until(fmt.Sprintf("cluster_known_nodes:%d", len(c.Servers)), "CLUSTER", "INFO")
		s.Until("cluster_state:ok", "CLUSTER", "INFO")
	}
}

// URLs returns the addresses of all primaries.
func (c *Cluster) URLs() (urls []string) {
	for _, s := range c.Servers {
		urls = append(urls, s.URL())
	}
	return urls
}

// Slot returns a channel's slot.
func (c *Cluster) Slot(channel string) int {
	c.t.Helper()
	slot, err := strconv.Atoi(c.Servers[0].Do("CLUSTER", "KEYSLOT", channel))
	if err != nil {
		c.t.Fatal(err)
	}
	return slot
}

// Owner returns the number of the primary that serves a slot, when all agree.
func (c *Cluster) Owner(slot int) int {
	c.t.Helper()
	owner := -1
	c.until(func() bool {
		owner = c.seenBy(0, slot)
		return owner >= 0 && c.agree(slot, owner)
	})
	return owner
}

// seenBy returns the number of the primary that serves a slot, as one sees it.
func (c *Cluster) seenBy(number, slot int) int {
	for line := range strings.SplitSeq(c.Servers[number].Do("CLUSTER", "NODES"), "\n") {
		fields := strings.Fields(line)
		if len(fields) > 8 && slices.ContainsFunc(fields[8:], func(f string) bool { return covers(f, slot) }) {
			return slices.Index(c.ids, fields[0])
		}
	}
	return -1
}

func (c *Cluster) agree(slot, owner int) bool {
	for i := range c.Servers {
		if c.seenBy(i, slot) != owner {
			return false
		}
	}
	return true
}

func (c *Cluster) until(condition func() bool) {
	c.t.Helper()
	for deadline := time.Now().Add(patience); !condition(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			c.t.Fatal("the Cluster's primaries do not agree")
		}
	}
}

// Unserve takes a slot from its primary, so that nobody serves it, and returns a
// function that gives it back.
func (c *Cluster) Unserve(slot int) (serve func()) {
	c.t.Helper()
	owner, text := c.Owner(slot), strconv.Itoa(slot)
	for _, s := range c.Servers {
		s.Do("CLUSTER", "DELSLOTS", text)
	}
	return func() {
		c.t.Helper()
		c.Servers[owner].Do("CLUSTER", "ADDSLOTS", text)
		c.until(func() bool { return c.agree(slot, owner) })
	}
}

// covers reports whether a range, 5 or 5-9, has the slot.
func covers(text string, slot int) bool {
	first, last, isRange := strings.Cut(text, "-")
	low, err := strconv.Atoi(first)
	if err != nil {
		return false
	}
	high := low
	if isRange {
		high, err = strconv.Atoi(last)
	}
	return err == nil && low <= slot && slot <= high
}

// Migrate gives a slot to another primary, as redis-cli --cluster reshard does
// with one that has no keys.
func (c *Cluster) Migrate(slot, to int) {
	c.t.Helper()
	from, text := c.Owner(slot), strconv.Itoa(slot)
	c.Servers[to].Do("CLUSTER", "SETSLOT", text, "IMPORTING", c.ids[from])
	c.Servers[from].Do("CLUSTER", "SETSLOT", text, "MIGRATING", c.ids[to])
	c.Servers[to].Do("CLUSTER", "SETSLOT", text, "NODE", c.ids[to])
	c.Servers[from].Do("CLUSTER", "SETSLOT", text, "NODE", c.ids[to])
	c.until(func() bool { return c.agree(slot, to) })
}
