package admin

import (
	"bytes"

	"github.com/gannet-ws/gannet/codec"
)

// isObject reports whether a body is a JSON object, and strict JSON: what other nodes
// and applications are to read.
func isObject(body []byte) bool {
	return bytes.HasPrefix(bytes.TrimLeft(body, " \t\r\n"), []byte("{")) && codec.ValidJSON(body)
}
