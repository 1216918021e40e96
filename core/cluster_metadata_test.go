package core_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/core"
	"github.com/gannet-ws/gannet/shard"
)

// kept is metadata as text, by key.
func kept(values map[string]json.RawMessage) string {
	var all []string
	for _, key := range slices.Sorted(maps.Keys(values)) {
		all = append(all, key+"="+string(values[key]))
	}
	return strings.Join(all, " ")
}

// Metadata is changed wherever the client is, and conditions ask for what it is then.
func TestCluster_ChangeMetadata(t *testing.T) {
	threeNodes(t, func(t *testing.T, servers []*core.Server) {
		c := servers[0].Cluster()
		for i, s := range servers {
			room := fmt.Sprint("level:", i)
			client := member(t, s, room)
			id := idOf(client)
			require.NoError(t, setMetadata(t, s, id, "old", []int{1}))
			for _, step := range []struct {
				changes map[string]any
				want    string
				hears   bool // what is for those of level 3 and more
			}{
				{nil, `old=[1]`, false},
				{map[string]any{"level": 2, "zone": map[string]any{"a": nil}}, `level=2 old=[1] zone={"a":null}`, false},
				{map[string]any{"level": json.RawMessage(" 3 ")}, `level=3 old=[1] zone={"a":null}`, true},
				{map[string]any{"level": "3", "old": nil, "none": nil}, `level="3" zone={"a":null}`, false},
				{map[string]any{"level": 9007199254740993, "zone": json.RawMessage("null")}, `level=9007199254740993`, true},
				{map[string]any{"level": nil, "": "<é>"}, `="<é>"`, false},
				{map[string]any{"": nil}, ``, false},
			} {
				changed, err := c.ChangeMetadata(t.Context(), id, step.changes)
				require.NoError(t, err)
				require.NotNil(t, changed.Metadata)
				require.Equal(t, step.want, kept(changed.Metadata))
				require.Equal(t, complete, changed.Coverage)
				info, err := s.Client(t.Context(), id)
				require.NoError(t, err)
				require.Equal(t, step.want, kept(info.Metadata))

				publisher := servers[(i+1)%3]
				_, err = publisher.Broadcast(core.Room(room).Where("meta:level >= 3"), "t", "level", nil)
				require.NoError(t, err)
				_, err = publisher.Broadcast(core.Room(room), "t", "all", nil)
				require.NoError(t, err)
				if step.hears {
					require.Equal(t, `{"type":"t","action":"level"}`, client.receive())
				}
				require.Equal(t, `{"type":"t","action":"all"}`, client.receive(), "the client is not told of the change, either")
			}
		}
	}, core.Options{Loops: 2}, tellID)
}

// What is too much, or no JSON, changes nothing at all.
func TestCluster_ChangeMetadataAllOrNothing(t *testing.T) {
	both := startTier(t, core.Options{Loops: 1, SurveyTimeout: patience, MaxMetadata: 3 * 64}, tellID)
	for _, server := range []*core.Server{both.here, both.there} {
		id := idOf(connect(t, server))
		require.NoError(t, setMetadata(t, server, id, "a", 1))
		before := server.Stats().MetadataRefused
		_, err := both.here.Cluster().ChangeMetadata(t.Context(), id, map[string]any{"a": nil, "b": 1, "c": strings.Repeat("x", 62)})
		var full *core.Error
		require.ErrorAs(t, err, &full)
		assert.Equal(t, "METADATA_FULL", full.Code)
		assert.Equal(t, before+1, server.Stats().MetadataRefused)
		_, err = both.here.Cluster().ChangeMetadata(t.Context(), id, map[string]any{"a": nil, "b": make(chan int)})
		assert.ErrorContains(t, err, "cannot encode metadata")
		many := map[string]any{"a": nil}
		for i := range core.MaxMetadataChanges {
			many[fmt.Sprint(i)] = nil
		}
		_, err = both.here.Cluster().ChangeMetadata(t.Context(), id, many)
		assert.ErrorContains(t, err, "more than 1000 changes")
		info, err := server.Client(t.Context(), id)
		require.NoError(t, err)
		assert.Equal(t, "a=1", kept(info.Metadata))

		delete(many, "0")
		changed, err := both.here.Cluster().ChangeMetadata(t.Context(), id, many)
		require.NoError(t, err)
		assert.Empty(t, changed.Metadata)
	}
}

// Who has gone has no metadata, and a node that nobody knows is missing.
func TestCluster_ChangeMetadataOfWhoIsNotThere(t *testing.T) {
	both := startTier(t, core.Options{Loops: 1, SurveyTimeout: patience}, tellID)
	id := idOf(connect(t, both.there)).Bytes()
	id[15] ^= 1
	changed, err := both.here.Cluster().ChangeMetadata(t.Context(), shard.IDFromBytes(id), map[string]any{"a": 1})
	require.NoError(t, err)
	assert.Equal(t, core.ChangedMetadata{Coverage: complete}, changed)
	changed, err = both.here.Cluster().ChangeMetadata(t.Context(), shard.IDFromBytes([16]byte{1, 2, 3, 4, 5, 6}), map[string]any{"a": 1})
	require.NoError(t, err)
	assert.Equal(t, core.ChangedMetadata{Coverage: core.Coverage{Missing: []string{"010203040506"}}}, changed)
}
