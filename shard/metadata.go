package shard

// metadata is what the application keeps with a client: a few JSON values by
// key. Clients without any cost nothing but, in a chunk where another has some,
// a pointer.
type metadata struct {
	entries []metadataEntry
	size    int
}

type metadataEntry struct {
	key   string
	value []byte
}

// entryCost is what an entry counts for beside the bytes of key and value.
const entryCost = 64

func (e *metadataEntry) cost() int { return entryCost + len(e.key) + len(e.value) }

func (m *metadata) index(key string) int {
	for i := range m.entries {
		if m.entries[i].key == key {
			return i
		}
	}
	return -1
}

// SetMetadata keeps the value with the client, in the place of one that it had
// by that key; nil removes it. It keeps both without copying. It reports false,
// and changes nothing, when the client would have more than MaxMetadata.
func (s *Shard) SetMetadata(c *Client, key string, value []byte) bool {
	if value == nil {
		s.slots.metadata(c.slot()).remove(key)
		return true
	}
	entry := metadataEntry{key, value}
	size := entry.cost()
	if m := s.slots.metadata(c.slot()); m != nil {
		size += m.size
		if at := m.index(key); at >= 0 {
			size -= m.entries[at].cost()
		}
	}
	if size > s.options.MaxMetadata {
		return false
	}
	s.putMetadata(c, entry)
	return true
}

// ChangeMetadata does with several values what SetMetadata does with one: with all
// of them or, where it reports false, with none.
func (s *Shard) ChangeMetadata(c *Client, changes map[string][]byte) bool {
	if s.changedSize(c, changes) > s.options.MaxMetadata {
		return false
	}
	for key, value := range changes {
		if value == nil {
			s.slots.metadata(c.slot()).remove(key)
			continue
		}
		s.putMetadata(c, metadataEntry{key, value})
	}
	return true
}

// changedSize is what the client's metadata would count for after the changes.
func (s *Shard) changedSize(c *Client, changes map[string][]byte) (size int) {
	s.EachMetadata(c, func(key string, value []byte) {
		if _, changed := changes[key]; !changed {
			size += (&metadataEntry{key, value}).cost()
		}
	})
	for key, value := range changes {
		if value != nil {
			size += (&metadataEntry{key, value}).cost()
		}
	}
	return size
}

// putMetadata keeps an entry, for which there is room.
func (s *Shard) putMetadata(c *Client, entry metadataEntry) {
	m := s.slots.metadata(c.slot())
	if m == nil {
		m = s.slots.makeMetadata(c.slot())
	}
	m.size += entry.cost()
	if at := m.index(entry.key); at >= 0 {
		m.size -= m.entries[at].cost()
		m.entries[at] = entry
		return
	}
	m.entries = append(m.entries, entry)
}

func (m *metadata) remove(key string) {
	if m == nil {
		return
	}
	if at := m.index(key); at >= 0 {
		m.size -= m.entries[at].cost()
		last := len(m.entries) - 1
		m.entries[at] = m.entries[last]
		m.entries[last] = metadataEntry{}
		m.entries = m.entries[:last]
	}
}

// Metadata returns the client's value by that key, nil without one. It must not
// be changed; it may be kept.
func (s *Shard) Metadata(c *Client, key string) []byte {
	if m := s.slots.metadata(c.slot()); m != nil {
		if at := m.index(key); at >= 0 {
			return m.entries[at].value
		}
	}
	return nil
}

// EachMetadata calls f for each of the client's values.
func (s *Shard) EachMetadata(c *Client, f func(key string, value []byte)) {
	if m := s.slots.metadata(c.slot()); m != nil {
		for _, e := range m.entries {
			f(e.key, e.value)
		}
	}
}

func (t *slots) metadata(slot uint32) *metadata {
	c := t.chunks[slot/chunkSize].Load()
	if c.metadata == nil {
		return nil
	}
	return c.metadata[slot%chunkSize]
}

func (t *slots) makeMetadata(slot uint32) *metadata {
	c := t.chunks[slot/chunkSize].Load()
	if c.metadata == nil {
		c.metadata = make([]*metadata, chunkSize)
	}
	made := &metadata{}
	c.metadata[slot%chunkSize] = made
	return made
}

func (t *slots) clearMetadata(slot uint32) {
	if c := t.chunks[slot/chunkSize].Load(); c.metadata != nil {
		c.metadata[slot%chunkSize] = nil
	}
}
