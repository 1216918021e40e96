package admin

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// operation is a row of the table of what the listener answers to programs, each
// described in openapi.yaml.
type operation struct {
	method, path string
	scope        Scope    // that the key needs
	query        []string // the parameters that it takes
	answer       func(*Admin, http.ResponseWriter, *http.Request)
}

// operations is all of them. Pages for people and profiles are not among them.
var operations = []operation{
	{"GET", "/health", scopeNone, nil, (*Admin).health},
	{"GET", "/ready", scopeNone, nil, (*Admin).ready},
	{"GET", "/metrics", ScopeMetrics, nil, (*Admin).metrics},

	{"POST", "/api/publish", ScopePublish, nil, (*Admin).publishRequested},
	{"POST", "/api/broadcast", ScopePublish, pickers, publishTo(everybody)},
	{"POST", "/api/rooms/{room}/broadcast", ScopePublish, pickers, publishTo(roomOfPath)},
	{"POST", "/api/users/{userId}/broadcast", ScopePublish, pickers, publishTo(userOfPath)},
	{"POST", "/api/clients/{clientId}/send", ScopePublish, pickers, publishTo(clientOfPath)},
	{"POST", "/api/events", ScopePublish, nil, (*Admin).sendEvent},

	{"GET", "/api/nodes", ScopeRead, nil, (*Admin).nodes},
	{"GET", "/api/health", ScopeRead, nil, (*Admin).figuresOfHealth},
	{"GET", "/api/stats", ScopeRead, nil, (*Admin).stats},
	{"GET", "/api/cluster/stats", ScopeRead, nil, (*Admin).clusterStats},
	{"GET", "/api/console", ScopeRead, []string{"moments"}, (*Admin).look},
	{"GET", "/api/watch", ScopeRead, []string{"room"}, (*Admin).watch},
	{"GET", "/api/rooms", ScopeRead, []string{"prefix", "after", "limit"}, (*Admin).rooms},
	{"GET", "/api/rooms/{room}", ScopeRead, nil, (*Admin).room},
	{"GET", "/api/rooms/{room}/members", ScopeRead, []string{"limit"}, (*Admin).members},
	{"GET", "/api/clients", ScopeRead, []string{"userId", "room", "where", "after", "limit"}, (*Admin).clients},
	{"GET", "/api/clients/{clientId}", ScopeRead, nil, (*Admin).client},
	{"GET", "/api/users/{userId}", ScopeRead, nil, (*Admin).user},

	{"PUT", "/api/clients/{clientId}/rooms/{room}", ScopeManage, nil, (*Admin).joinClient},
	{"DELETE", "/api/clients/{clientId}/rooms/{room}", ScopeManage, nil, (*Admin).removeClient},
	{"PUT", "/api/users/{userId}/rooms/{room}", ScopeManage, nil, (*Admin).joinUser},
	{"DELETE", "/api/users/{userId}/rooms/{room}", ScopeManage, nil, (*Admin).removeUser},
	{"PATCH", "/api/clients/{clientId}/metadata", ScopeManage, nil, (*Admin).changeMetadata},
	{"POST", "/api/clients/{clientId}/disconnect", ScopeManage, nil, (*Admin).disconnectClient},
	{"POST", "/api/users/{userId}/disconnect", ScopeManage, nil, (*Admin).disconnectUser},

	{"GET", "/api/openapi.yaml", ScopeRead, nil, (*Admin).openapiYAML},
	{"GET", "/api/openapi.json", ScopeRead, nil, (*Admin).openapiJSON},
}

// Operation describes an operation, for manuals.
type Operation struct {
	Method, Path string
	Scope        Scope // that the key needs; empty for none
}

// Operations returns all operations. The slice is the caller's.
func Operations() []Operation {
	list := make([]Operation, len(operations))
	for i, o := range operations {
		list[i] = Operation{o.method, o.path, o.scope}
	}
	return list
}

// handleOperations has the mux answer all operations.
func (a *Admin) handleOperations(mux *http.ServeMux) {
	for i := range operations {
		mux.Handle(operations[i].method+" "+operations[i].path, a.serve(&operations[i]))
	}
}

// serve returns what answers an operation.
func (a *Admin) serve(o *operation) http.Handler {
	answer := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { o.answer(a, w, r) })
	if o.scope == scopeNone {
		return answer
	}
	return a.guarded(o.scope, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if bad := o.checkQuery(r.URL.RawQuery); bad != nil {
			a.refuse(w, bad)
			return
		}
		answer(w, r)
	}))
}

// checkQuery refuses what is in a query and would not be heeded: a mistyped condition
// would mean everybody. Scrapers of the metrics send what they like.
func (o *operation) checkQuery(raw string) *apiError {
	if !strings.HasPrefix(o.path, "/api/") {
		return nil
	}
	values, err := url.ParseQuery(raw)
	if err != nil {
		return &apiError{"Query is not encoded as it should be", badQuery}
	}
	for name, given := range values {
		switch {
		case !slices.Contains(o.query, name):
			return &apiError{fmt.Sprintf("Query has the parameter %.40q, which the operation does not take", name), badQuery}
		case len(given) > 1:
			return &apiError{"Query has the parameter " + name + " more than once", badQuery}
		}
	}
	return nil
}
