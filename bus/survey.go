package bus

import (
	"context"
	"encoding/json"
	"time"
)

// Question is what one node asks others.
type Question struct {
	Kind string          // what is asked for, 1 to 128 bytes of UTF-8
	Data json.RawMessage // strict JSON, for the node that answers; nil for none
	Node string          // the one node that is asked; empty for all others
}

// Answer is what one node has answered. It may be kept, and shared, but not
// changed.
type Answer struct {
	Node  string          `json:"node"`
	Data  json.RawMessage `json:"data,omitempty"`  // strict JSON; nil with an error
	Error string          `json:"error,omitempty"` // why there is none, a sentence
}

// Survey is what has come of a question. It is the caller's.
type Survey struct {
	Answers []Answer // in the order of their coming, one of each node
	Missing []string // the nodes that should have answered and have not, by id
}

// MaxSurveyTime bounds the time of a survey whose context ends later, or never.
const MaxSurveyTime = time.Minute

// answerOf asks a node of this process.
func answerOf(ctx context.Context, node Node, q Question) Answer {
	data, err := node.Answer(ctx, q)
	if err != nil {
		return Answer{Node: node.ID(), Error: err.Error()}
	}
	return Answer{Node: node.ID(), Data: data}
}
