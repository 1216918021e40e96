package admin

import (
	"sync"

	"github.com/gannet-ws/gannet/codec"
)

// parsers are reused: one costs a decoder.
var parsers = sync.Pool{New: func() any { return codec.NewEnvelopeParser() }}

// checkEnvelope makes sure that what all members of a room are to parse is an
// envelope.
func checkEnvelope(body []byte) *apiError {
	parser := parsers.Get().(*codec.EnvelopeParser)
	defer parsers.Put(parser)
	envelope, err := parser.Parse(body, false)
	if err != nil {
		return &apiError{err.Error(), badMessage}
	}
	if _, _, ok := envelope.Route(); !ok {
		return &apiError{"Type and action must be strings", badMessage}
	}
	return nil
}
