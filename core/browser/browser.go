// Package browser holds the client for browsers, gannet.js: an ES module without
// dependencies that pages import as it is, and its types.
package browser

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"net/http"
	"time"
)

var (
	//go:embed gannet.js
	script []byte
	//go:embed gannet.d.ts
	types []byte
)

// Handler serves /gannet.js and /gannet.d.ts. They are the same for everybody,
// so pages of any origin may import them. Browsers ask each time whether they
// have changed: a page runs the client of the server that it talks to.
func Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /gannet.js", file(script, "text/javascript; charset=utf-8"))
	mux.HandleFunc("GET /gannet.d.ts", file(types, "text/plain; charset=utf-8")) // TypeScript has no type of its own
	return mux
}

func file(content []byte, mediaType string) http.HandlerFunc {
	sum := sha256.Sum256(content)
	etag := `"` + hex.EncodeToString(sum[:8]) + `"`
	return func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Type", mediaType)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Access-Control-Allow-Origin", "*")
		h.Set("Cache-Control", "no-cache")
		h.Set("ETag", etag)
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
	}
}
