package admin

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/lxzan/gws"
	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/codec"
	"github.com/gannet-ws/gannet/core"
)

// counting is a client that counts what it receives.
type counting struct {
	gws.BuiltinEventHandler
	received chan int
}

func (c *counting) OnMessage(_ *gws.Conn, m *gws.Message) {
	c.received <- m.Data.Len()
	_ = m.Close()
}

// next waits for a message and returns its size in bytes.
func (c *counting) next(t *testing.T) int {
	t.Helper()
	select {
	case size := <-c.received:
		return size
	case <-time.After(patience):
		t.Fatal("no message came")
		return 0
	}
}

func TestMetrics_Compression(t *testing.T) {
	n := start(t, settings{server: core.Options{Compression: core.CompressionOn}})
	client := &counting{received: make(chan int, 10)}
	conn, _, err := gws.NewClient(client, &gws.ClientOption{
		Addr:              "ws://" + n.server.Addr().String() + "/ws",
		PermessageDeflate: gws.PermessageDeflate{Enabled: true, Threshold: 1},
	})
	require.NoError(t, err)
	ended := make(chan struct{})
	go func() { defer close(ended); conn.ReadLoop() }()
	defer func() { _ = conn.NetConn().Close(); <-ended }()

	request := `{"type":"no","action":"route","data":"` + strings.Repeat("a", 1000) + `"}`
	require.NoError(t, conn.WriteString(request))
	client.next(t)
	noise := make([]byte, 600)
	_, _ = rand.NewChaCha8([32]byte{1}).Read(noise)
	text := []byte(strings.Repeat("hello ", 500))
	for _, m := range [][]byte{noise, text} {
		_, err = n.server.Publish(core.Publication{To: core.All(), Message: codec.NewMessage(codec.OpBinary, m)})
		require.NoError(t, err)
		require.Equal(t, len(m), client.next(t))
	}
	out := n.readMetrics()["gannet_compression_out_bytes_total"]
	require.Positive(t, out)
	require.Less(t, out, float64(len(text)/2))
	n.metricsAre(map[string]float64{
		"gannet_clients_compressed":         1,
		"gannet_compressed_messages_total":  1,
		"gannet_compression_in_bytes_total": float64(len(text)),
		"gannet_compression_futile_total":   1,
		"gannet_inflated_messages_total":    1,
		"gannet_inflated_bytes_total":       float64(len(request)),
	})
}
