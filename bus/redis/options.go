package redis

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/gannet-ws/gannet/codec/setting"
)

// Options say where Redis is and how much may wait. They are the one place where a
// setting's name, default and meaning stand: flags, environment and manual come
// from the tags. The zero value of a field means its default; where a bound can be
// turned off, a negative value does so.
type Options struct {
	// URL is where Redis is:
	//
	//	redis://user:password@host:6379   one server; rediss:// is with TLS
	//	redis-sentinel://host:26379/name  Sentinels and the primary that they watch
	//
	// Several are the Sentinels of one primary, or else the seeds of a Cluster,
	// as is one with the query cluster=true. Redis 6 is needed, for a Cluster 7.
	URL []string `name:"redis-url" help:"Redis that joins nodes: redis://HOST:PORT, with TLS rediss://, or redis-sentinel://HOST:PORT/NAME. Several are the Sentinels of one primary, or else the seeds of a Cluster." placeholder:"URL"`
	// Required has Open wait for the first connection, and fail without one.
	Required bool `name:"redis-required" help:"Do not start without a connection to Redis."`
	// SentinelMaster is the name of the primary that Sentinels watch, for URLs
	// of Sentinels that do not have it.
	SentinelMaster string `name:"redis-sentinel-master" help:"Name of the primary that Sentinels watch, where the URL has none." placeholder:"NAME"`
	// Username and Password are used where the URL has none.
	Username string `name:"redis-username" help:"User of Redis, where the URL has none." placeholder:"NAME"`
	Password string `name:"redis-password" help:"Password of Redis, where the URL has none. Process lists show command lines: prefer the file or the environment." placeholder:"PASSWORD"`
	// SentinelUsername and SentinelPassword are those of Sentinels. Empty:
	// Sentinels are asked without.
	SentinelUsername string `name:"redis-sentinel-username" help:"User of Sentinels." placeholder:"NAME"`
	SentinelPassword string `name:"redis-sentinel-password" help:"Password of Sentinels; see redis-password." placeholder:"PASSWORD"`

	// CAFile is the PEM file of the authorities that sign Redis' certificates.
	// Empty: the system's. The files are read once, by New.
	CAFile string `name:"redis-ca-file" help:"PEM file of the authorities that sign the certificates of Redis. Default: the system's." placeholder:"FILE"`
	// CertFile and KeyFile are the PEM files of the client's own certificate,
	// for a Redis that asks for one.
	CertFile string `name:"redis-cert-file" help:"PEM file of the certificate with which this node shows who it is, if Redis asks for one." placeholder:"FILE"`
	KeyFile  string `name:"redis-key-file" help:"PEM file of that certificate's key." placeholder:"FILE"`
	// TLSServerName is the name that certificates must have. Empty: the host's
	// that is connected to, or where only its address is known the URL's.
	TLSServerName string `name:"redis-tls-server-name" help:"Name that the certificates of Redis must have. Default: the host's." placeholder:"NAME"`
	// TLS is used with rediss:// instead of what the fields above say. It is not
	// changed.
	TLS *tls.Config `kong:"-"`

	// Prefix begins the names of Gannet's own channels.
	Prefix string `name:"redis-prefix" default:"gannet:" help:"What the names of Gannet's own channels begin with."`
	// PXLPrefix begins the names of PXL's channels and of the application's.
	// PXL has none.
	PXLPrefix string `name:"pxl-prefix" help:"What the names of PXL's and of the application's channels begin with. PXL itself has no prefix."`

	// MaxQueue is the size of the messages that wait to be published; further
	// ones are refused.
	MaxQueue setting.Size `name:"redis-max-queue" default:"16MiB" help:"Messages that wait for Redis, in bytes; further ones are not sent to other nodes."`
	// MaxInbox is the size of the messages that have been received and wait to
	// be delivered; further ones are lost, which is reported as a gap.
	MaxInbox setting.Size `name:"redis-max-inbox" default:"64MiB" help:"Messages from Redis that wait to be delivered, in bytes; further ones are lost and reported as a gap."`
	// MaxPayload is the size of the largest message.
	MaxPayload setting.Size `name:"redis-max-payload" default:"4MiB" help:"Largest message to and from Redis; a larger one is dropped."`
	// MaxChannels is the number of channels, and of nodes on them, whose
	// messages are counted at once. Of those beyond it single losses go
	// unnoticed.
	MaxChannels int `name:"redis-max-channels" default:"100000" help:"Channels whose messages are counted at once; single losses on further ones go unnoticed."`

	// PublishTimeout is the time for Redis to answer. What was published then
	// may have been received or not: it counts as unknown and is not tried
	// again.
	PublishTimeout time.Duration `name:"redis-publish-timeout" default:"2s" help:"Time for Redis to take a message; after it nobody knows whether it did."`
	// Linger is how long a room is listened to after its last member has gone.
	// A negative value: not at all.
	Linger time.Duration `name:"redis-linger" default:"5s" help:"Time for which a room is listened to after its last member has gone; negative: not at all."`
	// ProbeInterval is the time between two probes of a subscribing connection.
	// One that does not come back within two intervals ends the connection.
	// Sentinels are asked at every second one whether the primary has moved.
	ProbeInterval time.Duration `name:"redis-probe-interval" default:"2s" help:"Time between two probes of a connection; one that does not come back within two intervals ends it."`

	// HeartbeatInterval is the time between two signs of life of this node. The
	// others take it for dead after three without one.
	HeartbeatInterval time.Duration `name:"redis-heartbeat-interval" default:"2s" help:"Time between two signs of life of this node, which is taken for dead after three without one; at most 10m."`
	// MaxNodes is the number of other nodes that are known at once; further ones
	// are not.
	MaxNodes int `name:"redis-max-nodes" default:"1000" help:"Other nodes that are known at once; further ones are not asked anything."`
	// MaxSurveys is the number of surveys of this node that wait for answers,
	// and of other nodes' questions that wait to be answered; further ones are
	// refused.
	MaxSurveys int `name:"redis-max-surveys" default:"64" help:"Questions to other nodes that wait for answers, and of others that wait to be answered; further ones are refused."`
	// SurveyWorkers is the number of other nodes' questions that are answered at
	// once.
	SurveyWorkers int `name:"redis-survey-workers" default:"4" help:"Questions of other nodes that are answered at once."`

	// Log takes what the bus has to say; nothing is logged for each message.
	// Nil: slog.Default().
	Log *slog.Logger `kong:"-"`
}

