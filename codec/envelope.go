package codec

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"strconv"
	"unsafe"

	"github.com/bytedance/sonic"
	"github.com/bytedance/sonic/decoder"
)

// Envelope is one request, {"type":T,"action":A,"data":D,"id":I}. The fields
// are raw JSON, views into the payload that was parsed, and live as long as it;
// nil where the key is absent. Of duplicate keys the last counts; keys are
// case-sensitive.
type Envelope struct {
	Type   []byte
	Action []byte
	ID     []byte // a string or a number; anything else is dropped
	Data   []byte
}

//lint:file-ignore ST1005 the texts of these errors are part of the protocol

// Why a payload is no envelope. The texts are what clients are told.
var (
	ErrNotJSON     = errors.New("Failed to parse JSON")
	ErrNullMessage = errors.New("Invalid WebSocket message")
	ErrNoType      = errors.New("Missing WebSocket message type")
	ErrNoAction    = errors.New("Missing WebSocket message action")
)

// rawEnvelope is what sonic fills. Absent keys stay nil.
type rawEnvelope struct {
	Type   sonic.NoCopyRawMessage `json:"type"`
	Action sonic.NoCopyRawMessage `json:"action"`
	ID     sonic.NoCopyRawMessage `json:"id"`
	Data   sonic.NoCopyRawMessage `json:"data"`
}

// EnvelopeParser parses envelopes. It belongs to one goroutine and keeps
// nothing of a payload after Parse.
type EnvelopeParser struct {
	decoder   *decoder.Decoder
	raw       rawEnvelope
	validator *jsonValidator
}

// NewEnvelopeParser returns a parser. The first one of a process compiles the
// decoder, which takes a few milliseconds.
func NewEnvelopeParser() *EnvelopeParser {
	// A failure here shows again, as an error, in the first Parse.
	_ = decoder.Pretouch(reflect.TypeFor[rawEnvelope]())
	return &EnvelopeParser{decoder: newStrictDecoder(), validator: newJSONValidator()}
}

// Parse reads an envelope. text says that payload is known to be valid UTF-8,
// as text frames are; otherwise Parse checks it. JSON is held to the standard
// strictly, in nested data and unknown keys too, and to MaxDepth.
//
// The error is ErrNotJSON, ErrNullMessage, ErrNoType or ErrNoAction; with the
// last two the envelope still holds what there is, so that an answer can carry
// its ID. A type or action that JavaScript calls false (null, false, 0, "")
// counts as missing.
func (p *EnvelopeParser) Parse(payload []byte, text bool) (Envelope, error) {
	value := bytes.TrimLeft(payload, " \t\r\n")
	if len(value) == 0 || value[0] != '{' {
		return Envelope{}, p.notObject(payload, text)
	}
	valid := beyondSonic(payload, text) && decodeStrict(p.decoder, payload, &p.raw)
	raw := p.raw
	p.raw = rawEnvelope{}
	if !valid {
		return Envelope{}, ErrNotJSON
	}
	e := Envelope{Type: raw.Type, Action: raw.Action, ID: raw.ID, Data: raw.Data}
	if !isID(e.ID) {
		e.ID = nil
	}
	switch {
	case IsFalsy(e.Type):
		return e, ErrNoType
	case IsFalsy(e.Action):
		return e, ErrNoAction
	}
	return e, nil
}

// notObject names the error for a payload that is no object.
func (p *EnvelopeParser) notObject(payload []byte, text bool) error {
	switch {
	case !p.validator.valid(payload, text):
		return ErrNotJSON
	case string(bytes.Trim(payload, " \t\r\n")) == "null":
		return ErrNullMessage
	}
	return ErrNoType
}

// isID reports whether the raw value is a string or a number.
func isID(raw []byte) bool { return len(raw) > 0 && (raw[0] == '"' || isNumber(raw)) }

func isNumber(raw []byte) bool { return raw[0] == '-' || raw[0] >= '0' && raw[0] <= '9' }

// IsFalsy reports whether a raw JSON value is absent (empty) or what JavaScript
// calls false: null, false, a zero or "".
func IsFalsy(raw []byte) bool {
	switch string(raw) {
	case "", "null", "false", `""`:
		return true
	}
	if !isNumber(raw) {
		return false
	}
	number, _ := strconv.ParseFloat(string(raw), 64) // out of range is infinite: true
	return number == 0
}

// Route returns type and action. They are views where the JSON has no escapes,
// and then live as long as the payload. ok is false when either is no string.
func (e *Envelope) Route() (typ, action string, ok bool) {
	typ, ok = Unquote(e.Type)
	if !ok {
		return "", "", false
	}
	action, ok = Unquote(e.Action)
	if !ok {
		return "", "", false
	}
	return typ, action, true
}

// Unquote returns the text of a raw JSON string that is known to be valid: a view
// where it has no escapes. ok is false for anything but a string.
func Unquote(raw []byte) (s string, ok bool) {
	if len(raw) < 2 || raw[0] != '"' {
		return "", false
	}
	if bytes.IndexByte(raw, '\\') >= 0 {
		return unescape(raw)
	}
	return unsafe.String(&raw[1], len(raw)-2), true
}

// unescape stands apart so that the string of Unquote stays off the heap.
func unescape(raw []byte) (s string, ok bool) {
	err := json.Unmarshal(raw, &s)
	return s, err == nil
}
