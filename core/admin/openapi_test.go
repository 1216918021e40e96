package admin

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/bus"
	"github.com/gannet-ws/gannet/core"
)

// operation returns the description of an operation, nil where there is none.
func (d *description) operation(method, path string) object {
	paths, _ := d.root["paths"].(object)
	item, _ := paths[path].(object)
	found, _ := item[strings.ToLower(method)].(object)
	return found
}

// parameters returns an operation's parameters of a kind: path, query or header.
func (d *description) parameters(o object, in string) (found []object) {
	all, _ := o["parameters"].([]any)
	for _, p := range all {
		if parameter := d.resolve(p); parameter["in"] == in {
			found = append(found, parameter)
		}
	}
	return found
}

// success is the status of what an operation answers well.
func success(o object) int {
	if responses, _ := o["responses"].(object); responses["202"] != nil {
		return http.StatusAccepted
	}
	return http.StatusOK
}

// each calls f for each operation of the table and its description.
func (d *description) each(t *testing.T, f func(t *testing.T, o *operation, described object)) {
	for i := range operations {
		o := &operations[i]
		t.Run(o.method+" "+o.path, func(t *testing.T) {
			described := d.operation(o.method, o.path)
			require.NotNil(t, described, "openapi.yaml does not have it")
			f(t, o, described)
		})
	}
}

func TestOpenAPI_HasTheOperations(t *testing.T) {
	d := readDescription(t)
	d.each(t, func(*testing.T, *operation, object) {})
	for path, item := range d.root["paths"].(object) {
		for method := range item.(object) {
			assert.True(t, slices.ContainsFunc(operations, func(o operation) bool {
				return o.path == path && o.method == strings.ToUpper(method)
			}), "%s %s is not among the operations", method, path)
		}
	}
}

func TestOpenAPI_OperationsAreComplete(t *testing.T) {
	d := readDescription(t)
	var tags []any
	for _, tag := range d.root["tags"].([]any) {
		tags = append(tags, tag.(object)["name"])
	}
	ids := map[any]bool{}
	d.each(t, func(t *testing.T, o *operation, described object) {
		assert.Regexp(t, `^[a-z]+([A-Z]+[a-z]*)*$`, described["operationId"])
		assert.False(t, ids[described["operationId"]], "the id is another one's")
		ids[described["operationId"]] = true
		assert.Regexp(t, `^[A-Z].*[^.]$`, described["summary"])
		require.Len(t, described["tags"], 1)
		assert.Contains(t, tags, described["tags"].([]any)[0])
		assert.Equal(t, scopesOf(o), described["security"])
		assert.Equal(t, names(regexp.MustCompile(`\{(\w+)\}`).FindAllStringSubmatch(o.path, -1)), parameterNames(d.parameters(described, "path")))
		assert.Equal(t, slices.Sorted(slices.Values(o.query)), parameterNames(d.parameters(described, "query")))
		assert.Equal(t, o.scope == ScopePublish, len(d.parameters(described, "header")) == 1)

		responses := described["responses"].(object)
		assert.Contains(t, responses, strconv.Itoa(success(described)))
		for status, response := range responses {
			assert.NotEmpty(t, d.resolve(response)["description"], status)
			assert.NotEmpty(t, d.resolve(response)["content"], status)
		}
		for _, status := range []string{"401", "403"} {
			assert.Equal(t, o.scope != scopeNone, responses[status] != nil, status)
		}
	})
}

// scopesOf is an operation's security as it has to be described.
func scopesOf(o *operation) any {
	if o.scope == scopeNone {
		return []any{}
	}
	scope := []any{string(o.scope)}
	return []any{object{"apiKey": scope}, object{"bearer": scope}, object{}}
}

func names(matches [][]string) (all []string) {
	for _, m := range matches {
		all = append(all, m[1])
	}
	slices.Sort(all)
	return all
}

func parameterNames(parameters []object) (all []string) {
	for _, p := range parameters {
		all = append(all, p["name"].(string))
	}
	slices.Sort(all)
	return all
}

// walk calls f for everything that stands in the description.
func walk(node any, at string, f func(at string, node any)) {
	f(at, node)
	switch node := node.(type) {
	case object:
		for key, value := range node {
			walk(value, at+"/"+key, f)
		}
	case []any:
		for i, value := range node {
			walk(value, at+"/"+strconv.Itoa(i), f)
		}
	}
}

// Every reference leads to something, and every component is led to.
func TestOpenAPI_References(t *testing.T) {
	d := readDescription(t)
	used := map[string]bool{}
	walk(d.root, "#", func(at string, node any) {
		if o, ok := node.(object); ok && o["$ref"] != nil {
			assert.Len(t, o, 1, at)
			assert.NotNil(t, d.resolve(o), "%s leads to nothing: %s", at, o["$ref"])
			used[o["$ref"].(string)] = true
		}
	})
	for kind, components := range d.root["components"].(object) {
		for name := range components.(object) {
			reference := "#/components/" + kind + "/" + name
			assert.True(t, used[reference] || kind == "securitySchemes", "nobody uses %s", reference)
		}
	}
}

