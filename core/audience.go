package core

import (
	"slices"

	"github.com/gannet-ws/gannet/shard"
)

// An audience is found in the directory, which tells the shards that have some
// of it, and each of these shards gets one op.

func (s *Server) toAll(op *shard.Op, ring *shard.ShardSet) (int, error) {
	var shards shard.ShardSet
	for l := range s.running {
		shards.Add(l.shard.Index())
	}
	op.To = shard.ToAll
	if err := s.postTo(shards, op, ring); err != nil {
		return 0, err
	}
	return max(0, s.directory.Receivers()-s.excluded(op)), nil
}

func (s *Server) toRoom(op *shard.Op, room string, ring *shard.ShardSet) (int, error) {
	shards, members, watched := s.directory.Reach(room)
	op.To, op.Room = shard.ToRoom, room
	if err := s.postTo(shards, op, ring); err != nil {
		return 0, err
	}
	if watched {
		s.watches.offer(room, op)
	}
	return max(0, members-s.excluded(op)), nil
}

func (s *Server) toRooms(op *shard.Op, rooms []string, ring *shard.ShardSet) (int, error) {
	var shards shard.ShardSet
	var watched []string
	members := 0
	for _, room := range rooms {
		in, n, isWatched := s.directory.Reach(room)
		shards.AddAll(in)
		members += n
		if isWatched {
			watched = append(watched, room)
		}
	}
	op.To, op.Rooms = shard.ToRooms, rooms
	if err := s.postTo(shards, op, ring); err != nil {
		return 0, err
	}
	for _, room := range watched {
		s.watches.offer(room, op)
	}
	return max(0, members-s.excluded(op)), nil
}

func (s *Server) toUsers(op *shard.Op, users []string, ring *shard.ShardSet) (int, error) {
	var ids []shard.ID
	for _, user := range users {
		ids = s.directory.User(user, ids)
	}
	return s.toClients(op, ids, ring)
}

// toClients posts the message for those of the clients that are here, to each
// once.
func (s *Server) toClients(op *shard.Op, ids []shard.ID, ring *shard.ShardSet) (int, error) {
	var shards shard.ShardSet
	here := make([]shard.ID, 0, len(ids))
	for _, id := range ids {
		if id != op.Except && s.Alive(id) {
			here = append(here, id)
			shards.Add(id.Shard())
		}
	}
	if s.full(shards) {
		return 0, ErrOverloaded
	}
	if len(here) > 0 {
		s.compress(op)
	}
	slices.SortFunc(here, shard.ID.Compare) // by node, then by shard
	here = slices.Compact(here)
	op.To = shard.ToClients
	for rest := here; len(rest) > 0; {
		at := rest[0].Shard()
		n := slices.IndexFunc(rest, func(id shard.ID) bool { return id.Shard() != at })
		if n < 0 {
			n = len(rest)
		}
		if l := s.loop(at); l != nil {
			op.Clients = rest[:n]
			l.shard.Post(op)
			ring.Add(at)
		}
		rest = rest[n:]
	}
	return len(here), nil
}

// postTo posts the op to all of the shards, or to none.
func (s *Server) postTo(shards shard.ShardSet, op *shard.Op, ring *shard.ShardSet) error {
	if s.full(shards) {
		return ErrOverloaded
	}
	if shards == (shard.ShardSet{}) {
		return nil
	}
	s.measureFanout(op, shards)
	s.compress(op)
	for i := range shards.All {
		if l := s.loop(i); l != nil {
			l.shard.Post(op)
			ring.Add(i)
		}
	}
	return nil
}

func (s *Server) full(shards shard.ShardSet) bool {
	for i := range shards.All {
		if l := s.loop(i); l != nil && l.shard.Full() {
			return true
		}
	}
	return false
}

// excluded is 1 when a client of this node is excluded, which is taken to be
// among the audience.
func (s *Server) excluded(op *shard.Op) int {
	if op.Except.IsZero() || !s.Alive(op.Except) {
		return 0
	}
	return 1
}
