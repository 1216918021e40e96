package secure

// A record costs work however little it holds, and one that holds no data at all, such
// as an update of keys, costs the most. crypto/tls ends a connection after 16 of those
// in a row, but a single byte of data begins its count anew. So a connection keeps an
// account of its peer's records: those with data have to be paid for by what they
// hold or by the frames that are made of it, those without by others with data.
// A peer that writes what it has to say, in whatever pieces, never spends all of it.

const (
	recordHeader = 5

	// recordPrice is what a record with data costs, in bytes of data.
	recordPrice = 64
	// frameWorth is what a frame pays for, in bytes of data: its header and its
	// payload may come in records of their own, and a few more.
	frameWorth = 4 * recordPrice
	// maxCredit is what may be saved, and what there is at first: 4096 records with
	// next to nothing in them.
	maxCredit = 4096 * recordPrice

	// idlePrice is what a record without data costs, in records with data.
	idlePrice = 64
	// maxIdle is what may be saved, and what there is at first: 64 records without
	// data.
	maxIdle = 64 * idlePrice
)

// records is the account of a connection. It belongs to who reads the connection.
type records struct {
	header [recordHeader]byte
	got    uint8  // bytes of the header that have come
	left   uint16 // bytes behind it that have not; 0 while the header is not whole

	ended  int32 // records that have come whole and are not accounted for
	credit int32 // for records with data, in bytes of data
	idle   int32 // for records without, in records with data
}

// open gives the peer what there is at first.
func (r *records) open() { r.ended, r.credit, r.idle = 0, maxCredit, maxIdle }

// rest is how much may be read before the record under way ends, if next is what
// comes: less than that where its header is not whole yet. Nothing behind it is
// read, so that all records that have come have been looked at when Read returns.
func (r *records) rest(next []byte) int {
	missing := recordHeader - int(r.got)
	if missing == 0 || len(next) < missing {
		return missing + int(r.left)
	}
	header := r.header
	copy(header[r.got:], next)
	return missing + bodyOf(header)
}

// came notes what has been read, no more than rest.
func (r *records) came(p []byte) {
	if r.got < recordHeader {
		n := copy(r.header[r.got:], p)
		if r.got += uint8(n); r.got < recordHeader {
			return
		}
		r.left, p = uint16(bodyOf(r.header)), p[n:]
	}
	if r.left -= uint16(len(p)); r.left == 0 {
		r.got = 0
		r.ended++
	}
}

// bodyOf is how much comes behind a header.
func bodyOf(header [recordHeader]byte) int { return int(header[3])<<8 | int(header[4]) }

// settle accounts for the records that have ended, of which the last has given so
// much data, if any.
func (r *records) settle(data int) {
	idle := r.ended
	if data > 0 && idle > 0 {
		idle--
		r.credit -= recordPrice
		r.idle = min(r.idle+1, maxIdle)
	}
	r.ended = 0
	r.idle -= idle * idlePrice
	r.earn(data)
}

func (r *records) earn(bytes int) { r.credit = min(r.credit+int32(bytes), maxCredit) }

// Earn pays for records with data: so many frames were made of it.
func (c *Conn) Earn(frames int) { c.records.earn(frames * frameWorth) }

// Overdrawn reports whether the peer has sent far more records than what they hold
// calls for. Frames have to be earned before that is asked. Open then does not go on:
// the connection is to be read no further.
func (c *Conn) Overdrawn() bool { return c.records.credit < 0 || c.records.idle < 0 }
