package auth_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/core/auth"
)

func withRules(t testing.TB, change func(*auth.Options)) *auth.Verifier {
	t.Helper()
	options := auth.Options{Secret: secret, SecretEncoding: auth.Raw}
	change(&options)
	return newVerifier(t, options)
}

func TestVerify_Issuer(t *testing.T) {
	v := withRules(t, func(o *auth.Options) { o.Issuer = "https://issuer.example/" })
	acceptsBy(t, v, sign(hs256, `{"sub":5,"iss":"https://issuer.example/"}`))
	acceptsBy(t, v, sign(hs256, `{"sub":5,"iss":"x","iss":"https:\/\/issuer.example\u002f"}`))
	for _, claims := range []string{
		`{"sub":5}`, `{"sub":5,"iss":null}`, `{"sub":5,"iss":""}`, `{"sub":5,"iss":"https://issuer.example"}`,
		`{"sub":5,"iss":"HTTPS://issuer.example/"}`, `{"sub":5,"Iss":"https://issuer.example/"}`,
		`{"sub":5,"iss":"https://issuer.example/","iss":"x"}`,
	} {
		refusesBy(t, v, sign(hs256, claims), auth.ErrWrongIssuer)
	}
	refusesBy(t, v, sign(hs256, `{"sub":5,"iss":["https://issuer.example/"]}`), auth.ErrInvalid)
	accepts(t, sign(hs256, `{"sub":5,"iss":"anybody"}`))
}

func TestVerify_Audience(t *testing.T) {
	v := withRules(t, func(o *auth.Options) { o.Audience = []string{"chat", "games"} })
	for _, aud := range []string{`"chat"`, `"games"`, `["chat"]`, `["x","games"]`, `["chat","games"]`, `["","chat"]`} {
		acceptsBy(t, v, sign(hs256, `{"sub":5,"aud":`+aud+`}`))
	}
	for _, aud := range []string{`null`, `""`, `[]`, `[""]`, `"Chat"`, `"chat "`, `"chat,games"`, `["x","y"]`} {
		refusesBy(t, v, sign(hs256, `{"sub":5,"aud":`+aud+`}`), auth.ErrWrongAudience)
	}
	refusesBy(t, v, sign(hs256, sub5), auth.ErrWrongAudience)
	for _, aud := range []string{`5`, `{"chat":1}`, `["chat",5]`, `[["chat"]]`, `true`} {
		refusesBy(t, v, sign(hs256, `{"sub":5,"aud":`+aud+`}`), auth.ErrInvalid)
	}
	accepts(t, sign(hs256, `{"sub":5,"aud":"anybody"}`))
}

// The verifier keeps its own list.
func TestNew_CopiesTheAudience(t *testing.T) {
	audience := []string{"chat"}
	v := withRules(t, func(o *auth.Options) { o.Audience = audience })
	audience[0] = "other"
	acceptsBy(t, v, sign(hs256, `{"sub":5,"aud":"chat"}`))
}

// What is wrong first is what the client is told; the signature comes before all.
func TestVerify_OrderOfReasons(t *testing.T) {
	v := withRules(t, func(o *auth.Options) { o.Issuer, o.Audience = "i", []string{"a"} })
	now := time.Now().Unix()
	for _, tt := range []struct {
		claims string
		want   *auth.Error
	}{
		{fmt.Sprintf(`{"exp":%d,"nbf":%d}`, now-9, now+999), auth.ErrExpired},
		{fmt.Sprintf(`{"nbf":%d}`, now+999), auth.ErrNotYetValid},
		{`{}`, auth.ErrWrongIssuer},
		{`{"iss":"i"}`, auth.ErrWrongAudience},
		{`{"iss":"i","aud":"a"}`, auth.ErrNoSubject},
	} {
		refusesBy(t, v, sign(hs256, tt.claims), tt.want)
		refusesBy(t, v, issue("HS256", "stranger", "", tt.claims), auth.ErrInvalid)
	}
}

