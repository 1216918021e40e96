package redis

import (
	"cmp"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"

	"github.com/gannet-ws/gannet/codec/setting"
)

// place is where Redis is, as the URLs say it.
type place struct {
	addresses []string // host:port: the server, the Sentinels or the seeds
	master    string   // the name that Sentinels know the primary by
	cluster   bool
	secure    bool   // by TLS
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

var errNoURL = errors.New("redis-url is needed, such as redis://localhost:6379")

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
		if p.master != first.master || p.username != first.username || p.password != first.password || p.secure != first.secure {
			return nil, errors.New("redis-url: several URLs must not differ in more than their hosts")
		}
		first.addresses = append(first.addresses, p.addresses...)
		first.cluster = first.master == ""
	}
	if first.cluster && first.database != 0 {
		return nil, errors.New("redis-url: a Cluster has no databases but 0")
	}
	return first, o.secure(first)
}

// parseURL reads one URL. Its text may hold a password and is not repeated in
// errors.
func (o *Options) parseURL(text string) (*place, error) {
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" {
		return nil, errors.New("redis-url cannot be read: write redis://HOST:PORT")
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
			return nil, errors.New("redis-url: the path is a database's number, or nothing")
		}
	case "redis-sentinel", "rediss-sentinel":
		port = "26379"
		p.sentinel = access{host: u.Hostname(), username: o.SentinelUsername, password: o.SentinelPassword}
		if p.master = cmp.Or(path, o.SentinelMaster); p.master == "" {
			return nil, errors.New("redis-url: Sentinels need the name of the primary: redis-sentinel://HOST:PORT/NAME, or redis-sentinel-master")
		}
	default:
		return nil, fmt.Errorf("redis-url begins with redis, rediss, redis-sentinel or rediss-sentinel, not with %q", u.Scheme)
	}
	p.secure = strings.HasPrefix(u.Scheme, "rediss")
	p.addresses = []string{net.JoinHostPort(u.Hostname(), cmp.Or(u.Port(), port))}
	return p, setting.CheckAddress("redis-url", p.addresses[0])
}
