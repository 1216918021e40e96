package admin

import (
	"encoding/json"
	"errors"
	"net/http"

	"github.com/gannet-ws/gannet/bus"
	"github.com/gannet-ws/gannet/core"
)

// Why an event is not sent.
var (
	errNoEvent   = &apiError{"Event must be a JSON object", badRequestBody}
	errNoBus     = &apiError{"Nobody could hear the event: the server has no bus, and no subscriber", noBus}
	errBusAway   = &apiError{"Bus has not taken the event, try again", busAway}
	errTooLarge  = &apiError{"Event is larger than the bus takes", bodyTooLarge}
	acceptedBody = []byte(`{"status":"accepted"}` + "\n")
)

// sendEvent sends its body, a JSON object, to the subscribers of the channel custom on
// all nodes, and to applications. It is answered when the bus has taken it: nobody
// tells whether somebody listens.
func (a *Admin) sendEvent(w http.ResponseWriter, r *http.Request) {
	body, ok := a.readBody(w, r, mediaJSON)
	if !ok {
		return
	}
	if !isObject(body) {
		a.refuse(w, errNoEvent)
		return
	}
	a.answerOnce(w, r, body, func() (response, *apiError) {
		err := a.server.TryEmit(bus.Custom, json.RawMessage(body))
		return response{status: http.StatusAccepted, media: mediaJSON, body: acceptedBody}, whyNotSent(err)
	})
}

func whyNotSent(err error) *apiError {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, core.ErrNoListener):
		return errNoBus
	case errors.Is(err, bus.ErrTooLarge):
		return errTooLarge
	}
	return errBusAway
}
