package core_test

import (
	"encoding/json"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/core"
)

// Where a client connects from is told to handlers, hooks and filters, and by the API.
func TestAddress_IsTold(t *testing.T) {
	from := netip.MustParseAddr("127.0.0.7")
	came, went := make(chan netip.Addr, 1), make(chan netip.Addr, 1)
	tell := func(c *core.Context) (any, error) { return c.Address(), nil }
	server := start(t, core.Options{Hooks: core.Hooks{
		Connected:    func(c *core.Context) { came <- c.Address() },
		Disconnected: func(d core.Departure) { went <- d.Address },
	}}, func(s *core.Server) {
		s.Handle("tell", "inline", tell)
		s.Handle("tell", "blocking", tell, core.Blocking())
	})
	p := letIn(t, server, "127.0.0.7", wireRequest("/ws"))
	require.Equal(t, from, next(t, came))
	for _, action := range []string{"inline", "blocking"} {
		p.write(wireFrame(0x81, `{"type":"tell","action":"`+action+`"}`))
		require.Contains(t, p.text(), `"response":"127.0.0.7"`)
	}
	infos, err := server.Clients(t.Context(), func(v *core.ClientView) bool { return v.Address() == from }, 0)
	require.NoError(t, err)
	require.Len(t, infos, 1)
	require.Equal(t, from, infos[0].Address)
	found := server.Cluster().FindClient(t.Context(), infos[0].ID)
	require.NotNil(t, found.Client)
	require.Equal(t, from, found.Client.Address, "what nodes tell each other")

	_ = p.conn.Close()
	require.Equal(t, from, next(t, went))
}

func TestAddress_InJSON(t *testing.T) {
	for text, want := range map[string]string{"192.0.2.1": `"192.0.2.1"`, "2001:db8::1": `"2001:db8::1"`, "": `""`} {
		info := core.ClientInfo{}
		if text != "" {
			info.Address = netip.MustParseAddr(text)
		}
		written, err := json.Marshal(info)
		require.NoError(t, err)
		require.Contains(t, string(written), `"address":`+want)
		var read core.ClientInfo
		require.NoError(t, json.Unmarshal(written, &read))
		require.Equal(t, info.Address, read.Address)
	}
}
