package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/bus/redistest"
	"github.com/gannet-ws/gannet/core/admin"
)

// The manual of the API has every operation with the scope that it needs, and an
// example.
func TestDocsAPI_Operations(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join("docs", "api.md"))
	require.NoError(t, err)
	page := string(raw)
	for _, o := range admin.Operations() {
		scope := string(o.Scope)
		if scope == "" {
			scope = "none"
		}
		assert.Contains(t, page, fmt.Sprintf("| `%s %s` | %s |", o.Method, o.Path, scope))
	}
}

// docsClient is the client's id in the manual's examples.
const docsClient = "5c1f0e9a7b3d00000000000182f4c6ae"

// Every command of the manual does what it should, with a client that is connected, a key
// in the variable and a file of messages.
func TestDocsAPI_Examples(t *testing.T) {
	const key = "a key for the manual's examples"
	c := onRedis(t, redistest.Start(t), "--api-key="+key)
	raw, err := os.ReadFile(filepath.Join("docs", "api.md"))
	require.NoError(t, err)
	tried := 0
	for line := range strings.Lines(string(raw)) {
		if !strings.HasPrefix(line, "curl ") {
			continue
		}
		tried++
		id := connectedClient(t, c)
		request := curlRequest(t, strings.NewReplacer(docsClient, id, "localhost:3001", strings.TrimPrefix(c.admin, "http://"), "$KEY", key).Replace(line))
		request.Header.Set("X-API-Key", key)
		answer, err := http.DefaultClient.Do(request)
		require.NoError(t, err, line)
		body, err := io.ReadAll(answer.Body)
		require.NoError(t, err)
		_ = answer.Body.Close()
		require.Contains(t, []int{http.StatusOK, http.StatusAccepted}, answer.StatusCode, "%s: %s", line, body)
		require.NotContains(t, string(body), `"error"`, line)
	}
	require.Greater(t, tried, 15, "the page has to be understood")
}

// connectedClient connects a client that is in the room general, and returns its id.
func connectedClient(t *testing.T, c *command) string {
	t.Helper()
	const join = `{"type":"system","action":"joinRoom","data":{"roomName":"general"}}`
	s := c.member(t, "general")
	require.NoError(t, s.conn.WriteString(join))
	reply := s.until(`"success":true`)
	id := regexp.MustCompile(`"clientId":"([0-9a-f]{32})"`).FindStringSubmatch(reply)
	require.Len(t, id, 2, reply)
	return id[1]
}

// curlRequest reads a command line of curl as far as the manual makes use of it.
func curlRequest(t *testing.T, line string) *http.Request {
	t.Helper()
	var method, address, body string
	header := http.Header{}
	words := shellWords(line)
	for i := 1; i < len(words); i++ {
		switch words[i] {
		case "-X":
			method, i = words[i+1], i+1
		case "-H":
			name, value, _ := strings.Cut(words[i+1], ": ")
			header.Set(name, value)
			i++
		case "-d", "--data-binary":
			body, i = words[i+1], i+1
		default:
			require.Empty(t, address, line)
			address = "http://" + words[i]
		}
	}
	if strings.HasPrefix(body, "@") {
		body = "{\"message\":{\"type\":\"t\",\"action\":\"a\"}}\n{\"room\":\"general\",\"message\":{\"type\":\"t\",\"action\":\"a\"}}\n"
	}
	if method == "" && body != "" {
		method = http.MethodPost
	}
	request, err := http.NewRequest(method, address, strings.NewReader(body))
	require.NoError(t, err, line)
	request.Header = header
	return request
}

// shellWords divides a command line into words. Quotes keep their word together.
func shellWords(line string) (words []string) {
	for _, part := range regexp.MustCompile(`'[^']*'|"[^"]*"|\S+`).FindAllString(line, -1) {
		words = append(words, strings.Trim(part, `'"`))
	}
	return words
}

// The file of keys in the manual is one that gannet takes.
func TestDocsAPI_KeyFile(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join("docs", "api.md"))
	require.NoError(t, err)
	_, rest, _ := strings.Cut(string(raw), "```yaml\n")
	text, _, found := strings.Cut(rest, "```")
	require.True(t, found)
	var keys []admin.Key
	require.NoError(t, readAPIKeys(&keys, newFiles(t).write("keys.yaml", text)))
	require.Len(t, keys, 3)
}

// The table of errors between the two marks is what the code says; -update writes it.
func TestDocsAPI_Errors(t *testing.T) {
	const begin, end = "<!-- errors -->\n", "<!-- end of errors -->\n"
	path := filepath.Join("docs", "api.md")
	raw, err := os.ReadFile(path)
	require.NoError(t, err)
	before, rest, found := strings.Cut(string(raw), begin)
	require.True(t, found)
	written, after, found := strings.Cut(rest, end)
	require.True(t, found)
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(before+begin+errorsTable()+end+after), 0o644))
		return
	}
	assert.Equal(t, errorsTable(), written, "%s is not what the code says: run make docs", path)
}

func errorsTable() string {
	var table strings.Builder
	table.WriteString("| code | status | |\n| --- | --- | --- |\n")
	for _, c := range admin.ErrorCodes() {
		table.WriteString(row("`"+c.Code+"`", fmt.Sprint(c.Status), c.Help))
	}
	return table.String()
}
