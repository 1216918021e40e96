package core_test

import (
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/core"
)

// claimant connects a client whose token has the rooms claim, in JSON; with none
// it has no token.
func claimant(t testing.TB, server *core.Server, rooms string) *client {
	t.Helper()
	if rooms == "" {
		return connect(t, server)
	}
	c := connect(t, server, "token="+wireSign(wireHS256, `{"sub":5,"rooms":`+rooms+`}`, wireSecret))
	require.Contains(t, c.receive(), "authenticated")
	return c
}

const joinRefused = `"success":false,"error":"You may not join this room","code":"JOIN_REFUSED","clientId":`

func TestJoinClaim(t *testing.T) {
	server := start(t, core.Options{JWTSecret: wireSecret, Join: core.JoinClaim})
	refused := uint64(0)
	for rooms, tt := range map[string]struct{ may, mayNot []string }{
		`["a","b c"]`:             {[]string{"a", "b c"}, []string{"A", "a ", "ab", "b", "c", "*"}},
		`["team.*","a"]`:          {[]string{"team.", "team.1", "team.*", "team.x.y", "a"}, []string{"team", "Team.1", "ateam.1", "b"}},
		`["*"]`:                   {[]string{"a", "whatever", "*"}, nil},
		`["a*b"]`:                 {[]string{"a*b"}, []string{"a", "axb", "a*bc"}},
		`["a**"]`:                 {[]string{"a*", "a*b"}, []string{"a", "ab"}},
		`["\u0061"]`:              {[]string{"a"}, []string{`\\u0061`}},
		`[]`:                      {nil, []string{"a", "*"}},
		`null`:                    {nil, []string{"a"}},
		`"a"`:                     {nil, []string{"a"}},
		`{"a":"a"}`:               {nil, []string{"a"}},
		`["a",5]`:                 {nil, []string{"a"}}, // no array of strings: nothing
		`["","a"]`:                {[]string{"a"}, []string{"b"}},
		`["x"],"Rooms":["a"]`:     {[]string{"x"}, []string{"a"}}, // names of claims differ by case
		`["x"],"room":"a","r":[]`: {[]string{"x"}, []string{"a"}},
		"":                        {nil, []string{"a", "b", "*"}}, // anonymous
	} {
		t.Run(rooms, func(t *testing.T) {
			c := claimant(t, server, rooms)
			for _, room := range tt.may {
				c.join(room)
			}
			for _, room := range tt.mayNot {
				require.Contains(t, c.ask(wireJoin(`"`+room+`"`)), joinRefused, room)
				refused++
			}
		})
	}
	require.Equal(t, refused, server.Stats().JoinsRefused)
}

// A name that no room can have is told as that, whatever the claim says.
func TestJoinClaim_BadNames(t *testing.T) {
	server := start(t, core.Options{JWTSecret: wireSecret, Join: core.JoinClaim})
	for _, rooms := range []string{`["*"]`, `[]`, ""} {
		c := claimant(t, server, rooms)
		require.Contains(t, c.ask(wireJoin(`"{"`)), "BAD_ROOM_NAME")
		require.Contains(t, c.ask(wireJoin(`""`)), "Room name is required")
	}
	require.Zero(t, server.Stats().JoinsRefused)
}

// The policy is about what clients ask for: code joins them to any room, which
// they then are in.
func TestJoinClaim_CodeMay(t *testing.T) {
	hooks := core.Hooks{Connected: func(c *core.Context) { _ = c.Join("lobby") }}
	server := start(t, core.Options{JWTSecret: wireSecret, Join: core.JoinClaim, Hooks: hooks}, tellID, func(s *core.Server) {
		s.Handle("test", "enter", func(c *core.Context) (any, error) { return nil, c.Join("handler") })
	})
	c := connect(t, server)
	c.ask(`{"type":"test","action":"enter"}`)
	require.NoError(t, server.JoinRoom(t.Context(), idOf(c), "server"))
	for _, room := range []string{"lobby", "handler", "server"} {
		require.Equal(t, 1, server.MemberCount(room))
		c.join(room) // it is there already
	}
	require.Contains(t, c.ask(wireLeave(`"lobby"`)), "leftRoom")
	c.receive()
	require.Contains(t, c.ask(wireJoin(`"lobby"`)), joinRefused, "it does not come back by itself")
}

// asked notes what a join hook was asked, and refuses one room.
type asked struct {
	mu    sync.Mutex
	rooms []string
}

