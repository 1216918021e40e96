// Package admin is the HTTP side of a server, on a listener of its own: health
// for balancers, metrics, the API with which applications publish, and pages
// for people.
package admin

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"path"
	"strings"
	"sync/atomic"
	"time"

	"github.com/gannet-ws/gannet/codec/setting"
	"github.com/gannet-ws/gannet/core"
)

// Options configure the admin listener. See core.Options for how they are read.
type Options struct {
	// AdminAddr is the TCP address of the listener.
	AdminAddr string `default:"127.0.0.1:3001" help:"Address of the admin listener: health, metrics, API." placeholder:"HOST:PORT"`
	// Listener is served in the place of one on AdminAddr, and is closed when
	// that ends. Nil: Listen opens one.
	Listener net.Listener `kong:"-"`
	// APIKey is a key that requests may carry, as X-API-Key or as a bearer token; it
	// has all scopes. Without any key only requests from loopback are served.
	APIKey string `name:"api-key" help:"Key that API requests must carry as X-API-Key or as a bearer token. Without one the API answers on loopback only." placeholder:"KEY"`
	// APIKeys are further keys, each with what it is good for.
	APIKeys []Key `kong:"-"`
	// AdminHosts are the names by which requests may address the listener where there
	// is no key, and its pages, beside localhost and all addresses: a page from
	// elsewhere could have its own name point here (DNS rebinding).
	AdminHosts []string `help:"Names, beside localhost and addresses, by which pages of the admin listener, and without a key its API, may be asked for." placeholder:"NAME"`
	// MaxPublishSize is the size of the body of a publish request.
	MaxPublishSize core.Size `default:"1MiB" help:"Largest body of a publish request."`
	// IdempotencyTTL is how long the answer to a publish request with an idempotency
	// key is remembered, and given again in the place of publishing again.
	IdempotencyTTL time.Duration `name:"idempotency-ttl" default:"5m" help:"Time for which a publish request with an Idempotency-Key is answered from memory when it comes again."`
	// MaxIdempotencyKeys and MaxIdempotencyBytes bound what is remembered: the
	// requests, and the bytes of their answers. Beyond them the oldest go.
	MaxIdempotencyKeys  int       `default:"10000" help:"Idempotency keys that are remembered; beyond that the oldest go."`
	MaxIdempotencyBytes core.Size `default:"16MiB" help:"Memory for the answers to requests with idempotency keys; beyond that the oldest go."`
	// ReadyNeedsBus has /ready answer 503 while the bus to other nodes is not
	// connected. All nodes lose it at the same time, and a balancer that asks
	// for it then has none left; without it they go on serving their own clients.
	ReadyNeedsBus bool `help:"Answer /ready with 503 while the bus is not connected. Mind that a balancer loses all nodes at once when Redis is away."`
	// MaxWatchers is the number of rooms that are watched at a time, each by a request
	// that lasts. Further ones are answered 503. A negative value allows none.
	MaxWatchers int `default:"16" help:"Rooms that are watched at a time through the admin listener, at most 32; further requests are answered 503. Negative: none."`
	// Demo serves the demo page at /demo.
	Demo bool `help:"Serve a chat page to try the server on, at /demo of the admin listener."`
}

// Admin serves one server's admin listener.
type Admin struct {
	options  Options
	server   *core.Server
	http     *http.Server
	listener *limitListener
	scrape   http.Handler // answers with the metrics
	keys     atomic.Pointer[keyring]

	idempotency   *idempotency
	refusals      refusals
	bodiesRefused atomic.Uint64 // larger than MaxPublishSize

	overview  overview
	watching  atomic.Int64
	heartbeat time.Duration // of those who watch
	ending    chan struct{} // closed when Serve begins to end
}

// Time limits of the listener. Requests are small and answered at once; pprof
// profiles are the longest, which are asked for by the second.
const (
	headTimeout  = 5 * time.Second
	readTimeout  = 30 * time.Second
	writeTimeout = 90 * time.Second
	idleTimeout  = 15 * time.Second
	stopTimeout  = 2 * time.Second
	awayTimeout  = time.Second // for the body of a request that is turned away
)

