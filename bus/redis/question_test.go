package redis

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/bus"
)

func TestQuestion_OnTheWire(t *testing.T) {
	question, err := encodeQuestion("s", 2, &bus.Question{Kind: "rooms", Data: []byte(`{"limit":5}`)}, 1500*time.Millisecond)
	require.NoError(t, err)
	assert.JSONEq(t, `{"survey":"s","node":"000000000002","kind":"rooms","data":{"limit":5},"timeoutMs":1500}`, string(question))
	answer, err := encodeAnswer("s", 2, []byte(`[1]`), nil)
	require.NoError(t, err)
	assert.JSONEq(t, `{"survey":"s","node":"000000000002","data":[1]}`, string(answer))
	failure, err := encodeAnswer("s", 2, []byte(`[1]`), errors.New("no \xff idea"))
	require.NoError(t, err)
	assert.JSONEq(t, `{"survey":"s","node":"000000000002","error":"no `+"\uFFFD"+` idea"}`, string(failure))
	for _, message := range [][]byte{question, answer, failure} {
		assert.True(t, mayBeSurvey(message))
		_, err := parseSurvey(message)
		assert.NoError(t, err)
	}
	long, err := encodeAnswer("s", 2, nil, errors.New(strings.Repeat("ü", 1<<20)))
	require.NoError(t, err)
	assert.Less(t, len(long), 2*maxError)
}

func TestQuestion_Refused(t *testing.T) {
	for _, q := range []bus.Question{{}, {Kind: strings.Repeat("k", maxKind+1)}, {Kind: "k", Data: []byte(`{`)}, {Kind: "k", Data: []byte{}}} {
		_, err := encodeQuestion("s", 2, &q, time.Second)
		assert.Error(t, err, q)
	}
	_, err := encodeAnswer("s", 2, json.RawMessage(`"`), nil)
	assert.Error(t, err)
	_, err = encodeQuestion("s", 2, &bus.Question{Kind: strings.Repeat("k", maxKind)}, -time.Second)
	assert.NoError(t, err)
}

func TestParseSurvey(t *testing.T) {
	const id = `"survey":"s","node":"000000000002"`
	for text, valid := range map[string]bool{
		`{` + id + `,"kind":"k","timeoutMs":1}`:                                true,
		`{` + id + `,"data":null}`:                                             true,
		`{` + id + `}`:                                                         true,
		`{` + id + `,"error":"e"}`:                                             true,
		`{` + id + `,"error":"e","data":1}`:                                    false,
		`{` + id + `,"kind":"k"}`:                                              false,
		`{` + id + `,"kind":"k","timeoutMs":-1}`:                               false,
		`{` + id + `,"kind":"k","timeoutMs":1,"error":"e"}`:                    false,
		`{` + id + `,"kind":5,"timeoutMs":1}`:                                  false,
		`{"survey":"s","node":"2"}`:                                            false,
		`{"survey":"","node":"000000000002"}`:                                  false,
		`{"survey":"` + strings.Repeat("s", 65) + `","node":"000000000002"}`:   false,
		`{` + id + `,"kind":"` + strings.Repeat("k", 129) + `","timeoutMs":1}`: false,
		`{` + id + `,"data":"\q"}`:                                             false,
		`{` + id + `} {}`:                                                      false,
		`[{` + id + `}]`:                                                       false,
		`null`:                                                                 false,
		``:                                                                     false,
	} {
		_, err := parseSurvey([]byte(text))
		assert.Equal(t, valid, err == nil, text)
	}
	m, err := parseSurvey([]byte(`{` + id + `,"kind":"k","timeoutMs":9000000000000000000}`))
	require.NoError(t, err)
	assert.Equal(t, bus.MaxSurveyTime, m.timeout())
	assert.False(t, mayBeSurvey([]byte(`{"clientId":"c","response":{"survey":1}}`)), "an application's reply")
}

func TestParseBeat(t *testing.T) {
	b, err := parseBeat([]byte(`{"node":"000000000002","intervalMs":2000,"new":true,"state":"running","clients":3,"users":2,"rooms":1,"uptimeSeconds":1.5,"more":{}}`))
	require.NoError(t, err)
	assert.Equal(t, beat{Node: "000000000002", IntervalMs: 2000, New: true, Figures: bus.Figures{State: "running", Clients: 3, Users: 2, Rooms: 1, UptimeSeconds: 1.5}}, b)
	assert.Equal(t, 6*time.Second, b.patience())
	for _, text := range []string{
		``, `null`, `[]`, `{`, `{}`, `{"node":"000000000002"}`, `{"node":"2","intervalMs":1}`, `{"node":"000000000002","intervalMs":0}`,
		`{"node":"000000000002","intervalMs":-5}`, `{"node":"000000000002","intervalMs":600001}`, `{"node":"000000000002","intervalMs":1e300}`,
		`{"node":"000000000002","intervalMs":1,"clients":-1}`, `{"node":"000000000002","intervalMs":1,"users":-1}`,
		`{"node":"000000000002","intervalMs":1,"rooms":-1}`, `{"node":"000000000002","intervalMs":1,"uptimeSeconds":-1}`,
		`{"node":"000000000002","intervalMs":1,"state":5}`, `{"node":"000000000002","intervalMs":1}x`,
		`{"node":"000000000002","intervalMs":1,"state":"` + strings.Repeat("x", maxBeat) + `"}`,
	} {
		_, err := parseBeat([]byte(text))
		assert.Error(t, err, text)
	}
}

func FuzzBeat(f *testing.F) {
	f.Add([]byte(`{"node":"000000000002","intervalMs":2000,"new":true,"left":true,"state":"running","clients":3}`))
	f.Fuzz(func(t *testing.T, message []byte) {
		b, err := parseBeat(message)
		if err != nil {
			return
		}
		require.Positive(t, b.patience())
		require.LessOrEqual(t, b.patience(), lostBeats*maxHeartbeat)
		again, err := plainJSON.Marshal(&b)
		require.NoError(t, err)
		read, err := parseBeat(again)
		require.NoError(t, err)
		require.Equal(t, b, read)
	})
}

func FuzzSurvey(f *testing.F) {
	f.Add([]byte(`{"survey":"s","node":"000000000002","kind":"rooms","data":{"limit":5},"timeoutMs":1500}`))
	f.Add([]byte(`{"survey":"s","node":"000000000002","error":"no idea"}`))
	f.Fuzz(func(t *testing.T, message []byte) {
		m, err := parseSurvey(message)
		if err != nil {
			return
		}
		again, err := m.encode(json.RawMessage(m.Data))
		require.NoError(t, err)
		read, err := parseSurvey(again)
		require.NoError(t, err)
		require.Equal(t, m.isQuestion(), read.isQuestion())
		require.Equal(t, m.Error, read.Error)
		require.Equal(t, m.Survey, read.Survey)
		if m.isQuestion() {
			require.Positive(t, m.timeout())
			require.LessOrEqual(t, m.timeout(), bus.MaxSurveyTime)
		}
	})
}
