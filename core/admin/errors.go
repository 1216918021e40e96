package admin

import (
	"net/http"
	"sync/atomic"
)

// code says why a request, or a line of a batch, is refused: a row of the table of
// errors, under whose name it is answered and counted.
type code uint8

const (
	badRequestBody code = iota
	badLine
	badMessage
	badCondition
	badClientID
	badRoomName
	badLimit
	badQuery
	badIdempotencyKey
	keyRequired
	scopeMissing
	loopbackOnly
	foreignHost
	foreignOrigin
	pathNotFound
	clientGone
	tooManyRooms
	metadataFull
	bodyTooLarge
	tooManyLines
	batchTooLargeForKey
	unsupportedMediaType
	idempotencyKeyReused
	noBus
	overloaded
	busAway
	tooManyWatchers
	notRunning
	notReady
	nodeMissing

	codeCount
)

// errorTable has the name of each code, the status of a request that is refused for
// it, and what it means, a sentence.
var errorTable = [codeCount]struct {
	name   string
	status int
	help   string
}{
	badRequestBody:       {"BAD_BODY", http.StatusBadRequest, "The body cannot be read, or has another form than the request's."},
	badLine:              {"BAD_LINE", http.StatusBadRequest, "A line of a batch, or the one publish request of a JSON body, has another form: an unknown field, a target that is empty or null, or more than one; the text names it."},
	badMessage:           {"BAD_MESSAGE", http.StatusBadRequest, "The message is no envelope: strict JSON with the strings type and action."},
	badCondition:         {"BAD_CONDITION", http.StatusBadRequest, "The condition cannot be read; the text says where."},
	badClientID:          {"BAD_CLIENT_ID", http.StatusBadRequest, "A client id has 32 lower-case hex digits."},
	badRoomName:          {"BAD_ROOM_NAME", http.StatusBadRequest, "No room may have the name."},
	badLimit:             {"BAD_LIMIT", http.StatusBadRequest, "The limit is no number from 1 to 10,000."},
	badQuery:             {"BAD_QUERY", http.StatusBadRequest, "The query is broken, or has a parameter that the operation does not take, or one of them twice."},
	badIdempotencyKey:    {"BAD_IDEMPOTENCY_KEY", http.StatusBadRequest, "An idempotency key has 1 to 128 visible ASCII characters."},
	keyRequired:          {"API_KEY_REQUIRED", http.StatusUnauthorized, "The request carries no API key, or one that is not known."},
	scopeMissing:         {"SCOPE_MISSING", http.StatusForbidden, "The API key lacks the scope of the operation, which the text names."},
	loopbackOnly:         {"LOOPBACK_ONLY", http.StatusForbidden, "Only requests from loopback are served: without API keys all of them, and the profiles always."},
	foreignHost:          {"FOREIGN_HOST", http.StatusForbidden, "Without API keys the listener is addressed as localhost, by an address, or by one of the admin-hosts."},
	foreignOrigin:        {"FOREIGN_ORIGIN", http.StatusForbidden, "A page of another origin makes the request."},
	pathNotFound:         {"NOT_FOUND", http.StatusNotFound, "There is nothing at the path, or not by that method."},
	clientGone:           {"CLIENT_GONE", http.StatusNotFound, "The client is not connected."},
	tooManyRooms:         {"TOO_MANY_ROOMS", http.StatusConflict, "The client is in as many rooms as it may be."},
	metadataFull:         {"METADATA_FULL", http.StatusConflict, "The client would have more metadata than max-metadata says: nothing of it has been changed."},
	bodyTooLarge:         {"BODY_TOO_LARGE", http.StatusRequestEntityTooLarge, "The body is larger than max-publish-size, or an event than redis-max-payload."},
	tooManyLines:         {"TOO_MANY_LINES", http.StatusRequestEntityTooLarge, "The batch has more than 10,000 lines: nothing of it is published."},
	batchTooLargeForKey:  {"BATCH_TOO_LARGE_FOR_KEY", http.StatusRequestEntityTooLarge, "The batch has an idempotency key and more lines than answers can be remembered for: 400 bytes each, a quarter of max-idempotency-bytes together. Nothing of it is published; the text says how many lines there may be."},
	unsupportedMediaType: {"UNSUPPORTED_MEDIA_TYPE", http.StatusUnsupportedMediaType, "The Content-Type is not that of the operation."},
	idempotencyKeyReused: {"IDEMPOTENCY_KEY_REUSED", http.StatusUnprocessableEntity, "The idempotency key came with another request before."},
	noBus:                {"NO_BUS", http.StatusNotImplemented, "Nobody could hear the event: the server has no bus to others, and no subscriber of its own."},
	overloaded:           {"OVERLOADED", http.StatusServiceUnavailable, "An event loop's inbox is full: nobody has got the message. Try again, after the time that Retry-After says."},
	busAway:              {"BUS_AWAY", http.StatusServiceUnavailable, "The bus has not taken the event: Redis is away, or too much waits for it. Nobody has heard it. Try again, after the time that Retry-After says."},
	tooManyWatchers:      {"TOO_MANY_WATCHERS", http.StatusServiceUnavailable, "As many rooms are watched as max-watchers says."},
	notRunning:           {"NOT_RUNNING", http.StatusServiceUnavailable, "The server does not serve clients: it starts, or stops."},
	notReady:             {"NOT_READY", http.StatusServiceUnavailable, "New clients are not welcome; the text says why. It is the answer of /ready alone."},
	nodeMissing:          {"NODE_MISSING", http.StatusGatewayTimeout, "The node that the client's id names has not answered."},
}

// String returns the code's name.
func (c code) String() string { return errorTable[c].name }

// MarshalText returns the code's name.
func (c code) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// ErrorCode describes a code of the API's errors, for manuals.
type ErrorCode struct {
	Code   string
	Status int    // of the answer; lines of a batch have none
	Help   string // a sentence
}

// ErrorCodes returns all codes. The slice is the caller's.
func ErrorCodes() []ErrorCode {
	list := make([]ErrorCode, codeCount)
	for i, row := range errorTable {
		list[i] = ErrorCode{row.name, row.status, row.help}
	}
	return list
}

// apiError is the form of every error. Error is a sentence without its full stop.
type apiError struct {
	Error string `json:"error"`
	Code  code   `json:"code"`
}

// refusals counts errors by their codes.
type refusals [codeCount]atomic.Uint64

// byCode returns the counts by the names of codes.
func (r *refusals) byCode() map[string]uint64 {
	by := map[string]uint64{}
	for i := range r {
		by[code(i).String()] = r[i].Load()
	}
	return by
}

// refuse answers a request with an error, and counts it.
func (a *Admin) refuse(w http.ResponseWriter, bad *apiError) {
	a.refusals[bad.Code].Add(1)
	if bad.Code == overloaded || bad.Code == busAway {
		w.Header().Set("Retry-After", "1")
	}
	writeJSON(w, errorTable[bad.Code].status, bad)
}

func (a *Admin) notFound(w http.ResponseWriter, _ *http.Request) {
	a.refuse(w, &apiError{"Not found", pathNotFound})
}
