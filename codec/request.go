package codec

import (
	"bytes"
	"net/url"
	"slices"
)

// UpgradeRequest is the head of an HTTP request, RFC 6455 section 4.2.1. All
// []byte fields are views into the parsed bytes unless they say otherwise, nil
// where the request has no such line. Parse says whether it is HTTP, Check whether it asks for a
// WebSocket; between the two the caller can answer 404 by Path.
//
// The zero value is ready, and may be reused for the next request.
type UpgradeRequest struct {
	Method   []byte
	Target   []byte // as sent: path and query, perhaps behind a scheme and an authority
	Path     []byte // not percent-decoded
	RawQuery []byte // without the question mark
	Host     []byte // of a target in absolute form the one that stands there
	Key      []byte // Sec-WebSocket-Key
	Version  []byte // Sec-WebSocket-Version

	Origin        []byte
	Authorization []byte
	ForwardedFor  []byte // X-Forwarded-For, raw; several lines are joined, in a copy
	RealIP        []byte // X-Real-IP; of several lines the last
	UserAgent     []byte
	Protocols     []byte // Sec-WebSocket-Protocol, raw; several lines are joined, in a copy
	Extensions    []byte // Sec-WebSocket-Extensions, raw; several lines are joined, in a copy

	authority         []byte // of a target in absolute form
	http11            bool   // HTTP/1.1 or higher, not 1.0
	upgradeWebSocket  bool   // Upgrade lists websocket
	connectionUpgrade bool   // Connection lists upgrade
	contentLength     []byte
}

// Parse reads the request head at the start of b and returns its size in bytes,
// or 0 and no error while more bytes are needed. A head longer than maxSize
// bytes is ErrHeadTooLarge; whatever is not strict HTTP/1.1 is
// ErrMalformedRequest, and so are a body and repeated critical fields.
//
// After an error the fields hold what could be read before it.
func (q *UpgradeRequest) Parse(b []byte, maxSize int) (n int, err error) {
	*q = UpgradeRequest{}
	if len(b) > 0 && !isTokenByte(b[0]) {
		return 0, ErrMalformedRequest
	}
	n, ok := headEnd(b[:min(len(b), max(maxSize, 0))])
	if !ok {
		return 0, ErrMalformedRequest
	}
	if n == 0 && len(b) >= maxSize {
		return 0, ErrHeadTooLarge
	}
	if n == 0 {
		return 0, nil
	}
	line, fields := cutLine(b[:n-len(crlf)])
	if !q.parseLine(line) || !q.parseFields(fields) {
		return 0, ErrMalformedRequest
	}
	if q.authority != nil && isHost(q.Host) {
		q.Host = q.authority // RFC 9112 section 3.2.2
	}
	return n, nil
}

// parseLine reads the request line: method, target and version, one space each.
func (q *UpgradeRequest) parseLine(line []byte) bool {
	method, rest, _ := bytes.Cut(line, []byte(" "))
	target, version, _ := bytes.Cut(rest, []byte(" "))
	if !isToken(method) || !q.parseTarget(target) {
		return false
	}
	q.Method = method
	minor, ok := bytes.CutPrefix(version, []byte("HTTP/1."))
	if !ok || len(minor) != 1 || minor[0] < '0' || minor[0] > '9' {
		return false
	}
	q.http11 = minor[0] > '0' // or higher, RFC 6455 section 4.2.1
	return true
}

func (q *UpgradeRequest) parseFields(fields []byte) bool {
	for len(fields) > 0 {
		var line []byte
		line, fields = cutLine(fields)
		name, value, ok := parseField(line)
		if !ok || !q.setField(name, value) {
			return false
		}
	}
	return true
}

// setField keeps a field. It refuses a repetition where the copies could be
// read differently by someone else, and anything that announces a body.
func (q *UpgradeRequest) setField(name, value []byte) bool {
	switch {
	case equalFold(name, "host"):
		return setOnce(&q.Host, value)
	case equalFold(name, "upgrade"):
		q.upgradeWebSocket = q.upgradeWebSocket || listHas(value, "websocket")
	case equalFold(name, "connection"):
		q.connectionUpgrade = q.connectionUpgrade || listHas(value, "upgrade")
	case equalFold(name, "sec-websocket-key"):
		return setOnce(&q.Key, value)
	case equalFold(name, "sec-websocket-version"):
		return setOnce(&q.Version, value)
	case equalFold(name, "sec-websocket-protocol"):
		join(&q.Protocols, value)
	case equalFold(name, "sec-websocket-extensions"):
		join(&q.Extensions, value)
	case equalFold(name, "origin"):
		return setOnce(&q.Origin, value)
	case equalFold(name, "authorization"):
		return setOnce(&q.Authorization, value)
	case equalFold(name, "x-forwarded-for"):
		join(&q.ForwardedFor, value)
	case equalFold(name, "x-real-ip"):
		q.RealIP = value
	case equalFold(name, "user-agent"):
		setFirst(&q.UserAgent, value)
	case equalFold(name, "content-length"):
		return string(value) == "0" && setOnce(&q.contentLength, value)
	case equalFold(name, "transfer-encoding"):
		return false
	}
	return true
}

func setOnce(field *[]byte, value []byte) bool {
	if *field != nil {
		return false
	}
	*field = value
	return true
}

func setFirst(field *[]byte, value []byte) {
	if *field == nil {
		*field = value
	}
}

// join adds a line to a list, RFC 9110 section 5.3.
func join(field *[]byte, value []byte) {
	if *field == nil {
		*field = slices.Clip(value) // so that another line does not overwrite the head
		return
	}
	*field = append(append(*field, ", "...), value...)
}

// Check reports, as a *HandshakeError, why a parsed request cannot become a
// WebSocket, or nil.
func (q *UpgradeRequest) Check() error {
	switch {
	case string(q.Method) != "GET":
		return ErrMethodNotAllowed
	case !isHost(q.Host):
		return ErrBadHost
	case !q.http11 || !q.upgradeWebSocket || !q.connectionUpgrade:
		return ErrUpgradeRequired
	case string(q.Version) != "13":
		return ErrBadVersion
	case !isKey(q.Key):
		return ErrBadKey
	}
	return nil
}

// Token returns the credential: the first token parameter of the query,
// percent-decoded ('+' stays), else that of "Authorization: Bearer". An empty
// one counts as absent. The string is a copy.
func (q *UpgradeRequest) Token() (token string, present bool) {
	token = q.queryToken()
	if token == "" {
		token = q.bearerToken()
	}
	return token, token != ""
}

func (q *UpgradeRequest) queryToken() string {
	query := q.RawQuery
	for len(query) > 0 {
		var pair []byte
		pair, query, _ = bytes.Cut(query, []byte("&"))
		value, found := bytes.CutPrefix(pair, []byte("token="))
		if !found {
			continue
		}
		decoded, err := url.PathUnescape(string(value))
		if err != nil {
			return string(value) // kept as it is: it will not verify
		}
		return decoded
	}
	return ""
}

func (q *UpgradeRequest) bearerToken() string {
	scheme, value, _ := bytes.Cut(q.Authorization, []byte(" "))
	if !equalFold(scheme, "bearer") {
		return ""
	}
	return string(trimSpace(value))
}