// largestPublishSize keeps a request from taking all memory by a slip of an
// operator's pen.
const largestPublishSize core.Size = 256 << 20

// Listen opens the admin listener of a server, unless the options have one. Serve
// has to follow.
func Listen(server *core.Server, options Options) (*Admin, error) {
	setting.FillDefaults(&options)
	if err := options.Check(); err != nil {
		return nil, err
	}
	if options.Listener == nil {
		var err error
		if options.Listener, err = net.Listen("tcp", options.AdminAddr); err != nil {
			return nil, fmt.Errorf("cannot open the admin listener: %w", err)
		}
	}
	a := &Admin{
		options: options, server: server, idempotency: newIdempotency(&options),
		heartbeat: watchHeartbeat, ending: make(chan struct{}),
	}
	if err := a.SetKeys(options.APIKey, options.APIKeys); err != nil {
		return nil, err
	}
	a.scrape = a.newScrape()
	a.listener = newLimitListener(options.Listener, core.AdminDescriptors)
	a.http = &http.Server{
		Handler:           a.routes(),
		ReadHeaderTimeout: headTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		ConnContext:       a.listener.inContext,
		ConnState:         a.listener.state,
	}
	return a, nil
}

// Check returns a sentence for the first option that cannot be, beside an address
// that this machine does not have. It does nothing else.
func (o *Options) Check() error {
	if o.Listener == nil && o.AdminAddr != "" {
		if err := setting.CheckAddress("admin-addr", o.AdminAddr); err != nil {
			return err
		}
	}
	for _, name := range o.AdminHosts {
		if name == "" || strings.ContainsAny(name, ":/*[]") {
			return fmt.Errorf("admin-hosts has %q: it takes names, without scheme and port", name)
		}
	}
	if o.MaxPublishSize < 0 || o.MaxPublishSize > largestPublishSize {
		return fmt.Errorf("max-publish-size is %s: it must be above zero and at most %s", o.MaxPublishSize, largestPublishSize)
	}
	if o.MaxWatchers > mostWatchers {
		return fmt.Errorf("max-watchers is %d: it is at most %d, as each holds one of the listener's %d connections", o.MaxWatchers, mostWatchers, core.AdminDescriptors)
	}
	for _, p := range []struct {
		name  string
		value int64
	}{
		{"idempotency-ttl", int64(o.IdempotencyTTL)},
		{"max-idempotency-keys", int64(o.MaxIdempotencyKeys)},
		{"max-idempotency-bytes", int64(o.MaxIdempotencyBytes)},
	} {
		if p.value < 0 {
			return fmt.Errorf("%s must be above zero", p.name)
		}
	}
	_, err := newKeyring(o.APIKey, o.APIKeys)
	return err
}

// Addr returns the listener's address.
func (a *Admin) Addr() net.Addr { return a.listener.Addr() }

// Serve serves until ctx ends. Then it accepts no more connections, and gives those
// that it has accepted a moment to be answered.
func (a *Admin) Serve(ctx context.Context) error {
	served := make(chan error, 1)
	go func() { served <- a.http.Serve(a.listener) }()
	select {
	case err := <-served:
		return fmt.Errorf("the admin listener failed: %w", err)
	case <-ctx.Done():
	}
	close(a.ending)
	_ = a.listener.Close()
	<-served
	stopping, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	a.http.SetKeepAlivesEnabled(false)
	a.listener.drain(stopping) // what comes in after Shutdown has been called is not answered
	if a.http.Shutdown(stopping) != nil {
		_ = a.http.Close()
	}
	return nil
}

func (a *Admin) routes() http.Handler {
	mux := http.NewServeMux()
	a.handleOperations(mux)
	a.handlePprof(mux)
	a.handlePages(mux)
	mux.HandleFunc("/", a.notFound)
	return secure(a.leaving(a.clean(mux)))
}

// clean refuses paths that the mux would redirect to their clean form: a room
// called ".." would become everybody.
func (a *Admin) clean(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		given := r.URL.EscapedPath()
		if short := path.Clean(given); given != short && given != short+"/" {
			a.notFound(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// secure sets the headers that keep a browser from doing more with an answer
// than show it.
func secure(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}
