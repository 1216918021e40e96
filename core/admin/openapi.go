package admin

import (
	_ "embed"
	"fmt"
	"net/http"
	"sync"

	"github.com/goccy/go-yaml"
)

// openapi describes the operations in the words of OpenAPI 3.1.
//
//go:embed openapi.yaml
var openapi []byte

// openapiAsJSON is the description as JSON, made when somebody asks for it first.
var openapiAsJSON = sync.OnceValue(func() []byte {
	converted, err := yaml.YAMLToJSON(openapi)
	if err != nil {
		panic(fmt.Errorf("openapi.yaml is not YAML: %w", err)) // the tests have read it
	}
	return converted
})

// OpenAPI returns the description of all operations, OpenAPI 3.1 as YAML. The slice is
// the caller's.
func OpenAPI() []byte { return append([]byte(nil), openapi...) }

func (a *Admin) openapiYAML(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/yaml")
	_, _ = w.Write(openapi) // the peer has gone if it fails
}

func (a *Admin) openapiJSON(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", mediaJSON)
	_, _ = w.Write(openapiAsJSON()) // the peer has gone if it fails
}
