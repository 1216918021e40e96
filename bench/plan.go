package bench

import (
	"crypto/tls"

	"github.com/gannet-ws/gannet/codec"
)

// handshakesInFlight bounds how many sockets are connecting at a time.
const handshakesInFlight = 256

// handshakeKey and maskingKey are the same for all sockets: they need be
// unpredictable only where a proxy could be fooled.
var (
	handshakeKey = []byte("Z2FubmV0LWJlbmNoLWtleQ==")
	maskingKey   = [4]byte{0x6b, 0x1d, 0xc3, 0x52}
)

// plan is what a generator does. Each of its processes gets it as JSON with its
// share of the sockets, whose numbers are those of the whole: a socket's number
// decides its room and its source address. It does not change once the loops run.
type plan struct {
	Endpoint endpoint
	Conns    int    // sockets of all processes
	Rooms    int    // sockets join them in turn; 0: none, ready when upgraded
	Size     int    // bytes of a message's payload
	WarmUp   uint64 // messages at the start of each room whose latency is not counted
	Loops    int    // of each process
	Returns  int    // sockets connecting at a time after a break, of all processes; 0: as at first

	Protocol protocol
	Requests *requests // what sockets send; nil: they only receive

	First     int // number of the first socket of this process
	Held      int // sockets of this process
	Processes int

	Compression bool // sockets offer it, and messages have text that compresses as JSON does

	TokenSecret string // signs the tokens of the sockets; empty: they have none

	request   []byte      // the upgrade
	headers   []string    // beside it, of each socket of this process; nil: none
	tls       *tls.Config // nil without TLS
	wrappings []wrapping  // of the messages
}

// share returns the plan of the kth of n processes.
func (p plan) share(k, n int) plan {
	p.First = k * p.Conns / n
	p.Held = (k+1)*p.Conns/n - p.First
	p.Processes = n
	return p
}

// prepare makes what the sockets send.
func (p *plan) prepare() (err error) {
	p.Loops = max(p.Loops, 1)
	offer := ""
	if p.Compression {
		offer = deflateOffer
	}
	p.request = codec.AppendUpgradeRequest(nil, p.Endpoint.Host, p.Endpoint.Target, handshakeKey, offer)
	if p.Endpoint.TLS != nil {
		p.tls = p.Endpoint.TLS.config()
	}
	p.wrappings = wrappings(p.Size)
	p.Protocol.prepare(p.Rooms)
	if p.Requests != nil {
		p.Requests.prepare(p.Conns, p.Rooms)
	}
	p.headers, err = p.authorizations(offer)
	return err
}

// inFlight is how many sockets one loop may connect at a time.
func (p *plan) inFlight(returning bool) int {
	all := handshakesInFlight
	if returning && p.Returns > 0 {
		all = p.Returns
	}
	return max(all/(p.Processes*p.Loops), 1)
}
