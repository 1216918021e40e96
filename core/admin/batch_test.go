package admin

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func quote(text string) string {
	encoded, _ := json.Marshal(text)
	return string(encoded)
}

func numbered(i int) string { return fmt.Sprintf(`{"type":"t","action":"a","data":%d}`, i) }

// batch sends lines and returns those of the answer.
func (n *node) batch(body string) []string {
	n.t.Helper()
	answer := n.post("/api/publish", body, "Content-Type: application/x-ndjson")
	require.Equal(n.t, http.StatusOK, answer.status, answer.body)
	require.Equal(n.t, "application/x-ndjson", answer.header.Get("Content-Type"))
	if answer.body == "" {
		return nil
	}
	require.True(n.t, strings.HasSuffix(answer.body, "\n"))
	return strings.Split(strings.TrimSuffix(answer.body, "\n"), "\n")
}

// line is a line of a batch: its text, and its answer: receivers, or the code
// of an error.
type line struct {
	text      string
	receivers int
	code      string
}

// exchange sends the lines in one batch and checks each answer.
func (n *node) exchange(lines ...line) {
	n.t.Helper()
	texts := make([]string, len(lines))
	for i, l := range lines {
		texts[i] = l.text
	}
	answers := n.batch(strings.Join(texts, "\n"))
	require.Len(n.t, answers, len(lines))
	for i, l := range lines {
		if l.code == "" {
			require.Equal(n.t, fmt.Sprintf(`{"receivers":%d}`, l.receivers), answers[i], l.text)
		} else {
			requireError(n.t, answers[i], l.code)
		}
	}
}

func TestBatch_GoodAndBadLinesInOrder(t *testing.T) {
	n := start(t, settings{})
	member, user, other := n.connect(), n.connect(`{"sub":5}`), n.connect()
	id := member.join("general")
	otherID := other.join("general")
	n.exchange(
		line{`{"message":` + numbered(1) + `}`, 3, ""},
		line{`{"room":"general","message":` + numbered(2) + `}`, 2, ""},
		line{`{"room":"general","message":{}}`, 0, "BAD_MESSAGE"},
		line{`{"userId":5,"message":` + numbered(3) + `}`, 1, ""},
		line{`{"userId":"5","message":` + numbered(4) + `}`, 1, ""},
		line{`not JSON`, 0, "BAD_LINE"},
		line{`{"clientId":` + quote(id) + `,"message":` + numbered(5) + `}`, 1, ""},
		line{`{"room":"general","except":` + quote(otherID) + `,"message":` + numbered(6) + `}`, 1, ""},
		line{`{"clientId":"5","message":` + numbered(0) + `}`, 0, "BAD_CLIENT_ID"},
		line{`{"except":` + quote(id) + `,"message":` + numbered(7) + `}`, 2, ""},
		line{`{"except":"5","message":` + numbered(0) + `}`, 0, "BAD_CLIENT_ID"},
		line{`{"room":"nobody","message":` + numbered(8) + `}`, 0, ""},
		line{`{"except":null,"message":` + numbered(0) + `}`, 0, "BAD_LINE"},
		line{`{"message":` + numbered(9) + `}`, 3, ""},
	)
	member.receives(numbered(1), numbered(2), numbered(5), numbered(6), numbered(9))
	user.receives(numbered(1), numbered(3), numbered(4), numbered(7), numbered(9))
	other.receives(numbered(1), numbered(2), numbered(7), numbered(9))
}

