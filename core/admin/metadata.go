package admin

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/gannet-ws/gannet/core"
)

var (
	errMetadataForm = &apiError{fmt.Sprintf("Body must be a JSON object with at most %d values", core.MaxMetadataChanges), badRequestBody}
	errMetadataFull = &apiError{"Client would have more metadata than it may", metadataFull}
)

// changeMetadata sets and, where its body has null, removes a client's metadata.
func (a *Admin) changeMetadata(w http.ResponseWriter, r *http.Request) {
	id, bad := clientID(r.PathValue("clientId"))
	if bad != nil {
		a.refuse(w, bad)
		return
	}
	body, ok := a.readBody(w, r, mediaJSON)
	if !ok {
		return
	}
	changes, bad := readChanges(body)
	if bad != nil {
		a.refuse(w, bad)
		return
	}
	changed, err := a.server.Cluster().ChangeMetadata(r.Context(), id, changes)
	var full *core.Error
	switch {
	case errors.As(err, &full):
		a.refuse(w, errMetadataFull)
	case err != nil:
		a.refuse(w, errMetadataForm)
	case changed.Metadata != nil:
		writeJSON(w, http.StatusOK, changed)
	case len(changed.Missing) > 0:
		a.refuse(w, errNodeMissing)
	default:
		a.refuse(w, errClientGone)
	}
}

// readChanges reads the body of a change of metadata: each value as it is written, or
// null.
func readChanges(body []byte) (map[string]any, *apiError) {
	var values map[string]json.RawMessage
	if !isObject(body) || json.Unmarshal(body, &values) != nil {
		return nil, errMetadataForm
	}
	changes := make(map[string]any, len(values))
	for key, value := range values {
		changes[key] = value
	}
	return changes, nil
}
