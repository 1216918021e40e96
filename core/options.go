package core

import (
	"crypto/tls"
	"log/slog"
	"runtime"
	"time"

	"github.com/gannet-ws/gannet/bus"
	"github.com/gannet-ws/gannet/codec/setting"
	"github.com/gannet-ws/gannet/core/auth"
	"github.com/gannet-ws/gannet/shard"
)

// Options configure a Server. They are the one place where a setting's name,
// default and meaning stand: flags, environment, configuration file and manual
// come from the tags. A field's zero value means its default; where a setting
// can be turned off, a negative value does so.
type Options struct {
	// Addr is the TCP address of the WebSocket listener. Port 0 takes a free
	// one, which Server.Addr tells.
	Addr string `default:":3000" help:"Address of the WebSocket listener." placeholder:"HOST:PORT"`
	// TLSAddr is the TCP address of a listener for TLS, beside the plain one, which
	// should be on loopback then: every connection there is plain. Port 0 takes a
	// free one, which Server.TLSAddr tells. It needs TLSConfig.
	TLSAddr string `name:"tls-addr" help:"Address of a listener for TLS (wss), beside the plain one of --addr. It needs --tls-cert and --tls-key." placeholder:"HOST:PORT"`
	// TLSConfig has the certificates, or functions that choose one, which must not
	// wait; GetCertificate is asked without a connection, too, for the end of what it
	// would show. The server uses a copy, with TLS 1.2 and 1.3 and http/1.1 (ALPN).
	// Session tickets are good within one process.
	TLSConfig *tls.Config `kong:"-"`
	// MaxTLSHandshakes is the number of TLS handshakes under way, shared out among the
	// event loops. Beyond it the oldest of those whose peers do not go on is closed, of
	// the address that has the most handshakes; where none is, as all wait for a CPU, the connection that wants to begin one is.
	// Few of them compute at a time, half as many as there are CPUs, so that event loops
	// go on.
	MaxTLSHandshakes int `name:"max-tls-handshakes" default:"1024" help:"TLS handshakes of one process under way; beyond it the oldest whose peer does not go on is closed, or, where there is none, the connection that begins one."`
	// UnixSocket is the path of a Unix stream socket on which connections are
	// accepted, too. A file that a dead server has left there is replaced. Workers
	// cannot share one.
	UnixSocket string `help:"Path of a Unix socket on which WebSocket connections are accepted, too; not with several --workers." placeholder:"PATH"`
	// UnixSocketMode says who may connect to UnixSocket.
	UnixSocketMode FileMode `default:"0660" help:"File mode of --unix-socket, in octal digits."`
	// Path is the path of the upgrade request. Other paths are answered 404.
	Path string `default:"/ws" help:"Path of the WebSocket endpoint."`
	// EchoPath is a path whose clients are sent back each message as it came, and
	// nothing else: for suites that test an implementation of the protocol. No
	// handler, hook, broadcast, announcement or list of clients knows them, but the
	// figures count them. MaxMessageSize holds for them, rates and MaxBacklog do
	// not: while one does not read it is not read from. Empty: there is none.
	EchoPath string `help:"Path whose clients are sent back each message as it came, for suites that test the protocol; rates do not hold for them." placeholder:"PATH"`
	// Loops is the number of event loops, each on one CPU at a time. More
	// loops spread the work; more than CPUs gain nothing.
	Loops int `default:"0" help:"Event loops of a process. 0: one for each CPU, shared out among --workers."`

	// JWTSecret is the key of HS256, HS384 and HS512 tokens. Without any key
	// all clients are anonymous and a token is refused.
	JWTSecret string `name:"jwt-secret" help:"Key of HS256, HS384 and HS512 tokens." placeholder:"SECRET"`
	// JWTSecretEncoding says what JWTSecret is. PXL decodes its jwtSecretKey
	// as base64url before use: for such a key take base64url.
	JWTSecretEncoding auth.Encoding `name:"jwt-secret-encoding" enum:"raw,base64url" default:"raw" help:"How the secret is written: raw (its bytes) or base64url (as PXL reads its jwtSecretKey)."`
	// JWTPublicKey is PEM: public keys or certificates, RSA (RS and PS), ECDSA
	// (ES) or Ed25519 (EdDSA). What a key's type cannot check is refused.
	JWTPublicKey []byte `kong:"-"`
	// JWTJWKSURL is where public keys are fetched from, https, or http on
	// loopback. Keys that are known stay in use while it is away.
	JWTJWKSURL string `name:"jwt-jwks-url" help:"URL of a JSON Web Key Set with the public keys of tokens." placeholder:"URL"`
	// JWTJWKSRefresh is the time between two fetches of it. A token with an
	// unknown key id has it fetched at once, once in a while.
	JWTJWKSRefresh time.Duration `name:"jwt-jwks-refresh" default:"1h" help:"Time between two fetches of the key set; an unknown key id has it fetched at once."`
	// JWTIssuer is what the iss of tokens must be.
	JWTIssuer string `name:"jwt-issuer" help:"Issuer (iss) that tokens must have." placeholder:"ISS"`
	// JWTAudience is of what the aud of tokens must have at least one.
	JWTAudience []string `name:"jwt-audience" help:"Audiences (aud), of which tokens must have one." placeholder:"AUD"`
	// JWTLeeway is how far the clocks of issuer and server may be apart.
	JWTLeeway time.Duration `name:"jwt-leeway" default:"0s" help:"How far the clocks of a token's issuer and this server may be apart."`
	// RequireAuth refuses connections without a token with 401.
	RequireAuth bool `help:"Refuse connections without a token."`
	// CloseExpired closes a client with 1008, token expired, when its token
	// does. With system.refreshToken it can hand in another before.
	CloseExpired bool `help:"Close a client with 1008, token expired, when its token expires; system.refreshToken extends it."`
	// MaxVerifying is the number of tokens that wait for a check that takes
	// long: by a public key. Beyond it upgrades are answered 503.
	MaxVerifying int `default:"10000" help:"Tokens that wait for a check by a public key; beyond it upgrades are answered 503."`

	// AllowedOrigins are the origins whose pages may connect: scheme, host and port
	// as in https://example.com:8443, a star for the first labels of the host as in
	// https://*.example.com, which is not https://example.com itself, or a star for
	// all. Others are answered 403. Without any, pages of all sites may connect: no
	// cookie says here who somebody is, so that without a token a foreign page is as
	// anonymous as anybody. Set it where it is the network that keeps others out, as
	// a browser inside shows pages from outside. Programs that are no browsers say
	// what they like.
	AllowedOrigins []string `help:"Origins whose pages may connect: https://example.com, https://*.example.com (any name below it) or * (all). Others are answered 403. Default: all, as a page is nobody here without a token." placeholder:"ORIGIN"`
	// RequireOrigin refuses requests without an origin with 403. Browsers always
	// send one, other programs mostly do not.
	RequireOrigin bool `help:"Refuse connections that do not name an origin, which programs other than browsers mostly do not."`
	// Subprotocols are those that the server speaks. Of a client's list the first
	// that is among them is chosen and answered; where none is, the connection has
	// none. What it means is the handlers' affair: Context.Subprotocol.
	Subprotocols []string `help:"Subprotocols to choose from: the first of a client's list that is among them is answered." placeholder:"NAME"`
	// TrustedProxies are the networks and addresses of the proxies in front of the
	// server, and the word unix for those that connect through a Unix socket. Of them,
	// and of nobody else, it is believed who their client is: the last address in
	// X-Forwarded-For that is not itself one of them, or without that list the one in
	// X-Real-IP. Each has to add to X-Forwarded-For, or to remove what its client
	// sends as such.
	TrustedProxies []string `help:"Networks or addresses of proxies (or unix: those on a Unix socket) whose X-Forwarded-For, or else X-Real-IP, says who the client is. They have to set it, and not pass on what a client has made up." placeholder:"CIDR"`
	// ProxyProtocol says whether connections begin with a PROXY header, version 1 or 2,
	// which says from where the balancer's client connects: off, they do not;
	// accept, they may; require, others are refused. It is believed from
	// TrustedProxies alone, or from everybody if there are none: then only the
	// balancer must be able to connect.
	ProxyProtocol ProxyProtocol `enum:"off,accept,require" default:"off" help:"Whether connections begin with a PROXY header (version 1 or 2) that says who the client is: off, accept (they may) or require. It is believed from --trusted-proxies, or from everybody where that is not set."`
	// MaxConnectionsPerAddress is the number of clients from one address, of IPv6
	// from one /64. Further ones are answered 429. They are counted when their
	// request has come, by the client's address where there are trusted proxies,
	// and by each process for itself. As many again, or 16 if that is more, may be
	// connections whose request is awaited or that have been refused; further ones
	// are closed at once. Those are counted from the accept on, where it is known who
	// connects: not of trusted proxies, nor where a PROXY header may come. 0 is no
	// limit: everybody behind a proxy that is not trusted, or in one office, has the
	// same address.
	MaxConnectionsPerAddress int `default:"0" help:"Clients from one address (IPv6: one /64) of one process; further ones are answered 429. As many again (at least 16) may be on their way in or refused; further ones are closed at once. 0: no limit, as all clients behind one proxy or in one office may share theirs."`
	// MaxAcceptRate is the new connections a second of one process; as many may come
	// at once. The requests of further ones are answered 503, to come back in a few
	// seconds; over TLS they are closed at the ClientHello. 0 is no limit: the loops take connections in as fast as they can, and
	// those who connect wait in the kernel meanwhile.
	MaxAcceptRate int `default:"0" help:"New connections a second of one process; requests beyond it are answered 503, to come back in a few seconds; over TLS they are closed at the ClientHello, without an answer. 0: no limit."`
	// MaxHandshakes is the number of connections, shared out among the event loops,
	// whose request is awaited. Beyond it one is closed, of the address with the most
	// of them that which has waited longest: those who mean to connect send it at
	// once. As many may have been refused and not have gone yet.
	MaxHandshakes int `default:"10000" help:"Connections of one process whose upgrade request is awaited, and as many that have been refused and have not gone yet; beyond it the one that has waited longest is closed, of the address that has the most."`
	// MaxRequestHead is the size of an upgrade request. Browsers stay below 2 KiB but
	// for cookies and tokens. A larger one is answered 431.
	MaxRequestHead Size `default:"8KiB" help:"Largest upgrade request, at most 64KiB; a larger one is answered 431."`

	// Join says which rooms clients may join by themselves: open, every room;
	// claim, those that the rooms claim of their token names, a trailing star
	// for a prefix, and anonymous clients none.
	Join JoinPolicy `enum:"open,claim" default:"open" help:"Which rooms clients may join: open (every room) or claim (those in the rooms claim of their token, a trailing * for a prefix)."`
	// AutoJoin joins a client to the rooms that its token names in full; with
	// SingleRoom, to the first of them.
	AutoJoin bool `help:"Join clients to the rooms that the rooms claim of their token names in full."`
	// ClientPublish lets clients send to rooms they are in (room.publish).
	ClientPublish bool `help:"Let clients publish to rooms they are in, with room.publish."`
	// SingleRoom makes a client leave its room when it joins another.
	SingleRoom bool `help:"A client is in one room at a time: joining one leaves the other."`
	// MaxRooms is the number of rooms one client may be in.
	MaxRooms int `default:"100" help:"Rooms that one client may be in."`
	// MaxRoomName is the length of a room's name, in bytes.
	MaxRoomName int `default:"128" help:"Length of a room's name, in bytes."`

	// MaxMetadata is the size of the metadata that handlers may keep with one
	// client: keys, values, and 64 bytes for each.
	MaxMetadata Size `default:"4KiB" help:"Metadata that may be kept with one client: keys, values and 64 bytes for each."`
	// Announce says which of its clients' comings and goings the node announces
	// to the subscribers of all nodes. What nobody listens to costs nothing in
	// one process, and one publish each on a bus.
	Announce Announcements `enum:"none,rooms,all" default:"all" help:"What is announced to subscribers on all nodes: none, rooms (joins and leaves) or all (connects and disconnects too)."`
	// NotifyGaps sends the event system.gap to the clients that may have missed
	// messages of other nodes: to the members of each room concerned, with its
	// roomName, and without one to all where it may concern anybody. It says from
	// when to when, and how many messages if that is known.
	NotifyGaps bool `help:"Tell clients, with the event system.gap, when messages of other nodes have not reached them or may not have."`

	// Forward brings events to clients: CHANNEL=all, CHANNEL=room:NAME,
	// CHANNEL=client (by webSocketClientId or clientId) or CHANNEL=user (by
	// userId). An event with type and action arrives as it is, without its
	// workerId; any other as the data of one whose type is the channel, and
	// whose action is the event's, or message.
	Forward []string `help:"Send the events of a channel to clients: all, those in a room, or the client or user that the event names." placeholder:"CHANNEL=all|room:NAME|client|user"`
	// Upstream has requests that no handler answers sent to an application:
	// TYPE=CHANNEL or TYPE.ACTION=CHANNEL.
	Upstream []string `help:"Send requests that no handler answers to an application on a channel of the bus, which replies." placeholder:"TYPE[.ACTION]=CHANNEL"`

	// BlockingWorkers is the number of goroutines for blocking routes.
	BlockingWorkers int `default:"64" help:"Handlers of blocking routes that run at once."`
	// MaxBlocking is the number of requests to blocking routes that wait or
	// run. Beyond it clients are answered BUSY.
	MaxBlocking int `default:"4096" help:"Requests to blocking routes that wait or run; beyond it clients are answered BUSY."`
	// MaxBlockingPerClient is MaxBlocking for one client.
	MaxBlockingPerClient int `default:"16" help:"Requests of one client to blocking routes that wait or run; beyond it the client is answered BUSY."`
	// SlowHandler is the time from which a handler that holds its event loop
	// is counted and, once a second, logged. A negative value turns that off.
	SlowHandler time.Duration `default:"20ms" help:"Time from which a handler that holds its event loop is counted and logged; negative: never."`

	// MaxConnections is the number of clients that are served. Beyond it upgrades are
	// answered 503. Connections that are no clients do not count: MaxHandshakes bounds
	// them, and where descriptors end they give way. 0 takes what the descriptor limit
	// leaves.
	MaxConnections int `default:"0" help:"Clients served at once; further upgrades are answered 503. Connections that are no clients yet count for max-handshakes instead. 0: as many as the descriptor limit allows."`
	// MaxMessageSize is the size of one message from a client over all its
	// fragments, and of what a compressed one becomes. A larger one closes the
	// connection with 1009, and so does one that is far more work to decompress than
	// its size is worth.
	MaxMessageSize Size `default:"64KiB" help:"Largest message that a client may send; a larger one closes it with 1009."`
	// MaxMessageRate is the messages a second that one client may send, as a
	// token bucket that holds a second's worth. A message beyond it is answered
	// RATE_LIMIT and not handled. Pings count, too. A negative value turns it
	// off.
	MaxMessageRate int `default:"10000" help:"Messages a second that one client may send; further ones are answered RATE_LIMIT. Negative: no limit."`
	// MaxByteRate is MaxMessageRate for the bytes of messages. Later messages wait
	// for what a compressed one becomes beyond what was sent of it, and for what is
	// uncommonly much work to decompress, as codec.Inflater counts it. Each frame of
	// a message that comes in several, and each pong, counts 1 KiB beside its own;
	// one beyond the rate is heard, but counts as a strike. It cannot be turned off,
	// but be large.
	MaxByteRate Size `default:"8MiB" help:"Bytes of messages a second that one client may send, with 1 KiB for each frame of a fragmented one and each pong; a message beyond them is answered RATE_LIMIT."`
	// MaxStrikes is the number of messages and frames beyond these rates at which
	// a client is closed with 1008. They are forgiven when it has been silent for as
	// long as its buckets take to fill, at most about a second.
	MaxStrikes int `default:"100" help:"Messages and frames beyond its rates at which a client is closed with 1008, 1 to 255."`
	// MaxBacklog is the bytes that may wait for one client that reads slowly.
	MaxBacklog Size `default:"1MiB" help:"Bytes that may wait for a client that reads slowly."`
	// SlowConsumer says what happens at MaxBacklog: close ends the client with
	// 1013, skip drops the newest message whole, latest the oldest ones whole, so
	// that the newest is always among those that wait.
	SlowConsumer SlowConsumer `enum:"close,skip,latest" default:"close" help:"What happens to a client at the backlog limit: close it with 1013, skip the newest messages, or skip the oldest ones, so that it sees the latest."`
	// MaxInbox is the bytes of published messages that may wait for one event
	// loop. Beyond it publishing is refused with ErrOverloaded; from a 256th of it
	// on, clients that publish are not read from until the loop has caught up.
	MaxInbox Size `default:"64MiB" help:"Bytes of published messages that may wait for one event loop; beyond it publishing is refused with 503."`

	// Compression, on, offers permessage-deflate to clients that ask for it. No
	// window outlives a message, so that a connection costs what it does without.
	// It is off unless bytes cost more than time: each message is compressed once
	// for all its receivers, but each of them has to decompress it. Who can see
	// how long encrypted messages are, and have text of his own put into them, can
	// find out what else is in them when they are compressed.
	Compression Compression `enum:"off,on" default:"off" help:"Compress messages for clients that offer permessage-deflate, and let them do so: off or on."`
	// CompressionThreshold is the size of a message from which it is compressed.
	// What does not become smaller is sent as it is.
	CompressionThreshold Size `default:"512B" help:"Size of a message from which it is compressed."`
	// CompressionLevel is 1 (fast) to 9 (small). Who publishes a message spends
	// the time: an event loop, if it is a handler. Clients that bound the window
	// below 32 KiB have a level of their own, about 5.
	CompressionLevel int `default:"1" help:"Level of compression: 1 (fast) to 9 (small)."`

	// HandshakeTimeout is the time for a connection to become a WebSocket.
	HandshakeTimeout time.Duration `default:"10s" help:"Time for a new connection to complete its upgrade."`
	// FrameTimeout is the time for a frame, or a message in several, to be complete
	// once it has begun. A client that takes longer is closed with 1008. Time in
	// which the client is not read from does not count. A negative value turns it
	// off.
	FrameTimeout time.Duration `default:"30s" help:"Time for a message of a client to be complete once it has begun, before the client is closed with 1008, frame timeout; negative: no limit."`
	// PingInterval is the silence after which a client is pinged. A negative
	// value turns pings off, and with them the detection of dead peers.
	PingInterval time.Duration `default:"30s" help:"Silence after which a client is pinged; negative: never."`
	// InactiveTimeout is the time after which a client that sends no message is
	// closed with 1000. Pings and their answers are no messages: this is for
	// clients that are alive and forgotten, and closes those that only listen.
	InactiveTimeout time.Duration `default:"0s" help:"Time after which a client that sends no message is closed with 1000, inactive. 0s: never."`
	// LogInactive logs each client that is closed for inactivity.
	LogInactive bool `help:"Log each client that is closed for inactivity."`
	// JSONPingInterval is the time between the events {"type":"system",
	// "action":"ping"} that every client is sent, the guide's heartbeat.
	// Protocol pings (PingInterval) do it better: browsers answer them without
	// code, and busy clients are left alone.
	JSONPingInterval time.Duration `name:"json-ping-interval" default:"0s" help:"Time between JSON heartbeats, system.ping events, to every client. 0s: none; protocol pings do it better."`
	// PingTimeout is the time for a pinged client to show any sign of life.
	PingTimeout time.Duration `default:"20s" help:"Time for a pinged client to answer before it is dropped."`
	// CloseTimeout is the time for a peer to answer a close frame.
	CloseTimeout time.Duration `default:"5s" help:"Time for a client to answer a close frame before its connection is dropped."`
	// DrainTimeout is the time in which all clients have to have gone when the server
	// stops or retires, DrainDelay and DrainPeriod included: what these leave of it is
	// for the last ones to take what waits for them. Handlers and subscribers that
	// still run are then given as long again.
	DrainTimeout time.Duration `default:"10s" help:"Time for all clients to leave when the server stops or a worker is replaced, --drain-delay and --drain-period included; what these leave of it is for the last ones to take what waits for them."`
	// DrainPeriod is the time over which clients are closed when the server stops or
	// retires, each at a random moment, so that they do not come back all at once. Zero
	// is 5 seconds, or half of what DrainDelay leaves of DrainTimeout if that is less. A
	// negative value closes them all at once.
	DrainPeriod time.Duration `default:"0s" help:"Time over which clients are closed with 1012 when the server stops or a worker is replaced, each at a random moment. 0s: 5 seconds, or half of what --drain-delay leaves of --drain-timeout if that is less. Negative: all at once."`
	// DrainDelay is the time from when a server that stops refuses new clients, and is
	// not ready any more, until it closes the first, for balancers to notice: those
	// who are closed then come to others.
	DrainDelay time.Duration `default:"0s" help:"Time between the moment at which a server that stops turns /ready to 503 and refuses upgrades, and that at which it closes the first client: for balancers to notice."`

	// SurveyTimeout is the time for other nodes to answer a question of this one,
	// where its context has no deadline.
	SurveyTimeout time.Duration `default:"2s" help:"Time for other nodes to answer what the cluster-wide requests of the API ask them, at most 1m."`

	// Hooks are called as clients come, speak and go.
	Hooks Hooks `kong:"-"`
	// Bus joins the server to other nodes. Nil: there are none.
	Bus bus.Bus `kong:"-"`
	// Worker is the server's place among those that share Addr, which needs a
	// port then. They belong to one user, and none of them notices another that
	// listens by mistake. Nil: the server shares it with nobody, and Run fails
	// where somebody listens already.
	Worker *Worker `kong:"-"`
	// Log takes what the server has to say; nothing is logged per message.
	// Nil: slog.Default().
	Log *slog.Logger `kong:"-"`
}

