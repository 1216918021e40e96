package redis

import (
	"bytes"
	"encoding/json"
	"errors"
	"time"

	"github.com/bytedance/sonic"

	"github.com/gannet-ws/gannet/bus"
	"github.com/gannet-ws/gannet/codec"
)

// What nodes ask and answer is plain JSON. A question goes to all nodes on the
// channel of surveys, or to one on that node's, and its answers to the channel of
// the node that asks:
//
//	{"survey":ID,"node":WHO,"kind":WHAT,"data":…,"timeoutMs":N}
//	{"survey":ID,"node":WHO,"data":…} or {"survey":ID,"node":WHO,"error":TEXT}
//
// All here is pure, for any goroutine.

// surveyMessage is a question, which has a kind, or an answer.
type surveyMessage struct {
	Survey    string                 `json:"survey"`
	Node      string                 `json:"node"`
	Kind      string                 `json:"kind,omitempty"`
	Data      sonic.NoCopyRawMessage `json:"data,omitempty"`
	TimeoutMs int64                  `json:"timeoutMs,omitempty"` // the time to answer
	Error     string                 `json:"error,omitempty"`
}

const (
	maxSurveyID = 64      // bytes
	maxKind     = 128     // bytes
	maxError    = 1 << 10 // bytes of an answer's error
)

var (
	errSurvey = errors.New("the message is neither a question nor an answer of a node")
	errKind   = errors.New("what a question asks for is named by 1 to 128 bytes of UTF-8")
	errData   = errors.New("the data of a question or an answer are not strict JSON")
)

// parseSurvey reads a question or an answer. Its data are a view of the message.
func parseSurvey(message []byte) (m surveyMessage, err error) {
	if !isPlain(message) || !codec.ValidJSON(message) || plainJSON.Unmarshal(message, &m) != nil || !m.valid() {
		return surveyMessage{}, errSurvey
	}
	return m, nil
}

func (m *surveyMessage) valid() bool {
	if _, ok := parseNodeID(m.Node); !ok || m.Survey == "" || len(m.Survey) > maxSurveyID {
		return false
	}
	if m.Kind == "" {
		return m.Error == "" || m.Data == nil
	}
	return len(m.Kind) <= maxKind && m.TimeoutMs > 0 && m.Error == ""
}

func (m *surveyMessage) isQuestion() bool { return m.Kind != "" }

// timeout is the time to answer, bounded whatever the question says.
func (m *surveyMessage) timeout() time.Duration {
	return time.Duration(min(m.TimeoutMs, bus.MaxSurveyTime.Milliseconds())) * time.Millisecond
}

// mayBeSurvey reports whether a message on a node's channel may be a question or
// an answer: all others are an application's.
func mayBeSurvey(message []byte) bool {
	var m struct {
		Survey sonic.NoCopyRawMessage `json:"survey"`
	}
	return bytes.Contains(message, []byte(`"survey"`)) && plainJSON.Unmarshal(message, &m) == nil && m.Survey != nil
}

// encodeQuestion writes a question of a node.
func encodeQuestion(survey string, node uint64, q *bus.Question, timeout time.Duration) ([]byte, error) {
	if q.Kind == "" || len(q.Kind) > maxKind {
		return nil, errKind
	}
	m := surveyMessage{Survey: survey, Node: nodeID(node), Kind: q.Kind, TimeoutMs: max(timeout.Milliseconds(), 1)}
	return m.encode(q.Data)
}

// encodeAnswer writes the answer of a node: the data, or why there are none.
func encodeAnswer(survey string, node uint64, data json.RawMessage, failure error) ([]byte, error) {
	m := surveyMessage{Survey: survey, Node: nodeID(node)}
	if failure != nil {
		text := failure.Error()
		m.Error = string(bytes.ToValidUTF8([]byte(text[:min(len(text), maxError)]), []byte("\uFFFD")))
		data = nil
	}
	return m.encode(data)
}

// encode writes the message with the data, which have to be JSON; nil for none.
func (m *surveyMessage) encode(data json.RawMessage) ([]byte, error) {
	if data != nil && !codec.ValidJSON(data) {
		return nil, errData
	}
	m.Data = sonic.NoCopyRawMessage(data)
	return plainJSON.Marshal(m)
}
