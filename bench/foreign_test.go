package bench

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/lxzan/gws"
)

// foreignServer is a server that speaks in the manner of Centrifugo: commands and
// replies in lines, subscriptions, pushes around messages, an API with a key. It
// asks each client for a sign of life before it lets it subscribe.
type foreignServer struct {
	gws.BuiltinEventHandler

	quoted   bool // messages stand in JSON strings
	together int  // pushes in one frame; what does not fill one waits
	refuse   bool // nobody may subscribe

	mutex    sync.Mutex
	channels map[string][]*gws.Conn
	waiting  map[*gws.Conn]string // the channel of who has to answer a ping
	held     map[string][]string  // pushes of a channel
}

// foreignDialect is what to say to it.
func foreignDialect(apiURL string) Dialect {
	ready := `"subscribe":{}`
	return Dialect{
		Hello: []string{`{"id":1,"connect":{"name":"{conn}"}}`, `{"id":2,"subscribe":{"channel":"{room}"}}`},
		Ready: &ready, Ping: "{}", Pong: "{}",
		Request:       `{"id":{id},"publish":{"channel":"{room}","data":{message}}}`,
		PublishURL:    apiURL + "/api/publish",
		PublishBody:   `{"channel":"{room}","data":{message}}`,
		PublishHeader: []string{"X-API-Key: a key: with a colon"},
	}
}

// startForeign runs such a server until the test ends, and returns a target that
// points at it.
func startForeign(t *testing.T, secure bool, change func(f *foreignServer, d *Dialect)) Target {
	t.Helper()
	f := &foreignServer{
		together: 1, channels: map[string][]*gws.Conn{}, waiting: map[*gws.Conn]string{}, held: map[string][]string{},
	}
	upgrader := gws.NewUpgrader(f, &gws.ServerOption{})
	mux := http.NewServeMux()
	mux.HandleFunc("GET /connection", func(w http.ResponseWriter, r *http.Request) {
		if socket, err := upgrader.Upgrade(w, r); err == nil {
			go socket.ReadLoop()
		}
	})
	mux.HandleFunc("POST /api/publish", f.publishHTTP)
	server := httptest.NewUnstartedServer(mux)
	target := Target{PID: os.Getpid(), NoFloor: true, Setup: Setup{GeneratorLoops: 2, JSON: "-", ConnsPerProcess: 20}}
	scheme, start := "http", server.Start
	if secure {
		scheme, start = "https", server.StartTLS
	}
	url := scheme + "://" + server.Listener.Addr().String()
	target.URL = strings.Replace(url, "http", "ws", 1) + "/connection"
	target.Dialect = foreignDialect(url)
	change(f, &target.Dialect)
	start()
	t.Cleanup(server.Close)
	if secure {
		target.CA = caFile(t, server.Certificate())
	}
	return target
}

func (f *foreignServer) publishHTTP(w http.ResponseWriter, r *http.Request) {
	var publication struct {
		Channel string          `json:"channel"`
		Data    json.RawMessage `json:"data"`
	}
	body, _ := io.ReadAll(r.Body)
	switch err := json.Unmarshal(body, &publication); {
	case r.Header.Get("X-Api-Key") != "a key: with a colon":
		http.Error(w, "wrong key", http.StatusUnauthorized)
	case err != nil:
		http.Error(w, err.Error(), http.StatusBadRequest)
	case publication.Channel == "":
		_, _ = w.Write([]byte(`{"error":{"code":102,"message":"unknown channel"}}`))
	default:
		f.push(publication.Channel, publication.Data)
		_, _ = w.Write([]byte(`{"result":{}}`))
	}
}

// push delivers a message to a channel.
func (f *foreignServer) push(channel string, data []byte) {
	if f.quoted && data[0] != '"' {
		data, _ = json.Marshal(string(data))
	}
	f.mutex.Lock()
	defer f.mutex.Unlock()
	f.held[channel] = append(f.held[channel], fmt.Sprintf(`{"push":{"channel":%q,"pub":{"data":%s}}}`, channel, data))
	if len(f.held[channel]) < f.together {
		return
	}
	for _, socket := range f.channels[channel] {
		_ = socket.WriteString(strings.Join(f.held[channel], "\n"))
	}
	delete(f.held, channel)
}

// OnMessage runs on the goroutine that reads the socket.
func (f *foreignServer) OnMessage(socket *gws.Conn, message *gws.Message) {
	defer func() { _ = message.Close() }()
	for line := range bytes.SplitSeq(message.Bytes(), []byte("\n")) {
		var command struct {
			ID        int                       `json:"id"`
			Connect   *struct{ Name string }    `json:"connect"`
			Subscribe *struct{ Channel string } `json:"subscribe"`
			Publish   *struct {
				Channel string
				Data    json.RawMessage
			} `json:"publish"`
			RPC *struct{ Data json.RawMessage } `json:"rpc"`
		}
		_ = json.Unmarshal(line, &command)
		switch {
		case command.Connect != nil:
			f.waits(socket, "")
			_ = socket.WriteString(fmt.Sprintf(`{"id":%d,"connect":{"client":%q}}`, command.ID, command.Connect.Name))
		case command.Subscribe != nil && (f.refuse || !f.knows(socket)):
			_ = socket.WriteString(fmt.Sprintf(`{"id":%d,"error":{"code":103,"message":"permission denied"}}`, command.ID))
		case command.Subscribe != nil:
			f.waits(socket, command.Subscribe.Channel)
			_ = socket.WriteString("{\"push\":{\"message\":{}}}\n{}")
		case command.Publish != nil:
			_ = socket.WriteString(fmt.Sprintf(`{"id":%d,"publish":{}}`, command.ID))
			f.push(command.Publish.Channel, command.Publish.Data)
		case command.RPC != nil:
			_ = socket.WriteString(fmt.Sprintf(`{"id":%d,"rpc":{"data":%s}}`, command.ID, command.RPC.Data))
		case string(line) == "{}":
			f.lives(socket)
		}
	}
}

// knows reports whether a client has connected in the server's words.
func (f *foreignServer) knows(socket *gws.Conn) bool {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	_, ok := f.waiting[socket]
	return ok
}

// waits has a client wait for its pong.
func (f *foreignServer) waits(socket *gws.Conn, channel string) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	f.waiting[socket] = channel
}

// lives subscribes who has answered the ping.
func (f *foreignServer) lives(socket *gws.Conn) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	channel, ok := f.waiting[socket]
	if !ok {
		return
	}
	delete(f.waiting, socket)
	f.channels[channel] = append(f.channels[channel], socket)
	_ = socket.WriteString(`{"id":2,"subscribe":{}}`)
}

// OnClose runs on the goroutine that reads the socket.
func (f *foreignServer) OnClose(socket *gws.Conn, _ error) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	for name, members := range f.channels {
		kept := members[:0]
		for _, member := range members {
			if member != socket {
				kept = append(kept, member)
			}
		}
		f.channels[name] = kept
	}
}
