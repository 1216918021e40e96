package redis_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/bus"
	"github.com/gannet-ws/gannet/bus/redistest"
)

// answering gives a node an answer of its own.
func answering(answer func(context.Context, bus.Question) (json.RawMessage, error)) func(*node) {
	return func(n *node) { n.answer = answer }
}

// never is an answer that does not come.
func never(ctx context.Context, _ bus.Question) (json.RawMessage, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

// survey asks, and waits as long as a test may.
func (m *member) survey(q bus.Question) bus.Survey {
	m.t.Helper()
	ctx, end := context.WithTimeout(m.t.Context(), longWait)
	defer end()
	s, err := m.Survey(ctx, q)
	require.NoError(m.t, err)
	return s
}

// ids of the nodes of the tests.
func id(number int) string { return fmt.Sprintf("%012x", number) }

func TestSurvey(t *testing.T) {
	server := redistest.Start(t)
	asker := join(t, 1, quietly(server.URL()))
	join(t, 2, quietly(server.URL()))
	join(t, 3, quietly(server.URL()), answering(func(_ context.Context, q bus.Question) (json.RawMessage, error) {
		return nil, fmt.Errorf("no %s here", q.Kind)
	}))
	asker.knows(2, 3)
	data := json.RawMessage(`{"limit":5,"name":"ü"}`)
	two, three := bus.Answer{Node: id(2), Data: data}, bus.Answer{Node: id(3), Error: "no rooms here"}
	for name, test := range map[string]struct {
		node string
		want []bus.Answer
	}{
		"all": {"", []bus.Answer{two, three}}, "one": {id(2), []bus.Answer{two}}, "other": {id(3), []bus.Answer{three}},
	} {
		t.Run(name, func(t *testing.T) {
			s := asker.survey(bus.Question{Kind: "rooms", Data: data, Node: test.node})
			assert.ElementsMatch(t, test.want, s.Answers)
			assert.Empty(t, s.Missing)
		})
	}
	_, events, gaps := asker.seen()
	assert.Empty(t, events)
	assert.Empty(t, gaps)
	assert.Zero(t, asker.Stats().Bad)
}

// A node that has just come asks those who were there before it.
func TestSurvey_FreshNode(t *testing.T) {
	server := redistest.Start(t)
	join(t, 2, quietly(server.URL()))
	s := join(t, 1, quietly(server.URL())).survey(bus.Question{Kind: "k"})
	assert.Equal(t, []bus.Answer{{Node: id(2)}}, s.Answers)
	assert.Empty(t, s.Missing)
}

// Many surveys at the same time do not mix.
func TestSurvey_Concurrent(t *testing.T) {
	server := redistest.Start(t)
	members := []*member{join(t, 1, quietly(server.URL())), join(t, 2, quietly(server.URL())), join(t, 3, quietly(server.URL()))}
	members[0].knows(2, 3)
	members[1].knows(1, 3)
	members[2].knows(1, 2)
	var asking sync.WaitGroup
	for _, m := range members {
		for i := range 10 {
			asking.Go(func() {
				data := fmt.Sprintf(`{"n":"%s %d"}`, m.ID(), i)
				s, err := m.Survey(t.Context(), bus.Question{Kind: "echo", Data: []byte(data)})
				assert.NoError(t, err)
				assert.Empty(t, s.Missing)
				if assert.Len(t, s.Answers, 2) {
					assert.Equal(t, data, string(s.Answers[0].Data))
					assert.Equal(t, data, string(s.Answers[1].Data))
				}
			})
		}
	}
	asking.Wait()
}

// A node that does not answer, one that has died, and one that is not known are
// missing; the others' answers are there.
func TestSurvey_Missing(t *testing.T) {
	server := redistest.Start(t)
	asker := join(t, 1, quietly(server.URL()))
	join(t, 2, quietly(server.URL()))
	join(t, 3, quietly(server.URL()), answering(never))
	way := startProxy(t, server.Addr)
	join(t, 4, quietly(way.url()))
	asker.knows(2, 3, 4)
	way.cut()
	ctx, end := context.WithTimeout(t.Context(), time.Second)
	defer end()
	s, err := asker.Survey(ctx, bus.Question{Kind: "echo"})
	require.NoError(t, err)
	assert.Equal(t, []bus.Answer{{Node: id(2)}}, s.Answers)
	assert.Equal(t, []string{id(3), id(4)}, s.Missing)

	ended, end := context.WithCancel(t.Context())
	end()
	s, err = asker.Survey(ended, bus.Question{Kind: "echo", Node: id(9)})
	require.NoError(t, err)
	assert.Equal(t, []string{id(9)}, s.Missing)
}

// Answers of nodes that nobody knew count when they come before the end.
func TestSurvey_UnknownNodeAnswers(t *testing.T) {
	server := redistest.Start(t)
	listener := redistest.Listen(t, server, "gannet:survey")
	asker := join(t, 1, quietly(server.URL()))
	join(t, 2, quietly(server.URL()), answering(never))
	asker.knows(2)
	ctx, end := context.WithCancel(t.Context())
	defer end()
	got := make(chan bus.Survey, 1)
	go func() {
		s, err := asker.Survey(ctx, bus.Question{Kind: "app.k", Data: []byte(`[1]`)})
		assert.NoError(t, err)
		got <- s
	}()
	var question struct {
		Survey    string
		Node      string
		Kind      string
		Data      json.RawMessage
		TimeoutMs int64
	}
	require.NoError(t, json.Unmarshal([]byte(listener.Next()[1]), &question))
	assert.Equal(t, id(1), question.Node)
	assert.Equal(t, "app.k", question.Kind)
	assert.Equal(t, "[1]", string(question.Data))
	assert.Positive(t, question.TimeoutMs)
	channel := "gannet:node:{" + id(1) + "}"
	for _, answer := range []string{
		`{"survey":"another","node":"000000000009","data":1}`,
		`{"survey":"` + question.Survey + `","node":"9","data":1}`, // is no node
		`{"survey":"` + question.Survey + `","node":"000000000009","data":2}`,
		`{"survey":"` + question.Survey + `","node":"000000000009","data":3}`, // has answered already
		`{"survey":"` + question.Survey + `","node":"000000000002","error":"late"}`,
	} {
		server.Do("PUBLISH", channel, answer)
	}
	select {
	case s := <-got:
		assert.Equal(t, []bus.Answer{{Node: id(9), Data: []byte("2")}, {Node: id(2), Error: "late"}}, s.Answers)
		assert.Empty(t, s.Missing)
	case <-time.After(longWait):
		require.Fail(t, "the survey does not end")
	}
	assert.EqualValues(t, 1, asker.Stats().Bad)
}

// Any client of Redis may ask, and bad questions harm nobody.
func TestSurvey_ForeignQuestions(t *testing.T) {
	server := redistest.Start(t)
	m := join(t, 2, quietly(server.URL()))
	listener := redistest.Listen(t, server, "gannet:node:{00000000000f}")
	const good = `{"survey":"s","node":"00000000000f","kind":"k","data":{"a":1},"timeoutMs":60000}`
	for _, text := range []string{`nonsense`, `{}`, `null`, `{"survey":"s","node":"00000000000f","kind":"k"}`, "\x01"} {
		server.Do("PUBLISH", "gannet:survey", text)
	}
	server.Do("PUBLISH", "gannet:survey", strings.Replace(good, "00000000000f", id(2), 1)) // its own
	for _, channel := range []string{"gannet:survey", "gannet:node:{" + id(2) + "}"} {
		server.Do("PUBLISH", channel, good)
		assert.JSONEq(t, `{"survey":"s","node":"000000000002","data":{"a":1}}`, listener.Next()[1])
	}
	assert.EqualValues(t, 5, m.Stats().Bad)
}

// Questions that there is no room for are answered at once, with an error, and
// counted; messages arrive meanwhile.
func TestSurvey_TooMany(t *testing.T) {
	server := redistest.Start(t)
	begun, release := make(chan struct{}, 10), make(chan struct{})
	options := quietly(server.URL())
	options.MaxSurveys, options.SurveyWorkers = 1, 1
	busy := join(t, 2, options, answering(func(ctx context.Context, q bus.Question) (json.RawMessage, error) {
		begun <- struct{}{}
		<-release
		return q.Data, nil
	}))
	asker := join(t, 1, quietly(server.URL()))
	asker.knows(2)
	answers := make(chan bus.Survey, 3)
	ask := func() { answers <- asker.survey(bus.Question{Kind: "k", Data: []byte("1")}) }
	go ask()
	<-begun
	go ask() // waits
	go ask() // has no room, or the one before
	refused := <-answers
	assert.Equal(t, []bus.Answer{{Node: id(2), Error: "the node has too many questions to answer"}}, refused.Answers)
	assert.EqualValues(t, 1, busy.Stats().SurveysRefused)
	busy.enter("x")
	require.NoError(t, asker.Publish(bus.Message{To: bus.Room, Room: "x", Payload: []byte("{}")}))
	busy.received(1)
	close(release)
	for range 2 {
		assert.Equal(t, []bus.Answer{{Node: id(2), Data: []byte("1")}}, (<-answers).Answers)
	}
}

// So is the number of surveys that this node has under way.
func TestSurvey_TooManyOfItsOwn(t *testing.T) {
	server := redistest.Start(t)
	begun := make(chan struct{}, 1)
	join(t, 2, quietly(server.URL()), answering(func(ctx context.Context, q bus.Question) (json.RawMessage, error) {
		begun <- struct{}{}
		return never(ctx, q)
	}))
	options := quietly(server.URL())
	options.MaxSurveys = 1
	asker := join(t, 1, options)
	asker.knows(2)
	ctx, end := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_, _ = asker.Survey(ctx, bus.Question{Kind: "k"})
	}()
	<-begun
	s, err := asker.Survey(t.Context(), bus.Question{Kind: "k"})
	assert.ErrorContains(t, err, "too many surveys")
	assert.Equal(t, []string{id(2)}, s.Missing)
	assert.EqualValues(t, 1, asker.Stats().SurveysRefused)
	end()
	<-ended
	s, err = asker.Survey(ctx, bus.Question{Kind: "k"})
	assert.NoError(t, err, "there is room again")
	assert.Equal(t, []string{id(2)}, s.Missing)
}

