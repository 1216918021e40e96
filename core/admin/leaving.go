package admin

import (
	"net/http"

	"github.com/gannet-ws/gannet/core"
)

// leaving has each connection end with its answer once the server drains: who goes on
// publishing comes to another node by its next connection, and has no request on a
// connection that ends with the node.
func (a *Admin) leaving(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if a.server.State() >= core.StateDraining {
			w.Header().Set("Connection", "close")
		}
		next.ServeHTTP(w, r)
	})
}