// What is wrong with a target must not make it everybody.
func TestBatch_BadLines(t *testing.T) {
	n := start(t, settings{})
	c := n.connect(`{"sub":5}`)
	id := c.join("general")
	message := `,"message":` + hello + `}`
	bad := map[string][]string{
		"BAD_LINE": {
			`{"rooms":"general"` + message, `{"roomName":"general"` + message, `{"user":5` + message, `{"client":` + quote(id) + message,
			`{"target":{"room":"general"}` + message, `{"":1` + message,
			`{"room":5` + message, `{"room":["general"]` + message, `{"room":{}` + message, `{"room":true` + message, `{"room":""` + message,
			`{"room":null` + message, `{"userId":null` + message, `{"clientId":null` + message, `{"clientId":""` + message,
			`{"room":"general","room":null` + message,
			`{"userId":true` + message, `{"userId":[5]` + message, `{"userId":{"id":5}` + message, `{"userId":""` + message,
			`{"clientId":5` + message, `{"except":5` + message,
			`{"room":"general","userId":5` + message, `{"userId":5,"clientId":` + quote(id) + message, `{"room":"general","clientId":` + quote(id) + message,
			`{"message":` + hello + `}}`, `{"message":` + hello + `}]`, `{"message":` + hello + `}} {`, `{"message":` + hello + `} {}`,
			`{"message":` + hello + `}x`, `{"message":` + hello, `[{"message":` + hello + `}]`, `"message"`, `5`, `{`, `}`,
		},
		"BAD_MESSAGE": {
			`{}`, `{"room":"general"}`, `{"message":null}`, `{"message":5}`, `{"message":` + quote(hello) + `}`, `{"message":[]}`, `{"message":{}}`,
			`{"message":{"type":5,"action":"a"}}`, `{"message":{"type":"t"}}`, "{\"message\":{\"type\":\"t\",\"action\":\"\xff\"}}",
		},
		"BAD_CLIENT_ID": {
			`{"clientId":"5"` + message, `{"clientId":` + quote(strings.ToUpper(id)) + message,
			`{"except":"x"` + message, `{"room":"general","except":"x"` + message,
		},
	}
	for code, lines := range bad {
		for _, text := range lines {
			n.exchange(line{text, 0, code})
			c.quiet()
		}
	}
}

func TestBatch_Layout(t *testing.T) {
	n := start(t, settings{})
	c := n.connect()
	one := `{"message":` + numbered(1) + `}`
	tests := map[string]int{
		"": 0, "\n": 0, " \r\n\t\n": 0, one: 1, one + "\n": 1, one + "\r\n": 1, "\n\n" + one + "\n\n" + one + "\n \n": 2, "  " + one + "  ": 1,
	}
	for body, messages := range tests {
		answers := n.batch(body)
		require.Len(t, answers, messages, "%q", body)
		for _, a := range answers {
			require.Equal(t, `{"receivers":1}`, a)
			require.Equal(t, numbered(1), c.receive())
		}
	}
	c.quiet()
}

func TestBatch_MessagesAsTheyStand(t *testing.T) {
	n := start(t, settings{})
	c := n.connect()
	var lines, want []string
	for _, body := range bodies {
		message := strings.TrimSpace(strings.NewReplacer("\n", " ", "\r", " ").Replace(body))
		lines = append(lines, `{ "message" :  `+message+"  }")
		want = append(want, message)
	}
	n.batch(strings.Join(lines, "\n"))
	c.receives(want...)
}

func TestBatch_ManyLinesInOrder(t *testing.T) {
	const count = 500
	n := start(t, settings{})
	a, b := n.connect(`{"sub":"a"}`), n.connect()
	a.join("general")
	b.join("general")
	targets := []string{"", `"room":"general",`, `"userId":"a",`}
	var body strings.Builder
	var toA, toB []string
	for i := range count {
		fmt.Fprintf(&body, "{%s\"message\":%s}\n", targets[i%3], numbered(i))
		toA = append(toA, numbered(i))
		if i%3 != 2 {
			toB = append(toB, numbered(i))
		}
	}
	answers := n.batch(body.String())
	require.Len(t, answers, count)
	for i, answer := range answers {
		require.Equal(t, fmt.Sprintf(`{"receivers":%d}`, []int{2, 2, 1}[i%3]), answer)
	}
	a.receives(toA...)
	b.receives(toB...)
}
