package bus_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/bus"
)

func TestAdd_Refuses(t *testing.T) {
	matchers := []bus.Matcher{bus.MatchString("a")}
	cases := map[string]struct {
		subscriber bus.Subscriber
		want       string
	}{
		"nothing says which": {bus.Subscriber{Name: "x", Handle: nothing}, `subscriber "x" has 0 of Channel, Channels and Match: it needs exactly one`},
		"two say which": {
			bus.Subscriber{Name: "x", Channel: "a", Channels: []string{"b"}, Handle: nothing},
			`subscriber "x" has 2 of Channel, Channels and Match: it needs exactly one`,
		},
		"another two": {
			bus.Subscriber{Name: "x", Channels: []string{"a"}, Match: matchers, Handle: nothing},
			`subscriber "x" has 2 of Channel, Channels and Match: it needs exactly one`,
		},
		"all three": {
			bus.Subscriber{Name: "x", Channel: "a", Channels: []string{"b"}, Match: matchers, Handle: nothing},
			`subscriber "x" has 3 of Channel, Channels and Match: it needs exactly one`,
		},
		"no handler":          {bus.Subscriber{Name: "x", Channel: "a"}, `subscriber "x" has no Handle`},
		"a queue below zero":  {bus.Subscriber{Name: "x", Channel: "a", Handle: nothing, MaxQueue: -1}, `subscriber "x": MaxQueue is -1: it cannot be below zero`},
		"an empty channel":    {bus.Subscriber{Name: "x", Channels: []string{"a", ""}, Handle: nothing}, `subscriber "x": a channel's name is empty`},
		"a name that is gone": {bus.Subscriber{Name: "first", Channel: "a", Handle: nothing}, `subscriber "first" is there already: figures and logs need different names`},
		"without a name":      {bus.Subscriber{Channel: "a"}, `subscriber "subscriber 2" has no Handle`},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			d := bus.NewDispatcher(quiet)
			require.NoError(t, d.Add(bus.Subscriber{Name: "first", Channel: "first", Handle: nothing}))
			require.EqualError(t, d.Add(c.subscriber), c.want)
			names, all := d.Channels()
			assert.Equal(t, []string{"first"}, names, "a subscriber that was refused is not there")
			assert.False(t, all)
			assert.Len(t, d.Stats(), 1)
		})
	}
}

func TestAdd_WhileRunning(t *testing.T) {
	d := dispatching(t, quiet)
	late := bus.Subscriber{Name: "late", Channel: "a", Handle: nothing}
	require.EqualError(t, d.Add(late), `subscriber "late" comes too late: the dispatcher runs`)
	stop(t, d)
	require.NoError(t, d.Add(late), "between two runs it does not")
}

func TestAdd_KeepsWhatWasGiven(t *testing.T) {
	var j journal
	channels := []string{"a", "b"}
	middleware := []bus.Middleware{{}}
	d := bus.NewDispatcher(quiet)
	require.NoError(t, d.Add(bus.Subscriber{Channels: channels, Handle: j.handler("handled "), Middleware: middleware}))
	channels[0] = "c"
	middleware[0] = skipping("changed")
	require.NoError(t, d.Start())
	defer stop(t, d)
	run(t, d, event("a"), event("c"))
	assert.Equal(t, []string{"handled {}"}, j.all())
}
