package admin

import (
	"errors"
	"net/http"
	"net/url"
	"unicode/utf8"

	"github.com/gannet-ws/gannet/core"
	"github.com/gannet-ws/gannet/core/condition"
)

// clients lists the clients of all nodes, page by page.
func (a *Admin) clients(w http.ResponseWriter, r *http.Request) {
	limit, ok := a.limitOf(w, r)
	if !ok {
		return
	}
	query, bad := clientQuery(r.URL.Query())
	if bad != nil {
		a.refuse(w, bad)
		return
	}
	query.Limit = limit
	page, err := a.server.Cluster().Clients(r.Context(), query)
	var mistake *condition.SyntaxError
	if errors.As(err, &mistake) {
		a.refuse(w, &apiError{"Cannot read the " + mistake.Error(), badCondition})
		return
	}
	writeJSON(w, http.StatusOK, page)
}

// clientQuery reads which clients are asked for. A filter that is there and empty is
// an application's lost one, and must not mean all.
func clientQuery(given url.Values) (q core.ClientQuery, bad *apiError) {
	for name, filter := range map[string]*string{"userId": &q.UserID, "room": &q.Room, "where": &q.Where} {
		*filter = given.Get(name)
		if given.Has(name) && *filter == "" || !utf8.ValidString(*filter) {
			return q, &apiError{"Parameter " + name + " must be UTF-8, and not empty", badQuery}
		}
	}
	if after := given.Get("after"); after != "" {
		q.After, bad = clientID(after)
	}
	return q, bad
}
