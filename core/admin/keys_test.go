package admin

import (
	"crypto/sha256"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// newKey makes a key.
func newKey(name, key string, scopes ...Scope) Key {
	return Key{Name: name, Sum: sha256.Sum256([]byte(key)), Scopes: scopes}
}

// keyFor is the key that has a scope alone.
func keyFor(scope Scope) string { return "the key of " + string(scope) }

// scopedKeys has a key for each scope.
func scopedKeys() (keys []Key) {
	for _, scope := range Scopes() {
		keys = append(keys, newKey(string(scope), keyFor(scope), scope))
	}
	return keys
}

// Several keys are good at the same time, each for its scopes, and the one of APIKey
// for all.
func TestKeys_Several(t *testing.T) {
	n := start(t, settings{admin: Options{APIKey: "all", APIKeys: []Key{
		newKey("shop", "old", ScopePublish), newKey("shop", "new", ScopePublish), newKey("ops", "ops", ScopeRead, ScopeManage),
	}}})
	for key, statuses := range map[string][3]int{
		"all": {200, 200, 200}, "old": {200, 403, 403}, "new": {200, 403, 403}, "ops": {403, 200, 403}, "none": {401, 401, 401}, "": {401, 401, 401},
	} {
		header := "X-API-Key: " + key
		assert.Equal(t, statuses, [3]int{
			n.post("/api/broadcast", hello, header).status, n.get("/api/stats", header).status, n.get("/metrics", header).status,
		}, key)
	}
}

// Keys are exchanged while the listener serves; what cannot be is refused and changes
// nothing.
func TestKeys_Set(t *testing.T) {
	n := start(t, settings{admin: Options{APIKey: "first"}})
	require.NoError(t, n.admin.SetKeys("second", []Key{newKey("shop", "third", ScopeRead)}))
	for key, status := range map[string]int{"first": 401, "second": 200, "third": 200} {
		assert.Equal(t, status, n.get("/api/stats", "X-API-Key: "+key).status, key)
	}
	require.Error(t, n.admin.SetKeys("fourth", []Key{newKey("shop", "fourth", ScopeRead)}))
	assert.Equal(t, 200, n.get("/api/stats", "X-API-Key: second").status)
	assert.Equal(t, 401, n.get("/api/stats", "X-API-Key: fourth").status)

	require.NoError(t, n.admin.SetKeys("", nil))
	assert.Equal(t, 200, n.get("/api/stats").status)
	n.from("192.0.2.1:5000", http.MethodGet, "/api/stats", "X-API-Key: second").fails(http.StatusForbidden, "LOOPBACK_ONLY")
}

func TestKeys_ThatCannotBe(t *testing.T) {
	for want, options := range map[string]Options{
		`api-key is among the keys of api-keys, too`:                                {APIKey: "a", APIKeys: []Key{newKey("shop", "a", ScopeRead)}},
		`api-keys has a key twice, as "shop" and as "ops"`:                          {APIKeys: []Key{newKey("shop", "a", ScopeRead), newKey("ops", "a", ScopeRead)}},
		`api-keys has "shop" without a scope`:                                       {APIKeys: []Key{newKey("shop", "a")}},
		`api-keys has "shop" with the unknown scope "all"`:                          {APIKeys: []Key{newKey("shop", "a", "all")}},
		`api-keys has "shop" with the sum of an empty key: everybody would have it`: {APIKeys: []Key{newKey("shop", "", ScopeRead)}},
	} {
		options.AdminAddr = "127.0.0.1:0"
		require.EqualError(t, options.Check(), want)
		_, err := Listen(newServer(t), options)
		require.EqualError(t, err, want)
	}
}

// Without a scope to read, a key is not told what operators are.
func TestKeys_ReadinessTellsReaders(t *testing.T) {
	n := newNode(t, settings{admin: Options{APIKeys: scopedKeys()}})
	request := func(scope Scope) bool {
		r, err := http.NewRequest(http.MethodGet, "/ready", nil)
		require.NoError(t, err)
		r.RemoteAddr, r.Host = "192.0.2.1:5000", "gannet.example.com"
		r.Header.Set("X-API-Key", keyFor(scope))
		return n.admin.trusts(r)
	}
	for _, scope := range Scopes() {
		assert.Equal(t, scope == ScopeRead, request(scope), scope)
	}
}
