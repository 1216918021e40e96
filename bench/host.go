package bench

import (
	"bytes"
	"os"
	"runtime"
	"strconv"
	"strings"
)

// Host is the machine that a report comes from.
type Host struct {
	CPU    string `json:"cpu"` // model, empty where the kernel does not tell
	CPUs   int    `json:"cpus"`
	Memory int64  `json:"memory"` // bytes
	Kernel string `json:"kernel"`
	Go     string `json:"go"` // version that built the load generator
}

// describeHost reads what the kernel tells. What it does not tell stays empty.
func describeHost() Host {
	kernel, _ := os.ReadFile("/proc/sys/kernel/osrelease")
	return Host{
		CPU:    procField("/proc/cpuinfo", "model name"),
		CPUs:   runtime.NumCPU(),
		Memory: kib(procField("/proc/meminfo", "MemTotal")),
		Kernel: strings.TrimSpace(string(kernel)),
		Go:     runtime.Version(),
	}
}

// kib reads a number of KiB, such as "16 kB", as bytes; 0 for what is none.
func kib(text string) int64 {
	n, _ := strconv.ParseInt(strings.TrimSuffix(text, " kB"), 10, 64)
	return n << 10
}

// procField returns the value of the first "name : value" in a file, or nothing.
func procField(file, name string) string {
	b, _ := os.ReadFile(file)
	for line := range bytes.Lines(b) {
		key, value, _ := strings.Cut(string(line), ":")
		if strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return ""
}
