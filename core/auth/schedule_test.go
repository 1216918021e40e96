package auth

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// remote stands for the network, so that the clock of a bubble can be used: it
// notes when it is asked.
type remote struct {
	mu    sync.Mutex
	began time.Time
	asked []time.Duration
	set   string
	away  bool
	hangs bool
}

// RoundTrip answers with what the remote holds.
func (r *remote) RoundTrip(request *http.Request) (*http.Response, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked = append(r.asked, time.Since(r.began))
	if r.hangs {
		<-request.Context().Done()
		return nil, request.Context().Err()
	}
	if r.away {
		return nil, io.ErrUnexpectedEOF
	}
	return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(bytes.NewBufferString(r.set))}, nil
}

// times returns when it was asked so far, counted from the start.
func (r *remote) times() []time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]time.Duration(nil), r.asked...)
}

func (r *remote) change(change func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	change()
}

// scheduled runs a test with a verifier of a remote's keys, and no time passes
// but what the test sleeps. The remote answers from the start.
func scheduled(t *testing.T, refresh time.Duration, test func(t *testing.T, v *Verifier, r *remote, token func(kid string) string)) {
	scheduledWith(t, refresh, &remote{}, test)
}

// scheduledWith runs one with a remote as it is at the start: the verifier asks
// it at once.
func scheduledWith(t *testing.T, refresh time.Duration, r *remote, test func(t *testing.T, v *Verifier, r *remote, token func(kid string) string)) {
	synctest.Test(t, func(t *testing.T) {
		public, private, err := ed25519.GenerateKey(rand.Reader)
		require.NoError(t, err)
		encode := base64.RawURLEncoding.EncodeToString
		token := func(kid string) string {
			text := encode(fmt.Appendf(nil, `{"alg":"EdDSA","kid":%q}`, kid)) + "." + encode([]byte(`{"sub":5}`))
			return text + "." + encode(ed25519.Sign(private, []byte(text)))
		}
		r.began = time.Now()
		r.set = fmt.Sprintf(`{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"k","x":%q}]}`, encode(public))
		v, err := New(Options{Secret: "unused", SecretEncoding: Raw})
		require.NoError(t, err)
		reader, err := newSource("https://issuer.example")
		require.NoError(t, err)
		reader.client.Transport = r
		v.jwks = startJWKS(reader, refresh, slog.New(slog.DiscardHandler))
		defer v.Close()
		test(t, v, r, token)
	})
}

func outcome(v *Verifier, token string) error {
	_, err := v.Verify(context.Background(), token)
	return err
}

func TestSchedule_Refresh(t *testing.T) {
	scheduled(t, time.Hour, func(t *testing.T, v *Verifier, r *remote, token func(string) string) {
		require.NoError(t, outcome(v, token("k")))
		time.Sleep(3*time.Hour + time.Minute)
		require.Equal(t, []time.Duration{0, time.Hour, 2 * time.Hour, 3 * time.Hour}, r.times())
	})
}

func TestSchedule_RetriesAfterAFailure(t *testing.T) {
	scheduled(t, time.Hour, func(t *testing.T, v *Verifier, r *remote, token func(string) string) {
		require.NoError(t, outcome(v, token("k")))
		r.change(func() { r.away = true })
		time.Sleep(time.Hour + 15*time.Second)
		r.change(func() { r.away = false })
		require.NoError(t, outcome(v, token("k")))
		require.Equal(t, ErrKeysUnavailable, outcome(v, token("new")))
		time.Sleep(2 * time.Hour)
		require.Equal(t, []time.Duration{0, time.Hour, time.Hour + 10*time.Second, time.Hour + 20*time.Second, 2*time.Hour + 20*time.Second}, r.times())
		require.Equal(t, Stats{Refreshes: 3, Failures: 2, Keys: 1}, v.Stats())
	})
}

// A refresh that is shorter than the pause after failures is kept all the same.
func TestSchedule_ShortRefresh(t *testing.T) {
	scheduled(t, 2*time.Second, func(t *testing.T, _ *Verifier, r *remote, _ func(string) string) {
		time.Sleep(3 * time.Second)
		r.change(func() { r.away = true })
		time.Sleep(4 * time.Second)
		require.Equal(t, []time.Duration{0, 2 * time.Second, 4 * time.Second, 6 * time.Second}, r.times())
	})
}

