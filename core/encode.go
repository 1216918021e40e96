package core

import (
	"encoding/json"
	"errors"

	"github.com/bytedance/sonic/encoder"

	"github.com/gannet-ws/gannet/codec"
)

var errBadJSON = errors.New("not valid JSON")

// encodeOptions keep what is sent readable for every client: strings are valid
// UTF-8, and JSON that a handler hands on is checked.
const encodeOptions = encoder.ValidateString | encoder.CompactMarshaler

// encode returns v as JSON in the loop's buffer, valid until the next call; nil
// for nil.
func (l *loop) encode(v any) ([]byte, error) {
	switch v := v.(type) {
	case nil:
		return nil, nil
	case json.RawMessage:
		if !codec.ValidJSON(v) {
			return nil, errBadJSON
		}
		return v, nil
	}
	l.encoded = trim(l.encoded)
	err := encoder.EncodeInto(&l.encoded, v, encodeOptions)
	return l.encoded, err
}
