package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Every scenario drives a server that speaks otherwise, over TLS or not, from many
// processes.
func TestDialect_EveryScenario(t *testing.T) {
	type scenario interface {
		Run(ctx context.Context, out io.Writer) error
	}
	impatient(t, patience) // the other way round: many processes have to begin
	const short = 200 * time.Millisecond
	plain := func(*foreignServer, *Dialect) {}
	quoted := func(f *foreignServer, _ *Dialect) { f.quoted = true }
	tests := map[string]struct {
		change    func(f *foreignServer, d *Dialect)
		scenario  func(t Target) scenario
		delivered uint64 // 0: whatever is expected
		foreign   bool   // replies that are no messages
	}{
		"fanout": {plain, func(t Target) scenario {
			return &Fanout{Target: t, Conns: 50, Rooms: 3, Size: 128, Rate: 100, Duration: short, Rounds: 1}
		}, 0, false},
		"in strings": {quoted, func(t Target) scenario {
			return &Fanout{Target: t, Conns: 50, Rooms: 1, Size: 128, Rate: 100, Duration: short, Rounds: 1}
		}, 50 * (20 + fanoutWarmUp), false},
		"published as strings": {func(_ *foreignServer, d *Dialect) {
			d.PublishBody = `{"channel":"{room}","data":{message-string}}`
		}, func(t Target) scenario {
			return &Fanout{Target: t, Conns: 50, Rooms: 1, Size: 128, Rate: 100, Duration: short, Rounds: 1}
		}, 50 * (20 + fanoutWarmUp), false},
		"flood": {plain, func(t Target) scenario {
			flood := Flood{Flood: true, Batch: 20, Window: 50}
			return &Fanout{Target: t, Flood: flood, Conns: 50, Rooms: 5, Size: 128, Rate: 1, Duration: short, Rounds: 1}
		}, 0, false},
		"merged": {plain, func(t Target) scenario {
			return &Merged{Target: t, Conns: 50, Rooms: 2, Size: 128, Batch: 20, Rounds: 3, Repeat: 1}
		}, 50 * 20 * 4, false},
		"several in a frame": {func(f *foreignServer, _ *Dialect) { f.together = 5 }, func(t Target) scenario {
			return &Merged{Target: t, Conns: 50, Rooms: 2, Size: 128, Batch: 20, Rounds: 3, Repeat: 1}
		}, 50 * 20 * 4, false},
		"idle": {plain, func(t Target) scenario {
			return &Idle{Target: t, Conns: 50, Rounds: 1}
		}, 0, false},
		"echo": {func(_ *foreignServer, d *Dialect) {
			d.Request = `{"id":{id},"rpc":{"method":"echo","data":{message}}}`
		}, func(t Target) scenario {
			return &Echo{Target: t, Conns: 50, Size: 192, Type: "demo", Action: "echo", Duration: short, Rounds: 1}
		}, 0, false},
		"rooms": {plain, func(t Target) scenario {
			return &Rooms{Target: t, Conns: 50, Rooms: 7, Size: 256, Every: short / 2, Duration: short, Rounds: 1}
		}, 0, true},
		"storm": {func(_ *foreignServer, d *Dialect) {
			d.Request = `{"id":{id},"rpc":{"data":{message}}}`
		}, func(t Target) scenario {
			return &Storm{Target: t, Conns: 50, Rooms: 7, Steady: 3, InFlight: 50, Type: "demo", Action: "echo", Rounds: 1}
		}, 0, false},
	}
	for name, test := range tests {
		for scheme, secure := range map[string]bool{"ws": false, "wss": true} {
			t.Run(name+" "+scheme, func(t *testing.T) {
				t.Parallel()
				target := startForeign(t, secure, test.change)
				r, err := run(t, func(ctx context.Context, out *bytes.Buffer) error { return test.scenario(target).Run(ctx, out) })
				require.NoError(t, err)
				assert.Equal(t, r.Connections, r.Alive)
				assert.Equal(t, r.Expected, r.Delivered)
				assert.Equal(t, test.foreign, r.Foreign > 0)
				assert.Zero(t, r.Receivers)
				assert.NotContains(t, strings.Join(r.Notes, "\n"), "announced")
				if test.delivered > 0 {
					assert.Equal(t, test.delivered, r.Delivered)
				}
				if name != "idle" {
					assert.Positive(t, r.Delivered)
					assert.Positive(t, r.LatencyP50)
				}
			})
		}
	}
}

