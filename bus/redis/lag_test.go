package redis

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestLag(t *testing.T) {
	var l lag
	require.Zero(t, l.read())
	pass := func() {
		for began := time.Now(); time.Since(began) < time.Millisecond; {
		}
	}
	l.begin()
	pass()
	require.GreaterOrEqual(t, l.read(), time.Millisecond)
	l.end()
	last := l.read()
	require.GreaterOrEqual(t, last, time.Millisecond)
	pass()
	require.Equal(t, last, l.read(), "it is over")
	l.begin()
	require.GreaterOrEqual(t, l.read(), last, "the longer one counts")
	l.end()
}
