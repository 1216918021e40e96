package bench

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func smallFloor() Floor {
	return Floor{
		Setup: Setup{JSON: "-"}, Flood: Flood{Batch: 20, Window: 100},
		Conns: 100, Size: 128, Rate: 100, Duration: 200 * time.Millisecond,
		Merge: 10, Bursts: 3, Pause: 10 * time.Millisecond, Rounds: 2,
	}
}

func TestFloorIsMeasuredAlone(t *testing.T) {
	f := smallFloor()
	var out bytes.Buffer
	require.NoError(t, f.Run(t.Context(), &out))
	var report Report
	require.NoError(t, json.Unmarshal(out.Bytes(), &report))
	assert.Equal(t, []string{"single frames", "merged"}, report.Columns)
	require.Len(t, report.Server, 2)
	require.Len(t, report.Floor, 2)
	for i := range report.Server {
		single, merged := report.Server[i], report.Floor[i]
		assert.EqualValues(t, 100*(20+fanoutWarmUp), single.Delivered)
		assert.EqualValues(t, 100*10*(3+1), merged.Delivered)
		assert.EqualValues(t, 1, merged.WritesPerSocket)
		assert.Positive(t, single.CPUPerFrame)
		assert.Positive(t, merged.FramesPerSecond)
	}
}

func TestFloorFloodsSingleFramesAndMergedOnes(t *testing.T) {
	f := smallFloor()
	f.Flood.Flood, f.Rounds = true, 1
	one, _, all := f.scenarios()
	assert.Equal(t, 1, one.Batch)
	assert.Equal(t, 20, all.Batch)
	var out bytes.Buffer
	require.NoError(t, f.Run(t.Context(), &out))
	var report Report
	require.NoError(t, json.Unmarshal(out.Bytes(), &report))
	single, merged := report.Server[0], report.Floor[0]
	assert.Positive(t, single.Delivered)
	assert.Zero(t, (merged.Delivered-100*fanoutWarmUp)%(100*20), "each request has twenty messages")
	assert.NotZero(t, single.MessagesPerSecond, "single frames are published, too")
}

func TestFloorRefusesBadOptions(t *testing.T) {
	for name, change := range map[string]func(f *Floor){
		"no sockets":       func(f *Floor) { f.Conns = 0 },
		"too many sockets": func(f *Floor) { f.Conns = 100_000_000 },
		"no rate":          func(f *Floor) { f.Rate = 0 },
		"no burst":         func(f *Floor) { f.Merge = 0 },
		"no flood":         func(f *Floor) { f.Flood.Flood, f.Batch = true, 0 },
		"loops":            func(f *Floor) { f.Loops = 2 },
		"server flags":     func(f *Floor) { f.ServerFlag = []string{"--demo"} },
		"no rounds":        func(f *Floor) { f.Rounds = 0 },
	} {
		f := smallFloor()
		change(&f)
		assert.ErrorIs(t, f.Run(t.Context(), &bytes.Buffer{}), ErrOption, name)
	}
}
