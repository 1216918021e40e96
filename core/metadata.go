package core

import (
	"context"
	"encoding/json"

	"github.com/gannet-ws/gannet/codec"
)

// errMetadataFull is returned where a client would have too much metadata.
var errMetadataFull = &Error{Text: "Too much metadata", Code: "METADATA_FULL"}

// SetMetadata keeps a value with the client by key, until it goes: any value
// that JSON has a form for, nil to remove the one that is there. Conditions and
// filters of broadcasts can ask for it. The error says that the value has no
// JSON, that the client has more than MaxMetadata, an *Error, or ErrGone.
func (c *Context) SetMetadata(key string, value any) error {
	encoded, err := codec.AppendJSON(nil, value)
	if err != nil {
		return err
	}
	return c.setMetadata(key, encoded)
}

func (c *Context) setMetadata(key string, encoded []byte) error {
	if c.away() {
		err, ok := ask(c, func(here *Context) error { return here.setMetadata(key, encoded) })
		if !ok {
			return ErrGone
		}
		return err
	}
	if !c.loop.shard.SetMetadata(c.client, key, encoded) {
		c.loop.counters.MetadataRefused++
		return errMetadataFull
	}
	return nil
}

// Metadata returns the JSON value that is kept with the client by that key, nil
// without one. It may be kept, and must not be changed.
func (c *Context) Metadata(key string) json.RawMessage {
	if c.away() {
		value, _ := ask(c, func(here *Context) json.RawMessage { return here.Metadata(key) })
		return value
	}
	return c.loop.shard.Metadata(c.client, key)
}

// SetMetadata keeps a value with a client of this node, as Context.SetMetadata
// does. It waits for the client's event loop; the error may be ctx's, too.
func (s *Server) SetMetadata(ctx context.Context, id ClientID, key string, value any) error {
	encoded, err := codec.AppendJSON(nil, value)
	if err != nil {
		return err
	}
	err, ok := askClient(ctx.Done(), s, id, func(c *Context) error { return c.setMetadata(key, encoded) })
	if !ok {
		return gone(ctx)
	}
	return err
}
