package codec

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestEnvelopeParser_Table(t *testing.T) {
	const typed = `{"type":"t","action":"a"`
	tests := []struct {
		payload, id, data string
		err               error
	}{
		{typed + `}`, "", "", nil},
		{typed + `,"data":{"x":[1, 2]},"id":7}`, "7", `{"x":[1, 2]}`, nil},
		{typed + `,"id":"seven","data":null}`, `"seven"`, "null", nil},
		{typed + `,"id":-1.5e3}`, "-1.5e3", "", nil},
		{typed + `,"id":null}`, "", "", nil},
		{typed + `,"id":{"a":1}}`, "", "", nil},
		{typed + `,"id":[1]}`, "", "", nil},
		{typed + `,"id":true}`, "", "", nil},
		{typed + `,"id":1,"id":"2"}`, `"2"`, "", nil},
		{" \r\n\t" + typed + "} ", "", "", nil},
		{`{"type":5,"action":{}}`, "", "", nil},
		{`{"type":[],"action":true}`, "", "", nil},
		{`{"type":1e400,"action":" "}`, "", "", nil},
		{`{"type":null,"type":"t","action":"a"}`, "", "", nil},
		{`{"ty\u0070e":"t","action":"a"}`, "", "", nil},

		{``, "", "", ErrNotJSON},
		{`   `, "", "", ErrNotJSON},
		{`{`, "", "", ErrNotJSON},
		{typed + `}x`, "", "", ErrNotJSON},
		{typed + `,"x":"\q` + strings.Repeat("a", 100) + `"}`, "", "", ErrNotJSON},
		{typed + `,"x":` + nested(MaxDepth) + `}`, "", "", ErrNotJSON},
		{`null`, "", "", ErrNullMessage},
		{"\n null ", "", "", ErrNullMessage},
		{`nulll`, "", "", ErrNotJSON},
		{`5`, "", "", ErrNoType},
		{`"text"`, "", "", ErrNoType},
		{`[]`, "", "", ErrNoType},
		{`true`, "", "", ErrNoType},
		{`false`, "", "", ErrNoType},
		{nested(MaxDepth), "", "", ErrNoType},
		{nested(MaxDepth + 1), "", "", ErrNotJSON},
		{`"\q"`, "", "", ErrNotJSON},
		{`{}`, "", "", ErrNoType},
		{`{"id":3}`, "3", "", ErrNoType},
		{`{"Type":"t","ACTION":"a"}`, "", "", ErrNoType},
		{`{"type":"t","type":null,"action":"a"}`, "", "", ErrNoType},
		{`{"action":"a","data":1}`, "", "1", ErrNoType},
		{`{"type":"t","id":"x"}`, `"x"`, "", ErrNoAction},
	}
	for _, falsy := range []string{`null`, `false`, `0`, `-0`, `0.0`, `0e5`, `-0.00E-3`, `1e-400`, `""`} {
		tests = append(
			tests,
			struct {
				payload, id, data string
				err               error
			}{`{"type":` + falsy + `,"action":"a"}`, "", "", ErrNoType},
			struct {
				payload, id, data string
				err               error
			}{`{"type":"t","action":` + falsy + `}`, "", "", ErrNoAction},
		)
	}
	p := NewEnvelopeParser()
	for _, tt := range tests {
		for _, text := range []bool{true, false} {
			e, err := p.Parse([]byte(tt.payload), text)
			require.Equal(t, tt.err, err, tt.payload)
			require.Equal(t, tt.id, string(e.ID), tt.payload)
			require.Equal(t, tt.id == "", e.ID == nil, tt.payload)
			require.Equal(t, tt.data, string(e.Data), tt.payload)
			require.Equal(t, tt.data == "", e.Data == nil, tt.payload)
		}
	}
}

func TestEnvelopeParser_AgreesWithEncodingJSON(t *testing.T) {
	p := NewEnvelopeParser()
	eachJSON(func(s string) {
		_, err := p.Parse([]byte(s), false)
		require.Equal(t, isStandard(s), err != ErrNotJSON, "%q", s)
	})
}

func TestEnvelopeParser_ViewsOfThePayload(t *testing.T) {
	payload := []byte(`{"type":"t","action":"a","data":{"x":1}}`)
	e, err := NewEnvelopeParser().Parse(payload, true)
	require.NoError(t, err)
	assert.Same(t, &payload[bytes.IndexByte(payload, 'x')-2], &e.Data[0])
}

