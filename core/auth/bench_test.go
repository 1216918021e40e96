package auth_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/gannet-ws/gannet/core/auth"
)

func BenchmarkVerify(b *testing.B) {
	v := newVerifier(b, auth.Options{
		Secret: secret, SecretEncoding: auth.Raw,
		PublicKey: publicPEM(rsaKey(), p256Key(), edKey()),
	})
	claims := fmt.Sprintf(`{"sub":5,"exp":%d,"name":"Alice","role":"admin"}`, time.Now().Add(time.Hour).Unix())
	for _, algorithm := range []string{"HS256", "RS256", "ES256", "EdDSA"} {
		b.Run(algorithm, func(b *testing.B) {
			token := issue(algorithm, keyFor(algorithm), "", claims)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := v.Verify(b.Context(), token); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkInline(b *testing.B) {
	v, token := newVerifier(b, auth.Options{PublicKey: publicPEM(edKey())}), sign(hs256, sub5)
	b.ReportAllocs()
	for b.Loop() {
		if !v.Inline(token) {
			b.Fatal("there is no key for HS256")
		}
	}
}
