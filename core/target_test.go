package core_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/bus"
	"github.com/gannet-ws/gannet/core"
	"github.com/gannet-ws/gannet/core/condition"
	"github.com/gannet-ws/gannet/shard"
)

// crew is clients by name, with their ids.
type crew struct {
	server  *core.Server
	clients map[string]*client
	ids     map[string]shard.ID
}

// add takes a client of a server with the route test.id in, as a member of rooms.
func (a *crew) add(name string, c *client, rooms ...string) *client {
	if a.clients == nil {
		a.clients, a.ids = map[string]*client{}, map[string]shard.ID{}
	}
	a.clients[name], a.ids[name] = c, idOf(c)
	for _, room := range rooms {
		c.join(room)
	}
	return c
}

// got returns the names of those who got a message, sorted, and makes sure that
// nobody got anything twice or anything else: what is sent to a client afterwards
// comes behind it.
func (a *crew) got(t testing.TB, want note) (names []string) {
	t.Helper()
	for _, name := range slices.Sorted(maps.Keys(a.clients)) {
		_, err := a.server.Publish(note{"end", 0}.to(core.Client(a.ids[name])))
		require.NoError(t, err)
		got := a.clients[name].receiveNote()
		if got == want {
			names = append(names, name)
			got = a.clients[name].receiveNote()
		}
		require.Equal(t, note{"end", 0}, got, name)
	}
	return names
}

// publishes publishes to the target and makes sure who gets it.
func (a *crew) publishes(t testing.TB, to core.Target, receivers int, want ...string) {
	t.Helper()
	n := note{"to some", receivers}
	got, err := a.server.Publish(n.to(to))
	require.NoError(t, err)
	require.Equal(t, want, a.got(t, n))
	require.Equal(t, receivers, got, "the audience that is counted")
}

// inRooms is clients on two loops: one of them in a and b, other in b and c,
// another in c and nobody in any.
func inRooms(t *testing.T) *crew {
	server := start(t, core.Options{Loops: 2}, tellID)
	all := &crew{server: server}
	one, other := onTwoLoops(t, server, func() *client { return connect(t, server) })
	all.add("one", one, "a", "b")
	all.add("other", other, "b", "c")
	all.add("another", connect(t, server), "c")
	all.add("nobody", connect(t, server))
	return all
}

func TestTarget_Rooms(t *testing.T) {
	all := inRooms(t)
	for name, tt := range map[string]struct {
		to        core.Target
		receivers int // who is in several rooms counts in each
		want      []string
	}{
		"two, one in both":        {core.Rooms("a", "b"), 3, []string{"one", "other"}},
		"all":                     {core.Rooms("a", "b", "c"), 5, []string{"another", "one", "other"}},
		"in another order":        {core.Rooms("c", "b", "a"), 5, []string{"another", "one", "other"}},
		"without common members":  {core.Rooms("a", "c"), 3, []string{"another", "one", "other"}},
		"one of them is empty":    {core.Rooms("none", "a"), 1, []string{"one"}},
		"all of them are empty":   {core.Rooms("none", "neither"), 0, nil},
		"the same one twice":      {core.Rooms("a", "a"), 2, []string{"one"}},
		"one":                     {core.Rooms("b"), 2, []string{"one", "other"}},
		"none":                    {core.Rooms(), 0, nil},
		"but one":                 {core.Rooms("a", "c").Except(all.ids["other"]), 2, []string{"another", "one"}},
		"but one who is in none":  {core.Rooms("none", "neither").Except(all.ids["nobody"]), 0, nil},
		"but the last of Excepts": {core.Rooms("a", "c").Except(all.ids["one"]).Except(all.ids["other"]), 2, []string{"another", "one"}},
	} {
		t.Run(name, func(t *testing.T) { all.publishes(t, tt.to, tt.receivers, tt.want...) })
	}
}

