package bench

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestCountWorkers(t *testing.T) {
	for flags, want := range map[string]int{
		"":                                1,
		"--loops 3":                       1,
		"--workers=12":                    12,
		"--workers 3 --loops 2":           3,
		"--workers":                       1,
		"--workers=x":                     1,
		"--workers=0":                     1,
		"--workers=2 --workers=5":         5,
		"--workers-of-another-kind=7 --a": 1,
	} {
		assert.Equal(t, want, countWorkers(strings.Fields(flags)), flags)
	}
}

func TestFreeAddrs(t *testing.T) {
	addrs, err := freeAddrs(5)
	require.NoError(t, err)
	require.Len(t, addrs, 5)
	next, ok := following(addrs[0], 5)
	assert.True(t, ok)
	assert.Equal(t, addrs, next)
	_, ok = following("127.0.0.1:65535", 2)
	assert.False(t, ok, "there is no port 65536")
}

// A server with workers is more than one process: all that it uses counts.
func TestSpawnedServerWithWorkers(t *testing.T) {
	target := Target{URL: "ws://localhost/ws", Spawn: true, NoFloor: true, Setup: Setup{ServerFlag: []string{"--workers=2"}}}
	assert.Equal(t, []string{"serve", "--workers=2"}, target.serve(1000), "a limit would be each worker's")
	s, err := target.open(t.Context(), 1000)
	require.NoError(t, err)
	defer s.close()
	require.Len(t, s.admin.bases, 2)
	pids := family(s.pid)
	require.Len(t, pids, 2)
	all, err := sumResident(pids)
	require.NoError(t, err)
	parent, err := residentBytes(s.pid)
	require.NoError(t, err)
	assert.Greater(t, all, parent)
	used, err := sumCPU(pids)
	require.NoError(t, err)
	assert.Positive(t, used.Total)
	sum, err := s.admin.metric(t.Context(), metricWrites)
	require.NoError(t, err)
	assert.Zero(t, sum, "both have answered")
	r := Round{Expected: 2}
	r.announced(1, s.admin)
	assert.Empty(t, r.Notes, "the first knows only its own receivers")
	s.admin.bases = append(s.admin.bases, "http://"+testAddr(t))
	assert.False(t, s.admin.ready(t.Context()), "all have to be ready")
}

// Only the first process of a sum has to live.
func TestSumOfProcesses(t *testing.T) {
	gone := exec.Command("true")
	require.NoError(t, gone.Run())
	dead := gone.Process.Pid
	_, err := sumCPU([]int{os.Getpid(), dead})
	require.NoError(t, err)
	_, err = sumResident([]int{os.Getpid(), dead})
	require.NoError(t, err)
	_, err = sumCPU([]int{dead, os.Getpid()})
	require.Error(t, err)
	_, err = sumResident([]int{dead, os.Getpid()})
	require.Error(t, err)
	assert.Equal(t, []int{dead}, family(dead))
}

func TestWatch_ShowsProgress(t *testing.T) {
	var shown tail
	before := stderr
	stderr = &shown
	defer func() { stderr = before }()
	f := Fanout{
		Target: startFloor(t, nil),
		Conns:  50, Rooms: 1, Size: 128, Rate: 50, Duration: 1200 * time.Millisecond, Rounds: 1,
	}
	f.Progress = true
	r, err := run(t, func(ctx context.Context, out *bytes.Buffer) error { return f.Run(ctx, out) })
	require.NoError(t, err)
	assert.Contains(t, shown.String(), "server: 1 s, 50 of 50 sockets ready, ")
	assert.Contains(t, shown.String(), " deliveries a second, 0 lost so far\n")
	require.NotEmpty(t, r.Samples)
	last := r.Samples[len(r.Samples)-1]
	assert.Equal(t, r.Delivered, last.Delivered)
	assert.Equal(t, 50, last.Ready)
	assert.Positive(t, last.ServerCPU)
	assert.Positive(t, last.ServerMemory)
	assert.Positive(t, last.GeneratorMemory)
	assert.False(t, isTerminal(&shown))
	file, err := os.Open(os.DevNull)
	require.NoError(t, err)
	defer func() { _ = file.Close() }()
	assert.False(t, isTerminal(file))
}

// However long it runs, samples stay few and cover all of it.
func TestWatch_KeepsABoundedNumberOfSamples(t *testing.T) {
	w := watcher{every: sampleEvery}
	for i := range 10 * maxSamples {
		w.keep(Sample{Delivered: uint64(i)})
		require.Less(t, len(w.samples), maxSamples)
	}
	assert.Greater(t, len(w.samples), maxSamples/2-1)
	assert.Greater(t, w.every, sampleEvery)
	assert.Equal(t, uint64(10*maxSamples-1), w.samples[len(w.samples)-1].Delivered)
	for i := 1; i < len(w.samples); i++ {
		require.Greater(t, w.samples[i].Delivered, w.samples[i-1].Delivered)
	}
}

// What is missing is known before the end.
func TestLoop_CountsWhatIsMissing(t *testing.T) {
	l := loop{plan: &plan{}}
	var s sequence
	for _, step := range []struct{ seq, missing uint64 }{{0, 0}, {3, 2}, {1, 1}, {4, 1}, {4, 1}, {7, 3}, {2, 2}} {
		l.deliver(&s, step.seq, 0)
		assert.Equal(t, step.missing, l.state.Missing, step.seq)
	}
}
