package core_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/core"
	"github.com/gannet-ws/gannet/shard"
)

// connectAs opens a client of a user.
func connectAs(t testing.TB, server *core.Server, subject any) *client {
	t.Helper()
	c := connect(t, server, "token="+tokenFor(t, subject))
	require.Contains(t, c.receive(), "authenticated")
	return c
}

// tellID is a route that tells a client its id.
func tellID(s *core.Server) {
	s.Handle("test", "id", func(c *core.Context) (any, error) { return c.ClientID().String(), nil })
}

const askID = `{"type":"test","action":"id"}`

// idOf asks a client for its id.
func idOf(c *client) shard.ID {
	c.t.Helper()
	return idIn(c.t, c.ask(askID))
}

func idIn(t testing.TB, reply string) shard.ID {
	t.Helper()
	text := strings.TrimPrefix(reply, `{"type":"test","action":"id","response":"`)
	id, ok := shard.ParseID(strings.TrimSuffix(text, `"}`))
	require.True(t, ok, reply)
	return id
}

// audience is clients of all kinds by name, and one that has gone.
func audience(t *testing.T, server *core.Server) (clients map[string]*client, ids map[string]shard.ID) {
	clients = map[string]*client{
		"ada1": connectAs(t, server, "ada"),
		"ada2": connectAs(t, server, "ada"),
		"five": connectAs(t, server, 5),
		"anon": connect(t, server),
	}
	for _, name := range []string{"ada1", "five", "anon"} {
		clients[name].join("r")
	}
	ids = map[string]shard.ID{}
	for name, c := range clients {
		ids[name] = idOf(c)
	}
	left := connect(t, server)
	ids["gone"] = idOf(left)
	require.NoError(t, left.conn.NetConn().Close())
	eventually(t, func() bool { return !server.Alive(ids["gone"]) }, "the client that left is forgotten")
	return clients, ids
}

func TestPublish_Targets(t *testing.T) {
	server := start(t, core.Options{Loops: 2, JWTSecret: broadcastSecret}, tellID)
	clients, ids := audience(t, server)
	foreign, _ := shard.ParseID(strings.Repeat("1", 32))
	nobody := shard.ID{}
	cases := map[string]struct {
		to     core.Target
		except shard.ID
		want   []string
	}{
		"all":                     {core.All(), nobody, []string{"ada1", "ada2", "five", "anon"}},
		"all except one":          {core.All(), ids["ada1"], []string{"ada2", "five", "anon"}},
		"all except one gone":     {core.All(), ids["gone"], []string{"ada1", "ada2", "five", "anon"}},
		"room":                    {core.Room("r"), nobody, []string{"ada1", "five", "anon"}},
		"room except one":         {core.Room("r"), ids["five"], []string{"ada1", "anon"}},
		"room without members":    {core.Room("none"), nobody, nil},
		"user, a string":          {core.Users("ada"), nobody, []string{"ada1", "ada2"}},
		"user, a number":          {core.Users("5"), nobody, []string{"five"}},
		"users":                   {core.Users("5", "ada"), nobody, []string{"ada1", "ada2", "five"}},
		"user twice":              {core.Users("ada", "5", "ada"), nobody, []string{"ada1", "ada2", "five"}},
		"users except one":        {core.Users("ada", "5"), ids["ada2"], []string{"ada1", "five"}},
		"user who is not here":    {core.Users("eve"), nobody, nil},
		"no user":                 {core.Users(), nobody, nil},
		"anonymous are no user":   {core.Users(""), nobody, nil},
		"client":                  {core.Client(ids["anon"]), nobody, []string{"anon"}},
		"client except itself":    {core.Client(ids["anon"]), ids["anon"], nil},
		"client except another":   {core.Client(ids["anon"]), ids["five"], []string{"anon"}},
		"client that has gone":    {core.Client(ids["gone"]), nobody, nil},
		"client of another node":  {core.Client(foreign), nobody, nil},
		"client that is the zero": {core.Client(nobody), nobody, nil},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			p := note{name, 1}.to(c.to)
			p.To = p.To.Except(c.except)
			receivers, err := server.Publish(p)
			require.NoError(t, err)
			assert.Equal(t, len(c.want), receivers)
			for who, client := range clients {
				_, err := server.Publish(note{From: "end"}.to(core.Client(ids[who])))
				require.NoError(t, err)
				if slices.Contains(c.want, who) {
					assert.Equal(t, note{name, 1}, client.receiveNote(), who)
				}
				// What is sent to a client afterwards comes behind it.
				assert.Equal(t, note{From: "end"}, client.receiveNote(), who)
			}
		})
	}
}

