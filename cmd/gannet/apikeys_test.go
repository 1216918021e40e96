package main

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/core/admin"
)

const (
	oneKey   = "hush, the first key"
	otherKey = "hush, the second key"
)

// sumOf is the SHA-256 of a key in hex digits.
func sumOf(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:])
}

func TestAPIKeys_Read(t *testing.T) {
	path := newFiles(t).write("keys.yaml", `# who may do what
- name: shop
  key: `+oneKey+`
  scopes: [publish, read]
- {name: 5, sha256: "`+sumOf(otherKey)+`", scopes: [metrics]}
- scopes:
    - manage
  sha256: `+strings.ToUpper(sumOf("another"))+`
  name: "shop"
- name: numbers
  key: 12345678901234567890
  scopes: [publish]
`)
	var keys []admin.Key
	require.NoError(t, readAPIKeys(&keys, path))
	assert.Equal(t, []admin.Key{
		{Name: "shop", Sum: sha256.Sum256([]byte(oneKey)), Scopes: []admin.Scope{admin.ScopePublish, admin.ScopeRead}},
		{Name: "5", Sum: sha256.Sum256([]byte(otherKey)), Scopes: []admin.Scope{admin.ScopeMetrics}},
		{Name: "shop", Sum: sha256.Sum256([]byte("another")), Scopes: []admin.Scope{admin.ScopeManage}},
		{Name: "numbers", Sum: sha256.Sum256([]byte("12345678901234567890")), Scopes: []admin.Scope{admin.ScopePublish}},
	}, keys)
	require.NoError(t, readAPIKeys(&keys, ""))
	require.Len(t, keys, 4, "no file says nothing")
}

// What is wrong is said with its line, and never with a key.
func TestAPIKeys_ThatCannotBe(t *testing.T) {
	f := newFiles(t)
	good := "- name: shop\n  key: " + oneKey + "\n  scopes: [publish]\n"
	for text, want := range map[string]string{
		"":                      " has to be a list of keys, and not empty",
		"[]":                    " has to be a list of keys, and not empty",
		"name: shop":            " has to be a list of keys, and not empty",
		good + "---\n" + good:   " has to be a list of keys, and not empty",
		oneKey:                  " has to be a list of keys, and not empty",
		good + "- [" + otherKey: " is not YAML",
		good + "- " + otherKey:  ":4: a key needs name, key or sha256, and scopes",
		good + "- name: ops\n  keys: " + otherKey + "\n  scopes: [read]":                        `:5: keys: a key has no such field; did you mean "key"?`,
		good + "- name: ops\n  key: " + otherKey:                                                ":4: a key needs a name and scopes",
		"- key: " + oneKey + "\n  scopes: [read]":                                               ":1: a key needs a name and scopes",
		"- name: ops\n  scopes: [read]":                                                         `:1: the key "ops" needs either key or sha256`,
		"- name: ops\n  key: " + oneKey + "\n  sha256: " + sumOf(oneKey) + "\n  scopes: [read]": `:1: the key "ops" needs either key or sha256`,
		"- name: ops\n  key: hush\n  scopes: [read]":                                            ":2: key is shorter than 16 bytes",
		"- name: ops\n  key:\n  scopes: [read]":                                                 ":2: key needs a text",
		"- name: ops\n  key: [" + oneKey + "]\n  scopes: [read]":                                ":2: key needs a text",
		"- name: ops\n  sha256: hush\n  scopes: [read]":                                         ":2: sha256 needs the 64 hex digits of the key's SHA-256",
		"- name: ops\n  sha256: " + sumOf(oneKey) + "00\n  scopes: [read]":                      ":2: sha256 needs the 64 hex digits of the key's SHA-256",
		"- name: ops\n  key: " + oneKey + "\n  scopes: read":                                    ":3: scopes needs a list: [publish read manage metrics]",
		"- name: ops\n  key: " + oneKey + "\n  scopes: []":                                      ":3: scopes needs a list: [publish read manage metrics]",
		"- name: ops\n  key: " + oneKey + "\n  scopes: [read, metric]":                          `:3: there is no such scope; did you mean "metrics"?`,
		good + "- name: ops\n  key: " + oneKey + "\n  scopes: [read]":                           `:4: the key of "ops" is that of "shop"`,
		good + "- name: ops\n  sha256: " + sumOf(oneKey) + "\n  scopes: [read]":                 `:4: the key of "ops" is that of "shop"`,
	} {
		path := f.write("keys.yaml", text)
		keys := []admin.Key{}
		err := readAPIKeys(&keys, path)
		require.ErrorContains(t, err, "api-keys-file "+path, text)
		assert.Contains(t, err.Error(), want, text)
		assert.NotContains(t, err.Error(), "hush", text)
		assert.NotContains(t, err.Error(), sumOf(oneKey), text)
		assert.Empty(t, keys)
	}
	require.ErrorContains(t, readAPIKeys(nil, f.path("none")), "cannot read api-keys-file")
}