// Messages to several rooms, to one room, to clients and with filters stay in
// the order of the calls, for clients of large rooms too.
func TestTarget_OrderOverAllKinds(t *testing.T) {
	const clients, messages = 300, 60
	server := start(t, core.Options{Loops: 2})
	var all []*client
	for range clients {
		c := small(t, server, messages+2)
		c.join("r")
		c.join("s")
		all = append(all, c)
	}
	yes := func(*core.ClientView) bool { return true }
	kinds := []core.Target{
		core.Rooms("r", "s"), core.Room("r"), core.All().If(yes), core.Room("s").Where("not user"),
		core.Rooms("s", "r", "none").If(yes), core.All(),
	}
	for i := range messages {
		_, err := server.Publish(note{"all", i}.to(kinds[i%len(kinds)]))
		require.NoError(t, err)
	}
	for _, c := range all {
		c.receiveNotes("all", 0, messages)
	}
}

func TestTarget_If(t *testing.T) {
	all := inRooms(t)
	is := func(names ...string) func(*core.ClientView) bool {
		return func(v *core.ClientView) bool {
			return slices.ContainsFunc(names, func(name string) bool { return v.ID() == all.ids[name] })
		}
	}
	require.NoError(t, setMetadata(t, all.server, all.ids["nobody"], "level", 3))
	all.publishes(t, core.All().If(is("one", "nobody")), 4, "nobody", "one")
	all.publishes(t, core.Room("b").If(is("one", "nobody")), 2, "one")
	all.publishes(t, core.Rooms("a", "b").If(is("other", "nobody")), 3, "other")
	all.publishes(t, core.Clients(all.ids["one"], all.ids["other"]).If(is("one")), 2, "one")
	all.publishes(t, core.All().If(func(v *core.ClientView) bool { return v.IsMember("c") }), 4, "another", "other")
	all.publishes(t, core.All().If(func(v *core.ClientView) bool { return v.Metadata("level") != nil }), 4, "nobody")
	all.publishes(t, core.All().If(is()), 4)
	all.publishes(t, core.All().If(is("one", "other")).Except(all.ids["one"]), 3, "other")
	all.publishes(t, core.All().If(is("one")).If(is("other")), 4, "other")
}

// Where a filter panics, the client gets nothing and keeps its connection.
func TestTarget_IfPanics(t *testing.T) {
	all := inRooms(t)
	one := all.ids["one"]
	all.publishes(t, core.All().If(func(v *core.ClientView) bool { return v.ID() != one || explode(v) }), 4, "another", "nobody", "other")
	require.EqualValues(t, 1, all.server.Stats().Panics)
	all.publishes(t, core.All(), 4, "another", "nobody", "one", "other")
}

// subscribers is clients with and without tokens.
func subscribers(t *testing.T) *crew {
	server := start(t, core.Options{Loops: 2, JWTSecret: wireSecret}, tellID)
	all := &crew{server: server}
	for name, claims := range map[string]string{
		"ada": `{"sub":"ada","plan":"premium","roles":["admin"]}`,
		"eve": `{"sub":"eve","plan":"free"}`,
		"5":   `{"sub":5,"plan":"premium","limits":{"rooms":3}}`,
	} {
		c := connect(t, server, "token="+wireSign(wireHS256, claims, wireSecret))
		require.Contains(t, c.receive(), "authenticated")
		all.add(name, c, "r")
	}
	all.add("anon", connect(t, server), "r")
	require.NoError(t, setMetadata(t, server, all.ids["anon"], "level", 7))
	require.NoError(t, setMetadata(t, server, all.ids["eve"], "level", 2))
	return all
}

func TestTarget_Where(t *testing.T) {
	all := subscribers(t)
	for where, want := range map[string][]string{
		"":                        {"5", "ada", "anon", "eve"},
		"claim:plan == premium":   {"5", "ada"},
		"claim:plan != premium":   {"anon", "eve"},
		"claim:roles has admin":   {"ada"},
		"claim:limits.rooms >= 3": {"5"},
		"user == 5":               {"5"},
		`user in ("eve", "5")`:    {"5", "eve"},
		"not user":                {"anon"},
		"meta:level > 2":          {"anon"},
		"meta:level":              {"anon", "eve"},
		"claim:plan == x":         nil,
		"user and not meta:level": {"5", "ada"},
	} {
		t.Run(where, func(t *testing.T) { all.publishes(t, core.Room("r").Where(where), 4, want...) })
	}
}

