package codec

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAppendJSON(t *testing.T) {
	for _, tt := range []struct {
		value any
		want  string
	}{
		{nil, `before`},
		{json.RawMessage(nil), `before`},
		{json.RawMessage(`{"a": 1}`), `before{"a": 1}`},
		{map[string]int{"a": 1}, `before{"a":1}`},
		{"a\xffb<>", `before"a\ufffdb<>"`},
		{json.Marshaler(json.RawMessage(`[ 1 ]`)), `before[ 1 ]`},
	} {
		got, err := AppendJSON([]byte("before"), tt.value)
		require.NoError(t, err)
		require.Equal(t, tt.want, string(got))
	}
}

func TestAppendJSON_WhatIsNotJSONIsRefused(t *testing.T) {
	for _, value := range []any{
		json.RawMessage(``), json.RawMessage(`{`), json.RawMessage(`"\q"`), json.RawMessage("\"\xff\""), make(chan int), func() {},
	} {
		_, err := AppendJSON(nil, value)
		require.Error(t, err)
	}
}
