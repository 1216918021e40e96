package shard

import (
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"
)

// A walk through a large room is bound by memory: each record more than a line
// long that it touches costs a wait.
func TestClient_FitsCacheLines(t *testing.T) {
	const line = 64
	assert.EqualValues(t, 2*line, unsafe.Sizeof(Client{}))
	assert.LessOrEqual(t, unsafe.Offsetof(Client{}.queue)+unsafe.Sizeof(queue{}), uintptr(line))
}
