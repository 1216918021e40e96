package redis

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
)

// A node that is new asks all others when they have had time to tell that they
// are there.
func TestListener_Meet(t *testing.T) {
	closed := make(chan struct{})
	close(closed)
	ended, end := context.WithCancel(t.Context())
	end()
	for name, test := range map[string]struct {
		ctx          context.Context
		node         string
		standing     bool
		settled, end chan struct{}
		want         error
	}{
		"settled":                {t.Context(), "", true, closed, nil, nil},
		"settled, no time":       {ended, "", true, closed, closed, nil},
		"not settled":            {ended, "", true, nil, nil, errNotMet},
		"closed meanwhile":       {t.Context(), "", true, nil, closed, errNotOpen},
		"deaf":                   {t.Context(), "", false, nil, nil, nil},
		"asks one that it names": {t.Context(), "000000000002", true, nil, nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			in := &interest{names: newNames(&Options{}, 1), channels: map[string]*subscription{}}
			in.channels[in.names.nodes] = &subscription{standing: test.standing, link: &link{}}
			l := &listener{names: in.names, interest: in, presence: &presence{settled: test.settled}, end: test.end}
			for range 20 { // select chooses by chance
				assert.Equal(t, test.want, l.meet(test.ctx, test.node))
			}
		})
	}
}
