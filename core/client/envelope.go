package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"
)

// Envelope is a message from the server. It belongs to who receives it.
type Envelope struct {
	Type     string          `json:"type"`
	Action   string          `json:"action"`
	Data     json.RawMessage `json:"data"`     // of an event; nil without any
	Response json.RawMessage `json:"response"` // of a reply to what Send sent; nil without any
}

// Bind decodes the message's data, or its response if it has no data, into the
// value that v points to.
func (e Envelope) Bind(v any) error {
	content := e.Data
	if content == nil {
		content = e.Response
	}
	if content == nil {
		return fmt.Errorf("message %s.%s has no data", e.Type, e.Action)
	}
	if err := json.Unmarshal(content, v); err != nil {
		return fmt.Errorf("message %s.%s has another form than expected: %w", e.Type, e.Action, err)
	}
	return nil
}

// incoming is an envelope with what the client looks at itself.
type incoming struct {
	Envelope
	ID json.RawMessage `json:"id"`
}

func parse(payload []byte) (m incoming, ok bool) {
	err := json.Unmarshal(payload, &m)
	return m, err == nil && m.Type != ""
}

// request is a message to the server.
type request struct {
	Type   string          `json:"type"`
	Action string          `json:"action"`
	Data   any             `json:"data,omitempty"`
	ID     json.RawMessage `json:"id,omitempty"`
}

var errNoRoute = errors.New("a message needs a type and an action")

// encode returns the message as JSON that the server will take.
func (c *Client) encode(r request) ([]byte, error) {
	if r.Type == "" || r.Action == "" {
		return nil, errNoRoute
	}
	payload, err := json.Marshal(r)
	switch {
	case err != nil:
		return nil, fmt.Errorf("message %s.%s: %w", r.Type, r.Action, err)
	case !utf8.Valid(payload): // of a json.RawMessage, and the server would close
		return nil, fmt.Errorf("message %s.%s is not valid UTF-8", r.Type, r.Action)
	case len(payload) > c.options.MaxMessage:
		return nil, fmt.Errorf("%w: %s.%s has %d bytes, MaxMessage is %d",
			ErrTooLarge, r.Type, r.Action, len(payload), c.options.MaxMessage)
	}
	return payload, nil
}
