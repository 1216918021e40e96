// Package shard holds the state of an event loop: its client records, its part
// of each room, and what waits to be written.
//
// A Shard belongs to one loop, and only that loop's goroutine may call its
// methods, but for Post, Full, Alive and Index, which any goroutine may call. Other
// goroutines change a shard by posting an Op; the loop carries it out in a later
// Turn, in the order in which it was posted.
//
// The Directory is the only thing that shards share: it tells any goroutine
// which shards have members of a room and which clients a user has.
package shard
