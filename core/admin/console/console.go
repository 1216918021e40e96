// Package console is the page of the admin listener for people who would rather look
// than read: who is connected, what is said, and whether a node suffers.
//
// Its files are the same in every server, and hold nothing. What it shows it asks the
// API for, with the key that the person who looks has typed in.
package console

import (
	"bytes"
	"embed"
	"io/fs"
	"net/http"
	"path"
	"time"
)

//go:embed page
var embedded embed.FS

// contentPolicy lets the page load its own files and talk to its own server, nothing
// else, and lets no script turn text into markup.
const contentPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

// Files returns the page's files by the patterns under which a http.ServeMux is to
// have them: the page itself at "/{$}", and what it loads below /console/.
func Files() map[string]http.Handler {
	files := map[string]http.Handler{}
	names, _ := fs.Glob(embedded, "page/*") // it is a good pattern
	for _, name := range names {
		content, _ := embedded.ReadFile(name) // it is embedded
		files["/console/"+path.Base(name)] = serve(path.Base(name), content)
	}
	files["/{$}"] = files["/console/index.html"]
	delete(files, "/console/index.html")
	return files
}

// mediaTypes are those of the files by their extensions, on any machine.
var mediaTypes = map[string]string{
	".html": "text/html; charset=utf-8",
	".css":  "text/css; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
	".svg":  "image/svg+xml",
}

// serve answers with a file.
func serve(name string, content []byte) http.Handler {
	mediaType := mediaTypes[path.Ext(name)]
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Type", mediaType)
		h.Set("Content-Security-Policy", contentPolicy)
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
	})
}
