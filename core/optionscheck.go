package core

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/gannet-ws/gannet/bus"
	"github.com/gannet-ws/gannet/codec/setting"
	"github.com/gannet-ws/gannet/core/poll"
)

// What settings can be.
const (
	maxLoops   = 256       // a client id has 8 bits for the shard
	maxBacklog = 512 << 20 // a queue counts its bytes in 32 bits

	minJSONPing = 10 * time.Millisecond
	maxDuration = 7 * 24 * time.Hour // deadlines are milliseconds in 32 bits
)

// validate returns a sentence for the first setting that cannot be; of addresses and
// times, one for each.
func (o *Options) validate() error {
	positive := []struct {
		name  string
		value int64
	}{
		{"max-rooms", int64(o.MaxRooms)},
		{"max-metadata", int64(o.MaxMetadata)},
		{"max-verifying", int64(o.MaxVerifying)},
		{"max-tls-handshakes", int64(o.MaxTLSHandshakes)},
		{"blocking-workers", int64(o.BlockingWorkers)},
		{"max-blocking", int64(o.MaxBlocking)},
		{"max-blocking-per-client", int64(o.MaxBlockingPerClient)},
		{"max-byte-rate", int64(o.MaxByteRate)},
		{"max-strikes", int64(o.MaxStrikes)},
		{"max-room-name", int64(o.MaxRoomName)},
		{"max-message-size", int64(o.MaxMessageSize)},
		{"max-backlog", int64(o.MaxBacklog)},
		{"max-inbox", int64(o.MaxInbox)},
		{"compression-threshold", int64(o.CompressionThreshold)},
		{"handshake-timeout", int64(o.HandshakeTimeout)},
		{"ping-timeout", int64(o.PingTimeout)},
		{"close-timeout", int64(o.CloseTimeout)},
		{"drain-timeout", int64(o.DrainTimeout)},
		{"survey-timeout", int64(o.SurveyTimeout)},
	}
	for _, p := range positive {
		if p.value <= 0 {
			return fmt.Errorf("%s must be above zero", p.name)
		}
	}
	if err := errors.Join(o.validateAddresses(), o.validateTimes()); err != nil {
		return err
	}
	switch {
	case o.Loops < 0:
		return fmt.Errorf("loops is %d: it must be above zero, or 0 for one for each CPU", o.Loops)
	case !isPath(o.Path):
		return fmt.Errorf("path %q must begin with a slash and have no query", o.Path)
	case o.EchoPath != "" && !isPath(o.EchoPath):
		return fmt.Errorf("echo-path %q must begin with a slash and have no query", o.EchoPath)
	case o.EchoPath == o.Path:
		return fmt.Errorf("echo-path %q is the path of all other clients", o.EchoPath)
	case o.EchoPath != "" && o.MaxMessageSize > maxBacklog:
		return fmt.Errorf("max-message-size is %s: with echo-path it is at most %s", o.MaxMessageSize, Size(maxBacklog))
	case o.Loops > maxLoops:
		return fmt.Errorf("loops is %d: at most %d fit into a client id", o.Loops, maxLoops)
	case o.DrainDelay < 0:
		return fmt.Errorf("drain-delay is %s: it cannot be below zero", o.DrainDelay)
	case o.DrainDelay+max(0, o.DrainPeriod) >= o.DrainTimeout:
		return fmt.Errorf("drain-period is %s and drain-delay %s: together they must be below drain-timeout, which is %s and bounds the whole drain", o.DrainPeriod, o.DrainDelay, o.DrainTimeout)
	case o.JSONPingInterval != 0 && o.JSONPingInterval < minJSONPing:
		return fmt.Errorf("json-ping-interval is %s: it is 0s for none, or at least %s", o.JSONPingInterval, minJSONPing)
	case o.SurveyTimeout > bus.MaxSurveyTime:
		return fmt.Errorf("survey-timeout is %s: it is at most %s", o.SurveyTimeout, bus.MaxSurveyTime)
	case o.InactiveTimeout < 0:
		return fmt.Errorf("inactive-timeout is %s: it cannot be below zero", o.InactiveTimeout)
	case o.MaxConnections < 0:
		return fmt.Errorf("max-connections is %d: it cannot be below zero", o.MaxConnections)
	case o.MaxBacklog > maxBacklog:
		return fmt.Errorf("max-backlog is %s: at most %s can be counted", o.MaxBacklog, Size(maxBacklog))
	case !o.SlowConsumer.isKnown():
		return fmt.Errorf("slow-consumer is %q: it is close, skip or latest", o.SlowConsumer)
	case o.Compression != CompressionOff && o.Compression != CompressionOn:
		return fmt.Errorf("compression is %q: it is off or on", o.Compression)
	case o.CompressionLevel < 1 || o.CompressionLevel > 9:
		return fmt.Errorf("compression-level is %d: it is 1 to 9", o.CompressionLevel)
	case o.MaxStrikes > 255:
		return fmt.Errorf("max-strikes is %d: it is 1 to 255", o.MaxStrikes)
	case o.Join != JoinOpen && o.Join != JoinClaim:
		return fmt.Errorf("join is %q: it is open or claim", o.Join)
	case o.Announce != AnnounceNone && o.Announce != AnnounceRooms && o.Announce != AnnounceAll:
		return fmt.Errorf("announce is %q: it is none, rooms or all", o.Announce)
	case o.TLSAddr != "" && o.TLSConfig == nil:
		return errors.New("tls-addr needs a certificate: set tls-cert and tls-key")
	case o.TLSAddr == "" && o.TLSConfig != nil:
		return errors.New("a certificate is of no use without a listener for TLS: set tls-addr, or no tls-cert")
	case o.UnixSocket != "" && o.Worker != nil:
		return errors.New("unix-socket cannot be shared by several workers: the kernel does not deal its connections out")
	case !o.hasKey() && o.needsKey() != "":
		return fmt.Errorf("%s needs a key to check tokens with: set jwt-secret-file, jwt-public-key-file or jwt-jwks-url", o.needsKey())
	}
	return nil
}