// All that narrows a target counts together.
func TestTarget_Combined(t *testing.T) {
	all := subscribers(t)
	named := func(v *core.ClientView) bool { return v.UserID() != "5" }
	premium := "claim:plan == premium"
	all.publishes(t, core.All().Where(premium).If(named), 4, "ada")
	all.publishes(t, core.All().If(named).Where(premium), 4, "ada")
	all.publishes(t, core.Users("5", "ada", "eve").Where(premium).Except(all.ids["5"]), 2, "ada")
	all.publishes(t, core.Rooms("r", "s").Where("user").If(named).Except(all.ids["ada"]).Here(), 3, "eve")
	all.publishes(t, core.Client(all.ids["eve"]).Where(premium), 1)
	all.publishes(t, core.All().Where(premium).Where("not user"), 4, "anon")
	all.publishes(t, core.All().Where(premium).Where(""), 4, "5", "ada", "anon", "eve")
}

// A condition that cannot be read is the caller's error: nothing is sent, here or
// to other nodes.
func TestTarget_WhereIsNoCondition(t *testing.T) {
	nodes := &countingBus{}
	server := start(t, core.Options{Bus: nodes, Loops: 1}, tellID)
	c := connect(t, server)
	for _, where := range []string{"claim:plan = premium", "level > 2", "claim:", "(user", "user has 5"} {
		for _, to := range []core.Target{core.All(), core.Room("r"), core.Rooms("r", "s"), core.Client(idOf(c))} {
			n, err := server.Publish(note{"never", 0}.to(to.Where(where)))
			require.ErrorContains(t, err, "cannot read the condition: ")
			require.ErrorAs(t, err, new(*condition.SyntaxError))
			require.Zero(t, n)
		}
	}
	n, err := server.PublishAll([]core.Publication{
		note{"first", 0}.to(core.All()), note{"never", 0}.to(core.All().Where("x")), note{"never", 1}.to(core.All()),
	})
	require.Error(t, err)
	require.Equal(t, []int{1}, n)
	c.receiveNotes("first", 0, 1)
	c.quiet()
	require.Len(t, nodes.payloads(), 1)
	stats := server.Stats()
	require.EqualValues(t, 1, stats.Published)
	require.Zero(t, stats.Overloaded)
}

// Targets are values: what narrows one leaves that which it was made of.
func TestTarget_IsAValue(t *testing.T) {
	all := inRooms(t)
	base := core.Room("b")
	_ = base.Except(all.ids["one"])
	_ = base.Where("user")
	_ = base.If(func(*core.ClientView) bool { return false })
	_ = base.Here()
	all.publishes(t, base, 2, "one", "other")
}

// What stays on the node is not handed to the bus.
func TestTarget_HereAndIfStayHere(t *testing.T) {
	nodes := &countingBus{}
	server := start(t, core.Options{Bus: nodes, Loops: 1}, func(s *core.Server) {
		s.Handle("test", "send", func(c *core.Context) (any, error) { return nil, c.Send("to", "sender", nil) })
	})
	c := connect(t, server)
	for _, to := range []core.Target{core.All().Here(), core.All().If(func(*core.ClientView) bool { return true })} {
		n, err := server.Publish(note{"here", 0}.to(to))
		require.NoError(t, err)
		require.Equal(t, 1, n)
		c.receiveNotes("here", 0, 1)
	}
	c.ask(`{"type":"test","action":"send"}`)
	c.receive()
	require.Empty(t, nodes.payloads())
	_, err := server.Publish(note{"all", 0}.to(core.All()))
	require.NoError(t, err)
	require.Len(t, nodes.payloads(), 1)
}

// failingBus cannot send.
type failingBus struct{ bus.Local }

func (failingBus) Publish(bus.Message) error { return errAway }
func (failingBus) Emit(*bus.Event) error     { return errAway }
func (failingBus) Wanted(string) bool        { return true }

// A bus that is away keeps nothing from this node's clients, and is counted.
func TestPublish_BusIsAway(t *testing.T) {
	server := start(t, core.Options{Bus: failingBus{}, Announce: core.AnnounceNone})
	c := connect(t, server)
	n, err := server.Publish(note{"all", 0}.to(core.All()))
	require.NoError(t, err)
	require.Equal(t, 1, n)
	c.receiveNotes("all", 0, 1)
	require.NoError(t, server.Emit("analytics:clicks", map[string]int{"n": 1}))
	require.EqualValues(t, 2, server.Stats().BusFailures)
}
