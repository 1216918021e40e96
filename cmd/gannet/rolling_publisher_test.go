package main

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// publication is a message of a room: when its publisher began the attempt that was
// accepted, and when it was told so. Both are times since the test began.
type publication struct{ began, accepted time.Duration }

// publishers publish the messages of all rooms, numbered in each. What a node refuses is
// published again until it is accepted.
type publishers struct {
	t       *testing.T
	began   time.Time
	address string // of the balancer's API
	pause   time.Duration
	hush    func() // ends publishing, and waits for that
	hushed  chan struct{}
	working sync.WaitGroup
	retries atomic.Int64

	mu    sync.Mutex
	rooms [][]publication // by room and number
}

// publisherCount is how many publish at the same time, each to rooms of its own.
const publisherCount = 4

// startPublishing publishes to so many rooms, to each once in a while, until finish is
// called.
func startPublishing(t *testing.T, began time.Time, address string, rooms int, every time.Duration) *publishers {
	p := &publishers{
		t: t, began: began, address: address, rooms: make([][]publication, rooms), hushed: make(chan struct{}),
		pause: every * publisherCount / time.Duration(rooms),
	}
	for k := range publisherCount {
		p.working.Go(func() { p.publish(k) })
	}
	p.hush = sync.OnceFunc(func() { close(p.hushed); p.working.Wait() })
	t.Cleanup(p.hush)
	return p
}

// publish publishes to a publisher's rooms, one after another.
func (p *publishers) publish(first int) {
	tick := time.NewTicker(p.pause)
	defer tick.Stop()
	by := publishingClient(first%2 == 0)
	defer by.CloseIdleConnections()
	for {
		for room := first; room < len(p.rooms); room += publisherCount {
			select {
			case <-p.hushed:
				return
			case <-tick.C:
				p.say(room, by)
			}
		}
	}
}

// publishingClient is how a publisher asks: over a connection that it keeps, or a new
// one each time.
func publishingClient(keeps bool) *http.Client {
	return &http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: !keeps}}
}

// say publishes a room's next message, as often as it takes.
func (p *publishers) say(room int, by *http.Client) {
	p.mu.Lock()
	number := len(p.rooms[room])
	p.mu.Unlock()
	url := fmt.Sprintf("http://%s/api/rooms/%s/broadcast", p.address, rollingRoom(room))
	message := fmt.Sprintf(`{"type":"rolling","action":"count","data":%d}`, number)
	for {
		began := time.Since(p.began)
		answer, err := by.Post(url, "application/json", strings.NewReader(message))
		if err != nil { // nobody could say whether it has been published
			p.t.Errorf("a publish request broke off: %v", err)
			return
		}
		_ = answer.Body.Close()
		switch answer.StatusCode {
		case http.StatusOK:
			p.note(room, publication{began, time.Since(p.began)})
			return
		case http.StatusServiceUnavailable:
			p.retries.Add(1)
			time.Sleep(rollingCheck)
		default:
			p.t.Errorf("a publish request was answered %s", answer.Status)
			return
		}
	}
}

func (p *publishers) note(room int, accepted publication) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rooms[room] = append(p.rooms[room], accepted)
}

// finish ends publishing, with one more message for each room, and returns all.
func (p *publishers) finish() [][]publication {
	p.hush()
	for room := range p.rooms {
		p.say(room, publishingClient(false))
	}
	return p.rooms
}

// rollingRoom is a room's name.
func rollingRoom(room int) string { return fmt.Sprint("room-", room) }