// publishers returns one that publishes n messages one by one, and one that does
// so in batches. Each message goes to the next of the rooms.
func publishers(server *core.Server) (one, batches func(name string, n int) error) {
	one = func(name string, n int) (err error) {
		for i := 0; i < n && err == nil; i++ {
			_, err = server.Publish(note{name, i}.to(roomOf(i)))
		}
		return err
	}
	batches = func(name string, n int) error {
		var batch []core.Publication
		for i := range n {
			batch = append(batch, note{name, i}.to(roomOf(i)))
		}
		for part := range slices.Chunk(batch, 7) {
			if _, err := server.PublishAll(part); err != nil {
				return err
			}
		}
		return nil
	}
	return one, batches
}

// Every client is in all rooms, so it is sent all messages. Each publisher's
// must come in the order in which it published them, over all rooms.
func TestPublish_OrderOfEachPublisher(t *testing.T) {
	const clients, each = 200, 34 // of 6 publishers: 204 messages a client
	server := start(t, core.Options{Loops: 2}, relay)
	var all []*client
	for range clients {
		c := small(t, server, 256)
		for _, room := range rooms {
			c.join(room)
		}
		all = append(all, c)
	}
	one, batches := publishers(server)
	by := map[string]func(string, int) error{
		"one 1": one, "one 2": one, "batches 1": batches, "batches 2": batches,
		"handler 1": throughHandler(t, server), "handler 2": throughHandler(t, server),
	}
	var publishing sync.WaitGroup
	for name, publish := range by {
		publishing.Go(func() { assert.NoError(t, publish(name, each), name) })
	}
	publishing.Wait()
	for _, c := range all {
		next := map[string]int{}
		for range each * len(by) {
			got := c.receiveNote()
			require.Equal(t, note{got.From, next[got.From]}, got)
			next[got.From]++
		}
		require.Len(t, next, len(by))
		c.quiet()
	}
}

// Messages that are published together reach each client in far fewer writes.
func TestPublishAll_Merges(t *testing.T) {
	const clients, messages = 40, 100
	server := start(t, core.Options{Loops: 2})
	for range clients {
		small(t, server, messages+2).join("r")
	}
	var publications []core.Publication
	for i := range messages {
		publications = append(publications, note{"all", i}.to(core.Room("r")))
	}
	before := server.Stats()
	receivers, err := server.PublishAll(publications)
	require.NoError(t, err)
	require.Equal(t, slices.Repeat([]int{clients}, messages), receivers)
	now := before
	eventually(t, func() bool {
		now = server.Stats()
		return now.FramesOut == before.FramesOut+clients*messages
	}, "all frames are written")
	require.Less(t, (now.Writes-before.Writes)*10, uint64(clients*messages))
}

const (
	joinLarge  = `{"type":"system","action":"joinRoom","data":{"roomName":"large"}}`
	leaveLarge = `{"type":"system","action":"leaveRoom","data":{"roomName":"large"}}`
)

// churner joins and leaves the large room again and again. From the reply to a
// join to the event of leaving it must be sent every message, in order, and
// none outside.
type churner struct {
	*client
	inside, leaving bool
	last, heard     int
	joins           int
}