func (a *asked) hook(_ *core.Context, room string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.rooms = append(a.rooms, room)
	if strings.HasSuffix(room, "closed") {
		return errors.New("closed")
	}
	return nil
}

func (a *asked) all() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.rooms
}

// The hook has the last word, on what the policy lets through.
func TestJoinClaim_HookComesAfterIt(t *testing.T) {
	a := &asked{}
	server := start(t, core.Options{JWTSecret: wireSecret, Join: core.JoinClaim, Hooks: core.Hooks{Join: a.hook}})
	c := claimant(t, server, `["team.*"]`)
	c.join("team.open")
	c.join("team.open") // it is there already: nobody is asked
	require.Contains(t, c.ask(wireJoin(`"team.closed"`)), joinRefused)
	require.Contains(t, c.ask(wireJoin(`"other"`)), joinRefused)
	require.Equal(t, []string{"team.open", "team.closed"}, a.all())
	require.EqualValues(t, 2, server.Stats().JoinsRefused)
}

func TestJoinOpen_ClaimsAreNotLookedAt(t *testing.T) {
	server := start(t, core.Options{JWTSecret: wireSecret, Join: core.JoinOpen})
	claimant(t, server, `["a"]`).join("b")
	claimant(t, server, "").join("b")
	require.Equal(t, 2, server.MemberCount("b"))
	require.Zero(t, server.MemberCount("a"), "nor joined without auto-join")
}

// Who has come is in the rooms of the claim before its first message is handled.
func TestAutoJoin(t *testing.T) {
	a := &asked{}
	for name, tt := range map[string]struct {
		rooms                  string
		want                   []string
		namesRefused, tooMany_ uint64
	}{
		"names":            {`["a","b"]`, []string{"a", "b"}, 0, 0},
		"the same twice":   {`["a","a"]`, []string{"a"}, 0, 0},
		"prefixes are not": {`["team.*","*","a"]`, []string{"a"}, 0, 0},
		"no names":         {`["a","","{","\u0000"]`, []string{"a"}, 3, 0},
		"too many":         {`["a","b","c","d","e"]`, []string{"a", "b", "c"}, 0, 2},
		"no claim":         {`null`, nil, 0, 0},
		"no array":         {`"a"`, nil, 0, 0},
		"anonymous":        {"", nil, 0, 0},
	} {
		for _, policy := range []core.JoinPolicy{core.JoinOpen, core.JoinClaim} {
			t.Run(name+", "+string(policy), func(t *testing.T) {
				server := start(t, core.Options{
					Loops: 1, JWTSecret: wireSecret, AutoJoin: true, Join: policy, MaxRooms: 3,
					Hooks: core.Hooks{Join: a.hook, Connected: func(c *core.Context) { c.Send("to", "newcomer", c.Rooms()) }},
				})
				c := claimant(t, server, tt.rooms)
				require.Contains(t, c.receive(), "newcomer")
				var rooms []string
				for _, room := range server.Rooms() {
					rooms = append(rooms, room.Name)
				}
				require.Equal(t, tt.want, rooms)
				for _, room := range tt.want {
					require.Equal(t, 1, wireReach(t, server, core.Room(room), room))
					require.Contains(t, c.receive(), room)
				}
				stats := server.Stats()
				require.Equal(t, [2]uint64{tt.namesRefused, tt.tooMany_}, [2]uint64{stats.RoomNamesRefused, stats.RoomLimitsMet})
				c.quiet()
			})
		}
	}
	require.Empty(t, a.all(), "the hook decides on what clients ask for")
}

// The first room of the claim is the one in single-room mode.
func TestAutoJoin_SingleRoom(t *testing.T) {
	server := start(t, core.Options{Loops: 1, JWTSecret: wireSecret, AutoJoin: true, SingleRoom: true})
	c := claimant(t, server, `["x*","a","b"]`)
	c.quiet()
	require.Equal(t, []core.RoomInfo{{Name: "a", Members: 1}}, server.Rooms())
}

func TestPolicy_NeedsTokens(t *testing.T) {
	for want, options := range map[string]core.Options{
		"join=claim needs a key to check tokens with":    {Join: core.JoinClaim},
		"auto-join needs a key to check tokens with":     {AutoJoin: true},
		"close-expired needs a key to check tokens with": {CloseExpired: true},
		`join is "some": it is open or claim`:            {Join: "some"},
	} {
		_, err := core.New(options)
		require.ErrorContains(t, err, want)
	}
}
