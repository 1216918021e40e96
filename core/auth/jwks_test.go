package auth_test

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/core/auth"
)

func TestJWKS_FirstTokenWaitsForTheKeys(t *testing.T) {
	published := newIssuer(t)
	release := make(chan struct{})
	published.do(func(w http.ResponseWriter, _ *http.Request) {
		<-release
		_, _ = w.Write([]byte(keySet(jwk("k", edKey()))))
	})
	v := reading(t, published.URL)
	result := make(chan error)
	go func() { result <- verifies(t, v, issue("EdDSA", edKey(), "k", sub5)) }()
	eventually(t, func() bool { return published.requests.Load() == 1 }, "the keys are asked for at the start")
	close(release)
	require.NoError(t, <-result)
	require.Equal(t, auth.Stats{Refreshes: 1, Keys: 1}, v.Stats())
}

func TestJWKS_Rotation(t *testing.T) {
	published := newIssuer(t, jwk("old", rsaKey()))
	v := reading(t, published.URL)
	byOld, byNew := issue("RS256", rsaKey(), "old", sub5), issue("RS256", strangerRSA(), "new", sub5)
	acceptsBy(t, v, byOld)

	published.publish(jwk("old", rsaKey()), jwk("new", strangerRSA()))
	acceptsBy(t, v, byNew) // at once: its kid was unknown
	acceptsBy(t, v, byOld)
	require.Equal(t, auth.Stats{Refreshes: 2, Keys: 2}, v.Stats())
}

func TestJWKS_RemovedKeyIsRefusedAfterTheNextRefresh(t *testing.T) {
	t.Parallel()
	published := newIssuer(t, jwk("old", rsaKey()), jwk("new", p256Key()))
	v := reading(t, published.URL, everySecond)
	byOld, byNew := issue("RS256", rsaKey(), "old", sub5), issue("ES256", p256Key(), "new", sub5)
	acceptsBy(t, v, byOld)
	published.publish(jwk("new", p256Key()))
	eventually(t, func() bool { return v.Stats().Keys == 1 }, "the keys are read again by themselves")
	refusesBy(t, v, byOld, auth.ErrInvalid)
	acceptsBy(t, v, byNew)
}

func TestJWKS_AllKeysTakenBack(t *testing.T) {
	t.Parallel()
	published := newIssuer(t, jwk("k", rsaKey()))
	v := reading(t, published.URL, everySecond)
	token := issue("RS256", rsaKey(), "k", sub5)
	acceptsBy(t, v, token)
	published.publish()
	eventually(t, func() bool { return v.Stats().Keys == 0 }, "an empty set is a set")
	refusesBy(t, v, token, auth.ErrInvalid)
	require.Zero(t, v.Stats().Failures)
}

// However many tokens with unknown keys come, the issuer is asked once.
func TestJWKS_FloodOfUnknownKeys(t *testing.T) {
	published := newIssuer(t, jwk("k", edKey()))
	v := reading(t, published.URL)
	acceptsBy(t, v, issue("EdDSA", edKey(), "k", sub5))
	var all sync.WaitGroup
	for worker := range 8 {
		all.Go(func() {
			for n := range 100 {
				token := issue("EdDSA", strangerEd(), fmt.Sprint(worker, n), sub5)
				assert.Equal(t, error(auth.ErrInvalid), verifies(t, v, token))
				assert.NoError(t, verifies(t, v, issue("EdDSA", edKey(), "k", sub5)))
			}
		})
	}
	all.Wait()
	require.EqualValues(t, 2, published.requests.Load(), "at the start, and for the first of them")
}

// Tokens that no public key could have made do not bother the issuer.
func TestJWKS_OthersDoNotAsk(t *testing.T) {
	published := newIssuer(t, jwk("k", edKey()))
	v := reading(t, published.URL, func(o *auth.Options) { o.Secret, o.SecretEncoding = secret, auth.Raw })
	acceptsBy(t, v, issue("EdDSA", edKey(), "k", sub5))
	for _, token := range []string{
		issue("HS256", "stranger", "new", sub5),
		encode(`{"alg":"none","kid":"new"}`) + "." + encode(sub5) + ".",
		encode(`{"alg":"EdDSA","kid":"new"}`) + "." + encode(`sub`) + ".AAAA",
		encode(`{"alg":"EdDSA","kid":"new"}`) + "." + encode(sub5) + ".A",
		issueWith(`{"alg":"EdDSA","kid":"new","crit":["x"]}`, "EdDSA", strangerEd(), sub5),
		issue("EdDSA", strangerEd(), "k", sub5),
	} {
		refusesBy(t, v, token, auth.ErrInvalid)
	}
	acceptsBy(t, v, issue("HS256", secret, "new", sub5))
	require.EqualValues(t, 1, published.requests.Load())
}

func TestJWKS_VerifyDuringRotation(t *testing.T) {
	t.Parallel()
	published := newIssuer(t, jwk("0", edKey()), jwk("all", p256Key()))
	v := reading(t, published.URL, everySecond)
	steady := issue("ES256", p256Key(), "all", sub5)
	acceptsBy(t, v, steady)
	ctx, stop := context.WithCancel(t.Context())
	var all sync.WaitGroup
	for worker := range 4 {
		all.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				assert.NoError(t, verifies(t, v, steady))
				_ = verifies(t, v, issue("EdDSA", edKey(), fmt.Sprint(worker, n), sub5))
				_, _ = v.Inline(steady), v.Stats()
			}
		})
	}
	for kid := range 3 {
		name := fmt.Sprint("rotated ", kid)
		published.publish(jwk(name, edKey()), jwk("all", p256Key()))
		token := issue("EdDSA", edKey(), name, sub5)
		eventually(t, func() bool { return verifies(t, v, token) == nil }, name)
	}
	stop()
	all.Wait()
}