// Every code that the text names exists, and every code is named.
func TestOpenAPI_Codes(t *testing.T) {
	known := map[string]bool{}
	for _, c := range ErrorCodes() {
		known[c.Code] = true
		assert.Contains(t, string(openapi), c.Code)
	}
	for _, word := range regexp.MustCompile(`\b[A-Z]+(_[A-Z]+)+\b`).FindAllString(string(openapi), -1) {
		assert.True(t, known[word], "there is no code %s", word)
	}
}

func TestOpenAPI_Served(t *testing.T) {
	n := start(t, settings{})
	asYAML := n.get("/api/openapi.yaml")
	assert.Equal(t, "application/yaml", asYAML.header.Get("Content-Type"))
	assert.Equal(t, string(openapi), asYAML.body)
	assert.Equal(t, OpenAPI(), openapi)
	var fromYAML any
	require.NoError(t, yaml.Unmarshal([]byte(asYAML.body), &fromYAML))
	encoded, err := json.Marshal(fromYAML)
	require.NoError(t, err)
	assert.JSONEq(t, string(encoded), n.get("/api/openapi.json").body)
}

// exampleID is the id of the client of the examples.
const exampleID = "5c1f0e9a7b3d00000000000182f4c6ae"

// example is a request of the description.
type example struct {
	name  string
	query string
	media string
	body  string
}

// examplesOf returns an operation's examples: each body without more, and the first
// one with each parameter of the query.
func (d *description) examplesOf(t *testing.T, described object) (all []example) {
	content, _ := d.resolve(described["requestBody"])["content"].(object)
	for _, media := range slices.Sorted(maps.Keys(content)) {
		bodies := content[media].(object)["examples"].(object)
		for _, name := range slices.Sorted(maps.Keys(bodies)) {
			value := bodies[name].(object)["value"]
			text, ok := value.(string)
			if !ok {
				encoded, err := json.Marshal(value)
				require.NoError(t, err)
				text = string(encoded)
			}
			if media == mediaJSON {
				assert.Empty(t, d.mismatches(content[media].(object)["schema"], value, name))
			}
			all = append(all, example{name: name, media: media, body: text})
		}
	}
	if len(all) == 0 {
		all = []example{{name: "alone"}}
	}
	for _, p := range d.parameters(described, "query") {
		one := all[0]
		assert.Empty(t, d.mismatches(p["schema"], p["example"], p["name"].(string)))
		one.name, one.query = p["name"].(string), "?"+p["name"].(string)+"="+url.QueryEscape(fmt.Sprint(p["example"]))
		if p["required"] == true {
			all[0] = one
			continue
		}
		all = append(all, one)
	}
	return all
}

// pathOf returns an operation's path with the examples of its parameters.
func (d *description) pathOf(o *operation, described object) string {
	path := o.path
	for _, p := range d.parameters(described, "path") {
		path = strings.ReplaceAll(path, "{"+p["name"].(string)+"}", url.PathEscape(p["example"].(string)))
	}
	return path
}

// What stands there as an example is answered well, and as is described.
func TestOpenAPI_Examples(t *testing.T) {
	d := readDescription(t)
	d.each(t, func(t *testing.T, o *operation, described object) {
		for _, e := range d.examplesOf(t, described) {
			n := start(t, settings{server: core.Options{Bus: bus.NewHub().Join()}})
			id := n.connect(`{"sub":5,"plan":"premium"}`).join("general")
			live := strings.NewReplacer(exampleID, id)
			headers := []string{"Content-Type: " + e.media}
			for _, p := range d.parameters(described, "header") {
				headers = append(headers, p["name"].(string)+": "+p["example"].(string))
			}
			answer := n.do(o.method, live.Replace(d.pathOf(o, described)+e.query), live.Replace(e.body), headers...)
			require.Equal(t, success(described), answer.status, "%s: %s", e.name, answer.body)
			d.describes(t, described, answer)
		}
	})
}

// describes makes sure that an answer is as its operation is described.
func (d *description) describes(t *testing.T, described object, a *answer) {
	t.Helper()
	response := d.resolve(described["responses"].(object)[strconv.Itoa(a.status)])
	require.NotNil(t, response, "%d is not described: %s", a.status, a.body)
	media, _, _ := strings.Cut(a.header.Get("Content-Type"), ";")
	content, _ := response["content"].(object)[media].(object)
	require.NotNil(t, content, "%s is not described", media)
	switch media {
	case mediaJSON:
		d.satisfies(t, content["schema"], a.body)
	case mediaNDJSON:
		for line := range strings.Lines(a.body) {
			schema := "#/components/schemas/Published"
			if strings.Contains(line, `"error"`) {
				schema = "#/components/schemas/Error"
			}
			d.satisfies(t, object{"$ref": schema}, line)
		}
	}
	if a.status >= http.StatusBadRequest {
		var bad struct{ Code string }
		require.NoError(t, json.Unmarshal([]byte(a.body), &bad))
		assert.Contains(t, response["description"], bad.Code)
	}
}

func (d *description) satisfies(t *testing.T, schema any, text string) {
	t.Helper()
	var value any
	require.NoError(t, json.Unmarshal([]byte(text), &value), text)
	assert.Empty(t, d.mismatches(schema, value, "answer"), text)
}
