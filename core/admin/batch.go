package admin

import (
	"bytes"
	"encoding/json"
	"net/http"

	"github.com/gannet-ws/gannet/core"
)

// publishBatch publishes the lines of an NDJSON body in order and answers each
// with a line: its receivers or its error. What the lines send to one client
// goes out in one write if the lines follow each other and are for one room.
func (a *Admin) publishBatch(w http.ResponseWriter, r *http.Request) {
	body, ok := a.readBody(w, r, mediaNDJSON)
	if !ok {
		return
	}
	lines, publications := readBatch(body)
	a.answerOnce(w, r, body, func() (response, *apiError) {
		sent, _ := a.server.PublishAll(publications)
		nothing := len(publications) > 0 && len(sent) == 0
		return response{media: mediaNDJSON, body: a.answerLines(lines, sent), refused: nothing}, nil
	})
}

// readBatch returns an entry for each line, nil for a good one, and the good
// lines' publications.
func readBatch(body []byte) (lines []*apiError, publications []core.Publication) {
	for line := range bytes.Lines(body) {
		if line = bytes.TrimSpace(line); len(line) == 0 {
			continue
		}
		publication, bad := readPublication(line)
		if bad == nil {
			publications = append(publications, publication)
		}
		lines = append(lines, bad)
	}
	return lines, publications
}

// answerLines encodes the answers to the lines of a batch. Good lines have what was
// sent, and from the first that was not on the error.
func (a *Admin) answerLines(lines []*apiError, sent []int) []byte {
	var answers bytes.Buffer
	encoder := json.NewEncoder(&answers)
	for _, bad := range lines {
		switch {
		case bad == nil && len(sent) > 0:
			_ = encoder.Encode(receivers{sent[0]}) // a buffer takes all
			sent = sent[1:]
			continue
		case bad == nil:
			bad = errOverloaded // as is all that follows it
		}
		a.refusals[bad.Code].Add(1)
		_ = encoder.Encode(bad)
	}
	return answers.Bytes()
}