func TestSurvey_SizesAndMistakes(t *testing.T) {
	server := redistest.Start(t)
	options := quietly(server.URL())
	options.MaxPayload = 4000
	asker := join(t, 1, options)
	join(t, 2, options, answering(func(_ context.Context, q bus.Question) (json.RawMessage, error) {
		switch q.Kind {
		case "large":
			return json.RawMessage(`"` + strings.Repeat("x", int(options.MaxPayload)) + `"`), nil
		case "no JSON":
			return json.RawMessage(`{`), nil
		}
		return nil, errors.New(strings.Repeat("e", int(options.MaxPayload)))
	}))
	asker.knows(2)
	for kind, want := range map[string]string{"large": "larger than 4000 bytes", "no JSON": "not strict JSON", "failure": "eeee"} {
		s := asker.survey(bus.Question{Kind: kind})
		require.Len(t, s.Answers, 1, kind)
		assert.Nil(t, s.Answers[0].Data)
		assert.Contains(t, s.Answers[0].Error, want)
	}
	for _, q := range []bus.Question{
		{}, {Kind: "k", Data: []byte("{")}, {Kind: "k", Node: "2"}, {Kind: "k", Data: []byte(`"` + strings.Repeat("x", int(options.MaxPayload)) + `"`)},
	} {
		s, err := asker.Survey(t.Context(), q)
		assert.Error(t, err)
		assert.Empty(t, s.Answers)
		assert.NotEmpty(t, s.Missing)
	}
}

