//go:build !race

package core

import (
	"bufio"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lxzan/gws"
	"golang.org/x/sys/unix"

	"github.com/gannet-ws/gannet/codec"
	"github.com/gannet-ws/gannet/shard"
)

// BenchmarkCompressedFanOut sends one message to all members of a room with
// compression, here and with the Broadcaster of gws. It is named by members x
// bytes. The CPU is that of the whole process for each delivery, a write to
// /dev/null included:
//
//	go test ./core -run '^$' -bench CompressedFanOut -count 5
func BenchmarkCompressedFanOut(b *testing.B) {
	for _, shape := range []struct{ members, bytes int }{{100, 1024}, {10_000, 1024}, {10_000, 16 << 10}} {
		payload := []byte(strings.Repeat(`{"type":"chat","action":"message","data":{"text":"hello"}},`, shape.bytes/59+1)[:shape.bytes])
		for _, one := range []struct {
			name    string
			prepare func(b *testing.B, members int) (publish func(payload []byte))
		}{{"gannet", gannetFanOut}, {"gws", gwsFanOut}} {
			b.Run(fmt.Sprintf("%s/%dx%d", one.name, shape.members, shape.bytes), func(b *testing.B) {
				publish := one.prepare(b, shape.members)
				publish(payload)
				before := cpuTime(b)
				b.ReportAllocs()
				for b.Loop() {
					publish(payload)
				}
				b.ReportMetric(float64((cpuTime(b)-before).Nanoseconds())/float64(b.N*shape.members), "cpu-ns/delivery")
			})
		}
	}
}

// cpuTime is what the process has used so far.
func cpuTime(b *testing.B) time.Duration {
	var used unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

func openNull(b *testing.B) *os.File {
	sink, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = sink.Close() })
	return sink
}

// gannetFanOut makes a loop, turned by hand, with a room.
func gannetFanOut(b *testing.B, members int) func([]byte) {
	server, err := New(Options{Loops: 1, Compression: CompressionOn, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	l, err := newLoop(server, 0)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(l.poll.Discard)
	server.loops[0].Store(l)
	sink := openNull(b)
	for range members {
		c := l.shard.Add(shard.Socket{FD: int32(sink.Fd())}, nil)
		l.shard.SetWindow(c, codec.Window15)
		l.shard.Join(c, "room")
	}
	return func(payload []byte) {
		_, _ = server.Publish(Publication{To: Room("room"), Message: codec.NewMessage(codec.OpText, payload)})
		for l.shard.Turn() {
		}
	}
}

// nullConn is a connection whose peer takes all.
type nullConn struct {
	*os.File
	written *sync.WaitGroup // nil during the upgrade
}

func (c *nullConn) Write(p []byte) (int, error) {
	if c.written != nil {
		defer c.written.Done()
	}
	return c.File.Write(p)
}

func (*nullConn) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (*nullConn) RemoteAddr() net.Addr             { return &net.TCPAddr{} }
func (*nullConn) SetDeadline(time.Time) error      { return nil }
func (*nullConn) SetReadDeadline(time.Time) error  { return nil }
func (*nullConn) SetWriteDeadline(time.Time) error { return nil }

// gwsFanOut makes a server on gws with as many connections.
func gwsFanOut(b *testing.B, members int) func([]byte) {
	upgrader := gws.NewUpgrader(&gws.BuiltinEventHandler{}, &gws.ServerOption{
		PermessageDeflate: gws.PermessageDeflate{Enabled: true, Threshold: 512, Level: 1},
	})
	request := &http.Request{Method: http.MethodGet, Header: http.Header{}}
	for name, value := range map[string]string{
		"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13",
		"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits",
	} {
		request.Header.Set(name, value)
	}
	sink, reader := openNull(b), bufio.NewReader(nil)
	var written sync.WaitGroup
	var conns []*gws.Conn
	for range members {
		null := &nullConn{File: sink}
		conn, err := upgrader.UpgradeFromConn(null, reader, request)
		if err != nil {
			b.Fatal(err)
		}
		null.written = &written
		conns = append(conns, conn)
	}
	return func(payload []byte) {
		written.Add(len(conns))
		broadcaster := gws.NewBroadcaster(gws.OpcodeText, payload)
		for _, conn := range conns {
			_ = broadcaster.Broadcast(conn)
		}
		written.Wait()
		_ = broadcaster.Close()
	}
}
