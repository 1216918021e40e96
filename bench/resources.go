package bench

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
)

// What processes use together: those of a server with its workers, or of the
// generator.

// family returns a process and all its descendants.
func family(pid int) []int {
	pids := []int{pid}
	for i := 0; i < len(pids); i++ {
		pids = append(pids, children(pids[i])...)
	}
	return pids
}

// children returns the children of a process. One that has ended has none.
func children(pid int) (pids []int) {
	files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, file := range files {
		b, _ := os.ReadFile(file) // nothing where the thread has ended
		for _, field := range bytes.Fields(b) {
			if child, err := strconv.Atoi(string(field)); err == nil {
				pids = append(pids, child)
			}
		}
	}
	return pids
}

// sumCPU is the CPU time of processes. The first has to live; others that have
// ended count no more.
func sumCPU(pids []int) (sum processCPU, err error) {
	for i, pid := range pids {
		one, err := readCPU(pid)
		if err != nil && i == 0 {
			return sum, err
		}
		sum.Total += one.Total
		sum.User += one.User
		sum.System += one.System
	}
	return sum, nil
}

// sumResident is the resident memory of processes in bytes, as sumCPU. What they
// share counts for each of them.
func sumResident(pids []int) (sum int64, err error) {
	for i, pid := range pids {
		one, err := residentBytes(pid)
		if err != nil && i == 0 {
			return 0, err
		}
		sum += one
	}
	return sum, nil
}
