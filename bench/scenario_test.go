package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// impatient has a test that loses something wait for it less long.
func impatient(t *testing.T, limit time.Duration) {
	before := quietLimit
	quietLimit = limit
	t.Cleanup(func() { quietLimit = before })
}

// startFloor runs a floor in this process, ends it with the test, and returns a
// target that points at it.
func startFloor(t *testing.T, skip func(fd int32, frame []byte) bool) Target {
	t.Helper()
	return startFloorWith(t, func(f *floor) { f.skip = skip })
}

// startFloorWith is startFloor for a floor that is changed before it runs.
func startFloorWith(t *testing.T, change func(f *floor)) Target {
	t.Helper()
	f, addr := listeningFloor(t)
	adminAddr := testAddr(t)
	change(f)
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- f.serve(ctx, adminAddr) }()
	t.Cleanup(func() {
		cancel()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return Target{
		URL: "ws://" + addr + "/ws", Admin: "http://" + adminAddr, PID: os.Getpid(),
		NoFloor: true, Setup: Setup{GeneratorLoops: 2, JSON: "-"},
	}
}

// listeningFloor returns a floor and its address. Between finding a free port and
// listening at it, another test may have taken it.
func listeningFloor(t *testing.T) (*floor, string) {
	t.Helper()
	for trial := 0; ; trial++ {
		addr := testAddr(t)
		f, err := newFloor(addr)
		if err == nil {
			return f, addr
		}
		if trial == portTrials {
			t.Fatal(err)
		}
	}
}

func testAddr(t *testing.T) string {
	t.Helper()
	addr, err := freeAddr()
	if err != nil {
		t.Fatal(err)
	}
	return addr
}

// run runs a scenario and returns its first round.
func run(t *testing.T, scenario func(ctx context.Context, out *bytes.Buffer) error) (Round, error) {
	t.Helper()
	var out bytes.Buffer
	failure := scenario(t.Context(), &out)
	var report Report
	if err := json.Unmarshal(out.Bytes(), &report); err != nil {
		t.Fatalf("%v: %s (%v)", err, &out, failure)
	}
	return report.Server[0], failure
}

func TestFanoutDeliversAll(t *testing.T) {
	f := Fanout{
		Target: startFloor(t, nil),
		Conns:  200, Rooms: 3, Size: 128, Rate: 100, Duration: 300 * time.Millisecond, Rounds: 1,
	}
	r, err := run(t, func(ctx context.Context, out *bytes.Buffer) error { return f.Run(ctx, out) })
	if err != nil {
		t.Fatal(err)
	}
	// 30 messages in turn to rooms of 67, 67 and 66 sockets, and the warm-up.
	if want := uint64(10*200 + fanoutWarmUp*200); r.Expected != want || r.Delivered != want || r.Receivers != want {
		t.Errorf("expected %d, delivered %d, announced %d, want %d", r.Expected, r.Delivered, r.Receivers, want)
	}
	if r.Alive != 200 || r.Lost != 0 || r.OutOfOrder != 0 || r.Duplicates != 0 || r.Foreign != 0 {
		t.Errorf("%+v", r)
	}
	if r.CPUPerFrame <= 0 || r.LatencyP50 <= 0 || r.LatencyMax < r.LatencyP99 || r.LatencyP99 < r.LatencyP50 {
		t.Errorf("%+v", r)
	}
}

func TestFanoutReportsLoss(t *testing.T) {
	impatient(t, 2*time.Second)
	frames := 0
	target := startFloor(t, func(int32, []byte) bool {
		frames++
		return frames == 777
	})
	f := Fanout{
		Target: target,
		Conns:  200, Rooms: 1, Size: 128, Rate: 100, Duration: 100 * time.Millisecond, Rounds: 1,
	}
	r, err := run(t, func(ctx context.Context, out *bytes.Buffer) error { return f.Run(ctx, out) })
	if !errors.Is(err, ErrDelivery) {
		t.Errorf("error = %v", err)
	}
	if r.Lost != 1 || r.Delivered != r.Expected-1 {
		t.Errorf("%+v", r)
	}
}

func TestMergedWritesOnce(t *testing.T) {
	m := Merged{
		Target: startFloor(t, nil),
		Conns:  200, Rooms: 2, Size: 128, Batch: 20, Rounds: 5, Pause: time.Millisecond, Repeat: 1,
	}
	r, err := run(t, func(ctx context.Context, out *bytes.Buffer) error { return m.Run(ctx, out) })
	if err != nil {
		t.Fatal(err)
	}
	if want := uint64(200 * 20 * 6); r.Delivered != want || r.Receivers != want {
		t.Errorf("delivered %d, announced %d, want %d", r.Delivered, r.Receivers, want)
	}
	if r.WritesPerSocket != 1 {
		t.Errorf("%v writes per socket and burst", r.WritesPerSocket)
	}
}

// Frames larger than any one read arrive in pieces.
func TestMergedWithCutFrames(t *testing.T) {
	m := Merged{
		Target: startFloor(t, nil),
		Conns:  5, Rooms: 1, Size: 100_000, Batch: 9, Rounds: 3, Repeat: 1,
	}
	r, err := run(t, func(ctx context.Context, out *bytes.Buffer) error { return m.Run(ctx, out) })
	if err != nil || r.Delivered != 5*9*4 {
		t.Errorf("%v: %+v", err, r)
	}
}

// The test program plays the server too, see TestMain.
func TestSpawnedServerAndFloor(t *testing.T) {
	result := filepath.Join(t.TempDir(), "idle.json")
	i := Idle{
		Target: Target{URL: "ws://localhost/ws", Spawn: true, Setup: Setup{Loops: 1, JSON: result}},
		Conns:  300, Settle: 50 * time.Millisecond, Rounds: 2,
	}
	var out bytes.Buffer
	if err := i.Run(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "bytes per connection") {
		t.Errorf("table:\n%s", &out)
	}
	b, err := os.ReadFile(result)
	if err != nil {
		t.Fatal(err)
	}
	var report Report
	if err := json.Unmarshal(b, &report); err != nil {
		t.Fatal(err)
	}
	if len(report.Server) != 2 || len(report.Floor) != 2 || report.Floor[1].Alive != 300 {
		t.Errorf("%+v", report)
	}
}

func TestSpawnedServerThatEnds(t *testing.T) {
	i := Idle{
		Target: Target{URL: "ws://localhost/ws", Spawn: true, Setup: Setup{ServerFlag: []string{"--refuse"}}},
		Conns:  1, Rounds: 1,
	}
	err := i.Run(t.Context(), &bytes.Buffer{})
	if err == nil || !strings.Contains(err.Error(), "refusing to start") {
		t.Errorf("error = %v", err)
	}
}

func TestNobodyListens(t *testing.T) {
	f := Fanout{
		Target: Target{URL: "ws://" + testAddr(t) + "/ws", Admin: "http://" + testAddr(t), NoFloor: true},
		Conns:  10, Rooms: 1, Size: 128, Rate: 1, Duration: time.Second, Rounds: 1,
	}
	if err := f.Run(t.Context(), &bytes.Buffer{}); err == nil {
		t.Error("no error")
	}
}

func TestBadOptions(t *testing.T) {
	good := Fanout{Conns: 10, Rooms: 1, Size: 128, Rate: 1, Duration: time.Second, Rounds: 1}
	for name, change := range map[string]func(f *Fanout){
		"no sockets":     func(f *Fanout) { f.Conns = 0 },
		"too many rooms": func(f *Fanout) { f.Rooms = 11 },
		"too small":      func(f *Fanout) { f.Size = minMessage - 1 },
		"too large":      func(f *Fanout) { f.Size = maxFrame + 1 },
		"no rate":        func(f *Fanout) { f.Rate = 0 },
	} {
		f := good
		change(&f)
		if err := f.Run(t.Context(), &bytes.Buffer{}); !errors.Is(err, ErrOption) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestEchoCountsEveryAnswer(t *testing.T) {
	for name, rate := range map[string]float64{"answer by answer": 0, "on time": 500} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := Echo{
				Target: startFloor(t, nil),
				Conns:  50, Size: 160, Rate: rate, Type: "demo", Action: "echo", Duration: 200 * time.Millisecond, Rounds: 1,
			}
			r, err := run(t, func(ctx context.Context, out *bytes.Buffer) error { return e.Run(ctx, out) })
			if err != nil {
				t.Fatal(err)
			}
			if r.Expected == 0 || r.Delivered != r.Expected || r.Foreign != 0 || r.LatencyP50 <= 0 || r.CPUPerMessage <= 0 {
				t.Errorf("%+v", r)
			}
		})
	}
}