// Without a connection nobody can be asked, and nobody waits.
func TestSurvey_WithoutConnection(t *testing.T) {
	server := redistest.Start(t)
	way := startProxy(t, server.Addr)
	asker, other := join(t, 1, quietly(way.url())), join(t, 2, quietly(server.URL()))
	asker.knows(2)
	other.knows(1)
	way.cut()
	asker.until(func() bool { return asker.Nodes()[0].Doubtful }, "the loss is seen")
	s, err := asker.Survey(context.Background(), bus.Question{Kind: "k"})
	assert.ErrorContains(t, err, "could answer")
	assert.Equal(t, []string{id(2)}, s.Missing, "it is known, and not asked")

	other.Close()
	s, err = other.Survey(context.Background(), bus.Question{Kind: "k", Node: id(1)})
	assert.ErrorContains(t, err, "closed")
	assert.Equal(t, []string{id(1)}, s.Missing)
}

// Close ends answers and surveys that are under way.
func TestSurvey_Close(t *testing.T) {
	server := redistest.Start(t)
	begun := make(chan struct{}, 1)
	answerer := join(t, 2, quietly(server.URL()), answering(func(ctx context.Context, q bus.Question) (json.RawMessage, error) {
		begun <- struct{}{}
		return never(ctx, q)
	}))
	asker := join(t, 1, quietly(server.URL()))
	asker.knows(2)
	got := make(chan bus.Survey, 1)
	go func() {
		s, _ := asker.Survey(context.Background(), bus.Question{Kind: "k"})
		got <- s
	}()
	<-begun
	asker.Close()
	select {
	case s := <-got:
		assert.Equal(t, []string{id(2)}, s.Missing)
	case <-time.After(longWait):
		require.Fail(t, "the survey goes on")
	}
	answerer.Close()
}
