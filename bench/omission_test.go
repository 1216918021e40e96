package bench

import (
	"bytes"
	"context"
	"io"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// stall is how long a server of these tests does nothing.
const stall = time.Second

// stalling returns a target whose server stalls once, before it writes the given
// frame.
func stalling(t *testing.T, frame int) Target {
	var once sync.Once
	frames := 0
	return startFloor(t, func(int32, []byte) bool {
		if frames++; frames >= frame {
			once.Do(func() { time.Sleep(stall) })
		}
		return false
	})
}

// latencyAt returns what a share of all deliveries did not exceed.
func latencyAt(t *testing.T, r *Round, share float64) time.Duration {
	for _, p := range r.Percentiles {
		if p.Share >= share {
			return time.Duration(p.Micros * float64(time.Microsecond))
		}
	}
	require.Fail(t, "there are no percentiles")
	return 0
}

// While the server stalls one message or two are under way, of hundreds that
// should have been. The latency is that of all of them: of those that were due in
// the stall half wait for half of it, or longer.
func TestStallShowsInTheLatency(t *testing.T) {
	fanout := Fanout{Conns: 10, Rooms: 1, Size: 128, Rate: 400, Duration: 1500 * time.Millisecond, Rounds: 1}
	merged := Merged{Conns: 10, Rooms: 2, Size: 128, Batch: 2, Rounds: 300, Pause: 5 * time.Millisecond, Repeat: 1}
	rooms := Rooms{Conns: 20, Rooms: 5, Size: 192, Every: 10 * time.Millisecond, Duration: 1200 * time.Millisecond, Rounds: 1}
	echo := Echo{Conns: 10, Size: 160, Type: "demo", Action: "echo", Duration: 1200 * time.Millisecond, Rounds: 1}
	onTime := echo
	onTime.Rate = 2000

	for name, test := range map[string]struct {
		frame    int // before which the server stalls
		target   *Target
		scenario func(ctx context.Context, out io.Writer) error
	}{
		"fanout":                 {10 * 200, &fanout.Target, fanout.Run},
		"merged":                 {10 * 100, &merged.Target, merged.Run},
		"rooms":                  {500, &rooms.Target, rooms.Run},
		"echo, answer by answer": {1000, &echo.Target, echo.Run},
		"echo, on time":          {1000, &onTime.Target, onTime.Run},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			*test.target = stalling(t, test.frame)
			r, err := run(t, func(ctx context.Context, out *bytes.Buffer) error { return test.scenario(ctx, out) })
			require.NoError(t, err)
			assert.Greater(t, r.LatencyP99, 0.9*micros(stall))
			assert.Greater(t, latencyAt(t, &r, 0.75), stall/4)
			assert.Equal(t, r.Expected, r.Delivered, "what corrects the latency is no delivery")
		})
	}
}
