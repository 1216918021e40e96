package shard

import "net/netip"

// remote is what is kept of a client's other end, without pointers, which the garbage
// collector would have to follow. Chunks without clients that have any cost nothing.
type remote struct {
	address     [16]byte // IPv4 mapped into IPv6; all zero: none
	subprotocol uint8
}

// SetRemote keeps with the client where it is connected from, the zero Addr for
// nowhere that has an address, and the number by which the owner knows its
// subprotocol, 0 for none. An address' zone is not kept, and "::" is none.
func (s *Shard) SetRemote(c *Client, address netip.Addr, subprotocol uint8) {
	kept := remote{subprotocol: subprotocol}
	if address.IsValid() {
		kept.address = address.As16()
	}
	chunk := s.slots.chunks[c.slot()/chunkSize].Load()
	if chunk.remotes == nil {
		if kept == (remote{}) {
			return
		}
		chunk.remotes = new([chunkSize]remote)
	}
	chunk.remotes[c.slot()%chunkSize] = kept
}

// Address returns where the client is connected from, IPv4 in its own form; the zero
// Addr where that has no address.
func (s *Shard) Address(c *Client) netip.Addr {
	kept := s.slots.remote(c.slot())
	if kept.address == ([16]byte{}) {
		return netip.Addr{}
	}
	return netip.AddrFrom16(kept.address).Unmap()
}

// Subprotocol returns the number of the client's subprotocol, 0 for none.
func (s *Shard) Subprotocol(c *Client) uint8 { return s.slots.remote(c.slot()).subprotocol }

func (t *slots) remote(slot uint32) remote {
	if c := t.chunks[slot/chunkSize].Load(); c.remotes != nil {
		return c.remotes[slot%chunkSize]
	}
	return remote{}
}

func (t *slots) clearRemote(slot uint32) {
	if c := t.chunks[slot/chunkSize].Load(); c.remotes != nil {
		c.remotes[slot%chunkSize] = remote{}
	}
}
