package admin

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// maxEcho bounds what an error repeats of a request, in bytes.
const maxEcho = 40

// What is wrong with a publish request as a whole. Nothing is allocated for these.
var (
	errNoObject  = &apiError{"Publish request is not a JSON object", badLine}
	errNotUTF8   = &apiError{"Publish request is not UTF-8", badLine}
	errNoMessage = &apiError{"Field message is missing", badMessage}
	errNoForm    = &apiError{"Publish request has another form", badLine}
)

// What is wrong with the value of a field, as the rest of a sentence.
var (
	errNull      = errors.New("is null")
	errEmpty     = errors.New("is empty")
	errNotText   = errors.New("is not a string")
	errNotUserID = errors.New("is not a user id")
	errNotArray  = errors.New("is not an array")
)

// whatIsWrong names the first mistake of a publish request that cannot be decoded. Of
// what the request says it repeats the name of an unknown field at most.
func whatIsWrong(raw []byte) *apiError {
	if !utf8.Valid(raw) {
		return errNotUTF8
	}
	var whole json.RawMessage
	var syntax *json.SyntaxError
	if err := json.Unmarshal(raw, &whole); errors.As(err, &syntax) {
		return &apiError{fmt.Sprintf("Publish request is not JSON, at byte %d", syntax.Offset), badLine}
	}
	decoder := json.NewDecoder(bytes.NewReader(whole))
	_, _ = decoder.Token() // the brace
	for decoder.More() {
		key, _ := decoder.Token()
		name, _ := key.(string)
		var value json.RawMessage
		_ = decoder.Decode(&value) // all of it is JSON
		if bad := wrongField(name, value); bad != nil {
			return bad
		}
	}
	return errNoForm
}

// wrongField returns what is wrong with a field, nil for nothing.
func wrongField(name string, value json.RawMessage) *apiError {
	var request publication
	known, field := request.field(name)
	if field == nil {
		return &apiError{fmt.Sprintf("Publish request has the unknown field %q", shortened(name)), badLine}
	}
	if err := field.UnmarshalJSON(value); err != nil {
		return &apiError{fmt.Sprintf("Field %s %s", known, err), badLine}
	}
	return nil
}

// shortened returns the beginning of a text, no longer than maxEcho.
func shortened(text string) string {
	if len(text) <= maxEcho {
		return text
	}
	end := maxEcho
	for !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end]
}

// field returns the field that a name stands for, whatever its case, as decoding takes
// it, and how the name is spelled; nil for none.
func (p *publication) field(name string) (spelled string, field json.Unmarshaler) {
	for _, f := range []struct {
		name  string
		field json.Unmarshaler
	}{
		{"room", &p.Room},
		{"rooms", &p.Rooms},
		{"userId", &p.UserID},
		{"userIds", &p.UserIDs},
		{"clientId", &p.ClientID},
		{"clientIds", &p.ClientIDs},
		{"except", &p.Except},
		{"where", &p.Where},
		{"message", &p.Message},
	} {
		if strings.EqualFold(f.name, name) {
			return f.name, f.field
		}
	}
	return "", nil
}