// validateAddresses returns a sentence for each place at which nobody can listen.
func (o *Options) validateAddresses() error {
	err := setting.CheckAddress("addr", o.Addr)
	if o.TLSAddr != "" {
		err = errors.Join(err, setting.CheckAddress("tls-addr", o.TLSAddr))
	}
	switch {
	case len(o.UnixSocket) > poll.MaxPath:
		err = errors.Join(err, fmt.Errorf("unix-socket is %q: the path of a socket is at most %d bytes long, not %d", o.UnixSocket, poll.MaxPath, len(o.UnixSocket)))
	case strings.HasSuffix(o.UnixSocket, "/") || strings.ContainsRune(o.UnixSocket, 0):
		err = errors.Join(err, fmt.Errorf("unix-socket is %q: it is the path of a file", o.UnixSocket))
	}
	return err
}

// validateTimes returns a sentence for each time that is too long.
func (o *Options) validateTimes() (err error) {
	for _, t := range []struct {
		name  string
		value time.Duration
	}{
		{"handshake-timeout", o.HandshakeTimeout},
		{"ping-interval", o.PingInterval},
		{"ping-timeout", o.PingTimeout},
		{"close-timeout", o.CloseTimeout},
		{"drain-timeout", o.DrainTimeout},
		{"drain-period", o.DrainPeriod},
		{"drain-delay", o.DrainDelay},
		{"json-ping-interval", o.JSONPingInterval},
		{"inactive-timeout", o.InactiveTimeout},
		{"frame-timeout", o.FrameTimeout},
	} {
		if t.value > maxDuration {
			err = errors.Join(err, fmt.Errorf("%s is %s, which is too long: at most %s can be counted", t.name, t.value, maxDuration))
		}
	}
	return err
}

func isPath(path string) bool {
	return strings.HasPrefix(path, "/") && !strings.ContainsAny(path, "?# ")
}

// needsKey names a setting that is of no use without tokens, if one is set.
func (o *Options) needsKey() string {
	switch {
	case o.RequireAuth:
		return "require-auth"
	case o.CloseExpired:
		return "close-expired"
	case o.AutoJoin:
		return "auto-join"
	case o.Join == JoinClaim:
		return "join=claim"
	}
	return ""
}