func TestRoomsReportsLoss(t *testing.T) {
	frames := 0
	for name, lost := range map[string]uint64{"none": 0, "one": 1} {
		t.Run(name, func(t *testing.T) {
			if lost > 0 {
				impatient(t, time.Second)
			}
			target := startFloor(t, func(int32, []byte) bool {
				frames++
				return lost > 0 && frames%400 == 77
			})
			rooms := Rooms{
				Target: target,
				Conns:  60, Rooms: 7, Size: 192, Every: 100 * time.Millisecond, Duration: 300 * time.Millisecond, Rounds: 1,
			}
			r, err := run(t, func(ctx context.Context, out *bytes.Buffer) error { return rooms.Run(ctx, out) })
			if lost == 0 && err != nil || lost > 0 && !errors.Is(err, ErrDelivery) {
				t.Fatal(err)
			}
			if r.Delivered == 0 || lost == 0 && r.Lost != 0 || lost > 0 && r.Lost == 0 || r.Foreign != 0 {
				t.Errorf("%+v", r)
			}
		})
	}
}

// What is sent is found in any envelope, and nothing else is.
func TestParseRequest(t *testing.T) {
	r := requests{Head: relayHead + roomMark + relayData, Tail: relayTail, Size: 200}
	r.prepare(90, 9)
	text := r.append(nil, 3, 17, 4, 1_700_000_000_000_000_000)
	if len(text) != 200 || !json.Valid(text) {
		t.Fatalf("%s", text)
	}
	for _, around := range []string{"%s", `{"response":%s}`} {
		seq, sent, from, ok := parseRequest(bytes.Replace([]byte(around), []byte("%s"), text, 1))
		if !ok || seq != 4 || sent != 1_700_000_000_000_000_000 || from != 17 {
			t.Errorf("%d %d %d %v", seq, sent, from, ok)
		}
	}
	at := bytes.Index(text, []byte(requestHead))
	for cut := range at + requestFixed - 2 {
		if _, _, _, ok := parseRequest(text[:cut]); ok {
			t.Errorf("%s", text[:cut])
		}
	}
	text[at+len(requestHead)+3] = 'x'
	if _, _, _, ok := parseRequest(text); ok {
		t.Errorf("%s", text)
	}
}
