package admin

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"

	"github.com/gannet-ws/gannet/core"
)

const (
	// maxBatchLines is the number of lines that a batch may have, without blank ones.
	maxBatchLines = 10_000
	// maxAnswerLine is what the longest line of an answer stays below, in bytes.
	maxAnswerLine = 400
	// answerBuffer is what is collected of an answer before it is written, in bytes.
	answerBuffer = 16 << 10
)

var errTooManyLines = &apiError{fmt.Sprintf("Batch has more than %d lines", maxBatchLines), tooManyLines}

// publishBatch publishes the lines of an NDJSON body in order and answers each
// with a line: its receivers or its error. What the lines send to one client
// goes out in one write if the lines follow each other and are for one room.
func (a *Admin) publishBatch(w http.ResponseWriter, r *http.Request) {
	body, ok := a.readBody(w, r, mediaNDJSON)
	if !ok {
		return
	}
	if bad := a.checkBatch(r, body); bad != nil {
		a.refuse(w, bad)
		return
	}
	lines, publications := readBatch(body)
	if len(r.Header.Values(idempotencyHeader)) == 0 {
		sent, _ := a.server.PublishAll(publications)
		w.Header().Set("Content-Type", mediaNDJSON)
		answer := bufio.NewWriterSize(w, answerBuffer)
		a.answerLines(answer, lines, sent)
		_ = answer.Flush() // the peer has gone if it fails
		return
	}
	a.answerOnce(w, r, body, func() (response, *apiError) {
		sent, _ := a.server.PublishAll(publications)
		nothing := len(publications) > 0 && len(sent) == 0
		var answer bytes.Buffer
		a.answerLines(&answer, lines, sent)
		return response{media: mediaNDJSON, body: answer.Bytes(), refused: nothing}, nil
	})
}

// checkBatch refuses a batch whose answer would be too large to be given, or to be
// remembered, before any line is read.
func (a *Admin) checkBatch(r *http.Request, body []byte) *apiError {
	key, bad := idempotencyKeyOf(r)
	if bad != nil {
		return bad
	}
	lines := 0
	for range batchLines(body) {
		lines++
	}
	largest := a.idempotency.maxAnswer() / maxAnswerLine
	switch {
	case lines > maxBatchLines:
		return errTooManyLines
	case key != "" && lines > largest:
		return &apiError{fmt.Sprintf("Batch with an idempotency key has more than %d lines", largest), batchTooLargeForKey}
	}
	return nil
}

// batchLines yields the lines of a body that are not blank, without the space around
// them.
func batchLines(body []byte) func(yield func([]byte) bool) {
	return func(yield func([]byte) bool) {
		for line := range bytes.Lines(body) {
			if line = bytes.TrimSpace(line); len(line) > 0 && !yield(line) {
				return
			}
		}
	}
}

// readBatch returns an entry for each line, nil for a good one, and the good
// lines' publications.
func readBatch(body []byte) (lines []*apiError, publications []core.Publication) {
	for line := range batchLines(body) {
		publication, bad := readPublication(line)
		if bad == nil {
			publications = append(publications, publication)
		}
		lines = append(lines, bad)
	}
	return lines, publications
}

// answerLines writes the answers to the lines of a batch. Good lines have what was
// sent, and from the first that was not on the error.
func (a *Admin) answerLines(w io.Writer, lines []*apiError, sent []int) {
	encoder := json.NewEncoder(w)
	for _, bad := range lines {
		switch {
		case bad == nil && len(sent) > 0:
			_ = encoder.Encode(receivers{sent[0]}) // a buffer takes all, or the peer has gone
			sent = sent[1:]
			continue
		case bad == nil:
			bad = errOverloaded // as is all that follows it
		}
		a.refusals[bad.Code].Add(1)
		_ = encoder.Encode(bad)
	}
}
