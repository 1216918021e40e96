package core

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/gannet-ws/gannet/bus"
	"github.com/gannet-ws/gannet/codec"
)

// A survey asks all nodes a question of a kind. Each node has a handler for the
// kind: those here for what Cluster offers, and the application's own.

// SurveyHandler answers a question: with any value that JSON has a form for, or an
// error, whose text the node that asks is told. It runs on a goroutine of its own,
// for several questions at the same time, may wait, and must return when ctx ends.
// The data are JSON, nil where there are none, and not to be changed.
type SurveyHandler func(ctx context.Context, data json.RawMessage) (any, error)

// builtIn begins the kinds of Gannet's own questions.
const builtIn = "gannet."

// maxSurveyKind is the length of an application's kind in bytes.
const maxSurveyKind = 100

// OnSurvey has questions of the kind answered by the handler when any node asks
// them with Cluster.Ask: a name of 1 to 100 bytes that does not begin with
// "gannet.". It must be called before Run, which returns an error when the kind is
// taken or cannot be.
func (s *Server) OnSurvey(kind string, handler SurveyHandler) {
	switch {
	case s.late("survey " + kind):
	case handler == nil:
		s.mistake("survey %s has no handler", kind)
	case kind == "" || len(kind) > maxSurveyKind || strings.HasPrefix(kind, builtIn):
		s.mistake("survey %q: a kind has 1 to %d bytes and does not begin with %s", kind, maxSurveyKind, builtIn)
	case s.surveyHandlers[kind] != nil:
		s.mistake("survey %s is taken", kind)
	default:
		s.surveyHandlers[kind] = handler
	}
}

// Why a question is not answered.
var (
	errUnknownKind = errors.New("the node has no answer to questions of this kind")
	errPanicked    = errors.New("the node's handler panicked")
)

// answer answers a question of this node or of another.
func (s *Server) answer(ctx context.Context, q bus.Question) (data json.RawMessage, err error) {
	handler := s.surveyHandlers[q.Kind]
	if handler == nil {
		return nil, errUnknownKind
	}
	defer func() {
		if p := recover(); p != nil {
			s.surveyPanics.Add(1)
			s.logPanic("survey "+q.Kind, p)
			data, err = nil, errPanicked
		}
	}()
	value, err := handler(ctx, q.Data)
	if err != nil {
		return nil, err
	}
	return encodeSurvey(value)
}

// encodeSurvey encodes what is asked or answered; nil stays nil.
func encodeSurvey(value any) (json.RawMessage, error) {
	data, err := codec.AppendJSON(nil, value)
	if err != nil {
		return nil, fmt.Errorf("cannot encode what a survey is about: %w", err)
	}
	return data, nil
}

// Answer answers another node's question. See bus.Node.
func (n node) Answer(ctx context.Context, q bus.Question) (json.RawMessage, error) {
	return n.server.answer(ctx, q)
}

// Figures are what other nodes hear of this one all the time.
func (n node) Figures() bus.Figures {
	s := n.server
	return bus.Figures{
		State:         s.State().String(),
		Clients:       s.directory.Clients(),
		Users:         s.directory.Users(),
		Rooms:         s.directory.Rooms(),
		UptimeSeconds: s.clock().Seconds(),
	}
}
