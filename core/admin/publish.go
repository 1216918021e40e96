package admin

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"

	"github.com/gannet-ws/gannet/codec"
	"github.com/gannet-ws/gannet/core"
	"github.com/gannet-ws/gannet/core/condition"
	"github.com/gannet-ws/gannet/shard"
)

// Media types of bodies.
const (
	mediaJSON   = "application/json"
	mediaNDJSON = "application/x-ndjson"
)

// pickers are the parameters that pick among the audience that a path names.
var pickers = []string{"except", "where"}

// Whom a path names.

func everybody(*http.Request) (core.Target, *apiError) { return core.All(), nil }

func roomOfPath(r *http.Request) (core.Target, *apiError) { return core.Room(r.PathValue("room")), nil }

func userOfPath(r *http.Request) (core.Target, *apiError) {
	return core.Users(r.PathValue("userId")), nil
}

func clientOfPath(r *http.Request) (core.Target, *apiError) {
	id, bad := clientID(r.PathValue("clientId"))
	return core.Client(id), bad
}

// publishTo returns the answer of an operation that sends its body, an envelope, to
// whom the path names.
func publishTo(audience func(*http.Request) (core.Target, *apiError)) func(*Admin, http.ResponseWriter, *http.Request) {
	return func(a *Admin, w http.ResponseWriter, r *http.Request) {
		body, ok := a.readBody(w, r, mediaJSON)
		if !ok {
			return
		}
		to, bad := audience(r)
		if bad == nil {
			to, bad = pick(to, r)
		}
		if bad == nil {
			bad = checkEnvelope(body)
		}
		if bad != nil {
			a.refuse(w, bad)
			return
		}
		a.publishOne(w, r, body, core.Publication{To: to, Message: codec.NewMessage(codec.OpText, body)})
	}
}

// pick leaves of a target what the query leaves.
func pick(to core.Target, r *http.Request) (core.Target, *apiError) {
	query := r.URL.Query()
	if query.Has("except") {
		except, bad := clientID(query.Get("except"))
		if bad != nil {
			return to, bad
		}
		to = to.Except(except)
	}
	if query.Has("where") {
		return where(to, query.Get("where"))
	}
	return to, nil
}

// where leaves of a target those for whom a condition holds.
func where(to core.Target, text string) (core.Target, *apiError) {
	if _, err := condition.Parse(text); err != nil {
		return to, &apiError{"Cannot read the " + err.Error(), badCondition}
	}
	return to.Where(text), nil
}

// receivers is the answer to a publish request.
type receivers struct {
	Receivers int `json:"receivers"`
}

// publishOne publishes one message, unless its idempotency key says that this has
// been done, and answers with its receivers. body is the request's.
func (a *Admin) publishOne(w http.ResponseWriter, r *http.Request, body []byte, p core.Publication) {
	a.answerOnce(w, r, body, func() (response, *apiError) {
		n, err := a.server.Publish(p)
		if err != nil {
			return response{}, errOverloaded
		}
		encoded, _ := json.Marshal(receivers{n})
		return response{media: mediaJSON, body: append(encoded, '\n')}, nil
	})
}

// errOverloaded is the one way in which publishing fails here, where bodies are
// below what core.ErrTooLarge is for and conditions have been read.
var errOverloaded = &apiError{"Server is overloaded, try again", overloaded}

// publishRequested publishes what the body says: one request, or with the media type
// of NDJSON one on each line.
func (a *Admin) publishRequested(w http.ResponseWriter, r *http.Request) {
	if mediaType(r) == mediaNDJSON {
		a.publishBatch(w, r)
		return
	}
	body, ok := a.readBody(w, r, mediaJSON)
	if !ok {
		return
	}
	publication, bad := readPublication(body)
	if bad != nil {
		a.refuse(w, bad)
		return
	}
	a.publishOne(w, r, body, publication)
}

// mediaType returns the media type of a request's body, without parameters.
func mediaType(r *http.Request) string {
	name, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return name
}

// readBody reads a body of the media type, or answers why not.
func (a *Admin) readBody(w http.ResponseWriter, r *http.Request, media string) ([]byte, bool) {
	if mediaType(r) != media {
		a.refuse(w, &apiError{"Content-Type must be " + media, unsupportedMediaType})
		return nil, false
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, int64(a.options.MaxPublishSize)))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		a.bodiesRefused.Add(1)
		a.refuse(w, &apiError{"Body is larger than " + a.options.MaxPublishSize.String(), bodyTooLarge})
	case err != nil:
		a.refuse(w, &apiError{"Body could not be read", badRequestBody})
	}
	return body, err == nil
}

// clientID reads an id; none is the zero id, and an error too.
func clientID(text string) (shard.ID, *apiError) {
	id, ok := shard.ParseID(text)
	if !ok {
		return id, &apiError{"Client id must be 32 lower-case hex digits", badClientID}
	}
	return id, nil
}
