package shard

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestID_FieldsAndText(t *testing.T) {
	id := newID(0xffeeddccbbaa, 0x99, 0x887766, 0x5544, 0x33221100)
	assert.Equal(t, "ffeeddccbbaa99887766554433221100", id.String())
	assert.EqualValues(t, 0xffeeddccbbaa, id.Node())
	assert.EqualValues(t, 0x99, id.Shard())
	assert.EqualValues(t, 0x887766, id.Slot())
	parsed, ok := ParseID(id.String())
	assert.True(t, ok)
	assert.Equal(t, id, parsed)
	assert.Zero(t, id.Compare(parsed))
	assert.Negative(t, ID{}.Compare(id))
	assert.True(t, ID{}.IsZero())
	assert.False(t, id.IsZero())
}

func TestParseID_Refuses(t *testing.T) {
	for name, text := range map[string]string{
		"empty":      "",
		"short":      strings.Repeat("a", 31),
		"long":       strings.Repeat("a", 33),
		"upper case": strings.Repeat("A", 32),
		"not hex":    strings.Repeat("g", 32),
		"dashes":     "123e4567-e89b-12d3-a456-42661417400",
	} {
		_, ok := ParseID(text)
		assert.False(t, ok, name)
	}
}

func FuzzParseID(f *testing.F) {
	f.Add("ffeeddccbbaa99887766554433221100")
	f.Add("x")
	f.Fuzz(func(t *testing.T, text string) {
		if id, ok := ParseID(text); ok && id.String() != text {
			t.Fatalf("%q became %q", text, id)
		}
	})
}

func TestID_Text(t *testing.T) {
	id := newID(0xabcdef123456, 3, 70000, 9, 77)
	encoded, err := json.Marshal(map[string]ID{"id": id})
	require.NoError(t, err)
	require.Equal(t, `{"id":"`+id.String()+`"}`, string(encoded))
	var decoded map[string]ID
	require.NoError(t, json.Unmarshal(encoded, &decoded))
	require.Equal(t, id, decoded["id"])
	require.Error(t, json.Unmarshal([]byte(`{"id":"ABC"}`), &decoded))
}
