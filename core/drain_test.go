package core_test

import (
	"log/slog"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/codec"
	"github.com/gannet-ws/gannet/core"
)

// A client that reads, however slowly, is given DrainTimeout to take what waits
// for it; CloseTimeout is for its answer to the close frame.
func TestDrain_SlowReaderGetsEverything(t *testing.T) {
	server, err := core.New(core.Options{
		Addr: "127.0.0.1:0", Log: slog.New(slog.DiscardHandler),
		MaxBacklog: 16 << 20, CloseTimeout: 100 * time.Millisecond, DrainTimeout: time.Hour, DrainPeriod: allAtOnce,
	})
	require.NoError(t, err)
	stop := run(t, server)
	slow := upgrade(t, server, cramped(t, server))
	const messages = 40
	payload := codec.AppendString(nil, string(make([]byte, 10_000))) // 60 KB of escapes
	for range messages {
		_, err := server.Publish(core.Publication{To: core.All(), Message: newMessage("t", "a", payload)})
		require.NoError(t, err)
	}
	eventually(t, func() bool { return server.Stats().Blocked == 1 }, "the socket is full")
	stopped := make(chan error, 1)
	go func() { stopped <- stop() }()
	eventually(t, func() bool { return server.State() == core.StateDraining }, "it drains")

	texts, closed := 0, false
	reader, config := codec.Reader{}, codec.ReaderConfig{Client: true}
	for buffer := make([]byte, 64<<10); !closed; {
		n, err := slow.Read(buffer)
		require.NoError(t, err, "cut off after %d messages", texts)
		for in := buffer[:n]; ; {
			frame, ok, used, err := reader.Next(&config, in)
			require.NoError(t, err)
			if in = in[used:]; !ok {
				break
			}
			if closed = frame.Opcode == codec.OpClose; closed {
				require.Equal(t, "\x03\xf4draining", string(frame.Payload))
				break
			}
			texts++
		}
		time.Sleep(2 * time.Millisecond) // a slow line: more than CloseTimeout in all
	}
	require.Equal(t, messages, texts)
	_, _ = slow.Write(codec.AppendMaskedFrame(nil, codec.OpClose, true, [4]byte{}, nil))
	_ = slow.Close()
	require.NoError(t, <-stopped)
}

// On a busy port somebody always comes. That must not keep a server whose clients
// have gone.
func TestDrain_DoesNotWaitForThoseWhoCome(t *testing.T) {
	server := newServer(t, core.Options{DrainTimeout: time.Hour})
	ran, stop := runInBackground(t, server)
	address, dialled := server.Addr().String(), make(chan struct{})
	go func() {
		defer close(dialled)
		var open []net.Conn
		defer func() {
			for _, conn := range open {
				_ = conn.Close()
			}
		}()
		for {
			conn, err := net.Dial("tcp", address)
			if err != nil {
				return // the server has gone
			}
			open = append(open, conn)
			time.Sleep(10 * time.Millisecond)
		}
	}()
	eventually(t, func() bool { return server.Stats().Connections > 0 }, "they come")
	stop()
	returns(t, ran)
	next(t, dialled)
}
