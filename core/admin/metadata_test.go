package admin

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/core"
)

// patch sends a JSON body.
func (n *node) patch(path, body string, headers ...string) *answer {
	n.t.Helper()
	return n.do(http.MethodPatch, path, body, append([]string{"Content-Type: application/json"}, headers...)...)
}

// What is set at one node is what publications from any are picked by.
func TestAPI_Metadata(t *testing.T) {
	here, there := pair(t)
	c := there.connect(`{"sub":5}`)
	id := c.join("general")
	path := "/api/clients/" + id + "/metadata"
	quiet := "?where=" + escape("not meta:muted and meta:level >= 3")
	for _, step := range []struct {
		body, kept string
		hears      bool
	}{
		{`{"level":3,"zone":{"city":"Bremen","a":null}}`, `{"level":3,"zone":{"city":"Bremen","a":null}}`, true},
		{`{"muted":true,"zone":{"b":1}}`, `{"level":3,"muted":true,"zone":{"b":1}}`, false},
		{`{}`, `{"level":3,"muted":true,"zone":{"b":1}}`, false},
		{`{"muted":null,"none":null}`, `{"level":3,"zone":{"b":1}}`, true},
		{`{"level":2.50}`, `{"level":2.50,"zone":{"b":1}}`, false},
		{`{"level":9007199254740993,"zone":null}`, `{"level":9007199254740993}`, true},
		{`{"level":null}`, `{}`, false},
	} {
		for range 2 {
			answer := here.patch(path, step.body)
			require.Equal(t, http.StatusOK, answer.status, answer.body)
			require.Equal(t, `{"metadata":`+step.kept+`,"missing":[]}`+"\n", answer.body)
		}
		for _, n := range []*node{here, there} {
			if step.kept == "{}" {
				require.NotContains(t, n.get("/api/clients/"+id).body, `"metadata"`)
			} else {
				require.Contains(t, n.get("/api/clients/"+id).body, `"metadata":`+step.kept)
			}
			require.Equal(t, http.StatusOK, n.post("/api/rooms/general/broadcast"+quiet, hello).status)
			if step.hears {
				c.receives(hello)
			}
			c.quiet()
		}
	}
}

// What is refused has changed nothing, on neither node.
func TestAPI_MetadataRefused(t *testing.T) {
	here := start(t, settings{server: core.Options{Loops: 1, MaxMetadata: 200, SurveyTimeout: patience}})
	id := here.connect().join("general")
	path := "/api/clients/" + id + "/metadata"
	require.Equal(t, http.StatusOK, here.patch(path, `{"a":1,"b":2}`).status)
	many := `{"a":null`
	for i := range core.MaxMetadataChanges {
		many += fmt.Sprintf(`,"%d":null`, i)
	}
	large := `{"a":null,"b":null,"c":"` + strings.Repeat("x", 200) + `"}`
	for body, code := range map[string]string{
		large:                             "METADATA_FULL",
		`{"c":"","d":"","e":""}`:          "METADATA_FULL",
		many + "}":                        "BAD_BODY",
		`{"a":null,"b":"` + "\xff" + `"}`: "BAD_BODY",
		`{"a":null,"b":01}`:               "BAD_BODY",
		`["a"]`:                           "BAD_BODY",
	} {
		here.patch(path, body).fails(statusOf(t, code), code)
	}
	require.Equal(t, `{"metadata":{"a":1,"b":2},"missing":[]}`+"\n", here.patch(path, "{}").body)
	here.metricsAre(map[string]float64{
		"gannet_metadata_refused_total": 2, `gannet_api_refused_total{code="METADATA_FULL"}`: 2, `gannet_api_refused_total{code="BAD_BODY"}`: 4,
	})
	for _, bad := range badIDs {
		here.patch("/api/clients/"+bad+"/metadata", "{}").fails(http.StatusBadRequest, "BAD_CLIENT_ID")
	}
	here.patch("/api/clients/"+id[:31]+flip(id[31])+"/metadata", "{}").fails(http.StatusNotFound, "CLIENT_GONE")
	here.patch("/api/clients/"+someID+"/metadata", "{}").fails(http.StatusGatewayTimeout, "NODE_MISSING")
}
