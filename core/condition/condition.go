package condition

import (
	"encoding/json"
	"strings"
)

// What a condition is bounded by.
const (
	MaxLength   = 1024 // bytes, of the text as given and of the canonical one
	MaxDepth    = 16   // how deep parentheses and nots stand in each other
	MaxPath     = 16   // names in a path
	MaxValues   = 64   // values in a list
	MaxExponent = 400  // a number is 0 or from 1e-401 up to below 1e400, more than a float64 has
)

// Facts are what a condition can ask of a client. What they return is read
// before Holds returns, and not kept. Its JSON should be valid. In what is cut
// short nothing is found; what is found in other bytes is not specified, though
// it is always the same.
type Facts interface {
	// UserID returns the user id as text, "" for an anonymous client.
	UserID() string
	// Claims returns the claims of the client's token, a JSON object, or nil.
	Claims() json.RawMessage
	// Metadata returns the JSON value that the client has under the key, or nil.
	Metadata(key string) json.RawMessage
}

// Condition is a question about a client. It comes from Parse, is immutable, and
// may be used on any goroutine.
type Condition struct {
	root node
	text string
}

// Parse reads a condition and keeps nothing of the text. The error is a
// *SyntaxError.
func Parse(text string) (*Condition, error) {
	if len(text) > MaxLength {
		return nil, errTooLong
	}
	p := parser{text: strings.Clone(text)}
	root := p.condition()
	if p.err != nil {
		return nil, p.err
	}
	c := &Condition{root: root, text: string(root.append(nil))}
	if len(c.text) > MaxLength {
		return nil, errTooLong
	}
	return c, nil
}

// Holds reports whether the condition holds for a client. It allocates nothing,
// and takes time in proportion to the client's JSON, for each operand and each
// name of its path.
func (c *Condition) Holds(f Facts) bool { return c.root.holds(f) }

// String returns the canonical text, of which Parse makes the same condition:
// with and, or and not, no needless parentheses or quotes, and numbers as they
// were written.
func (c *Condition) String() string { return c.text }
