package admin

import (
	"cmp"
	"crypto/sha256"
	"io"
	"net/http"
)

const (
	idempotencyHeader = "Idempotency-Key"
	replayedHeader    = "Idempotency-Replayed"

	maxIdempotencyKey = 128 // bytes
)

// answerOnce answers a request, whose body has been read, by a function that does what
// it asks for. With an idempotency key that this caller's same request has had on this
// node, the function is not called, and the answer is that of then.
func (a *Admin) answerOnce(w http.ResponseWriter, r *http.Request, body []byte, answer func() (response, *apiError)) {
	key, bad := idempotencyKeyOf(r)
	if bad != nil {
		a.refuse(w, bad)
		return
	}
	var given response
	replayed := false
	if key == "" {
		given, bad = answer()
	} else {
		given, replayed, bad = a.idempotency.once(r.Context(), requestID{callerOf(r), key}, fingerprintOf(r, body), answer)
	}
	if bad != nil {
		a.refuse(w, bad)
		return
	}
	if replayed {
		w.Header().Set(replayedHeader, "true")
	}
	w.Header().Set("Content-Type", given.media)
	w.WriteHeader(cmp.Or(given.status, http.StatusOK))
	_, _ = w.Write(given.body) // the peer has gone if it fails
}

// idempotencyKeyOf returns a request's key, empty where it has none.
func idempotencyKeyOf(r *http.Request) (string, *apiError) {
	given := r.Header.Values(idempotencyHeader)
	if len(given) == 0 {
		return "", nil
	}
	if len(given) > 1 || !isIdempotencyKey(given[0]) {
		return "", &apiError{"Idempotency key must have 1 to 128 visible ASCII characters", badIdempotencyKey}
	}
	return given[0], nil
}

func isIdempotencyKey(text string) bool {
	for _, c := range []byte(text) {
		if c <= ' ' || c > '~' {
			return false
		}
	}
	return text != "" && len(text) <= maxIdempotencyKey
}

// fingerprintOf returns what a request and its repetition have in common, and no
// other request has.
func fingerprintOf(r *http.Request, body []byte) (f fingerprint) {
	hash := sha256.New()
	for _, part := range []string{r.Method, r.URL.EscapedPath(), r.URL.RawQuery, mediaType(r)} {
		_, _ = io.WriteString(hash, part+"\n") // none of them has a line's end
	}
	hash.Write(body)
	hash.Sum(f[:0])
	return f
}
