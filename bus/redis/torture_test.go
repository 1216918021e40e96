//go:build torture

package redis_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/gannet-ws/gannet/bus/redis"
	"github.com/gannet-ws/gannet/bus/redistest"
)

// With the settings as they come, Redis stands still for 20 seconds, and for as
// long is killed: nodes recover alone, and nothing is lost outside the gaps.
func TestGaps_TwentySeconds(t *testing.T) {
	const away = 20 * time.Second
	for name, disturb := range map[string]func(*redistest.Server){
		"frozen": func(s *redistest.Server) { s.Freeze(); time.Sleep(away); s.Thaw() },
		"killed": func(s *redistest.Server) { s.Kill(); time.Sleep(away); s.Restart() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := redistest.Start(t)
			options := redis.Options{URL: []string{server.URL()}}
			sender, receiver := join(t, 1, options), join(t, 2, options)
			receiver.enter("x", "y", "z")
			s := startStream(sender, "x", "y", "z")
			time.Sleep(time.Second)
			disturb(server)
			s.quiet(receiver)
			s.pending = 4 * time.Second // twice the PublishTimeout
			assert.NotZero(t, s.check(t, receiver))
			assert.NotZero(t, s.errors)
		})
	}
}