// What a server says instead of what was waited for is told.
func TestDialect_NeverReady(t *testing.T) {
	impatient(t, time.Second)
	target := startForeign(t, false, func(f *foreignServer, _ *Dialect) { f.refuse = true })
	f := Fanout{Target: target, Conns: 3, Rooms: 1, Size: 128, Rate: 1, Duration: time.Second, Rounds: 1}
	err := f.Run(t.Context(), io.Discard)
	require.ErrorContains(t, err, "0 of 3 sockets were ready")
	require.ErrorContains(t, err, `one was answered {"id":`)
}

// Who waits for nothing is ready at once; who says nothing, too.
func TestDialect_ReadyWithoutAnAnswer(t *testing.T) {
	none := ""
	for name, dialect := range map[string]Dialect{
		"no answer": {Hello: []string{"which is not answered"}, Ready: &none},
		"no hello":  {Hello: []string{""}},
	} {
		target := startForeign(t, false, func(_ *foreignServer, d *Dialect) { *d = dialect })
		e, err := parseEndpoint(target.URL)
		require.NoError(t, err)
		p := plan{Endpoint: e, Conns: 5, Rooms: 2}
		require.NoError(t, dialect.instruct(&p))
		g, err := startGenerator(p, 5, nil)
		require.NoError(t, err)
		assert.NoError(t, g.connect(t.Context()), name)
		_, _ = g.close()
	}
}

// A request to join that is Gannet's but for the words is answered as Gannet's is.
func TestDialect_HelloOfOurs(t *testing.T) {
	target := startFloor(t, nil)
	target.Hello = []string{string(joinRequest("{room}"))}
	f := Fanout{Target: target, Conns: 10, Rooms: 2, Size: 128, Rate: 100, Duration: 50 * time.Millisecond, Rounds: 1}
	r, err := run(t, func(ctx context.Context, out *bytes.Buffer) error { return f.Run(ctx, out) })
	require.NoError(t, err)
	assert.Equal(t, uint64(5*(5+2*fanoutWarmUp)), r.Delivered)
	assert.Equal(t, r.Delivered, r.Receivers, "the API is still ours")
}

func TestDialect_PublishingFails(t *testing.T) {
	for name, test := range map[string]struct {
		change func(d *Dialect)
		says   string
	}{
		"a status":         {func(d *Dialect) { d.PublishHeader = nil }, "401: wrong key"},
		"an error in 200":  {func(d *Dialect) { d.PublishBody = `{"channel":"","data":{message}}` }, "unknown channel"},
		"no such path":     {func(d *Dialect) { d.PublishURL += "/x" }, "404"},
		"what is not JSON": {func(d *Dialect) { d.PublishBody = `{"channel":{room},"data":{message}}` }, "400"},
	} {
		target := startForeign(t, false, func(_ *foreignServer, d *Dialect) { test.change(d) })
		f := Fanout{Target: target, Conns: 3, Rooms: 1, Size: 128, Rate: 1, Duration: time.Second, Rounds: 1}
		require.ErrorContains(t, f.Run(t.Context(), io.Discard), test.says, name)
	}
}

func TestDialect_RefusesWhatCannotBe(t *testing.T) {
	for name, test := range map[string]struct {
		change func(t *Target)
		says   string
	}{
		"pong":         {func(t *Target) { t.Pong = "3" }, "pong is the answer"},
		"ping":         {func(t *Target) { t.Ping = "2" }, "needs its answer"},
		"body":         {func(t *Target) { t.PublishBody = "{message}" }, "are for publish-url"},
		"header":       {func(t *Target) { t.PublishHeader = []string{"A: b"} }, "are for publish-url"},
		"url":          {func(t *Target) { t.PublishURL = "api" }, "nor a path"},
		"scheme":       {func(t *Target) { t.PublishURL = "ftp://localhost/" }, "nor a path"},
		"no message":   {func(t *Target) { t.PublishURL, t.PublishBody = "http://localhost/", "{room}" }, "has a {message}"},
		"bad header":   {func(t *Target) { t.PublishURL, t.PublishHeader = "/", []string{"secret"} }, "'Name: value'"},
		"spawned port": {func(t *Target) { t.PublishURL, t.Spawn = "http://localhost/", true }, "must be a path"},
		"spawned TLS":  {func(t *Target) { t.URL, t.Spawn = "wss://localhost/ws", true }, "speaks no TLS"},
		"no CA":        {func(t *Target) { t.CA = "/nowhere" }, "/nowhere"},
		"bad CA":       {func(t *Target) { t.CA = "dialect_test.go" }, "no certificate"},
	} {
		target := Target{URL: "ws://127.0.0.1:1/ws", Admin: "http://127.0.0.1:1", NoFloor: true}
		test.change(&target)
		f := Fanout{Target: target, Conns: 1, Rooms: 1, Size: 128, Rate: 1, Duration: time.Second, Rounds: 1}
		err := f.Run(t.Context(), io.Discard)
		require.ErrorContains(t, err, test.says, name)
		if name != "no CA" {
			require.ErrorIs(t, err, ErrOption, name)
		}
		require.NotContains(t, err.Error(), "secret")
	}
}

