package core

import "github.com/gannet-ws/gannet/shard"

// ClientID is a client's id: its address, shown as 32 hex digits. It is
// comparable; the zero ClientID names nobody.
type ClientID = shard.ID

// User is who a client's token says it is. It is immutable.
type User = shard.User

// ParseClientID reads the 32 lower-case hex digits of a client's id.
func ParseClientID(text string) (id ClientID, ok bool) { return shard.ParseID(text) }
