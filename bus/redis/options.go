package redis

import (
	"cmp"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Options say where Redis is and how much may wait. The zero value of a field
// means its default; where a bound can be turned off, a negative value does so.
type Options struct {
	// URL is where Redis is:
	//
	//	redis://user:password@host:6379   one server; rediss:// is with TLS
	//	redis-sentinel://host:26379/name  Sentinels and the primary that they watch
	//
	// Several are the Sentinels of one primary, or else the seeds of a Cluster,
	// as is one with the query cluster=true. Redis 6 is needed, for a Cluster 7.
	URL []string
	// SentinelMaster is the name of the primary that Sentinels watch, for URLs
	// of Sentinels that do not have it.
	SentinelMaster string
	// Username and Password are used where the URL has none.
	Username string
	Password string
	// SentinelUsername and SentinelPassword are those of Sentinels. Empty:
	// Sentinels are asked without.
	SentinelUsername string
	SentinelPassword string
	// TLS is used with rediss://, for certificates of your own.
	TLS *tls.Config

	// Prefix begins the names of Gannet's own channels. Default: gannet:
	Prefix string
	// PXLPrefix begins the names of PXL's channels and of the application's.
	// PXL has none.
	PXLPrefix string

	// MaxQueue is the size in bytes of the messages that wait to be published;
	// further ones are refused. Default: 16 MiB.
	MaxQueue int
	// MaxInbox is the size in bytes of the messages that have been received
	// and wait to be delivered; further ones are lost, which is reported as a
	// gap. Default: 64 MiB.
	MaxInbox int
	// MaxPayload is the size in bytes of the largest message. Default: 4 MiB.
	MaxPayload int
	// MaxChannels is the number of channels, and of nodes on them, whose
	// messages are counted at once. Of those beyond it single losses go
	// unnoticed. Default: 100,000.
	MaxChannels int

	// PublishTimeout is the time for Redis to answer. What was published then
	// may have been received or not: it counts as unknown and is not tried
	// again. Default: 2s.
	PublishTimeout time.Duration
	// Linger is how long a room is listened to after its last member has gone.
	// Default: 5s; negative: not at all.
	Linger time.Duration
	// ProbeInterval is the time between two probes of a subscribing connection.
	// One that does not come back within two intervals ends the connection.
	// Sentinels are asked at every second one whether the primary has moved.
	// Default: 2s.
	ProbeInterval time.Duration

	// Required has Open wait for the first connection, and fail without one.
	Required bool
	// Log takes what the bus has to say; nothing is logged for each message.
	// Nil: slog.Default().
	Log *slog.Logger
}

// populate gives the fields that are zero their defaults.
func (o *Options) populate() {
	setDefault(&o.Prefix, "gannet:")
	setDefault(&o.MaxQueue, 16<<20)
	setDefault(&o.MaxInbox, 64<<20)
	setDefault(&o.MaxPayload, 4<<20)
	setDefault(&o.MaxChannels, 100_000)
	setDefault(&o.PublishTimeout, 2*time.Second)
	setDefault(&o.Linger, 5*time.Second)
	setDefault(&o.ProbeInterval, 2*time.Second)
	setDefault(&o.Log, slog.Default())
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// validate returns a sentence for the first setting that cannot be.
func (o *Options) validate() error {
	for _, p := range []struct {
		name  string
		value int64
	}{
		{"the size of the queue", int64(o.MaxQueue)},
		{"the size of the inbox", int64(o.MaxInbox)},
		{"the size of a message", int64(o.MaxPayload)},
		{"the time to publish", int64(o.PublishTimeout)},
		{"the time between probes", int64(o.ProbeInterval)},
	} {
		if p.value <= 0 {
			return fmt.Errorf("%s must be above zero", p.name)
		}
	}
	if o.MaxChannels < 2 {
		return fmt.Errorf("the number of channels that are counted is %d: it must be 2 or more", o.MaxChannels)
	}
	if strings.HasPrefix(o.PXLPrefix, o.Prefix) || strings.ContainsAny(o.Prefix, "{}") {
		return fmt.Errorf("the prefix %q must not begin PXL's, and have no braces", o.Prefix)
	}
	return nil
}

// place is where Redis is, as the URLs say it.
type place struct {
	addresses []string // host:port: the server, the Sentinels or the seeds
	master    string   // the name that Sentinels know the primary by
	cluster   bool
	access           // to Redis servers
	sentinel  access // to Sentinels
}

// server returns the server to publish to and to listen to.
func (o *Options) server(p *place) server {
	s := server{address: p.addresses[0], access: p.access}
	if p.master != "" {
		s.sentinels = &sentinels{
			master:   p.master,
			access:   p.sentinel,
			interval: 2 * o.ProbeInterval,
			servers:  newCandidates(p.addresses),
		}
	}
	return s
}

// access is what a server asks for.
type access struct {
	host               string // that the URL names
	username, password string
	database           int
	tls                *tls.Config // nil for none
}

var errNoURL = errors.New("a URL of Redis is needed, such as redis://localhost:6379")

// place reads the URLs, which must agree but for their hosts.
func (o *Options) place() (*place, error) {
	if len(o.URL) == 0 {
		return nil, errNoURL
	}
	var first *place
	for _, text := range o.URL {
		p, err := o.parseURL(text)
		if err != nil {
			return nil, err
		}
		if first == nil {
			first = p
			continue
		}
		if p.master != first.master || p.username != first.username || p.password != first.password || (p.tls == nil) != (first.tls == nil) {
			return nil, errors.New("the URLs of Redis differ in more than their hosts")
		}
		first.addresses = append(first.addresses, p.addresses...)
		first.cluster = first.master == ""
	}
	if first.cluster && first.database != 0 {
		return nil, errors.New("a Redis Cluster has no databases but 0")
	}
	return first, nil
}

// parseURL reads one URL. Its text may hold a password and is not repeated in
// errors.
func (o *Options) parseURL(text string) (*place, error) {
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" {
		return nil, errors.New("a URL of Redis cannot be read: write redis://host:port")
	}
	p := &place{
		cluster: u.Query().Get("cluster") == "true",
		access:  access{host: u.Hostname(), username: o.Username, password: o.Password},
	}
	if u.User != nil {
		p.username = u.User.Username()
		p.password, _ = u.User.Password()
	}
	port := "6379"
	switch path := strings.Trim(u.Path, "/"); u.Scheme {
	case "redis", "rediss":
		if path != "" {
			p.database, err = strconv.Atoi(path)
		}
		if err != nil || p.database < 0 {
			return nil, fmt.Errorf("the path of a URL of Redis is a database's number, not %q", path)
		}
	case "redis-sentinel", "rediss-sentinel":
		port = "26379"
		p.sentinel = access{host: u.Hostname(), username: o.SentinelUsername, password: o.SentinelPassword}
		if p.master = cmp.Or(path, o.SentinelMaster); p.master == "" {
			return nil, errors.New("a URL of Sentinels needs the name of the primary: redis-sentinel://host:port/NAME")
		}
	default:
		return nil, fmt.Errorf("a URL of Redis begins with redis, rediss, redis-sentinel or rediss-sentinel, not with %q", u.Scheme)
	}
	if strings.HasPrefix(u.Scheme, "rediss") {
		p.tls = o.secure()
		p.sentinel.tls = p.tls
	}
	p.addresses = []string{net.JoinHostPort(u.Hostname(), cmp.Or(u.Port(), port))}
	return p, nil
}

// secure returns the settings of TLS.
func (o *Options) secure() *tls.Config {
	if o.TLS != nil {
		return o.TLS
	}
	return &tls.Config{MinVersion: tls.VersionTLS12}
}
