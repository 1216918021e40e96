package core

import (
	"encoding/json"

	"github.com/gannet-ws/gannet/codec"
)

// encode returns v as JSON in the loop's buffer, valid until the next call; nil
// for nil. JSON that is ready is not copied.
func (l *loop) encode(v any) (encoded []byte, err error) {
	if v == nil {
		return nil, nil
	}
	if ready, ok := v.(json.RawMessage); ok && (ready == nil || codec.ValidJSON(ready)) {
		return ready, nil
	}
	l.encoded, err = codec.AppendJSON(trim(l.encoded), v)
	return l.encoded, err
}