// All that is wrong is said at once.
func TestAPIKeys_AllMistakes(t *testing.T) {
	path := newFiles(t).write("keys.yaml", "- name: ops\n  key: hush\n  scopes: [reed]\n- nam: shop\n- [game]\n")
	err := readAPIKeys(new([]admin.Key), path)
	require.Len(t, strings.Split(err.Error(), "\n"), 4)
	for _, want := range []string{":2: key is shorter", `:3: there is no such scope; did you mean "read"?`, `:4: nam: a key has no such field; did you mean "name"?`} {
		assert.ErrorContains(t, err, want)
	}
}

// A key that is among the others, too, and a sum that everybody has, keep gannet from
// starting.
func TestAPIKeys_CheckedAtTheStart(t *testing.T) {
	f := newFiles(t)
	keys := f.write("keys.yaml", "- name: shop\n  key: "+oneKey+"\n  scopes: [publish]\n")
	refused := program(t, "", nil, "serve", "--addr=127.0.0.1:0", "--admin-addr=127.0.0.1:0", "--api-key="+oneKey, "--api-keys-file="+keys)
	require.NotZero(t, refused.status)
	require.Contains(t, refused.stderr, "api-key is among the keys of api-keys, too")
	f.write("keys.yaml", "- name: shop\n  sha256: "+sumOf("")+"\n  scopes: [publish]\n")
	refused = program(t, "", nil, "serve", "--addr=127.0.0.1:0", "--admin-addr=127.0.0.1:0", "--api-keys-file="+keys)
	require.NotZero(t, refused.status)
	require.Contains(t, refused.stderr, "everybody would have it")
}

// gannet config check says what is wrong with the file that the configuration names.
func TestConfigCheck_APIKeys(t *testing.T) {
	path := newFiles(t).write("keys.yaml", "- name: shop\n  key: hush\n  scopes: [publish]\n")
	_, mistakes := check(t, "max-rooms: 7\napi-keys-file: "+path+"\n")
	require.Equal(t, "gannet.yaml:2: api-keys-file "+path+":2: key is shorter than 16 bytes", mistakes[len(mistakes)-1])
}

// gannet config check warns of a key that can be guessed, wherever it comes from, and
// finds nothing wrong with it.
func TestConfigCheck_WarnsOfAShortAPIKey(t *testing.T) {
	const warning = "warning: the API key is shorter than 16 bytes and can be guessed\n"
	f := newFiles(t)
	short, long := f.write("short", "fifteen bytes..\n"), f.write("long", "sixteen bytes...\n")
	for text, tt := range map[string]struct {
		environment, warning string
		status               int
	}{
		"api-key: fifteen bytes..\n":                  {"", warning, 0},
		"api-key: sixteen bytes...\n":                 {"", "", 0},
		"api-key-file: " + short + "\n":               {"", warning, 0},
		"api-key-file: " + long + "\n":                {"", "", 0},
		"max-rooms: 7\n":                              {"", "", 0},
		"max-rooms: 8\n":                              {"GANNET_API_KEY=fifteen bytes..", warning, 0},
		"api-key: fifteen bytes..\nmax-inbox: 0\n":    {"", warning, 1},
		"api-key: fifteen bytes..\nmax-rooms: many\n": {"", warning, 1},
	} {
		checked := program(t, "", []string{tt.environment}, "config", "check", "--config="+f.write("gannet.yaml", text))
		require.Equal(t, tt.status, checked.status, text)
		require.NotContains(t, checked.stdout, "guessed", text)
		if tt.status == 0 {
			require.Equal(t, tt.warning, checked.stderr, text)
			require.Contains(t, checked.stdout, "nothing is wrong with them")
			continue
		}
		require.True(t, strings.HasPrefix(checked.stderr, tt.warning+"gannet: mistakes in "), checked.stderr)
	}
}

