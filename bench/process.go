package bench

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// clockTick is the unit of /proc/PID/stat's times. It is 10 ms on every Linux
// that Go runs on.
const clockTick = 10 * time.Millisecond

// processCPU is the CPU time that a process has used so far.
type processCPU struct {
	// Total comes from the scheduler's nanosecond count of every thread that
	// lives, or from the ticks where the kernel does not keep it.
	Total time.Duration
	// User and System are counted in ticks of 10 ms.
	User, System time.Duration
}

// since returns what was used after the earlier reading.
func (c processCPU) since(earlier processCPU) processCPU {
	return processCPU{c.Total - earlier.Total, c.User - earlier.User, c.System - earlier.System}
}

// user splits Total by the ticks and returns the share in user space.
func (c processCPU) user() time.Duration {
	ticks := c.User + c.System
	if ticks <= 0 {
		return 0
	}
	return time.Duration(float64(c.Total) * float64(c.User) / float64(ticks))
}

// readCPU reads the CPU time of a process.
func readCPU(pid int) (processCPU, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return processCPU{}, fmt.Errorf("bench: reading CPU time: %w", err)
	}
	user, system, err := parseStat(stat)
	if err != nil {
		return processCPU{}, fmt.Errorf("bench: reading CPU time of process %d: %w", pid, err)
	}
	total := scheduled(pid)
	if total == 0 {
		total = user + system
	}
	return processCPU{Total: total, User: user, System: system}, nil
}

// parseStat reads utime and stime, fields 14 and 15 of /proc/PID/stat. The
// second field is the program's name and may hold anything, so fields are
// counted from its closing parenthesis.
func parseStat(stat []byte) (user, system time.Duration, err error) {
	const utime, stime = 14 - 3, 15 - 3
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	if len(fields) <= stime {
		return 0, 0, fmt.Errorf("unexpected content %q", stat)
	}
	u, errU := strconv.ParseInt(string(fields[utime]), 10, 64)
	s, errS := strconv.ParseInt(string(fields[stime]), 10, 64)
	if errU != nil || errS != nil {
		return 0, 0, fmt.Errorf("unexpected content %q", stat)
	}
	return time.Duration(u) * clockTick, time.Duration(s) * clockTick, nil
}

// scheduled sums the run time of a process's threads; 0 where the kernel does
// not tell.
func scheduled(pid int) time.Duration {
	files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid))
	var sum time.Duration
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			continue // the thread has ended
		}
		run, _, _ := bytes.Cut(b, []byte(" "))
		ns, _ := strconv.ParseInt(string(run), 10, 64)
		sum += time.Duration(ns)
	}
	return sum
}

// residentBytes reads how much memory of a process is resident.
func residentBytes(pid int) (int64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, fmt.Errorf("bench: reading memory: %w", err)
	}
	for line := range bytes.Lines(status) {
		value, ok := bytes.CutPrefix(line, []byte("VmRSS:"))
		if !ok {
			continue
		}
		kib, err := strconv.ParseInt(string(bytes.TrimSuffix(bytes.TrimSpace(value), []byte(" kB"))), 10, 64)
		if err != nil {
			return 0, fmt.Errorf("bench: reading memory: %w", err)
		}
		return kib << 10, nil
	}
	return 0, fmt.Errorf("bench: process %d tells no VmRSS", pid)
}
