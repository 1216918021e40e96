package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/pprof"
)

// maxBody is the largest body of a request in bytes.
const maxBody = 4 << 20

// receiversAnswer is the answer to one message.
type receiversAnswer struct {
	Receivers int `json:"receivers"`
}

// publishLine is one line of /api/publish.
type publishLine struct {
	Room    string          `json:"room"`
	Message json.RawMessage `json:"message"`
}

// adminHandler is the part of Gannet's admin listener that the load generator
// uses. It answers only once the sockets are served, so it is always ready.
func adminHandler(p peer) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /ready", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("GET /debug/pprof/", pprof.Index) // heap?gc=1 collects garbage
	mux.HandleFunc("POST /api/rooms/{room}/broadcast", func(w http.ResponseWriter, r *http.Request) {
		message, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		n := p.publish(r.PathValue("room"), [][]byte{message})
		_ = json.NewEncoder(w).Encode(receiversAnswer{n})
	})
	mux.HandleFunc("POST /api/publish", func(w http.ResponseWriter, r *http.Request) {
		lines, err := readLines(http.MaxBytesReader(w, r.Body, maxBody))
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		_, _ = publishLines(p, lines).WriteTo(w)
	})
	return mux
}

func readLines(body io.Reader) (lines []publishLine, err error) {
	decoder := json.NewDecoder(body)
	for {
		var line publishLine
		if err := decoder.Decode(&line); errors.Is(err, io.EOF) {
			return lines, nil
		} else if err != nil {
			return nil, err
		}
		lines = append(lines, line)
	}
}

// publishLines publishes lines for one room that follow each other in one go,
// which gives a library that can merge them the chance, and returns an answer for
// each line.
func publishLines(p peer, lines []publishLine) *bytes.Buffer {
	answers := &bytes.Buffer{}
	encoder := json.NewEncoder(answers)
	for len(lines) > 0 {
		room := lines[0].Room
		var messages [][]byte
		for len(lines) > 0 && lines[0].Room == room {
			messages = append(messages, lines[0].Message)
			lines = lines[1:]
		}
		answer := receiversAnswer{p.publish(room, messages)}
		for range messages {
			_ = encoder.Encode(answer)
		}
	}
	return answers
}
