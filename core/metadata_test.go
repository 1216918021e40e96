package core_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/core"
	"github.com/gannet-ws/gannet/shard"
)

// setMetadata keeps a value with a client, from the test's goroutine.
func setMetadata(t testing.TB, server *core.Server, id shard.ID, key string, value any) error {
	t.Helper()
	return visited(t, server, id, func(c *core.Context) error { return c.SetMetadata(key, value) })
}

func metadata(t testing.TB, server *core.Server, id shard.ID, key string) json.RawMessage {
	t.Helper()
	return visited(t, server, id, func(c *core.Context) json.RawMessage { return c.Metadata(key) })
}

func TestMetadata_Values(t *testing.T) {
	server := start(t, core.Options{}, tellID)
	id := idOf(connect(t, server))
	var nobody *core.ClientInfo
	for name, tt := range map[string]struct {
		value any
		want  string
	}{
		"number":         {5, `5`},
		"text":           {"a \"b\"", `"a \"b\""`},
		"no UTF-8":       {"\xff", `"\ufffd"`},
		"null":           {nobody, `null`},
		"object":         {map[string]int{"x": 1}, `{"x":1}`},
		"raw":            {json.RawMessage(`[1, 2]`), `[1, 2]`},
		"raw null":       {json.RawMessage(`null`), `null`},
		"of JSON itself": {json.Number("1.50"), `1.50`},
	} {
		t.Run(name, func(t *testing.T) {
			require.NoError(t, setMetadata(t, server, id, "k", tt.value))
			require.Equal(t, tt.want, string(metadata(t, server, id, "k")))
			info, err := server.Client(t.Context(), id)
			require.NoError(t, err)
			require.Equal(t, map[string]json.RawMessage{"k": json.RawMessage(tt.want)}, info.Metadata)
		})
	}
	require.NoError(t, setMetadata(t, server, id, "k", nil))
	require.Nil(t, metadata(t, server, id, "k"))
	require.NoError(t, setMetadata(t, server, id, "k", nil), "there is none")
	info, err := server.Client(t.Context(), id)
	require.NoError(t, err)
	require.Nil(t, info.Metadata)
}

// What is refused changes nothing.
func TestMetadata_NotJSON(t *testing.T) {
	server := start(t, core.Options{}, tellID)
	id := idOf(connect(t, server))
	require.NoError(t, setMetadata(t, server, id, "k", "before"))
	for name, value := range map[string]any{
		"channel": make(chan int), "raw, cut": json.RawMessage(`{"a":`), "raw, empty": json.RawMessage{},
	} {
		require.Error(t, setMetadata(t, server, id, "k", value), name)
		require.Equal(t, `"before"`, string(metadata(t, server, id, "k")), name)
	}
	require.Zero(t, server.Stats().MetadataRefused, "that counts what is too much")
}

func TestMetadata_Bound(t *testing.T) {
	const each = 64 // what an entry counts for beside its bytes
	server := start(t, core.Options{MaxMetadata: 2*each + 20}, tellID)
	id := idOf(connect(t, server))
	digits := func(n int) json.RawMessage { return json.RawMessage(strings.Repeat("1", n)) }
	full := &core.Error{Text: "Too much metadata", Code: "METADATA_FULL"}

	require.Equal(t, full, setMetadata(t, server, id, "a", digits(each+20)), "one byte too many")
	require.NoError(t, setMetadata(t, server, id, "a", digits(each+19)), "just enough")
	require.NoError(t, setMetadata(t, server, id, "a", digits(9)), "in the place of the other")
	require.NoError(t, setMetadata(t, server, id, "b", digits(9)))
	require.Equal(t, full, setMetadata(t, server, id, "b", digits(10)))
	require.Equal(t, digits(9), metadata(t, server, id, "b"), "a refusal changes nothing")
	require.Equal(t, full, setMetadata(t, server, id, "", digits(1)), "a third has no room")
	require.NoError(t, setMetadata(t, server, id, "a", nil))
	require.NoError(t, setMetadata(t, server, id, "c", digits(9)), "in the room that the first has left")
	require.EqualValues(t, 3, server.Stats().MetadataRefused)

	other := idOf(connect(t, server))
	require.NoError(t, setMetadata(t, server, other, "a", digits(each+19)), "each client has its own")
}

// Who comes to a client's place finds nothing of it.
func TestMetadata_GoesWithItsClient(t *testing.T) {
	server := start(t, core.Options{Loops: 1}, tellID)
	c := connect(t, server)
	id := idOf(c)
	require.NoError(t, setMetadata(t, server, id, "secret", "of the first"))
	require.NoError(t, c.conn.NetConn().Close())
	eventually(t, func() bool { return !server.Alive(id) }, "it has gone")
	heir := idOf(connect(t, server))
	require.Equal(t, id.Slot(), heir.Slot())
	require.Nil(t, metadata(t, server, heir, "secret"))
	info, err := server.Client(t.Context(), heir)
	require.NoError(t, err)
	require.Nil(t, info.Metadata)
}

func TestSetMetadata_ByID(t *testing.T) {
	server := start(t, core.Options{MaxMetadata: 200})
	c := connect(t, server)
	id := wireShardID(t, wireID(c))
	require.NoError(t, server.SetMetadata(t.Context(), id, "plan", "pro"))
	info, err := server.Client(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, `"pro"`, string(info.Metadata["plan"]))
	require.ErrorContains(t, server.SetMetadata(t.Context(), id, "large", make([]int, 200)), "Too much metadata")
	require.ErrorIs(t, server.SetMetadata(t.Context(), core.ClientID{}, "plan", "pro"), core.ErrGone)
}