// run returns when the message of the publisher "stop" has come.
func (c *churner) run() error {
	if err := c.conn.WriteString(joinLarge); err != nil {
		return err
	}
	for {
		select {
		case m := <-c.messages:
			if n, ok := readNote(m.text); ok && n.From == "stop" {
				return c.conn.NetConn().Close()
			}
			if err := c.take(m.text); err != nil {
				return err
			}
		case <-time.After(patience):
			return errors.New("no message came")
		}
	}
}

func (c *churner) take(text string) error {
	n, isNote := readNote(text)
	switch {
	case isNote && (!c.inside || c.last >= 0 && n.N != c.last+1):
		return fmt.Errorf("%d after %d, inside: %v", n.N, c.last, c.inside)
	case isNote:
		c.last = n.N
		c.heard++
		return c.leave()
	case strings.Contains(text, "Successfully joined"):
		c.joins++
		c.inside, c.leaving, c.last = true, false, -1
		if c.joins%3 == 0 {
			return c.leave()
		}
	case strings.Contains(text, `"leftRoom"`):
		c.inside = false
	case strings.Contains(text, "Successfully left"):
		return c.conn.WriteString(joinLarge)
	default:
		return fmt.Errorf("unexpected message: %s", text)
	}
	return nil
}

func (c *churner) leave() error {
	if c.leaving {
		return nil
	}
	c.leaving = true
	return c.conn.WriteString(leaveLarge)
}

// crowd is the members of the large room, in the order of joining, of whom some
// are to vanish.
func crowd(t *testing.T, server *core.Server, members, capacity int) (stable, doomed []*client) {
	for i := range members {
		c := small(t, server, capacity)
		c.join("large")
		if i%19 == 7 {
			doomed = append(doomed, c)
		} else {
			stable = append(stable, c)
		}
	}
	return stable, doomed
}

// A room of more than two chunks, in which clients join, leave and vanish while
// a walk is under way.
func TestPublish_LargeRoomWithJoinsAndLeaves(t *testing.T) {
	const rounds, each = 10, 10
	server := start(t, core.Options{Loops: 1})
	stable, doomed := crowd(t, server, 600, rounds*each+2)
	churners, churning := make([]churner, 12), sync.WaitGroup{}
	for i := range churners {
		c := &churners[i]
		c.client = small(t, server, 1024)
		churning.Go(func() { assert.NoError(t, c.run()) })
	}
	for round := range rounds {
		for i := range each {
			_, err := server.Publish(note{"large", round*each + i}.to(core.Room("large")))
			assert.NoError(t, err)
		}
		for _, c := range doomed[round*len(doomed)/rounds : (round+1)*len(doomed)/rounds] {
			assert.NoError(t, c.conn.NetConn().Close())
		}
		stable[0].receiveNotes("large", round*each, each)
	}
	_, err := server.Publish(note{"stop", 0}.to(core.All()))
	require.NoError(t, err)
	churning.Wait()
	for i := range churners {
		assert.Positive(t, churners[i].heard, "client %d heard nothing in the room", i)
	}
	for _, c := range stable[1:] {
		c.receiveNotes("large", 0, rounds*each)
		require.Equal(t, note{"stop", 0}, c.receiveNote())
	}
	eventually(t, func() bool {
		n, err := server.Publish(note{"end", 0}.to(core.Room("large")))
		return err == nil && n == len(stable)
	}, "those that are left are counted")
}

// receiveNotes receives n messages of a publisher, in order.
func (c *client) receiveNotes(from string, first, n int) {
	c.t.Helper()
	for i := range n {
		require.Equal(c.t, note{from, first + i}, c.receiveNote())
	}
}

func (c *client) receiveNote() note {
	c.t.Helper()
	text := c.receive()
	n, ok := readNote(text)
	require.True(c.t, ok, "unexpected message: %s", text)
	return n
}
