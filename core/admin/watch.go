package admin

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"time"
	"unicode/utf8"

	"github.com/gannet-ws/gannet/core"
)

const (
	// mostWatchers leaves half of the listener's connections to others.
	mostWatchers = core.AdminDescriptors / 2
	// watchHeartbeat is how often a stream has something to say, if only that it
	// lasts: so each side notices when the other has gone.
	watchHeartbeat = 5 * time.Second
	// watchPatience is how long a write, or the bus to subscribe, is waited for.
	watchPatience = 2 * time.Second
	// watchedText is the bytes of a message that are shown.
	watchedText = 16 << 10
)

// watch answers with the messages to the room that the query names, where any name can
// stand, from now on, as a stream of server-sent events: open, message, skipped, and end
// when the server stops. It costs a room that nobody watches nothing, and delays nobody:
// what the peer takes too slowly is skipped, and said to be.
func (a *Admin) watch(w http.ResponseWriter, r *http.Request) {
	defer a.watching.Add(-1)
	if a.watching.Add(1) > int64(max(0, a.options.MaxWatchers)) {
		w.Header().Set("Retry-After", "5")
		a.refuse(w, &apiError{"As many rooms are watched as may be", tooManyWatchers})
		return
	}
	subscribing, enough := context.WithTimeout(r.Context(), watchPatience)
	defer enough()
	room := r.URL.Query().Get("room")
	watch, err := a.server.Watch(subscribing, room)
	if err != nil {
		a.refuseWatch(w, err)
		return
	}
	defer watch.Close()
	stream := newEventStream(w)
	stream.send("open", map[string]any{"room": room, "degraded": watch.Degraded()})
	a.follow(r.Context(), watch, stream)
}

// refuseWatch says why a room cannot be watched.
func (a *Admin) refuseWatch(w http.ResponseWriter, err error) {
	var public *core.Error
	if errors.As(err, &public) && public.Code == "BAD_ROOM_NAME" {
		a.refuse(w, &apiError{public.Text, badRoomName})
		return
	}
	w.Header().Set("Retry-After", "1")
	a.refuse(w, &apiError{"Server does not run", notRunning})
}

// follow sends what comes until the peer or the server has enough.
func (a *Admin) follow(peer context.Context, watch *core.Watch, stream *eventStream) {
	heartbeat := time.NewTicker(a.heartbeat)
	defer heartbeat.Stop()
	for stream.flush() {
		select {
		case <-watch.More():
			sendWatched(watch, stream)
		case <-heartbeat.C:
			stream.comment("still here")
		case <-watch.Ended():
			stream.end()
			return
		case <-a.ending:
			stream.end()
			return
		case <-peer.Done():
			return
		}
	}
}

// watched is a message as the stream has it. It is text, whatever it is: who reads
// it need not parse what others have written.
type watched struct {
	At   time.Time `json:"at"`
	Size int       `json:"size"` // of the message, in bytes
	Text string    `json:"text"` // of it, or of its beginning
	Some bool      `json:"some,omitempty"`
}

func sendWatched(watch *core.Watch, stream *eventStream) {
	messages, skipped := watch.Take()
	for i := range messages {
		m := &messages[i]
		payload := m.Message.Payload()
		stream.send("message", watched{At: m.At, Size: len(payload), Text: beginning(payload), Some: m.Some})
	}
	if skipped > 0 {
		stream.send("skipped", map[string]uint64{"count": skipped})
	}
}

// beginning is the text, cut between two characters where it is long.
func beginning(payload []byte) string {
	if len(payload) <= watchedText {
		return string(payload)
	}
	end := watchedText
	for end > 0 && !utf8.RuneStart(payload[end]) {
		end--
	}
	return string(payload[:end])
}

// eventStream writes server-sent events.
type eventStream struct {
	w       http.ResponseWriter
	control *http.ResponseController
}

// newEventStream begins an answer that lasts longer than others may.
func newEventStream(w http.ResponseWriter) *eventStream {
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no") // proxies pass on what there is
	return &eventStream{w: w, control: http.NewResponseController(w)}
}

// send adds an event.
func (s *eventStream) send(event string, data any) {
	encoded, _ := json.Marshal(data) // it has a form
	s.write("event: " + event + "\ndata: " + string(encoded) + "\n\n")
}

// comment adds what readers skip.
func (s *eventStream) comment(text string) { s.write(": " + text + "\n\n") }

// write gives the peer time to take some text. That it has not shows in flush.
func (s *eventStream) write(text string) {
	_ = s.control.SetWriteDeadline(time.Now().Add(watchPatience))
	_, _ = io.WriteString(s.w, text)
}

// flush sends what was written, and reports whether the peer takes it.
func (s *eventStream) flush() bool { return s.control.Flush() == nil }

// end says that the server has no more, so that nobody looks for a fault elsewhere.
func (s *eventStream) end() {
	s.send("end", map[string]string{"reason": "The server stops"})
	s.flush()
}