// The clock is that of the bubble, so each bound is met to the millisecond.
func TestVerify_Leeway(t *testing.T) {
	for _, leeway := range []time.Duration{0, time.Second, 10 * time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			v := withRules(t, func(o *auth.Options) { o.Leeway = leeway })
			end := time.Now().Add(time.Hour)
			token := sign(hs256, fmt.Sprintf(`{"sub":5,"exp":%d}`, end.Unix()))
			require.True(t, end.Add(leeway).Equal(acceptsBy(t, v, token).Expires))
			time.Sleep(time.Hour + leeway - time.Millisecond)
			acceptsBy(t, v, token)
			time.Sleep(time.Millisecond)
			refusesBy(t, v, token, auth.ErrExpired)
		})
		synctest.Test(t, func(t *testing.T) {
			v := withRules(t, func(o *auth.Options) { o.Leeway = leeway })
			token := sign(hs256, fmt.Sprintf(`{"sub":5,"nbf":%d}`, time.Now().Add(time.Hour).Unix()))
			time.Sleep(time.Hour - leeway - time.Millisecond)
			refusesBy(t, v, token, auth.ErrNotYetValid)
			time.Sleep(time.Millisecond)
			require.Zero(t, acceptsBy(t, v, token).Expires)
		})
	}
}

func TestVerify_FractionsOfSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v, second := verifier(t), time.Now().Unix()
		time.Sleep(500 * time.Millisecond)
		identity := acceptsBy(t, v, sign(hs256, fmt.Sprintf(`{"sub":5,"exp":%d.501}`, second)))
		require.Equal(t, second*1000+501, identity.Expires.UnixMilli())
		refusesBy(t, v, sign(hs256, fmt.Sprintf(`{"sub":5,"exp":%d.5}`, second)), auth.ErrExpired)
		acceptsBy(t, v, sign(hs256, fmt.Sprintf(`{"sub":5,"nbf":%d.5}`, second)))
		refusesBy(t, v, sign(hs256, fmt.Sprintf(`{"sub":5,"nbf":%d.501}`, second)), auth.ErrNotYetValid)
	})
}

// A number that no clock can show does not become a time that one does.
func TestVerify_TimesBeyondTheClock(t *testing.T) {
	for _, leeway := range []time.Duration{0, 10 * time.Minute} {
		v := withRules(t, func(o *auth.Options) { o.Leeway = leeway })
		for _, number := range []string{
			"9007199254740994", "9223372036854775807", "9223372036854775808", "18446744073709551616", "18446744073709551617",
			"1e19", "1e300", "-9007199254740994", "-9223372036854775809", "-1e19", "-1e300", "1e400",
		} {
			for _, claim := range []string{"exp", "nbf", "iat"} {
				refusesBy(t, v, sign(hs256, fmt.Sprintf(`{"sub":5,%q:%s}`, claim, number)), auth.ErrInvalid)
			}
		}
		const latest = "9007199254740992"
		require.Greater(t, acceptsBy(t, v, sign(hs256, `{"sub":5,"exp":`+latest+`}`)).Expires.Year(), 285_000_000)
		acceptsBy(t, v, sign(hs256, `{"sub":5,"nbf":-`+latest+`,"iat":`+latest+`}`))
		refusesBy(t, v, sign(hs256, `{"sub":5,"exp":-`+latest+`}`), auth.ErrExpired)
		refusesBy(t, v, sign(hs256, `{"sub":5,"nbf":`+latest+`}`), auth.ErrNotYetValid)
	}
}

func TestVerify_TimesThatAreNoNumbers(t *testing.T) {
	for _, value := range []string{`"9999999999"`, `""`, `true`, `[1]`, `{}`, `null`} {
		for _, claim := range []string{"exp", "nbf", "iat"} {
			refuses(t, sign(hs256, fmt.Sprintf(`{"sub":5,%q:%s}`, claim, value)), auth.ErrInvalid)
			refuses(t, sign(hs256, fmt.Sprintf(`{"sub":5,"exp":9999999999,%q:%s}`, claim, value)), auth.ErrInvalid)
		}
	}
}