// A report says how a server was spoken to, and keeps its keys to itself.
func TestDialect_IsReported(t *testing.T) {
	var out bytes.Buffer
	i := Idle{Target: startForeign(t, false, func(*foreignServer, *Dialect) {}), Conns: 1, Rounds: 1}
	require.NoError(t, i.Run(t.Context(), &out))
	var report Report
	require.NoError(t, json.Unmarshal(out.Bytes(), &report))
	assert.Equal(t, `"subscribe":{}`, report.Settings["ready"])
	assert.EqualValues(t, 2, report.Settings["hellos"])
	assert.NotContains(t, out.String(), "a key")
}

func TestPattern(t *testing.T) {
	for text, want := range map[string]string{
		"":                                "",
		"{room}":                          "<room>",
		`{"a":{"b":"{room}"}}`:            `{"a":{"b":"<room>"}}`,
		"{conn}{room}{conn}":              "<conn><room><conn>",
		"{id} {Room} {room {{room}}":      "{id} {Room} {room {<room>}",
		`{"id":1,"x":{conn},"r":"{room}"`: `{"id":1,"x":<conn>,"r":"<room>"`,
	} {
		p := parsePattern(text, holeRoom, holeConn)
		got := p.append([]byte("> "), func(dst []byte, name string) []byte {
			return append(append(append(dst, '<'), strings.Trim(name, "{}")...), '>')
		})
		assert.Equal(t, "> "+want, string(got))
	}
}

func TestWrapping_FindsMessagesInAnything(t *testing.T) {
	for _, size := range []int{minMessage, 128, 4096} {
		message := appendMessage(nil, 41, 1_700_000_000_000_000_000, size)
		quoted, err := json.Marshal(string(message))
		require.NoError(t, err)
		for i, text := range []string{string(message), string(quoted)} {
			w := wrappings(size)[i]
			one := []byte(`{"push":{"data":` + text + `}}`)
			seq, sent, rest, ok := w.find(append(append([]byte(nil), one...), " behind"...))
			require.True(t, ok, "%s", one)
			assert.Equal(t, uint64(41), seq)
			assert.Equal(t, int64(1_700_000_000_000_000_000), sent)
			assert.Equal(t, "}} behind", strings.TrimPrefix(string(rest), `"`))
			_, _, _, ok = wrappings(size)[1-i].find(one)
			assert.False(t, ok, "it looks otherwise")
			_, _, _, ok = wrappings(size + 1)[i].find(one[:len(one)-2])
			assert.False(t, ok, "its size is another")
		}
	}
}

func TestWrapping_RefusesWhatIsCutOrBroken(t *testing.T) {
	w := wrappings(128)[0]
	good := appendMessage([]byte("xx"), 1, 1, 128)
	for cut := range good {
		_, _, _, ok := w.find(good[:cut])
		require.False(t, ok, cut)
	}
	for name, at := range map[string]int{
		"head": 10, "sequence": seqAt + 3, "between": seqAt + seqDigits + 1, "time": sentAt + 3, "end": 127,
	} {
		bad := bytes.Clone(good)
		bad[2+at] = '-'
		_, _, _, ok := w.find(bad)
		assert.False(t, ok, name)
	}
	small := bytes.Clone(good)
	small[2+seqAt] = '0'
	_, _, _, ok := w.find(small)
	assert.False(t, ok, "below the first number")
	_, _, _, ok = wrappings(0)[0].find([]byte(messageHead))
	assert.False(t, ok, "in scenarios without messages, too")
}

// Each of several messages in a frame counts, if the server may put them there.
func TestAnswered_SeveralInAFrame(t *testing.T) {
	r := &requests{Head: "[", Tail: "]", Size: 128, Relayed: true}
	r.prepare(3, 1)
	frame := r.append(nil, 0, 1, 0, 1)
	frame = r.append(append(frame, '\n'), 0, 2, 0, 1)
	frame = r.append(append(frame, '\n'), 0, 1, 1, 1)
	for wrapped, delivered := range map[bool]uint64{true: 3, false: 1} {
		l := &loop{plan: &plan{Requests: r, Protocol: protocol{Wrapped: wrapped}}}
		l.answered(&socket{stage: ready}, frame)
		assert.Equal(t, state{Delivered: delivered}, l.state)
		l.answered(&socket{stage: ready}, []byte(`{"id":1}`))
		assert.Equal(t, uint64(1), l.tally.Foreign)
	}
}

