package shard

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestMetadata_KeptByKeyAndBounded(t *testing.T) {
	f := newFixture(t, func(o *Options) { o.MaxMetadata = 2*entryCost + 10 })
	a, b := f.add("").Client, f.add("").Client
	require.Nil(t, f.Metadata(a, "k"))
	require.True(t, f.SetMetadata(a, "k", nil), "there is nothing to remove")

	require.True(t, f.SetMetadata(a, "k", []byte("1234")))
	require.True(t, f.SetMetadata(a, "l", []byte("1234")), "5 and 5 bytes")
	require.False(t, f.SetMetadata(a, "m", []byte("")), "a third entry is too much")
	require.False(t, f.SetMetadata(a, "k", []byte("12345")), "a byte too much")
	require.True(t, f.SetMetadata(a, "k", []byte("321")), "in the other's place")
	require.True(t, f.SetMetadata(a, "l", []byte("12345")))
	assert.Equal(t, "321", string(f.Metadata(a, "k")))
	assert.Equal(t, "12345", string(f.Metadata(a, "l")))
	assert.Nil(t, f.Metadata(b, "k"), "another client's")

	require.True(t, f.SetMetadata(a, "k", nil))
	assert.Nil(t, f.Metadata(a, "k"))
	all := map[string]string{}
	f.EachMetadata(a, func(key string, value []byte) { all[key] = string(value) })
	assert.Equal(t, map[string]string{"l": "12345"}, all)
	require.True(t, f.SetMetadata(a, "m", []byte("123")), "the room is free again")
}

// Several values are changed together or not at all, in whatever order they fit.
func TestMetadata_ChangedTogether(t *testing.T) {
	f := newFixture(t, func(o *Options) { o.MaxMetadata = 3*entryCost + 9 })
	a := f.add("").Client
	kept := func() map[string]string {
		all, size := map[string]string{}, 0
		f.EachMetadata(a, func(key string, value []byte) {
			all[key] = string(value)
			size += entryCost + len(key) + len(value)
		})
		require.LessOrEqual(t, size, f.options.MaxMetadata)
		if m := f.slots.metadata(a.slot()); m != nil {
			require.Equal(t, size, m.size)
		}
		return all
	}
	require.True(t, f.ChangeMetadata(a, nil))
	require.True(t, f.ChangeMetadata(a, map[string][]byte{"none": nil}))
	require.Empty(t, kept())
	require.True(t, f.ChangeMetadata(a, map[string][]byte{"k": []byte("123"), "l": []byte("1"), "m": []byte("12")}))
	full := map[string]string{"k": "123", "l": "1", "m": "12"}
	require.Equal(t, full, kept())

	for _, tooMuch := range []map[string][]byte{
		{"k": []byte("1"), "l": []byte("1234")},
		{"m": nil, "n": []byte("1"), "o": []byte("")},
		{"k": []byte("1234")},
	} {
		require.False(t, f.ChangeMetadata(a, tooMuch))
		require.Equal(t, full, kept())
	}
	require.True(t, f.ChangeMetadata(a, map[string][]byte{"k": []byte("1"), "l": []byte("123")}), "one grows by what the other shrinks")
	require.True(t, f.ChangeMetadata(a, map[string][]byte{"k": nil, "n": []byte("1"), "none": nil}))
	require.Equal(t, map[string]string{"l": "123", "m": "12", "n": "1"}, kept())
	require.True(t, f.ChangeMetadata(a, map[string][]byte{"l": nil, "m": nil, "n": nil}))
	require.Empty(t, kept())
}

func TestMetadata_EndsWithTheClient(t *testing.T) {
	f := newFixture(t, func(o *Options) { o.MaxMetadata = 1000 })
	a := f.add("").Client
	require.True(t, f.SetMetadata(a, "k", []byte("1")))
	f.Remove(a)
	again := f.add("").Client
	require.Same(t, a, again)
	assert.Nil(t, f.Metadata(again, "k"))
}

func TestBacklog_SumsAllQueues(t *testing.T) {
	f := newFixture(t)
	a, b := f.add(""), f.add("")
	f.Enqueue(a.Client, make([]byte, 100))
	f.Enqueue(b.Client, make([]byte, 50))
	assert.Equal(t, 150, f.Backlog())
	f.Settle()
	assert.Zero(t, f.Backlog())
	f.Enqueue(a.Client, make([]byte, 100))
	f.Remove(a.Client)
	assert.Zero(t, f.Backlog())
}
