package main

import (
	"context"
	"encoding/json"
	"log/slog"
	"net"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lxzan/gws"
	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/core"
)

func TestBeat_FourTimesAPulse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var beats atomic.Int32
		var well atomic.Bool
		well.Store(true)
		stop := beat(20*time.Second, well.Load, func() { beats.Add(1) })
		after := func(seconds int, want int32) {
			t.Helper()
			time.Sleep(time.Duration(seconds) * time.Second)
			synctest.Wait()
			require.Equal(t, want, beats.Load())
		}
		after(4, 0)
		after(2, 1)
		after(20, 5)
		well.Store(false)
		after(60, 5)
		well.Store(true)
		after(5, 6)
		stop()
		after(60, 6)
	})
}

func TestBeat_NobodyWantsIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stop := beat(0, func() bool { return true }, func() { t.Error("it beats") })
		time.Sleep(time.Hour)
		stop()
	})
}

func TestWatchdog_Bites(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var bites atomic.Int32
		dog := watchdog{pulse: 10 * time.Second, bite: func() { bites.Add(1) }}
		wait := func(seconds int, want int32) {
			t.Helper()
			time.Sleep(time.Duration(seconds) * time.Second)
			synctest.Wait()
			require.Equal(t, want, bites.Load())
		}
		wait(60, 0) // who has never given a sign is not expected to
		for range 5 {
			dog.heard()
			wait(9, 0)
		}
		wait(2, 1)
		wait(60, 1)

		dog.heard()
		dog.leave()
		wait(60, 1)
	})
}

func TestWatchdog_NobodyWantsIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dog := watchdog{bite: func() { t.Error("it bites") }}
		dog.heard()
		dog.heard()
		time.Sleep(time.Hour)
		dog.leave()
	})
}

// A worker says that it serves, and again and again that it lives.
func TestBeat_OfAWorker(t *testing.T) {
	ours, theirs := net.Pipe()
	admin, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	port, err := holdPort("127.0.0.1:0")
	require.NoError(t, err)
	defer port.release()
	assigned := assignment{Workers: 1, Addr: port.addr.String(), Pulse: 40 * time.Millisecond}
	ctx, stop := context.WithCancel(withParent(t.Context(), &parent{assignment: assigned, control: theirs, admin: admin}))
	ended := make(chan error, 1)
	go func() {
		ended <- run(ctx, []string{"serve", "--log-level=error"})
		_ = theirs.Close() // what reads hears of it
	}()

	require.NoError(t, ours.SetReadDeadline(time.Now().Add(patience)))
	ready, beats := false, 0
	for words := json.NewDecoder(ours); !ready || beats < 3; {
		var w word
		if words.Decode(&w) != nil {
			stop()
			_ = ours.Close()
			t.Fatalf("it says no more: %v", <-ended)
		}
		ready = ready || w.Ready
		if w.Alive {
			beats++
		}
	}
	stop()
	require.NoError(t, ours.Close())
	require.NoError(t, <-ended)
}

// A loop that a handler holds does not answer, and does when it goes on.
func TestAnswering(t *testing.T) {
	server, err := core.New(core.Options{Addr: "127.0.0.1:0", Loops: 2, DrainPeriod: -1, Log: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	entered, leave := make(chan struct{}), make(chan struct{})
	server.Handle("test", "hold", func(*core.Context) (any, error) {
		close(entered)
		<-leave
		return nil, nil
	})
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- server.Run(ctx) }()
	defer func() {
		stop()
		require.NoError(t, <-ended)
	}()
	well := answering(server, time.Second)
	require.True(t, well(), "it begins")
	require.True(t, server.WaitRunning(ctx))
	require.Eventually(t, well, patience, time.Millisecond)

	conn, _, err := gws.NewClient(&gws.BuiltinEventHandler{}, &gws.ClientOption{Addr: "ws://" + server.Addr().String() + "/ws"})
	require.NoError(t, err)
	defer conn.NetConn().Close()
	require.NoError(t, conn.WriteString(`{"type":"test","action":"hold"}`))
	<-entered
	require.Eventually(t, func() bool { return !well() }, patience, time.Millisecond)
	close(leave)
	require.Eventually(t, well, patience, time.Millisecond)
}
