package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/gannet-ws/gannet/codec"
)

// maxPublish is the largest body in bytes that the floor's HTTP side reads.
const maxPublish = 4 << 20

// FloorServer is the process that runs the bare loop behind the same publishing
// requests as a real server. The scenarios start it; it checks nothing and is
// good for nothing else.
type FloorServer struct {
	Addr      string `help:"Address of the sockets." default:"127.0.0.1:3000" placeholder:"HOST:PORT"`
	AdminAddr string `help:"Address of the publishing requests." default:"127.0.0.1:3001" placeholder:"HOST:PORT"`
	Workers   int    `help:"Processes that share the sockets; worker k has its publishing requests on the port plus k." default:"1" placeholder:"N"`
}

// Run serves until ctx ends. It prints nothing.
func (s *FloorServer) Run(ctx context.Context, _ io.Writer) error {
	others, err := s.startOthers()
	if err != nil {
		return err
	}
	defer others.stop()
	f, err := newFloor(s.Addr)
	if err != nil {
		return err
	}
	f.others = others
	return f.serve(ctx, s.AdminAddr)
}

// serve runs the loop and its HTTP side until ctx ends or one of them fails.
func (f *floor) serve(ctx context.Context, adminAddr string) error {
	listener, err := net.Listen("tcp", adminAddr)
	if err != nil {
		f.close()
		return fmt.Errorf("bench: floor: %w", err)
	}
	server := &http.Server{Handler: f.handler(), ReadHeaderTimeout: 10 * time.Second}
	failed := make(chan error, 2)
	go func() { failed <- f.run() }()
	go func() { failed <- server.Serve(listener) }()

	stop := context.AfterFunc(ctx, func() {
		f.end()
		_ = server.Close()
	})
	defer stop()
	first := <-failed
	f.end()
	_ = server.Close()
	second := <-failed
	for _, err := range []error{first, second} {
		if err != nil && !errors.Is(err, http.ErrServerClosed) {
			return err
		}
	}
	return nil
}

func (f *floor) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+pathReady, func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("GET "+pathSettle, func(http.ResponseWriter, *http.Request) {
		runtime.GC()
		debug.FreeOSMemory()
	})
	mux.HandleFunc("GET "+pathMetrics, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprintf(w, "%s %d\n", metricWrites, f.writes.Load())
	})
	mux.HandleFunc("POST /api/rooms/{room}/broadcast", f.broadcast)
	mux.HandleFunc("POST "+pathPublish, f.publishLines)
	return mux
}

// broadcast takes one message and writes one frame.
func (f *floor) broadcast(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxPublish))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	defer f.others.forward(r, body)()
	n := f.publish(r.PathValue("room"), codec.AppendFrame(nil, codec.OpText, body))
	_ = json.NewEncoder(w).Encode(publishAnswer{Receivers: n})
}

// publishLines takes many messages and writes those of a room in one piece.
func (f *floor) publishLines(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxPublish))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	merged := make(map[string][]byte)
	var rooms []string // one entry a line
	lines := json.NewDecoder(bytes.NewReader(body))
	for {
		var line publishLine
		if err := lines.Decode(&line); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		merged[line.Room] = codec.AppendFrame(merged[line.Room], codec.OpText, line.Message)
		rooms = append(rooms, line.Room)
	}
	defer f.others.forward(r, body)()
	receivers := make(map[string]int, len(merged))
	for room, frames := range merged {
		receivers[room] = f.publish(room, frames)
	}
	var answer bytes.Buffer
	for _, room := range rooms {
		_ = json.NewEncoder(&answer).Encode(publishAnswer{Receivers: receivers[room]})
	}
	_, _ = answer.WriteTo(w)
}
