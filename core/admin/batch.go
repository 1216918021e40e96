package admin

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"

	"github.com/gannet-ws/gannet/codec"
	"github.com/gannet-ws/gannet/core"
	"github.com/gannet-ws/gannet/core/auth"
)

// batchLine is a line of a batch: a message, and at most one target. Without
// one it is for all clients.
type batchLine struct {
	Room     name            `json:"room"`
	UserID   userID          `json:"userId"`
	ClientID name            `json:"clientId"`
	Except   name            `json:"except"`
	Message  json.RawMessage `json:"message"`
}

// publishBatch publishes the lines of an NDJSON body in order and answers each
// with a line: its receivers or its error. What the lines send to one client
// goes out in one write if the lines follow each other and are for one room.
func (a *Admin) publishBatch(w http.ResponseWriter, r *http.Request) {
	body, ok := a.readBody(w, r, "application/x-ndjson")
	if !ok {
		return
	}
	answers, publications := readBatch(body)
	sent, _ := a.server.PublishAll(publications)
	w.Header().Set("Content-Type", "application/x-ndjson")
	encoder := json.NewEncoder(w)
	next := 0
	for _, bad := range answers {
		var answer any = bad
		if bad == nil && next < len(sent) {
			answer = receivers{sent[next]}
			next++
		} else if bad == nil {
			answer = errOverloaded // as is all that follows it
		}
		if encoder.Encode(answer) != nil {
			return // the peer has gone
		}
	}
}

// readBatch returns an entry for each line, nil for a good one, and the good
// lines' publications.
func readBatch(body []byte) (answers []*apiError, publications []core.Publication) {
	for line := range bytes.Lines(body) {
		if line = bytes.TrimSpace(line); len(line) == 0 {
			continue
		}
		publication, bad := readBatchLine(line)
		if bad == nil {
			publications = append(publications, publication)
		}
		answers = append(answers, bad)
	}
	return answers, publications
}

func readBatchLine(raw []byte) (p core.Publication, bad *apiError) {
	var line batchLine
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields() // a mistyped target would mean everybody
	if err := decoder.Decode(&line); err != nil || !atEnd(decoder) {
		return p, &apiError{"Line is not a publish request", "BAD_LINE"}
	}
	if p.To, bad = line.target(); bad != nil {
		return p, bad
	}
	if line.Except != "" {
		except, bad := clientID(string(line.Except))
		if bad != nil {
			return p, bad
		}
		p.To = p.To.Except(except)
	}
	if bad = checkEnvelope(line.Message); bad != nil {
		return p, bad
	}
	p.Message = codec.NewMessage(codec.OpText, line.Message)
	return p, nil
}

func atEnd(decoder *json.Decoder) bool {
	_, err := decoder.Token()
	return err == io.EOF
}

func (l *batchLine) target() (core.Target, *apiError) {
	switch {
	case countTrue(l.Room != "", l.UserID != "", l.ClientID != "") > 1:
		return core.Target{}, &apiError{"Line has more than one target", "BAD_LINE"}
	case l.Room != "":
		return core.Room(string(l.Room)), nil
	case l.UserID != "":
		return core.Users(string(l.UserID)), nil
	case l.ClientID != "":
		id, bad := clientID(string(l.ClientID))
		return core.Client(id), bad
	}
	return core.All(), nil
}

// name is a string that may be absent, but neither null nor empty: where an
// application has lost its target, everybody must not take the place.
type name string

var errNoName = errors.New("a target is null or empty")

// UnmarshalJSON reads the string.
func (n *name) UnmarshalJSON(raw []byte) error {
	if string(raw) == "null" || string(raw) == `""` {
		return errNoName
	}
	return json.Unmarshal(raw, (*string)(n))
}

// userID is a user's id, which JSON may hold as a number or as a string.
type userID string

// UnmarshalJSON reads either form, in the spelling of tokens.
func (u *userID) UnmarshalJSON(raw []byte) error {
	subject, ok := auth.SubjectText(raw)
	if !ok {
		return errNoName
	}
	*u = userID(subject)
	return nil
}

func countTrue(conditions ...bool) (n int) {
	for _, c := range conditions {
		if c {
			n++
		}
	}
	return n
}