// with is the status of a request with a key.
func (c *command) with(t *testing.T, key, path string) int {
	t.Helper()
	request, err := http.NewRequest(http.MethodGet, c.admin+path, nil)
	require.NoError(t, err)
	request.Header.Set("X-API-Key", key)
	answer, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	_ = answer.Body.Close()
	return answer.StatusCode
}

// A key is replaced without a moment in which neither is good: both are for a while.
func TestReload_APIKeys(t *testing.T) {
	f := newFiles(t)
	entry := func(key string) string { return "- name: shop\n  key: " + key + "\n  scopes: [read]\n" }
	own, keys := f.write("key", "the operator's own"), f.write("keys.yaml", entry(oneKey))
	c := serveCommandLine(t, nil, "--api-key-file="+own, "--api-keys-file="+keys)
	good := func(key string) bool { return c.with(t, key, "/api/stats") == http.StatusOK }
	require.True(t, good(oneKey) && good("the operator's own"))
	require.False(t, good(otherKey))
	require.Equal(t, http.StatusForbidden, c.with(t, oneKey, "/metrics"))

	f.write("keys.yaml", entry(oneKey)+entry(otherKey))
	require.Equal(t, "keys of the API", c.reload(t, logReloaded)[0].Changed)
	require.True(t, good(oneKey) && good(otherKey) && good("the operator's own"))

	f.write("keys.yaml", entry(otherKey))
	f.write("key", "another operator's")
	require.Equal(t, "keys of the API", c.reload(t, logReloaded)[0].Changed)
	require.True(t, good(otherKey) && good("another operator's"))
	require.False(t, good(oneKey) || good("the operator's own"))
	require.Equal(t, "nothing", c.reload(t, logReloaded)[0].Changed)

	f.write("keys.yaml", "")
	failed := c.reload(t, logUnchanged)
	require.Contains(t, failed[0].Error, "has to be a list of keys")
	require.True(t, good(otherKey), "an emptied file opens nothing")
	require.NoError(t, c.Process.Signal(syscall.SIGTERM))
	require.NoError(t, c.Wait())
}

// A key that can be guessed is taken, and warned of at the start and whenever the
// settings are read again.
func TestServe_WarnsOfAShortAPIKey(t *testing.T) {
	const warning = "the API key is shorter than 16 bytes and can be guessed"
	for key, want := range map[string]bool{"fifteen bytes..": true, "sixteen bytes...": false, "": false} {
		ended := program(t, "", []string{"GANNET_API_KEY=" + key}, "serve", "--path=ws", "--log-format=json")
		require.Equal(t, 1, ended.status)
		require.Equal(t, want, strings.Contains(ended.stderr, `"level":"WARN","msg":"`+warning+`"`), ended.stderr)
		require.NotContains(t, ended.stderr, "teen bytes.")
	}

	own := newFiles(t)
	path := own.write("key", "sixteen bytes...")
	c := serveCommandLine(t, nil, "--api-key-file="+path)
	require.Len(t, c.reload(t, logReloaded), 1)
	own.write("key", "fifteen bytes..\n")
	for _, changed := range []string{"keys of the API", "nothing"} {
		lines := c.reload(t, logReloaded)
		require.Len(t, lines, 2)
		require.Equal(t, warning, lines[0].Msg)
		require.Equal(t, changed, lines[1].Changed)
	}
	require.Equal(t, http.StatusOK, c.with(t, "fifteen bytes..", "/api/stats"))
}
