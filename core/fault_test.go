package core_test

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/gannet-ws/gannet/bus"
	"github.com/gannet-ws/gannet/core"
)

// explosive is a response whose encoding panics.
type explosive struct{}

func (explosive) MarshalJSON() ([]byte, error) { panic("while encoding") }

// A handler's mistake costs its client at most, never the process.
func TestHandlerFault_OthersGoOn(t *testing.T) {
	faults := map[string]core.Handler{
		"panic":             func(*core.Context) (any, error) { panic("in the handler") },
		"panic in encoding": func(*core.Context) (any, error) { return explosive{}, nil },
		"nil *Error":        func(*core.Context) (any, error) { var none *core.Error; return nil, none },
	}
	for name, handler := range faults {
		t.Run(name, func(t *testing.T) {
			server := start(t, core.Options{Loops: 1}, func(s *core.Server) { s.Handle("test", "fault", handler) })
			guilty, other := connect(t, server), connect(t, server)
			require.NoError(t, guilty.conn.WriteString(`{"type":"test","action":"fault"}`))
			require.JSONEq(t, `{"type":"system","action":"pong"}`, other.ask(`{"type":"system","action":"ping"}`))
		})
	}
}

func TestHandlerPanic_Closes1011(t *testing.T) {
	for name, handler := range map[string]core.Handler{
		"in the handler": func(*core.Context) (any, error) { panic("in the handler") },
		"in encoding":    func(*core.Context) (any, error) { return explosive{}, nil },
	} {
		t.Run(name, func(t *testing.T) {
			server := start(t, core.Options{}, func(s *core.Server) { s.Handle("test", "fault", handler) })
			guilty := connect(t, server)
			guilty.send(`{"type":"test","action":"fault"}`)
			require.Equal(t, closing{1011, "internal error"}, guilty.end())
			require.EqualValues(t, 1, server.Stats().Panics)
		})
	}
}

// What is no JSON never reaches a client, whose parser it could break.
func TestHandler_RawResponseIsChecked(t *testing.T) {
	for name, raw := range map[string]string{
		"cut": `{"a":`, "empty": ``, "two values": `1 2`, "control character": "\"\x01\"", "invalid UTF-8": "\"\xff\"",
	} {
		t.Run(name, func(t *testing.T) {
			server := start(t, core.Options{}, func(s *core.Server) {
				s.Handle("test", "raw", func(*core.Context) (any, error) { return json.RawMessage(raw), nil })
			})
			reply := connect(t, server).ask(`{"type":"test","action":"raw","id":1}`)
			require.Equal(t, `{"type":"error","action":"message","data":{"error":"Internal error","code":"INTERNAL"},"id":1}`, reply)
			require.EqualValues(t, 1, server.Stats().HandlerErrors)
		})
	}
}

// pendingBus confirms a room when the test says so.
type pendingBus struct {
	bus.Local
	asked chan func(error)
}

func (b *pendingBus) Standing(string) bool             { return false }
func (b *pendingBus) Await(_ string, done func(error)) { b.asked <- done }

// A loop that has ended has closed its descriptors. Their numbers
// may belong to others by the time that something rings it.
func TestAwait_ConfirmedAfterStop(t *testing.T) {
	for name, answer := range map[string]error{"confirmed": nil, "failed": errors.New("away")} {
		t.Run(name, func(t *testing.T) {
			nodes := &pendingBus{asked: make(chan func(error), 1)}
			server, err := core.New(core.Options{Addr: "127.0.0.1:0", Bus: nodes, Loops: 1, DrainPeriod: allAtOnce})
			require.NoError(t, err)
			stop := run(t, server)
			connect(t, server).send(`{"type":"system","action":"joinRoom","data":{"roomName":"general"}}`)
			done := <-nodes.asked
			require.NoError(t, stop())

			pipes := socketPairs(t, 64)
			done(answer)
			for _, fd := range pipes {
				n, err := unix.Read(fd, make([]byte, 16))
				require.ErrorIs(t, err, unix.EAGAIN, "%d bytes were written to a descriptor that is not the server's", n)
			}
		})
	}
}

// socketPairs takes the lowest free descriptors, in pairs.
func socketPairs(t *testing.T, n int) (fds []int) {
	t.Helper()
	for range n {
		pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
		require.NoError(t, err)
		fds = append(fds, pair[0], pair[1])
		t.Cleanup(func() { _ = unix.Close(pair[0]); _ = unix.Close(pair[1]) })
	}
	return fds
}
