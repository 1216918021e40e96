package admin

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/core"
)

// again makes sure that an answer is that of an earlier request.
func (a *answer) again(first *answer) {
	a.t.Helper()
	require.Equal(a.t, first.status, a.status)
	require.Equal(a.t, first.body, a.body)
	require.Equal(a.t, first.header.Get("Content-Type"), a.header.Get("Content-Type"))
	require.Empty(a.t, first.header.Get("Idempotency-Replayed"))
	require.Equal(a.t, "true", a.header.Get("Idempotency-Replayed"))
}

// What comes again is published once, though the audience has changed meanwhile.
func TestAPI_IdempotencyKey(t *testing.T) {
	n := start(t, settings{})
	c := n.connect(`{"sub":5}`)
	id := c.join("general")
	const key = "Idempotency-Key: order-5"
	requests := []func(key string) *answer{
		func(key string) *answer { return n.post("/api/broadcast", hello, key) },
		func(key string) *answer { return n.post("/api/broadcast?where=user", hello, key) },
		func(key string) *answer { return n.post("/api/rooms/general/broadcast", hello, key) },
		func(key string) *answer { return n.post("/api/users/5/broadcast", hello, key) },
		func(key string) *answer { return n.post("/api/clients/"+id+"/send", hello, key) },
		func(key string) *answer { return n.post("/api/publish", `{"message":`+hello+`}`, key) },
		func(key string) *answer {
			return n.post("/api/publish", `{"message":`+hello+"}\n{}\n", key, "Content-Type: application/x-ndjson")
		},
	}
	for i, request := range requests {
		key := key + strings.Repeat("x", i)
		first := request(key)
		c.receives(hello)
		n.connect()
		request(key).again(first)
		c.quiet()
	}
	for i, request := range requests[1:] {
		request(key+strings.Repeat("x", i)).fails(http.StatusUnprocessableEntity, "IDEMPOTENCY_KEY_REUSED")
	}
	c.quiet()
	n.metricsAre(map[string]float64{
		"gannet_idempotency_keys": 7, "gannet_idempotency_replays_total": 7, "gannet_idempotency_evicted_total": 0,
		`gannet_api_refused_total{code="IDEMPOTENCY_KEY_REUSED"}`: 6,
	})
}

// What was refused is published when it comes again.
func TestAPI_IdempotencyKeyOfTheRefused(t *testing.T) {
	n, c, release := stuck(t)
	const key = "Idempotency-Key: a"
	ndjson := []string{"Content-Type: application/x-ndjson", "Idempotency-Key: b"}
	n.post("/api/broadcast", `{`, key).fails(http.StatusBadRequest, "BAD_MESSAGE")
	n.post("/api/broadcast", numbered(1)).reaches(1)
	n.post("/api/broadcast", numbered(2), key).fails(http.StatusServiceUnavailable, "OVERLOADED")
	refused := n.post("/api/publish", `{"message":`+numbered(3)+`}`, ndjson...)
	require.Contains(t, refused.body, "OVERLOADED")
	release()
	c.receives(held, numbered(1))
	n.post("/api/broadcast", numbered(2), key).reaches(1)
	c.receives(numbered(2))
	require.Equal(t, `{"receivers":1}`+"\n", n.post("/api/publish", `{"message":`+numbered(3)+`}`, ndjson...).body)
	c.receives(numbered(3))
}

// Of a batch that was published in part the answer is remembered, and says what to
// publish again under another key.
func TestAPI_IdempotencyKeyOfABatchInPart(t *testing.T) {
	n, c, release := stuck(t)
	body := `{"message":` + numbered(1) + "}\n" + `{"message":` + numbered(2) + "}\n"
	ndjson := []string{"Content-Type: application/x-ndjson", "Idempotency-Key: b"}
	first := n.post("/api/publish", body, ndjson...)
	require.Regexp(t, `^\{"receivers":1\}\n.*OVERLOADED.*\n$`, first.body)
	release()
	c.receives(held, numbered(1))
	n.post("/api/publish", body, ndjson...).again(first)
	c.quiet()
}

// Keys are those of a caller, whichever of its API keys it uses.
func TestAPI_IdempotencyKeyOfCallers(t *testing.T) {
	n := start(t, settings{admin: Options{APIKey: "own", APIKeys: []Key{
		newKey("shop", "old", ScopePublish), newKey("shop", "new", ScopePublish), newKey("game", "game", ScopePublish),
	}}})
	c := n.connect()
	send := func(apiKey string) *answer {
		return n.post("/api/broadcast", hello, "X-API-Key: "+apiKey, "Idempotency-Key: a")
	}
	first := send("old")
	first.reaches(1)
	send("new").again(first)
	c.receives(hello)
	send("game").reaches(1)
	send("own").reaches(1)
	c.receives(hello, hello)
}

func TestAPI_IdempotencyBounds(t *testing.T) {
	n := start(t, settings{admin: Options{MaxIdempotencyKeys: 2}})
	c := n.connect()
	for _, key := range []string{"a", "b", "c", "b", "a"} {
		n.post("/api/broadcast", hello, "Idempotency-Key: "+key).reaches(1)
	}
	c.receives(hello, hello, hello, hello)
	n.metricsAre(map[string]float64{
		"gannet_idempotency_keys": 2, "gannet_idempotency_replays_total": 1, "gannet_idempotency_evicted_total": 2,
	})
	for name, options := range map[string]Options{
		"max-idempotency-keys": {MaxIdempotencyKeys: -1}, "max-idempotency-bytes": {MaxIdempotencyBytes: -1}, "idempotency-ttl": {IdempotencyTTL: -1},
	} {
		require.EqualError(t, options.Check(), name+" must be above zero")
	}
}

func TestAPI_IdempotencyKeyOnceOnly(t *testing.T) {
	n := start(t, settings{})
	request, err := http.NewRequest(http.MethodPost, "http://"+n.admin.Addr().String()+"/api/broadcast", strings.NewReader(hello))
	require.NoError(t, err)
	request.Header = http.Header{"Content-Type": {"application/json"}, "Idempotency-Key": {"a", "b"}}
	response, err := n.http.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	assert.Equal(t, http.StatusBadRequest, response.StatusCode)
	longest := strings.Repeat("~", 128)
	n.post("/api/broadcast", hello, "Idempotency-Key: "+longest).reaches(0)
	n.post("/api/broadcast", hello, "Idempotency-Key: "+longest+"~").fails(http.StatusBadRequest, "BAD_IDEMPOTENCY_KEY")
}

// A target of another node is none of this; what is published there is remembered here.
func TestAPI_IdempotencyIsOfANode(t *testing.T) {
	here, there := pair(t, func(*core.Server) {})
	c := there.connect()
	key := "Idempotency-Key: a"
	here.post("/api/broadcast", hello, key).reaches(0)
	c.receives(hello)
	here.post("/api/broadcast", hello, key).reaches(0)
	c.quiet()
	there.post("/api/broadcast", hello, key).reaches(1)
	c.receives(hello)
}
