//go:build torture

package redis_test

import (
	"flag"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/gannet-ws/gannet/bus/redistest"
)

// What happens, and when, is chance; the same seed chooses the same.
var seed = flag.Uint64("seed", 0, "what to begin chance with; 0 for another one each time")

const events = 12

// dice returns chance for a test, and logs what brings it back.
func dice(t *testing.T) *rand.Rand {
	with := *seed
	if with == 0 {
		with = rand.Uint64()
	}
	t.Logf("again with -seed %d", with)
	return rand.New(rand.NewPCG(with, 0))
}

// torture has something happen, by chance, while there is traffic, again and again.
func torture(t *testing.T, tr *traffic, chance *rand.Rand, happens map[string]func()) {
	names := slices.Sorted(maps.Keys(happens))
	for range events {
		time.Sleep(time.Duration(chance.IntN(500)) * time.Millisecond)
		name := names[chance.IntN(len(names))]
		t.Log(name)
		happens[name]()
		if chance.IntN(3) > 0 { // or the next comes on top of it
			tr.recovered()
		}
	}
	tr.end()
}

func TestGapsTorture_OneServer(t *testing.T) {
	chance, server := dice(t), redistest.Start(t)
	on := func(disturb func(*redistest.Server)) func() { return func() { disturb(server) } }
	tr := startTraffic(t, []string{"x", "y", "z"}, three(t, quickly(server.URL()))...)
	tr.sendForeign(server)
	torture(t, tr, chance, map[string]func(){
		"crash":                on(crash),
		"frozen for a moment":  on(freeze(150 * time.Millisecond)),
		"frozen":               func() { freeze(time.Duration(chance.IntN(5000)) * time.Millisecond)(server) },
		"all connections cut":  on(cutAll),
		"subscriptions cut":    on(cutSubscribers),
		"one subscription cut": on(cutOne),
		"publishers cut":       on(cutPublishers),
		"slow subscribers cut": on(overflow),
	})
}

func TestGapsTorture_FrozenForLong(t *testing.T) {
	server := redistest.Start(t)
	tr := startTraffic(t, []string{"x", "y", "z"}, three(t, quickly(server.URL()))...)
	tr.sendForeign(server)
	freeze(20 * time.Second)(server)
	tr.recovered()
	tr.end()
}

func TestGapsTorture_Sentinels(t *testing.T) {
	chance, servers := dice(t), redistest.StartSentinels(t)
	primary, replica := servers.Primary, servers.Replica // now
	tr := startTraffic(t, []string{"x", "y"}, three(t, quickly(servers.URLs()...))...)
	settled := func() { primary, replica = servers.Roles() }
	torture(t, tr, chance, map[string]func(){
		"crash": func() {
			primary.Kill()
			replica.Until("role:master", "INFO", "replication")
			primary.Restart()
			settled()
		},
		"planned": func() {
			servers.Sentinels[0].Until("OK", "SENTINEL", "FAILOVER", "main")
			settled()
		},
		"subscriptions cut": func() { cutSubscribers(primary) },
		"publishers cut":    func() { cutPublishers(primary) },
	})
}

func TestGapsTorture_Cluster(t *testing.T) {
	chance, c := dice(t), redistest.StartCluster(t)
	rooms := spread(c, 2)
	tr := startTraffic(t, rooms, three(t, quickly(c.URLs()...))...)
	any := func() *redistest.Server { return c.Servers[chance.IntN(len(c.Servers))] }
	torture(t, tr, chance, map[string]func(){
		"migration": func() {
			for _, room := range rooms {
				slot := c.Slot("gannet:room:{" + room + "}")
				c.Migrate(slot, (c.Owner(slot)+1+chance.IntN(2))%len(c.Servers))
			}
		},
		"crash": func() {
			server := any()
			server.Kill()
			time.Sleep(time.Duration(chance.IntN(2000)) * time.Millisecond)
			server.Restart()
			c.AwaitOK()
		},
		"frozen": func() {
			freeze(time.Duration(chance.IntN(5000)) * time.Millisecond)(any())
			c.AwaitOK()
		},
		"subscriptions cut": func() { cutSubscribers(any()) },
		"publishers cut":    func() { cutPublishers(any()) },
	})
}
