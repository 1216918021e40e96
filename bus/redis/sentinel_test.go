package redis_test

import (
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/bus/redistest"
)

// The primary crashes, and its replica takes its place: nothing is lost outside
// the gaps that are told, and everybody meets again on the new primary.
func TestSentinel_Failover(t *testing.T) {
	t.Parallel()
	servers := redistest.StartSentinels(t)
	sender, receiver := join(t, 1, quickly(servers.URLs()...)), join(t, 2, quickly(servers.URLs()...))
	tr := startTraffic(t, []string{"x", "y"}, sender, receiver)
	time.Sleep(200 * time.Millisecond)
	servers.Primary.Kill()
	servers.Replica.Until("role:master", "INFO", "replication")
	assert.NotZero(t, tr.end())
	assert.Equal(t, "2", servers.Replica.Do("PUBLISH", "gannet:room:{x}", "{}"), "both are on the new primary")

	// The old one comes back as a replica, and nobody goes to it.
	servers.Primary.Restart()
	servers.Roles()
	tr.sound()
}

// A failover that is asked for: the old primary lives on as a replica, and cuts
// its connections.
func TestSentinel_PlannedFailover(t *testing.T) {
	t.Parallel()
	servers := redistest.StartSentinels(t)
	sender, receiver := join(t, 1, quickly(servers.URLs()...)), join(t, 2, quickly(servers.URLs()...))
	tr := startTraffic(t, []string{"x"}, sender, receiver)
	servers.Sentinels[0].Until("OK", "SENTINEL", "FAILOVER", "main")
	servers.Replica.Until("role:master", "INFO", "replication")
	receiver.until(func() bool {
		primary, _ := servers.Roles()
		return primary.Do("PUBSUB", "NUMSUB", "gannet:room:{x}") == "gannet:room:{x}\n2"
	}, "they move")
	tr.end()
}

// Sentinels that name another primary are followed, though the old one is there
// and knows nothing of it, as on the wrong side of a broken network.
func TestSentinel_Elsewhere(t *testing.T) {
	t.Parallel()
	servers, elsewhere := redistest.StartSentinels(t), redistest.Start(t)
	sender, receiver := join(t, 1, quickly(servers.URLs()...)), join(t, 2, quickly(servers.URLs()...))
	tr := startTraffic(t, []string{"x"}, sender, receiver)
	host, port, _ := net.SplitHostPort(elsewhere.Addr)
	for _, one := range servers.Sentinels {
		one.Do("SENTINEL", "REMOVE", "main")
		one.Do("SENTINEL", "MONITOR", "main", host, port, "2")
	}
	elsewhere.Until("gannet:room:{x}\n2", "PUBSUB", "NUMSUB", "gannet:room:{x}")
	tr.end()
	assert.Equal(t, "0", servers.Primary.Do("PUBLISH", "gannet:all", "{}"), "nobody is left behind")
}

// Sentinels that are away, or know nothing, are passed over.
func TestSentinel_SomeAway(t *testing.T) {
	t.Parallel()
	servers := redistest.StartSentinels(t)
	servers.Sentinels[0].Kill()
	servers.Sentinels[1].Do("SENTINEL", "REMOVE", "main")
	m := join(t, 2, quickly(servers.URLs()...))
	m.enter("x")
	servers.Sentinels[2].Kill()
	m.Close()
	require.NoError(t, m.Open(m.node))
	m.until(func() bool { return m.Status().Problem != "" }, "nobody knows the primary")
	assert.Contains(t, m.Status().Problem, `the primary "main"`)
}
