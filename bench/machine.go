package bench

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
)

// machineTime is the time of all CPUs since boot, in ticks.
type machineTime struct{ idle, total uint64 }

// idleSince returns which share of the time after the earlier reading was idle,
// from 0 to 1.
func (m machineTime) idleSince(earlier machineTime) float64 {
	if m.total <= earlier.total {
		return 0
	}
	return float64(m.idle-earlier.idle) / float64(m.total-earlier.total)
}

// readMachine reads /proc/stat.
func readMachine() (machineTime, error) {
	b, err := os.ReadFile("/proc/stat")
	if err != nil {
		return machineTime{}, fmt.Errorf("bench: reading the machine's CPU time: %w", err)
	}
	return parseMachine(b)
}

// parseMachine reads the first line: "cpu", then user, nice, system, idle,
// iowait, irq, softirq, steal; what follows is contained in user and nice.
func parseMachine(b []byte) (machineTime, error) {
	const idle, iowait, steal = 3, 4, 7
	line, _, _ := bytes.Cut(b, []byte("\n"))
	fields := bytes.Fields(bytes.TrimPrefix(line, []byte("cpu")))
	if len(fields) <= steal {
		return machineTime{}, fmt.Errorf("bench: unexpected /proc/stat: %q", line)
	}
	var m machineTime
	for i, field := range fields[:steal+1] {
		v, err := strconv.ParseUint(string(field), 10, 64)
		if err != nil {
			return machineTime{}, fmt.Errorf("bench: unexpected /proc/stat: %q", line)
		}
		m.total += v
		if i == idle || i == iowait {
			m.idle += v
		}
	}
	return m, nil
}
