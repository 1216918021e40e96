package bench

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

const patience = 15 * time.Second

// Every scenario counts the same, however many processes hold the sockets.
func TestGenerator_ManyProcesses(t *testing.T) {
	type scenario interface {
		Run(ctx context.Context, out io.Writer) error
	}
	const short = 200 * time.Millisecond
	tests := map[string]struct {
		scenario  func(t Target) scenario
		delivered uint64 // 0: whatever is expected
	}{
		"fanout": {func(t Target) scenario {
			return &Fanout{Target: t, Conns: 203, Rooms: 5, Size: 128, Rate: 100, Duration: short, Rounds: 1}
		}, 20*203/5 + fanoutWarmUp*203},
		"flood": {func(t Target) scenario {
			flood := Flood{Flood: true, Batch: 20, Window: 50}
			return &Fanout{Target: t, Flood: flood, Conns: 50, Rooms: 5, Size: 128, Rate: 1, Duration: short, Rounds: 1}
		}, 0},
		"merged": {func(t Target) scenario {
			return &Merged{Target: t, Conns: 101, Rooms: 2, Size: 128, Batch: 20, Rounds: 3, Repeat: 1}
		}, 101 * 20 * 4},
		"idle": {func(t Target) scenario {
			return &Idle{Target: t, Conns: 203, Rounds: 1}
		}, 0},
		"echo": {func(t Target) scenario {
			return &Echo{Target: t, Conns: 53, Size: 160, Type: "demo", Action: "echo", Duration: short, Rounds: 1}
		}, 0},
		"echo on time": {func(t Target) scenario {
			return &Echo{Target: t, Conns: 53, Size: 160, Rate: 500, Type: "demo", Action: "echo", Duration: short, Rounds: 1}
		}, 0},
		"echo of one": {func(t Target) scenario {
			return &Echo{Target: t, Conns: 1, Size: 160, Rate: 100, Type: "demo", Action: "echo", Duration: short, Rounds: 1}
		}, 0},
		"rooms": {func(t Target) scenario {
			return &Rooms{Target: t, Conns: 53, Rooms: 7, Size: 192, Every: short / 2, Duration: short, Rounds: 1}
		}, 0},
		"storm": {func(t Target) scenario {
			return &Storm{Target: t, Conns: 103, Rooms: 7, Steady: 3, InFlight: 50, Type: "demo", Action: "echo", Rounds: 1}
		}, 0},
	}
	for name, test := range maps.Clone(tests) {
		tests[name+" over TLS"] = test
	}
	for key, test := range tests {
		t.Run(key, func(t *testing.T) {
			t.Parallel()
			target := startFloor(t, nil)
			name, secure := strings.CutSuffix(key, " over TLS")
			if secure {
				behindTLS(t, &target)
			}
			target.ConnsPerProcess = 40
			r, err := run(t, func(ctx context.Context, out *bytes.Buffer) error { return test.scenario(target).Run(ctx, out) })
			require.NoError(t, err)
			assert.Equal(t, r.Connections, r.Alive)
			assert.Equal(t, r.Expected, r.Delivered)
			assert.Zero(t, r.Foreign)
			if test.delivered > 0 {
				assert.Equal(t, test.delivered, r.Delivered)
			}
			if name != "idle" {
				assert.Positive(t, r.Delivered)
				assert.Positive(t, r.LatencyP50)
				assert.NotEmpty(t, r.Percentiles)
			}
			require.NotEmpty(t, r.Samples)
			if name != "storm" { // where the samples are the crowd's
				assert.Equal(t, r.Delivered, r.Samples[len(r.Samples)-1].Delivered)
			}
		})
	}
}

// Only who has too many sockets forks, and every socket is held once.
func TestGenerator_Shares(t *testing.T) {
	for conns, processes := range map[int]int{0: 1, 1: 1, 40: 1, 41: 2, 80: 2, 81: 3, 1000: 25} {
		n := max((conns+39)/40, 1)
		require.Equal(t, processes, n)
		next := 0
		for k := range n {
			p := plan{Conns: conns}.share(k, n)
			assert.Equal(t, next, p.First)
			assert.LessOrEqual(t, p.Held, 40)
			next += p.Held
		}
		assert.Equal(t, conns, next)
	}
}

// Together the loops of all processes send as many messages as they should.
func TestLoop_SharesTheRate(t *testing.T) {
	rate := 0.0
	for k := range 3 {
		p := plan{Conns: 100, Loops: 2, Requests: &requests{Rate: 500}}.share(k, 3)
		for i := range 2 {
			l, err := newLoop(&p, i)
			require.NoError(t, err)
			l.poller.close()
			rate += float64(time.Second) / float64(l.interval())
		}
	}
	assert.InEpsilon(t, 500, rate, 0.001)
}