// populate gives the fields that are zero their defaults.
func (o *Options) populate() {
	setting.FillDefaults(o)
	if o.Log == nil {
		o.Log = slog.Default()
	}
}

// validate returns a sentence for the first setting that cannot be.
func (o *Options) validate() error {
	for _, p := range []struct {
		name  string
		value int64
	}{
		{"redis-max-queue", int64(o.MaxQueue)},
		{"redis-max-inbox", int64(o.MaxInbox)},
		{"redis-max-payload", int64(o.MaxPayload)},
		{"redis-publish-timeout", int64(o.PublishTimeout)},
		{"redis-probe-interval", int64(o.ProbeInterval)},
		{"redis-heartbeat-interval", int64(o.HeartbeatInterval)},
		{"redis-max-nodes", int64(o.MaxNodes)},
		{"redis-max-surveys", int64(o.MaxSurveys)},
		{"redis-survey-workers", int64(o.SurveyWorkers)},
	} {
		if p.value <= 0 {
			return fmt.Errorf("%s must be above zero", p.name)
		}
	}
	switch {
	case o.HeartbeatInterval > maxHeartbeat:
		return fmt.Errorf("redis-heartbeat-interval is %s: it must be at most %s", o.HeartbeatInterval, maxHeartbeat)
	case o.MaxChannels < 2:
		return fmt.Errorf("redis-max-channels is %d: it must be 2 or more", o.MaxChannels)
	case strings.ContainsAny(o.Prefix, "{}"):
		return fmt.Errorf("redis-prefix is %q: it must have no braces", o.Prefix)
	case strings.HasPrefix(o.PXLPrefix, o.Prefix):
		return fmt.Errorf("pxl-prefix is %q: it must not begin with redis-prefix, %q", o.PXLPrefix, o.Prefix)
	}
	return nil
}
