package browser_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/core"
	"github.com/gannet-ws/gannet/core/browser"
)

func ask(method, path string, headers ...string) *http.Response {
	request := httptest.NewRequest(method, path, nil)
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		request.Header.Set(name, value)
	}
	recorder := httptest.NewRecorder()
	browser.Handler().ServeHTTP(recorder, request)
	return recorder.Result()
}

func TestHandler_Files(t *testing.T) {
	for path, mediaType := range map[string]string{
		"/gannet.js":   "text/javascript; charset=utf-8",
		"/gannet.d.ts": "text/plain; charset=utf-8",
	} {
		content, err := os.ReadFile("." + path)
		require.NoError(t, err)
		answer := ask(http.MethodGet, path)
		body := new(strings.Builder)
		require.NoError(t, answer.Write(body))
		assert.Equal(t, http.StatusOK, answer.StatusCode, path)
		assert.True(t, strings.HasSuffix(body.String(), "\r\n\r\n"+string(content)), path)
		assert.Equal(t, mediaType, answer.Header.Get("Content-Type"), path)
		assert.Equal(t, "nosniff", answer.Header.Get("X-Content-Type-Options"), path)
		assert.Equal(t, "no-cache", answer.Header.Get("Cache-Control"), path)
		assert.Equal(t, "*", answer.Header.Get("Access-Control-Allow-Origin"), path)

		etag := answer.Header.Get("ETag")
		assert.Regexp(t, `^"[0-9a-f]{16}"$`, etag, path)
		assert.Equal(t, http.StatusNotModified, ask(http.MethodGet, path, "If-None-Match: "+etag).StatusCode, path)
		assert.Equal(t, http.StatusOK, ask(http.MethodGet, path, `If-None-Match: "0123456789abcdef"`).StatusCode, path)
		assert.Equal(t, http.StatusOK, ask(http.MethodHead, path).StatusCode, path)
		assert.Equal(t, http.StatusMethodNotAllowed, ask(http.MethodPost, path).StatusCode, path)
	}
	assert.NotEqual(t, ask(http.MethodGet, "/gannet.js").Header.Get("ETag"), ask(http.MethodGet, "/gannet.d.ts").Header.Get("ETag"))
	assert.Equal(t, http.StatusNotFound, ask(http.MethodGet, "/").StatusCode)
	assert.Equal(t, http.StatusNotFound, ask(http.MethodGet, "/browser.go").StatusCode)
}

// A declaration begins two columns in; the constructor and overloads are names
// like others.
var (
	declaredClass  = regexp.MustCompile(`(?ms)^export class (\w+).*?^}`)
	declaredMember = regexp.MustCompile(`(?m)^  (?:readonly |get )?(\w+)[?<(:]`)
	declaredEvents = regexp.MustCompile(`(?ms)^export interface GannetEvents {(.*?)^}`)
	declaredStatus = regexp.MustCompile(`get status\(\): (.*);`)
)

// names returns the first groups of all matches, sorted, each once.
func names(pattern *regexp.Regexp, text string) (found []string) {
	for _, match := range pattern.FindAllStringSubmatch(text, -1) {
		found = append(found, match[1])
	}
	slices.Sort(found)
	return slices.Compact(found)
}

func TestTypes_DeclareWhatThereIs(t *testing.T) {
	file, err := os.ReadFile("gannet.d.ts")
	require.NoError(t, err)
	declared := map[string][]string{}
	for _, class := range declaredClass.FindAllStringSubmatch(string(file), -1) {
		declared[class[1]] = names(declaredMember, class[0])
	}

	p := visit(t).open(t, "")
	var exported map[string][]string
	script := `
		const inherited = ["name"]; // of every Error
		const members = (made) => [...Object.getOwnPropertyNames(Object.getPrototypeOf(made)), ...Object.keys(made)];
		const made = { GannetClient: new GannetClient("/ws"), GannetError: new GannetError("", "") };
		const found = {};
		for (const name of Object.keys(gannet)) found[name] = members(made[name]).filter((each) => !inherited.includes(each)).sort();
		return found;`
	require.NoError(t, json.Unmarshal([]byte(p.Run(script)), &exported))
	require.Equal(t, exported, declared)
	require.Len(t, declared, 2)

	// An event that is not declared cannot be listened to, and the other way round.
	events := names(declaredMember, declaredEvents.FindString(string(file)))
	require.Len(t, events, 7)
	list, err := json.Marshal(append(slices.Clone(events), "anything", "closed"))
	require.NoError(t, err)
	p.returns(`["TypeError", "TypeError"]`, `
		const refused = [];
		for (const event of `+string(list)+`) {
			try { new GannetClient("/ws").on(event, () => {}); } catch (error) { refused.push(error.name); }
		}
		return refused;`)
	require.Contains(t, declaredStatus.FindStringSubmatch(string(file))[1], `"closed"`)
}

// A worker has no document; testdata/worker.js takes more away.
func TestClient_WithoutADocument(t *testing.T) {
	v := visit(t)
	node := run(t, core.Options{})
	p := v.open(t, node.url())
	p.returns(`{"success": true, "told": ["The connection ended: code 1006", "a handler fails"]}`, `
		const sockets = new URLSearchParams([["socket", "ws://`+closedPort(t)+`"], ["socket", url]]);
		const worker = new Worker("/worker.js?" + sockets, { type: "module" });
		return await new Promise((resolve, reject) => {
			worker.onmessage = ({ data }) => resolve(data);
			worker.onerror = (event) => reject(new Error(event.message ?? "the worker failed"));
		});`)
}

// A page of another origin may import the client.
func TestClient_OfAnotherOrigin(t *testing.T) {
	p := visit(t).open(t, "")
	other := httptest.NewServer(browser.Handler())
	t.Cleanup(other.Close)
	p.returns(`["GannetClient", "GannetError"]`, `return Object.keys(await import("`+other.URL+`/gannet.js")).sort()`)
}

func TestClient_Address(t *testing.T) {
	v, peer := visit(t), listen(t)
	p := v.open(t, peer.url)
	watchSockets(p)
	p.returns(`["ws://a.example/ws", "wss://a.example/ws?x=1", "wss://a.example/", "ws://b.example/"]`, `
		for (const address of ["http://a.example/ws", "https://a.example/ws?x=1", new URL("https://a.example"), () => "ws://b.example"]) {
			const c = new GannetClient(address, { maxAttempts: 1 });
			c.connect();
			const opened = sockets.length + 1;
			while (sockets.length < opened) await null;
			c.close();
		}
		return sockets.map((socket) => socket.given)`)
	p.returns(`true`, `
		const c = new GannetClient("/ws", { maxAttempts: 1 });
		c.connect();
		while (sockets.length < 5) await null;
		c.close();
		return sockets[4].given === location.origin.replace("http", "ws") + "/ws"`)
	p.returns(`"TypeError"`, `try { new GannetClient("http://") } catch (error) { return error.name }`)
}
