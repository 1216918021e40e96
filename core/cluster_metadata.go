package core

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/gannet-ws/gannet/codec"
)

// Changing the metadata of clients that are anywhere. A client is not told. Its event
// loop makes the change, all at once, before the call returns: conditions of what is
// published after it ask for the new values, those of messages that are on their way
// may still find the old ones.

const kindMetadata = builtIn + "metadata"

// MaxMetadataChanges is the number of values that one change may set or remove: an
// event loop does it in one go.
const MaxMetadataChanges = 1000

var errMetadataChanges = fmt.Errorf("there are more than %d changes of metadata at once", MaxMetadataChanges)

// ChangedMetadata says what has become of a client's metadata.
type ChangedMetadata struct {
	// Metadata is what is kept with the client now, by key; nil when it is not
	// connected, or its node is missing.
	Metadata map[string]json.RawMessage `json:"metadata"`
	Coverage
}

// metadataRequest sets a client's metadata by key; null removes a value.
type metadataRequest struct {
	ClientID ClientID                   `json:"clientId"`
	Changes  map[string]json.RawMessage `json:"changes"`
}

// keptMetadata is what one node has done; a client that has gone has none.
type keptMetadata struct {
	Metadata map[string]json.RawMessage `json:"metadata"`
	Full     bool                       `json:"full,omitempty"`
}

// ChangeMetadata does with several values of a client, wherever it is, what
// Server.SetMetadata does with one: with all of them, or with none. Each is any value
// that JSON has a form for; one whose JSON is null, as nil's is, is removed. Only the
// node that the id names is asked. The error says that a value has no JSON, that there
// are more than MaxMetadataChanges or, an *Error, that the client would have more than
// MaxMetadata; nothing has been changed then.
func (c *Cluster) ChangeMetadata(ctx context.Context, id ClientID, changes map[string]any) (ChangedMetadata, error) {
	result := ChangedMetadata{Coverage: Coverage{Missing: []string{}}}
	request, err := newMetadataRequest(id, changes)
	if err != nil {
		return result, err
	}
	var answers []told[keptMetadata]
	answers, result.Coverage = inquire[keptMetadata](ctx, c, nodeOf(id), kindMetadata, request)
	for _, a := range answers {
		if a.value.Full {
			return result, errMetadataFull
		}
		result.Metadata = a.value.Metadata
	}
	return result, nil
}

func newMetadataRequest(id ClientID, changes map[string]any) (metadataRequest, error) {
	request := metadataRequest{id, make(map[string]json.RawMessage, len(changes))}
	if len(changes) > MaxMetadataChanges {
		return request, errMetadataChanges
	}
	for key, value := range changes {
		encoded, err := codec.AppendJSON(nil, value)
		if err != nil {
			return request, fmt.Errorf("cannot encode metadata: %w", err)
		}
		request.Changes[key] = encoded // nil's is sent as null
	}
	return request, nil
}

func (s *Server) answerMetadata(ctx context.Context, data json.RawMessage) (any, error) {
	var request metadataRequest
	if err := json.Unmarshal(data, &request); err != nil {
		return nil, fmt.Errorf("cannot read what is asked for: %w", err)
	}
	kept, err := s.changeMetadata(ctx, request.ClientID, request.values())
	switch {
	case errors.Is(err, errMetadataFull):
		return keptMetadata{Full: true}, nil
	case err != nil && !errors.Is(err, ErrGone):
		return nil, err
	}
	return keptMetadata{Metadata: kept}, nil
}

// values returns the changes with nil for what is removed.
func (r *metadataRequest) values() map[string][]byte {
	values := make(map[string][]byte, len(r.Changes))
	for key, value := range r.Changes {
		if string(value) == "null" {
			value = nil
		}
		values[key] = value
	}
	return values
}

// changeMetadata changes what is kept with a client of this node, and returns all of
// it, which is not nil. The error is errMetadataFull, ErrGone or ctx's.
func (s *Server) changeMetadata(ctx context.Context, id ClientID, changes map[string][]byte) (map[string]json.RawMessage, error) {
	type result struct {
		kept map[string]json.RawMessage
		err  error
	}
	r, ok := askClient(ctx.Done(), s, id, func(c *Context) result {
		if !c.loop.shard.ChangeMetadata(c.client, changes) {
			c.loop.counters.MetadataRefused++
			return result{err: errMetadataFull}
		}
		kept := map[string]json.RawMessage{}
		c.loop.shard.EachMetadata(c.client, func(key string, value []byte) { kept[key] = value })
		return result{kept: kept}
	})
	if !ok {
		return nil, gone(ctx)
	}
	return r.kept, r.err
}