func TestSchedule_UnknownKeysAskOnceInTenSeconds(t *testing.T) {
	scheduled(t, time.Hour, func(t *testing.T, v *Verifier, r *remote, token func(string) string) {
		require.NoError(t, outcome(v, token("k")))
		for range 250 {
			time.Sleep(100 * time.Millisecond)
			require.Equal(t, ErrInvalid, outcome(v, token("unknown")))
			require.NoError(t, outcome(v, token("k")))
		}
		first := 100 * time.Millisecond
		require.Equal(t, []time.Duration{0, first, first + 10*time.Second, first + 20*time.Second}, r.times())
		time.Sleep(time.Hour)
		require.Equal(t, first+20*time.Second+time.Hour, r.times()[4], "the schedule counts from there")
	})
}

// A key that is published just after an unknown one had the keys read works when
// the next token may.
func TestSchedule_NewKeyInTheQuietTime(t *testing.T) {
	scheduled(t, time.Hour, func(t *testing.T, v *Verifier, r *remote, token func(string) string) {
		require.Equal(t, ErrInvalid, outcome(v, token("new")), "it waited for the first round")
		require.Equal(t, ErrInvalid, outcome(v, token("new")), "it asked for the second")
		r.change(func() { r.set = string(bytes.ReplaceAll([]byte(r.set), []byte(`"k"`), []byte(`"new"`))) })
		time.Sleep(10*time.Second - time.Millisecond)
		require.Equal(t, ErrInvalid, outcome(v, token("new")))
		require.NoError(t, outcome(v, token("k")))
		time.Sleep(time.Millisecond)
		require.NoError(t, outcome(v, token("new")))
		require.Equal(t, ErrInvalid, outcome(v, token("k")), "it is not there any more")
	})
}

// A server that hangs holds up those who come before that is known, and only
// them.
func TestSchedule_Hanging(t *testing.T) {
	scheduled(t, time.Hour, func(t *testing.T, v *Verifier, r *remote, token func(string) string) {
		require.NoError(t, outcome(v, token("k")))
		r.change(func() { r.hangs = true })
		var waiting sync.WaitGroup
		for range 5 {
			waiting.Go(func() {
				began := time.Now()
				if err := outcome(v, token("new")); err != ErrKeysUnavailable || time.Since(began) != fetchTimeout {
					t.Errorf("%v after %s", err, time.Since(began))
				}
			})
		}
		time.Sleep(time.Second)
		began := time.Now()
		require.NoError(t, outcome(v, token("k")))
		require.Zero(t, time.Since(began), "known keys do not wait")
		waiting.Wait()

		time.Sleep(11 * time.Second) // the next attempt hangs now
		began = time.Now()
		require.Equal(t, ErrKeysUnavailable, outcome(v, token("new")))
		require.NoError(t, outcome(v, token("k")))
		require.Zero(t, time.Since(began))
		require.Equal(t, uint64(1), v.Stats().Failures)
	})
}

// The first tokens wait no longer than the server may take.
func TestSchedule_HangingAtTheStart(t *testing.T) {
	scheduledWith(t, time.Hour, &remote{hangs: true}, func(t *testing.T, v *Verifier, _ *remote, token func(string) string) {
		began := time.Now()
		require.Equal(t, ErrKeysUnavailable, outcome(v, token("k")))
		require.Equal(t, fetchTimeout, time.Since(began))
		require.Equal(t, Stats{Failures: 1, Failing: true}, v.Stats())
	})
}

func TestSchedule_CloseWaits(t *testing.T) {
	scheduledWith(t, time.Hour, &remote{hangs: true}, func(t *testing.T, v *Verifier, _ *remote, _ func(string) string) {
		synctest.Wait()
		v.Close()
		select {
		case <-v.jwks.stopped:
		default:
			t.Error("the read goes on")
		}
	})
}
