package redis

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/gannet-ws/gannet/bus"
)

// answering has the node answer the questions of others: on a bounded number of
// goroutines, with a bounded queue. take is called by the inbox's workers.
type answering struct {
	options *Options
	node    bus.Node
	names   *names
	sender  *lanes
	stats   *counters
	health  *health

	queue chan *posed
	ctx   context.Context // ends with the listener
	end   context.CancelFunc
	wait  sync.WaitGroup
}

// posed is a question of another node.
type posed struct {
	survey   string
	asker    uint64
	question bus.Question
	deadline time.Time // when nobody waits for the answer any more
}

var errTooBusy = errors.New("the node has too many questions to answer")

func newAnswering(b *Bus, node bus.Node, names *names, sender *lanes) *answering {
	a := &answering{
		options: &b.options,
		node:    node,
		names:   names,
		sender:  sender,
		stats:   &b.stats,
		health:  b.health,
		queue:   make(chan *posed, b.options.MaxSurveys),
	}
	a.ctx, a.end = context.WithCancel(context.Background())
	return a
}

func (a *answering) start() {
	for range a.options.SurveyWorkers {
		a.wait.Go(a.work)
	}
}

// close ends the answers, and waits for them, but not for longer than for Redis.
func (a *answering) close() {
	a.end()
	over := make(chan struct{})
	go func() {
		a.wait.Wait()
		close(over)
	}()
	select {
	case <-over:
	case <-time.After(a.options.PublishTimeout):
		a.options.Log.Warn("questions of other nodes are still being answered after the bus has been closed")
	}
}

// take has a question answered. It does not wait: one for which there is no room
// is answered with an error.
func (a *answering) take(m *surveyMessage) {
	asker, _ := parseNodeID(m.Node)
	if asker == a.names.id {
		return
	}
	q := &posed{
		survey:   m.Survey,
		asker:    asker,
		question: bus.Question{Kind: m.Kind, Data: []byte(m.Data)},
		deadline: time.Now().Add(m.timeout()),
	}
	select {
	case a.queue <- q:
	default:
		a.stats.surveysRefused.Add(1)
		a.answer(q, nil, errTooBusy)
	}
}

func (a *answering) work() {
	for {
		select {
		case q := <-a.queue:
			a.handle(q)
		case <-a.ctx.Done():
			return
		}
	}
}

// handle answers a question, unless it has waited for too long.
func (a *answering) handle(q *posed) {
	ctx, end := context.WithDeadline(a.ctx, q.deadline)
	defer end()
	if ctx.Err() != nil {
		a.stats.surveysRefused.Add(1)
		return
	}
	data, err := a.node.Answer(ctx, q.question)
	if ctx.Err() == nil { // or nobody waits any more
		a.answer(q, data, err)
	}
}

// answer publishes an answer, or why there is none.
func (a *answering) answer(q *posed, data []byte, failure error) {
	message, err := encodeAnswer(q.survey, a.names.id, data, failure)
	if err == nil && len(message) > int(a.options.MaxPayload) {
		err = fmt.Errorf("the answer is larger than %d bytes", a.options.MaxPayload)
	}
	if err != nil {
		a.health.complain("a question of another node cannot be answered", fmt.Errorf("%.100q: %w", q.question.Kind, err))
		message, _ = encodeAnswer(q.survey, a.names.id, nil, err) // has no data that could be wrong
	}
	_ = a.sender.publish(a.names.ofNode(q.asker), message, false) // a failure is counted
}