// held starts a generator of two processes with ten sockets.
func held(t *testing.T) *generator {
	t.Helper()
	e, err := parseEndpoint(startFloor(t, nil).URL)
	require.NoError(t, err)
	g, err := startGenerator(plan{Endpoint: e, Conns: 10, Rooms: 2, Size: 128}, 5, []string{os.Args[0]})
	require.NoError(t, err)
	t.Cleanup(func() { _, _ = g.close() })
	require.NoError(t, g.connect(t.Context()))
	return g
}

// connect waits for the break, and not only for sockets that were ready before.
func TestGenerator_ConnectsAgainAfterABreak(t *testing.T) {
	g := held(t)
	for i := range 3 {
		g.sever()
		require.NoError(t, g.connect(t.Context()))
		s := g.state()
		assert.Equal(t, state{Ready: 10, Breaks: int64(2 * (i + 1))}, s)
	}
}

func TestGenerator_ProcessThatDiesIsAnError(t *testing.T) {
	g := held(t)
	pids := g.pids()
	require.Len(t, pids, 3)
	require.NoError(t, unix.Kill(pids[2], unix.SIGKILL))
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	err := g.await(ctx, 1)
	require.ErrorContains(t, err, "a process of the load generator ("+strconv.Itoa(pids[2])+") failed")
	require.ErrorIs(t, err, g.connect(ctx))
	_, err = g.close()
	require.ErrorContains(t, err, "failed")
	for _, pid := range pids[1:] {
		assert.ErrorIs(t, unix.Kill(pid, 0), unix.ESRCH, "nobody is left")
	}
}

func TestGenerator_ProcessThatCannotBegin(t *testing.T) {
	e, err := parseEndpoint("ws://" + testAddr(t) + "/ws")
	require.NoError(t, err)
	g, err := startGenerator(plan{Endpoint: e, Conns: 2}, 1, []string{os.Args[0], "mute"})
	if err == nil { // it took its plan before it ended
		err = g.connect(t.Context())
		_, _ = g.close()
	}
	require.ErrorContains(t, err, "nothing to say")
	_, err = startGenerator(plan{Conns: 2}, 1, []string{"/nowhere"})
	require.ErrorContains(t, err, "/nowhere")
}

func TestGenerator_ProcessWithoutAPlan(t *testing.T) {
	for _, input := range []string{"", "nonsense", `{"Conns":"many"}`} {
		require.ErrorContains(t, holdSockets(t.Context(), strings.NewReader(input), io.Discard), "plan")
	}
	require.ErrorContains(t, holdSockets(t.Context(), strings.NewReader(`{"Held":100000000}`), io.Discard), "conns-per-process")
}

func TestGenerator_ProcessesDieWithTheirParent(t *testing.T) {
	target := startFloor(t, nil)
	addr := strings.TrimSuffix(strings.TrimPrefix(target.URL, "ws://"), "/ws")
	parent := exec.Command(os.Args[0], "parent", addr)
	output, err := parent.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, parent.Start())
	line, err := bufio.NewReader(output).ReadString('\n')
	require.NoError(t, err)
	require.NoError(t, parent.Process.Kill())
	_ = parent.Wait()
	pids := strings.Fields(line)
	require.Len(t, pids, 2)
	for _, text := range pids {
		pid, err := strconv.Atoi(text)
		require.NoError(t, err)
		require.Eventually(t, func() bool { return !lives(pid) }, patience, 10*time.Millisecond)
	}
}

// lives reports whether a process runs; a zombie that nobody waits for does not.
func lives(pid int) bool {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err == nil && !bytes.HasPrefix(stat[bytes.LastIndexByte(stat, ')')+1:], []byte(" Z"))
}

func TestReport_TravelsAsJSON(t *testing.T) {
	sent := report{observation: observation{State: state{Ready: 1, Missing: 2}, Trouble: "a", Setback: "b"}, Tally: &tally{Delivered: 3, Foreign: 4}}
	for d := time.Duration(1); d < time.Hour; d *= 3 {
		sent.Tally.Latency.add(d)
	}
	b, err := json.Marshal(&sent)
	require.NoError(t, err)
	var got report
	require.NoError(t, json.Unmarshal(b, &got))
	assert.Equal(t, sent, got)
	for _, bad := range []string{`{"Counts":{"-1":1}}`, fmt.Sprintf(`{"Counts":{"%d":1}}`, histogramBuckets), `[]`} {
		assert.Error(t, json.Unmarshal([]byte(bad), new(histogram)))
	}
}
