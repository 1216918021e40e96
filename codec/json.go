package codec

import (
	"encoding/json"
	"errors"

	"github.com/bytedance/sonic/encoder"
)

// errBadJSON says that what should be JSON is not.
var errBadJSON = errors.New("not valid JSON")

// jsonOptions keep what is sent readable for every client: strings are valid
// UTF-8.
const jsonOptions = encoder.ValidateString | encoder.CompactMarshaler

// AppendJSON appends v's JSON to dst. nil, and a nil json.RawMessage, appends
// nothing. Any other json.RawMessage is checked: whoever receives it will believe
// it.
func AppendJSON(dst []byte, v any) ([]byte, error) {
	switch v := v.(type) {
	case nil:
		return dst, nil
	case json.RawMessage:
		if v != nil && !ValidJSON(v) {
			return dst, errBadJSON
		}
		return append(dst, v...), nil
	}
	err := encoder.EncodeInto(&dst, v, jsonOptions)
	return dst, err
}
