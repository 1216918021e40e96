package auth

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// maxRetry is the time between two attempts to read a URL that is away, and
// between two that tokens with unknown keys can cause.
const maxRetry = 10 * time.Second

// jwks keeps the keys of a URL. One goroutine reads them, round after round;
// any other looks at what it read last, or waits for the round's end.
type jwks struct {
	source  *source
	refresh time.Duration
	retry   time.Duration
	log     *slog.Logger
	stop    context.CancelFunc
	stopped chan struct{}

	ring      atomic.Pointer[keyring] // of the last round that succeeded; never nil
	ignored   atomic.Int64            // keys that it left out
	failing   atomic.Bool             // the last round failed
	refreshes atomic.Uint64
	failures  atomic.Uint64

	asked   chan struct{} // wakes the goroutine before its time
	mu      sync.Mutex
	round   chan struct{} // closed at the end of the round that runs or was asked for; nil: there is none
	askable time.Time     // when an unknown key may cause a round again
}

// startJWKS starts the reading of the keys, the first round at once.
func startJWKS(source *source, refresh time.Duration, log *slog.Logger) *jwks {
	ctx, stop := context.WithCancel(context.Background())
	j := &jwks{
		source:  source,
		refresh: refresh,
		retry:   min(refresh, maxRetry),
		log:     log.With("url", source.String()),
		stop:    stop,
		stopped: make(chan struct{}),
		asked:   make(chan struct{}, 1),
		round:   make(chan struct{}), // tokens wait for the first
	}
	j.ring.Store(newKeyring(nil))
	go j.run(ctx)
	return j
}

func (j *jwks) close() {
	j.stop()
	<-j.stopped
}

func (j *jwks) run(ctx context.Context) {
	defer close(j.stopped)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		case <-j.asked:
		}
		j.begin()
		j.read(ctx)
		if ctx.Err() != nil {
			return // those who wait see that it stopped
		}
		j.end()
		if j.failing.Load() {
			timer.Reset(j.retry)
		} else {
			timer.Reset(j.refresh)
		}
	}
}

// begin lets those who come wait for the round that begins. It is also the one
// that was asked for, if any was.
func (j *jwks) begin() {
	j.mu.Lock()
	defer j.mu.Unlock()
	select {
	case <-j.asked:
	default:
	}
	if j.round == nil {
		j.round = make(chan struct{})
	}
}

// end lets those who wait go on.
func (j *jwks) end() {
	j.mu.Lock()
	defer j.mu.Unlock()
	close(j.round)
	j.round = nil
}

// read replaces the keys by those that the URL holds now, or keeps them if it
// cannot be read.
func (j *jwks) read(ctx context.Context) {
	var ring *keyring
	var ignored int
	body, err := j.source.fetch(ctx)
	if err == nil {
		ring, ignored, err = readKeySet(body)
	}
	switch {
	case ctx.Err() != nil: // closed
	case err != nil:
		j.failed(err)
	default:
		j.took(ring, ignored)
	}
}

// failed notes a failure. Only the first of several is logged.
func (j *jwks) failed(err error) {
	j.failures.Add(1)
	if !j.failing.Swap(true) {
		j.log.Warn("cannot read the keys of tokens: those that were read before stay in use", "error", err, "keys", j.ring.Load().size)
	}
}

// took notes keys. They are logged when their number changes or the URL has been
// away.
func (j *jwks) took(ring *keyring, ignored int) {
	first := j.refreshes.Add(1) == 1
	before := j.ring.Swap(ring)
	ignoredBefore := j.ignored.Swap(int64(ignored))
	if j.failing.Swap(false) || first || ring.size != before.size || int64(ignored) != ignoredBefore {
		j.log.Info("the keys of tokens have been read", "keys", ring.size, "ignored", ignored)
	}
}

// checkSignature is Verifier.checkSignature with the keys of the URL. If the
// token's is not among them they are read again, as far as that is due.
func (j *jwks) checkSignature(ctx context.Context, token *jwt.Token, text string) error {
	ring := j.ring.Load()
	switch {
	case ring.signed(token, text):
		return nil
	case ring.ids[keyID(token)]:
		return ErrInvalid
	case !j.await(ctx) || j.failing.Load():
		return ErrKeysUnavailable
	}
	if again := j.ring.Load(); again != ring && again.signed(token, text) {
		return nil
	}
	return ErrInvalid
}

// await waits for the round that runs, or for one that it asks for unless that
// happened a moment ago. It does not while the URL is away: tokens with unknown
// keys must not hold up the others. It reports false if a round did not end.
func (j *jwks) await(ctx context.Context) bool {
	round := j.ask()
	if round == nil {
		return true
	}
	select {
	case <-round:
		return true
	case <-j.stopped:
	case <-ctx.Done():
	}
	return false
}

func (j *jwks) ask() (round <-chan struct{}) {
	j.mu.Lock()
	defer j.mu.Unlock()
	now := time.Now()
	switch {
	case j.failing.Load():
		return nil
	case j.round == nil && !now.Before(j.askable):
		j.askable = now.Add(j.retry)
		j.round = make(chan struct{})
		j.asked <- struct{}{} // there is room: begin took what was there
	}
	return j.round
}

func (j *jwks) stats() Stats {
	return Stats{
		Refreshes: j.refreshes.Load(),
		Failures:  j.failures.Load(),
		Failing:   j.failing.Load(),
		Keys:      j.ring.Load().size,
		Ignored:   int(j.ignored.Load()),
	}
}
