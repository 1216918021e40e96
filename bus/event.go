package bus

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"github.com/bytedance/sonic"
)

// Event is what arrived on a channel. All its subscribers get the same one, each
// on a goroutine of its own: the methods are for any goroutine, the fields are
// not to be changed, and an Event that is in use is not to be copied. It may be
// kept.
type Event struct {
	Channel string
	Payload json.RawMessage // a JSON object, immutable
	Sender  string          // id of the node that sent it, "" if unknown

	parse  sync.Once
	fields map[string]any // the payload, parsed
}

// eventJSON reads payloads as encoding/json does: names of a struct's fields
// match keys in either case.
var eventJSON = sonic.Config{CopyString: true, ValidateString: true}.Froze()

// Bind decodes the payload, as it arrived, into the value that v points to. It
// parses each time that it is called; what it filled in is the caller's.
func (e *Event) Bind(v any) error {
	if err := eventJSON.Unmarshal(e.Payload, v); err != nil {
		return fmt.Errorf("payload of an event on %s: %w", e.Channel, err)
	}
	return nil
}

// Text returns the payload, JSON text.
func (e *Event) Text() string { return string(e.Payload) }

// Value returns what stands at a path into the payload, such as
// "user.address.city" or "items.0.name", and whether there is anything; null is.
// A number is a float64, which is exact for integers up to 2^53: for larger ones
// there is Bind. Maps and slices are shared with other subscribers and not to be
// changed. The payload is parsed once, by the first call.
//
// An event on QueueJobError has its error as "data.error" too, unless its data
// has an error of its own.
func (e *Event) Value(path string) (any, bool) {
	e.parse.Do(e.parsePayload)
	var value any = e.fields
	for key := range strings.SplitSeq(path, ".") {
		member, ok := memberOf(value, key)
		if !ok {
			return nil, false
		}
		value = member
	}
	return value, true
}

// parsePayload fills fields; they stay empty when the payload is no JSON object.
func (e *Event) parsePayload() {
	var fields map[string]any
	if err := eventJSON.Unmarshal(e.Payload, &fields); err != nil {
		return
	}
	e.fields = fields
	if e.Channel == QueueJobError {
		copyErrorIntoData(fields)
	}
}

// copyErrorIntoData is what PXL does before a queue's error reaches handlers.
func copyErrorIntoData(fields map[string]any) {
	failure, ok := fields["error"]
	if !ok {
		return
	}
	switch data := fields["data"].(type) {
	case nil:
		fields["data"] = map[string]any{"error": failure}
	case map[string]any:
		if _, own := data["error"]; !own {
			data["error"] = failure
		}
	}
}

// memberOf returns an object's member, or an array's by its index.
func memberOf(value any, key string) (any, bool) {
	switch v := value.(type) {
	case map[string]any:
		member, ok := v[key]
		return member, ok
	case []any:
		i, err := strconv.Atoi(key)
		if err != nil || i < 0 || i >= len(v) {
			return nil, false
		}
		return v[i], true
	}
	return nil, false
}
