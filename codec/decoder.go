package codec

import (
	"github.com/bytedance/sonic"
	"github.com/bytedance/sonic/decoder"
)

// Raw is a field of a struct for Decoder: the value's JSON as it stands, a view
// into the input, nil where the key is absent.
type Raw = sonic.NoCopyRawMessage

// Decoder reads the data of requests without copying. It belongs to one
// goroutine.
type Decoder struct{ decoder *decoder.Decoder }

// NewDecoder returns a decoder.
func NewDecoder() *Decoder { return &Decoder{decoder: newStrictDecoder()} }

// Decode fills the struct that v points to from a JSON object that is known to
// be valid, as an Envelope's Data is. Keys are case-sensitive, and of duplicates
// the last counts. It reports whether it could.
func (d *Decoder) Decode(data []byte, v any) bool {
	return len(data) > 0 && decodeStrict(d.decoder, data, v)
}
