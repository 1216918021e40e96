package redis

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestInbox_GivesUpRoom(t *testing.T) {
	for name, test := range map[string]struct{ used, room, left int }{
		"nothing yet":     {0, 0, 0},
		"little":          {1, 1024, 1024},
		"after a flood":   {100, 4096, 2048},
		"in a flood":      {4000, 4096, 4096},
		"a quarter of it": {1024, 4096, 4096},
	} {
		t.Run(name, func(t *testing.T) {
			batch := make([]received, test.used, test.room)
			for i := range batch {
				batch[i].channel = "x"
			}
			next := reusable(batch)
			assert.Empty(t, next)
			assert.Equal(t, test.left, cap(next))
			for _, r := range next[:cap(next)] {
				assert.Zero(t, r, "nothing is kept")
			}
		})
	}
}
