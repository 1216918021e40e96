package admin

import (
	"errors"
	"io"
	"mime"
	"net/http"

	"github.com/gannet-ws/gannet/codec"
	"github.com/gannet-ws/gannet/core"
	"github.com/gannet-ws/gannet/shard"
)

func (a *Admin) handleAPI(mux *http.ServeMux) {
	publish := func(pattern string, to func(*http.Request) (core.Target, *apiError)) {
		mux.Handle("POST "+pattern, a.keyed(a.publish(to)))
	}
	publish("/api/broadcast", func(*http.Request) (core.Target, *apiError) {
		return core.All(), nil
	})
	publish("/api/rooms/{room}/broadcast", func(r *http.Request) (core.Target, *apiError) {
		return core.Room(r.PathValue("room")), nil
	})
	publish("/api/users/{userId}/broadcast", func(r *http.Request) (core.Target, *apiError) {
		return core.Users(r.PathValue("userId")), nil
	})
	publish("/api/clients/{clientId}/send", func(r *http.Request) (core.Target, *apiError) {
		id, bad := clientID(r.PathValue("clientId"))
		return core.Client(id), bad
	})
	mux.Handle("POST /api/publish", a.keyed(http.HandlerFunc(a.publishBatch)))
	a.handleCluster(mux)
	mux.Handle("GET /api/stats", a.keyed(http.HandlerFunc(a.stats)))
	mux.Handle("GET /api/health", a.keyed(http.HandlerFunc(a.figuresOfHealth)))
}

func (a *Admin) figuresOfHealth(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, a.server.Health())
}

func (a *Admin) stats(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, a.server.Stats())
}

// receivers is the answer to a publish request.
type receivers struct {
	Receivers int `json:"receivers"`
}

// publish sends the body, an envelope, to a target that the path names.
func (a *Admin) publish(to func(*http.Request) (core.Target, *apiError)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, ok := a.readBody(w, r, "application/json")
		if !ok {
			return
		}
		target, bad := to(r)
		if bad == nil {
			bad = checkEnvelope(body)
		}
		except, badExcept := clientID(r.URL.Query().Get("except"))
		if bad == nil && r.URL.Query().Has("except") {
			bad = badExcept
		}
		if bad != nil {
			writeJSON(w, http.StatusBadRequest, bad)
			return
		}
		n, err := a.server.Publish(core.Publication{
			To: target.Except(except), Message: codec.NewMessage(codec.OpText, body),
		})
		if err != nil {
			w.Header().Set("Retry-After", "1")
			writeJSON(w, http.StatusServiceUnavailable, errOverloaded)
			return
		}
		writeJSON(w, http.StatusOK, receivers{n})
	})
}

// readBody reads a body of the media type, or answers why not.
func (a *Admin) readBody(w http.ResponseWriter, r *http.Request, mediaType string) ([]byte, bool) {
	if got, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); got != mediaType {
		writeError(w, http.StatusUnsupportedMediaType, "Content-Type must be "+mediaType, "UNSUPPORTED_MEDIA_TYPE")
		return nil, false
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, int64(a.options.MaxPublishSize)))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		a.bodiesRefused.Add(1)
		writeError(w, http.StatusRequestEntityTooLarge, "Body is larger than "+a.options.MaxPublishSize.String(), "BODY_TOO_LARGE")
	case err != nil:
		writeError(w, http.StatusBadRequest, "Body could not be read", "BAD_BODY")
	}
	return body, err == nil
}

// clientID reads an id; none is the zero id, and an error too.
func clientID(text string) (shard.ID, *apiError) {
	id, ok := shard.ParseID(text)
	if !ok {
		return id, &apiError{"Client id must be 32 lower-case hex digits", "BAD_CLIENT_ID"}
	}
	return id, nil
}

// errOverloaded is the one way in which publishing fails here, where bodies are
// below what core.ErrTooLarge is for.
var errOverloaded = &apiError{"Server is overloaded, try again", "OVERLOADED"}
