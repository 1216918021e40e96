package admin

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var ndjson = []string{"Content-Type: application/x-ndjson"}

// A batch has so many lines, blank ones not among them; of one with more nothing is
// published, and all that it costs is one error.
func TestBatch_MaxLines(t *testing.T) {
	n := start(t, settings{})
	c := n.connect()
	good := `{"message":` + numbered(1) + "}\n"
	n.post("/api/publish", good+strings.Repeat("1\n", maxBatchLines), ndjson...).fails(http.StatusRequestEntityTooLarge, "TOO_MANY_LINES")
	n.post("/api/publish", good+strings.Repeat("1\n", maxBatchLines), append(ndjson, "Idempotency-Key: a")...).fails(http.StatusRequestEntityTooLarge, "TOO_MANY_LINES")
	n.post("/api/publish", good+strings.Repeat("1\n", 500_000), ndjson...).fails(http.StatusRequestEntityTooLarge, "TOO_MANY_LINES")
	c.quiet()
	n.metricsAre(map[string]float64{
		`gannet_api_refused_total{code="TOO_MANY_LINES"}`: 3, `gannet_api_refused_total{code="BAD_LINE"}`: 0,
		"gannet_published_total": 0, "gannet_idempotency_keys": 0,
	})
	answers := n.batch(strings.Repeat("\n", 1000) + good + strings.Repeat("1\n \n", maxBatchLines-1))
	require.Len(t, answers, maxBatchLines)
	require.Equal(t, `{"receivers":1}`, answers[0])
	c.receives(numbered(1))
}

// A batch with a key has as many lines as a quarter of the memory for answers is sure
// to have room for.
func TestBatch_MaxLinesWithAKey(t *testing.T) {
	const most = 10
	n := start(t, settings{admin: Options{MaxIdempotencyBytes: 4 * most * maxAnswerLine}})
	c := n.connect()
	lines := func(count int) string { return strings.Repeat(`{"message":`+numbered(1)+"}\n", count) }
	keyed := append(ndjson, "Idempotency-Key: a")
	refused := n.post("/api/publish", lines(most+1), keyed...)
	refused.fails(http.StatusRequestEntityTooLarge, "BATCH_TOO_LARGE_FOR_KEY")
	require.Contains(t, refused.body, "more than 10 lines")
	c.quiet()
	n.metricsAre(map[string]float64{"gannet_published_total": 0, "gannet_idempotency_keys": 0})
	first := n.post("/api/publish", lines(most), keyed...)
	require.Equal(t, strings.Repeat(`{"receivers":1}`+"\n", most), first.body)
	n.post("/api/publish", lines(most), keyed...).again(first)
	require.Len(t, n.batch(lines(most+1)), most+1, "without a key it is published")
	for range 2*most + 1 {
		require.Equal(t, numbered(1), c.receive())
	}
	c.quiet()
	n.post("/api/publish", lines(most+1), append(ndjson, "Idempotency-Key: ")...).fails(http.StatusBadRequest, "BAD_IDEMPOTENCY_KEY")
}

// The answer to any batch may be remembered by default.
func TestBatch_AnyHasRoomForItsAnswer(t *testing.T) {
	n := newNode(t, settings{})
	require.LessOrEqual(t, maxBatchLines*maxAnswerLine, n.admin.idempotency.maxAnswer())
}

// parts notes how large the parts are in which an answer is written.
type parts struct {
	httptest.ResponseRecorder
	largest, sum int
}

func (p *parts) Write(part []byte) (int, error) {
	p.largest, p.sum = max(p.largest, len(part)), p.sum+len(part)
	return len(part), nil
}

// Where no key is used an answer is not held as a whole, and no line makes one larger
// than is reckoned with.
func TestBatch_AnswerIsBounded(t *testing.T) {
	n := newNode(t, settings{})
	for _, line := range worstLines() {
		const count = 1000
		request := httptest.NewRequest(http.MethodPost, "/api/publish", strings.NewReader(strings.Repeat(line+"\n", count)))
		request.Header.Set("Content-Type", mediaNDJSON)
		var answer parts
		n.admin.publishBatch(&answer, request)
		assert.LessOrEqual(t, answer.largest, answerBuffer, line)
		assert.Less(t, answer.sum, count*maxAnswerLine, line)
		assert.Positive(t, answer.sum, line)
	}
}

// worstLines are those whose errors are long.
func worstLines() (lines []string) {
	for _, text := range []string{"<", `\u0001`, `\"`, `\u2028`, `\ue000`, `\udb40\udc01`, `\ud800`, `\u0085`} {
		lines = append(lines, fmt.Sprintf(`{"%s":1}`, strings.Repeat(text, 60)), fmt.Sprintf(`{"where":"%s","message":%s}`, strings.Repeat(text, 60), hello))
	}
	return append(lines, "1", "{", `{"rooms":[null]}`, `{"clientId":"x"}`, `{"message":{}}`, `{"where":"user == ","message":`+hello+"}")
}