// SlowConsumer is what happens to a client whose backlog is full.
type SlowConsumer string

// The choices.
const (
	CloseSlow  SlowConsumer = "close"
	SkipSlow   SlowConsumer = "skip"
	LatestSlow SlowConsumer = "latest"
)

// overflows are the choices as a shard knows them.
var overflows = map[SlowConsumer]shard.Overflow{
	CloseSlow:  shard.EndClient,
	SkipSlow:   shard.SkipNewest,
	LatestSlow: shard.SkipOldest,
}

func (s SlowConsumer) isKnown() bool {
	_, known := overflows[s]
	return known
}

// populate gives the fields that are zero their defaults.
func (o *Options) populate() {
	setting.FillDefaults(o)
	if o.Loops == 0 {
		o.Loops = min(runtime.GOMAXPROCS(0), maxLoops)
	}
	if o.DrainPeriod == 0 {
		o.DrainPeriod = max(0, min(usualDrainPeriod, (o.DrainTimeout-o.DrainDelay)/2))
	}
	if o.Bus == nil {
		o.Bus = bus.Local{}
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
}

// hasKey reports whether tokens can be checked.
func (o *Options) hasKey() bool {
	return o.JWTSecret != "" || len(o.JWTPublicKey) > 0 || o.JWTJWKSURL != ""
}

// verifier returns what checks tokens, nil where there is no key.
func (o *Options) verifier() (*auth.Verifier, error) {
	if !o.hasKey() {
		return nil, nil
	}
	return auth.New(o.Auth())
}

// Auth returns the options that say which tokens are accepted.
func (o *Options) Auth() auth.Options {
	return auth.Options{
		Secret:         o.JWTSecret,
		SecretEncoding: o.JWTSecretEncoding,
		PublicKey:      o.JWTPublicKey,
		JWKSURL:        o.JWTJWKSURL,
		JWKSRefresh:    o.JWTJWKSRefresh,
		Issuer:         o.JWTIssuer,
		Audience:       o.JWTAudience,
		Leeway:         o.JWTLeeway,
		Log:            o.Log,
	}
}