func TestEnvelope_Texts(t *testing.T) {
	assert.EqualError(t, ErrNotJSON, "Failed to parse JSON")
	assert.EqualError(t, ErrNullMessage, "Invalid WebSocket message")
	assert.EqualError(t, ErrNoType, "Missing WebSocket message type")
	assert.EqualError(t, ErrNoAction, "Missing WebSocket message action")
}

func TestEnvelope_Route(t *testing.T) {
	tests := []struct {
		typ, action, wantType, wantAction string
		ok                                bool
	}{
		{`"chat"`, `"send"`, "chat", "send", true},
		{`"é"`, `"日"`, "é", "日", true},
		{`"a\u00e9\n"`, `"\"x\\"`, "aé\n", `"x\`, true},
		{`"\ud800"`, `"a"`, "\uFFFD", "a", true},
		{`5`, `"a"`, "", "", false},
		{`"t"`, `{}`, "", "", false},
		{``, `"a"`, "", "", false},
	}
	for _, tt := range tests {
		e := Envelope{Type: []byte(tt.typ), Action: []byte(tt.action)}
		typ, action, ok := e.Route()
		assert.Equal(t, tt.ok, ok, "%+v", tt)
		assert.Equal(t, tt.wantType, typ)
		assert.Equal(t, tt.wantAction, action)
	}
}

func TestEnvelopeParser_NoAllocs(t *testing.T) {
	p := NewEnvelopeParser()
	payload := []byte(`{"type":"chat","action":"send","id":17,"data":{"text":"h\u00e9llo","list":[1,2,3]}}`)
	noAllocs(t, func() {
		e, _ := p.Parse(payload, false)
		_, _, _ = e.Route()
	})
}

func FuzzEnvelope(f *testing.F) {
	f.Add([]byte(`{"type":"t","action":"a","data":{"x":[1,2,"\u00e9"]},"id":1}`))
	f.Add([]byte(`{"type":"t","action":"a","x":"\q` + strings.Repeat("a", 64) + `"}`))
	f.Add([]byte(`{"x":{"` + strings.Repeat("k", 64) + `":"` + strings.Repeat(`\\`, 40) + `"},"ty\u0070e":0}`))
	for _, v := range jsonValues {
		f.Add([]byte(`{"type":` + v + `,"x":[` + v + `],"data":"` + strings.Repeat("p", 40) + `"}`))
		f.Add([]byte(v))
	}
	p := NewEnvelopeParser()
	f.Fuzz(func(t *testing.T, payload []byte) {
		standard := utf8.Valid(payload) && json.Valid(payload)
		shallow := withinDepth(payload)
		e, err := p.Parse(payload, false)
		require.Equal(t, standard && shallow, err != ErrNotJSON)
		require.Equal(t, standard && shallow, ValidJSON(payload))
		if err != nil {
			return
		}
		var want map[string]json.RawMessage
		require.NoError(t, json.Unmarshal(payload, &want))
		require.Equal(t, string(want["type"]), string(e.Type))
		require.Equal(t, string(want["action"]), string(e.Action))
		require.Equal(t, string(want["data"]), string(e.Data))
		typ, action, ok := e.Route()
		if !ok {
			return
		}
		var wantType, wantAction string
		require.NoError(t, json.Unmarshal(e.Type, &wantType))
		require.NoError(t, json.Unmarshal(e.Action, &wantAction))
		require.Equal(t, []string{wantType, wantAction}, []string{typ, action})
		require.True(t, json.Valid(AppendReply(nil, &e, e.Data)))
	})
}

func BenchmarkEnvelope(b *testing.B) {
	for _, size := range []int{128, 1024, 16384} {
		for _, text := range []bool{true, false} {
			b.Run(fmt.Sprintf("%d_text=%v", size, text), func(b *testing.B) {
				const around = `{"type":"chat","action":"message","data":{"text":""}}`
				payload := []byte(strings.Replace(around, `""`, `"`+strings.Repeat("a", size-len(around))+`"`, 1))
				p := NewEnvelopeParser()
				b.SetBytes(int64(len(payload)))
				b.ReportAllocs()
				for b.Loop() {
					if _, err := p.Parse(payload, text); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