func TestRoomName(t *testing.T) {
	assert.Equal(t, "none", roomName(0, 0))
	assert.Equal(t, "bench", roomName(0, 1))
	assert.Equal(t, "bench-1", roomName(1, 2))
}

func TestRequests_Within(t *testing.T) {
	ours := requests{Head: "ours", Size: 200, Rate: 7, Relayed: true}
	other, err := ours.within(`42{id}["{room}",{message},"{room}",{id}]`, 12)
	require.NoError(t, err)
	assert.True(t, other.Relayed)
	other.prepare(24, 12)
	for room, name := range map[int]string{3: "bench-3", 11: "bench-11"} {
		text := string(other.append([]byte("before"), room, 1, 5, 1_700_000_000_000_000_000))
		assert.Len(t, text, len("before")+200)
		assert.True(t, strings.HasPrefix(text, `before421000000005["`+name+`",{"seq":1000000005,`), text)
		assert.True(t, strings.HasSuffix(text, `x"},"`+name+`",1000000005]`), text)
		seq, sent, from, ok := parseRequest([]byte(text))
		assert.True(t, ok)
		assert.Equal(t, []any{uint64(5), int64(1_700_000_000_000_000_000), 1}, []any{seq, sent, from})
	}
	for _, bad := range []string{"", "{room}", "{message}{message}"} {
		_, err := ours.within(bad, 1)
		require.ErrorIs(t, err, ErrOption)
	}
	const text = `{"to":"{room}","data":{message}}`
	least := requestFixed + len(`{"to":"bench-99","data":}`)
	for size, fits := range map[int]bool{least - 1: false, least: true} {
		_, err := (&requests{Size: size}).within(text, 100)
		assert.Equal(t, fits, err == nil, size)
	}
}

func TestPublishing_MakesRequests(t *testing.T) {
	const message = `{"a":"b"}`
	for name, test := range map[string]struct {
		dialect Dialect
		url     string
		body    string
		header  string
	}{
		"only a URL": {
			Dialect{PublishURL: "https://host/x"}, "https://host/x", message, "application/json",
		},
		"a path": {
			Dialect{PublishURL: "/rooms/{room}?m={message}", PublishBody: "-"},
			"http://admin/rooms/a%2Fb?m=%7B%22a%22%3A%22b%22%7D", "-", "application/json",
		},
		"a string": {
			Dialect{PublishURL: "http://host", PublishBody: `["{room}",{message-string}]`, PublishHeader: []string{"content-type:  text/plain "}},
			"http://host", `["a/b","{\"a\":\"b\"}"]`, "text/plain",
		},
	} {
		p, err := newPublishing("http://admin/", &test.dialect)
		require.NoError(t, err, name)
		request, err := p.request(t.Context(), "a/b", []byte(message))
		require.NoError(t, err, name)
		body, _ := io.ReadAll(request.Body)
		assert.Equal(t, test.url, request.URL.String())
		assert.Equal(t, test.body, string(body))
		assert.Equal(t, http.MethodPost, request.Method)
		assert.Equal(t, test.header, request.Header.Get("Content-Type"))
	}
}

// Servers that have no error to tell say so in many ways.
func TestPublishing_Answers(t *testing.T) {
	status, body := http.StatusOK, ""
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}))
	defer server.Close()
	a := newAdmin("", server.URL)
	defer a.close()
	var err error
	a.publishing, err = newPublishing(server.URL, &Dialect{PublishURL: "/"})
	require.NoError(t, err)
	for _, good := range []string{"", "ok", "[]", `{"error":null}`, `{"error":false}`, `{"error":""}`, `{"error":0}`} {
		status, body = http.StatusAccepted, good
		_, err := a.broadcast(t.Context(), "bench", []byte("{}"))
		require.NoError(t, err, good)
	}
	for _, bad := range []string{`{"error":{"code":1}}`, `{"error":"no"}`, `{"error":[1]}`, `{"error":true}`} {
		status, body = http.StatusOK, bad
		_, err := a.publish(t.Context(), []publishLine{{"bench", []byte("{}")}})
		require.ErrorContains(t, err, bad)
	}
	_, err = a.metric(t.Context(), metricWrites)
	require.ErrorIs(t, err, errNoMetric)
}
