package siege_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/codec"
)

// The clock of a machine is set while clients are connected, by a day. The program is
// built upon a package time whose wall clock does that a while after the start; its
// monotonic clock goes on, as the kernel's does.

const (
	jumpAfter = 8 * time.Second // since the start of the program
	aDay      = 24 * time.Hour
)

// jumpingClock is what the package time has more.
const jumpingClock = `

var jumpAfter, jumpSeconds = jumpSetting("JUMP_AFTER"), jumpSetting("JUMP_SECONDS")

func jumpSetting(name string) int64 {
	text, _ := syscall.Getenv(name)
	value, _ := atoi(text)
	return int64(value)
}

func jumped(mono int64) int64 {
	if jumpAfter > 0 && mono-startNano > jumpAfter {
		return jumpSeconds
	}
	return 0
}
`

// buildJumping builds the program with a wall clock that jumps as the environment says.
func buildJumping(t *testing.T) (program string) {
	root, err := exec.Command("go", "env", "GOROOT").Output()
	require.NoError(t, err)
	original := filepath.Join(strings.TrimSpace(string(root)), "src", "time", "time.go")
	source, err := os.ReadFile(original)
	require.NoError(t, err)
	const reading = "\tsec, nsec, mono := runtimeNow()\n"
	text := string(source)
	require.Equal(t, 1, strings.Count(text, reading), "the package time is another one")
	text = strings.Replace(text, reading, reading+"\tsec += jumped(mono)\n", 1)
	if !strings.Contains(text, `"syscall"`) {
		text = strings.Replace(text, "import (\n", "import (\n\t\"syscall\"\n", 1)
	}
	changed := filepath.Join(t.TempDir(), "time.go")
	require.NoError(t, os.WriteFile(changed, []byte(text+jumpingClock), 0o600))
	overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{original: changed}})
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "overlay.json")
	require.NoError(t, os.WriteFile(file, overlay, 0o600))
	return build(t, "-overlay", file)
}

const clockSecret = "the secret of those who know the time"

// tokenUntil makes a token that ends at a time.
func tokenUntil(end time.Time) string {
	part := base64.RawURLEncoding.EncodeToString
	signed := part([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + part(fmt.Appendf(nil, `{"sub":"ada","exp":%d}`, end.Unix()))
	mac := hmac.New(sha256.New, []byte(clockSecret))
	mac.Write([]byte(signed))
	return signed + "." + part(mac.Sum(nil))
}

// resident is a peer that is there when the clock is set: it asks again and again, and
// answers pings.
type resident struct {
	*peer
	answered, refused atomic.Int64 // requests
	closed            chan string  // what the server closes with
}

// reside has a peer live until the server closes it, or the test ends.
func reside(t *testing.T, p *peer) *resident {
	r := &resident{peer: p, closed: make(chan string, 1)}
	var living sync.WaitGroup
	living.Go(r.live)
	t.Cleanup(func() { _ = p.conn.Close(); living.Wait() })
	return r
}

const askPing = `{"type":"system","action":"ping"}`

func (r *resident) live() {
	_ = r.text(askPing)
	for {
		op, payload, err := r.next()
		switch {
		case err != nil:
			return
		case op == codec.OpClose:
			r.closed <- string(payload)
			return
		case op == codec.OpPing:
			_ = r.frame(codec.OpPong, payload)
		case strings.Contains(string(payload), "RATE_LIMIT"):
			r.refused.Add(1)
		case strings.Contains(string(payload), `"pong"`):
			r.answered.Add(1)
			time.Sleep(100 * time.Millisecond)
			_ = r.text(askPing)
		}
	}
}

// open connects with a token, unless it is empty.
func (s *server) open(token string) (*peer, error) {
	path := "/ws"
	if token != "" {
		path += "?token=" + token
	}
	p, err := connect(s.addr, path)
	if err == nil {
		s.t.Cleanup(func() { _ = p.conn.Close() })
	}
	return p, err
}

// wallTime is the wall time of the program, as it tells one who joins.
func (s *server) wallTime() time.Time {
	s.t.Helper()
	p, err := s.open("")
	require.NoError(s.t, err)
	require.NoError(s.t, p.text(`{"type":"system","action":"joinRoom","data":{"roomName":"clock"}}`))
	_, reply, err := p.next()
	require.NoError(s.t, err)
	var told struct {
		Response struct{ Data struct{ JoinedAt time.Time } }
	}
	require.NoError(s.t, json.Unmarshal(reply, &told))
	_ = p.conn.Close()
	return told.Response.Data.JoinedAt
}

// Whoever is connected when the clock is set stays, gets every message, and is within the
// same rates; who has gone is noticed; and of tokens, which end at a date, some end now,
// and some that had ended are good again.
func TestSiegeClockJumps(t *testing.T) {
	if !fullScale {
		t.Skip("the standard library has to be built anew: make siege")
	}
	program := buildJumping(t)
	for name, jump := range map[string]time.Duration{"a day ahead": aDay, "a day back": -aDay} {
		t.Run(name, func(t *testing.T) { jumpOnce(t, program, jump) })
	}
}

func jumpOnce(t *testing.T, program string, jump time.Duration) {
	s := startServer(t, program, &attack{
		flags: []string{
			"--jwt-secret", clockSecret, "--close-expired", "--ping-interval", "500ms", "--ping-timeout", "2s",
			"--max-message-rate", "20", "--inactive-timeout", "1m", "--frame-timeout", "30s",
		},
		environment: []string{fmt.Sprintf("JUMP_AFTER=%d", jumpAfter), fmt.Sprintf("JUMP_SECONDS=%d", int(jump.Seconds()))},
	})
	good, ended := tokenUntil(time.Now().Add(time.Hour)), tokenUntil(time.Now().Add(-time.Hour))
	w := summon(t, s, 50)
	anonymous, err := s.open("")
	require.NoError(t, err)
	member, err := s.open(good)
	require.NoError(t, err)
	guest, user := reside(t, anonymous), reside(t, member)
	_, err = s.open(ended)
	require.Equal(t, errRefused, err)
	require.WithinDuration(t, time.Now(), s.wallTime(), time.Hour, "it has not been set yet")

	require.Eventually(t, func() bool { return time.Until(s.wallTime()).Round(time.Hour) == jump }, patience, 50*time.Millisecond, "it is set")
	_, err = s.open(ended)
	if jump < 0 {
		require.NoError(t, err, "the token is good again")
	} else {
		require.Equal(t, errRefused, err)
		require.Eventually(t, func() bool { return len(user.closed) > 0 }, patience, 10*time.Millisecond)
		require.Equal(t, "\x03\xf0token expired", <-user.closed)
	}
	before, answered, published := s.stats(), guest.answered.Load(), w.published.Load()
	_, err = s.open("") // and says nothing more
	require.NoError(t, err)
	require.Eventually(t, func() bool { return s.stats().Closed["ping_timeout"] > before.Closed["ping_timeout"] },
		patience, 50*time.Millisecond, "who has gone is noticed")
	require.Eventually(t, func() bool { return guest.answered.Load() > answered+20 && w.heard(published+20) },
		patience, 10*time.Millisecond, "who is there is served")
	require.Zero(t, guest.refused.Load(), "within its rate")
	require.Empty(t, guest.closed)
	require.Empty(t, user.closed)
	w.dismiss()
	for _, reason := range []string{"inactive", "frame_timeout", "rate_limit", "slow_consumer"} {
		require.Zero(t, s.stats().Closed[reason], reason)
	}
}
