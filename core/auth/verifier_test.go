package auth_test

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/core/auth"
)

func TestVerify_Subjects(t *testing.T) {
	tests := []struct{ name, claims, subject, asJSON string }{
		{"number", `{"sub":5}`, "5", `5`},
		{"string", `{"sub":"alice"}`, "alice", `"alice"`},
		{"string of digits", `{"sub":"5"}`, "5", `"5"`},
		{"zero", `{"sub":0}`, "0", `0`},
		{"negative", `{"sub":-1}`, "-1", `-1`},
		{"beyond a float", `{"sub":12345678901234567891}`, "12345678901234567891", `12345678901234567891`},
		{"fraction of nothing", `{"sub":5.0}`, "5", `5.0`},
		{"fraction", `{"sub":2.50}`, "2.5", `2.50`},
		{"negative zero", `{"sub":-0}`, "0", `-0`},
		{"beyond a float", `{"sub":9007199254740993}`, "9007199254740993", `9007199254740993`},
		{"exponent", `{"sub":1e3}`, "1000", `1e3`},
		{"space around", `{ "sub" : 5 , "x" : 1 }`, "5", `5`},
		{"escapes", `{"sub":"\u00e9\n\"\ud83d\ude00"}`, "é\n\"😀", `"\u00e9\n\"\ud83d\ude00"`},
		{"not ASCII", `{"sub":"日本"}`, "日本", `"日本"`},
		{"blank", `{"sub":" "}`, " ", `" "`},
		{"slash and braces", `{"sub":"a/{b}"}`, "a/{b}", `"a/{b}"`},
		{"escaped name", `{"s\u0075b":7}`, "7", `7`},
		{"last of two", `{"sub":1,"sub":"two"}`, "two", `"two"`},
		{"last of two, the first of another kind", `{"sub":null,"sub":2}`, "2", `2`},
		{"other case beside it", `{"sub":5,"Sub":6,"SUB":7}`, "5", `5`},
		{"other case before it", `{"SUB":7,"Sub":6,"sub":5}`, "5", `5`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			identity := accepts(t, sign(hs256, tt.claims))
			assert.Equal(t, tt.subject, identity.Subject)
			assert.Equal(t, tt.asJSON, string(identity.SubjectJSON))
			assert.Equal(t, tt.claims, string(identity.Claims))
		})
	}
}

func TestVerify_ClaimsAsTheyStand(t *testing.T) {
	future, past := time.Now().Add(time.Hour).Unix(), time.Now().Add(-time.Hour).Unix()
	claims := []string{
		`{"sub":5,"role":"admin","nested":{"b":[1, 2.50, 1e2],"a":null}}`,
		"{\n\t\"sub\" : 5,  \"name\":\"\\u0061\\/\" }",
		`{"sub":5,"x":1,"x":2,"":3}`,
		`{"sub":5,"half":"\ud800"}`,
		fmt.Sprintf(`{"exp":%d,"nbf":%d,"iat":%d,"sub":5}`, future, past, past),
		fmt.Sprintf(`{"exp":%d.75,"nbf":%d.25,"sub":5}`, future, past),
		fmt.Sprintf(`{"EXP":%d,"Exp":%d,"NBF":%d,"sub":5}`, past, past, future),
		fmt.Sprintf(`{"exp":%d,"exp":%d,"sub":5}`, past, future),
		fmt.Sprintf(`{"iat":%d,"sub":5}`, future),
		`{"aud":"one","iss":"i","jti":"j","sub":5}`,
		`{"aud":["one","two"],"sub":5}`,
		`{"sub":5,"deep":` + nested(511) + `}`,
		`{"sub":5,"padding":"` + strings.Repeat("p", 1<<20) + `"}`,
	}
	for _, c := range claims {
		assert.Equal(t, c, string(accepts(t, sign(hs256, c)).Claims))
	}
	assert.Equal(t, `{"sub":5}`, string(accepts(t, sign(hs256, " {\"sub\":5}\r\n")).Claims))
}

func nested(depth int) string { return strings.Repeat("[", depth) + strings.Repeat("]", depth) }

func TestVerify_BadClaims(t *testing.T) {
	future, past := time.Now().Add(time.Hour).Unix(), time.Now().Add(-time.Hour).Unix()
	tests := []struct {
		name, claims string
		want         *auth.Error
	}{
		{"expired", fmt.Sprintf(`{"sub":5,"exp":%d}`, past), auth.ErrExpired},
		{"expired at the epoch", `{"sub":5,"exp":0}`, auth.ErrExpired},
		{"expired long before it", `{"sub":5,"exp":-1e15}`, auth.ErrExpired},
		{"the last exp counts", fmt.Sprintf(`{"sub":5,"exp":%d,"exp":%d}`, future, past), auth.ErrExpired},
		{"nbf in the future", fmt.Sprintf(`{"sub":5,"nbf":%d}`, future), auth.ErrNotYetValid},
		{"expired and not yet valid", fmt.Sprintf(`{"sub":5,"exp":%d,"nbf":%d}`, past, future), auth.ErrExpired},
		{"expired without a subject", fmt.Sprintf(`{"exp":%d}`, past), auth.ErrExpired},
		{"exp of another kind", `{"sub":5,"exp":"tomorrow"}`, auth.ErrInvalid},
		{"exp beyond a float", `{"sub":5,"exp":1e400}`, auth.ErrInvalid},
		{"nbf of another kind", `{"sub":5,"nbf":{}}`, auth.ErrInvalid},

		{"no sub", `{"name":"alice"}`, auth.ErrNoSubject},
		{"no claims", `{}`, auth.ErrNoSubject},
		{"only in another case", `{"Sub":5,"SUB":5}`, auth.ErrNoSubject},
		{"only nested", `{"user":{"sub":5}}`, auth.ErrNoSubject},
		{"null", `{"sub":null}`, auth.ErrNoSubject},
		{"null is the last", `{"sub":5,"sub":null}`, auth.ErrNoSubject},
		{"empty", `{"sub":""}`, auth.ErrNoSubject},
		{"true", `{"sub":true}`, auth.ErrNoSubject},
		{"false", `{"sub":false}`, auth.ErrNoSubject},
		{"array", `{"sub":[5]}`, auth.ErrNoSubject},
		{"object", `{"sub":{"id":5}}`, auth.ErrNoSubject},
		{"half a surrogate pair", `{"sub":"a\ud800"}`, auth.ErrNoSubject},
		{"the other half", `{"sub":"\udc00a"}`, auth.ErrNoSubject},
		{"halves in the wrong order", `{"sub":"\ude00\ud83d"}`, auth.ErrNoSubject},
		{"replacement character", `{"sub":"\ufffd"}`, auth.ErrNoSubject},

		{"sub that is not UTF-8", "{\"sub\":\"a\xff\"}", auth.ErrInvalid},
		{"another claim that is not UTF-8", "{\"sub\":5,\"x\":\"\xc3\"}", auth.ErrInvalid},
		{"surrogate in UTF-8", "{\"sub\":\"\xed\xa0\x80\"}", auth.ErrInvalid},
		{"control character", "{\"sub\":\"a\nb\"}", auth.ErrInvalid},
		{"bad escape", `{"sub":5,"x":"\q"}`, auth.ErrInvalid},
		{"number with leading zero", `{"sub":05}`, auth.ErrInvalid},
		{"too deep", `{"sub":5,"deep":` + nested(512) + `}`, auth.ErrInvalid},
		{"array of claims", `[{"sub":5}]`, auth.ErrInvalid},
		{"string of claims", `"{}"`, auth.ErrInvalid},
		{"two objects", `{"sub":5}{"sub":6}`, auth.ErrInvalid},
		{"cut short", `{"sub":5`, auth.ErrInvalid},
		{"no JSON", `sub=5`, auth.ErrInvalid},
		{"nothing", ``, auth.ErrInvalid},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { refuses(t, sign(hs256, tt.claims), tt.want) })
	}
}

func TestVerify_Signatures(t *testing.T) {
	good := sign(hs256, `{"sub":5}`)
	parts := strings.Split(good, ".")
	signed := parts[0] + "." + parts[1]
	accepts(t, good)
	bad := []string{
		signWith(sha256.New, "another secret", hs256, `{"sub":5}`),
		signWith(sha256.New, secret+"\x01", hs256, `{"sub":5}`),
		parts[0] + "." + encode(`{"sub":6}`) + "." + parts[2],
		encode(`{"alg":"HS256"}`) + "." + parts[1] + "." + parts[2],
		signed + ".",
		good[:len(good)-4],
		good + "AAAA",
		signed + "." + strings.Repeat("A", len(parts[2])),
		seal(sha256.New, secret, encode(hs256)+"."+encode(`{"sub":5}`)+"."),
	}
	for i := range parts[2] {
		changed := []byte(parts[2])
		changed[i] = 'A' + (changed[i]-'A'+1)%26
		bad = append(bad, signed+"."+string(changed))
	}
	for _, token := range bad {
		refuses(t, token, auth.ErrInvalid)
	}
}

// The last digit of a signature has bits to spare: each of its other three
// forms would be another token with the same signature.
func TestVerify_OneFormOfASignature(t *testing.T) {
	const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	good := sign(hs256, `{"sub":5}`)
	last := strings.IndexByte(digits, good[len(good)-1])
	require.Zero(t, last%4)
	for spare := 1; spare < 4; spare++ {
		refuses(t, good[:len(good)-1]+digits[last+spare:last+spare+1], auth.ErrInvalid)
	}
}

func TestVerify_Malformed(t *testing.T) {
	good := sign(hs256, `{"sub":5}`)
	parts := strings.Split(good, ".")
	padded := base64.URLEncoding.EncodeToString
	standard := base64.StdEncoding.EncodeToString([]byte(`{"sub":"???>>>"}`))
	require.Contains(t, standard, "/")
	tokens := map[string]string{
		"nothing":                  "",
		"no dots":                  "token",
		"only dots":                "..",
		"many dots":                strings.Repeat(".", 1<<16),
		"two parts":                parts[0] + "." + parts[1],
		"extra part":               good + ".",
		"extra part before":        "." + good,
		"empty header":             seal(sha256.New, secret, "."+parts[1]),
		"empty claims":             seal(sha256.New, secret, parts[0]+"."),
		"encrypted form":           good + "." + parts[0] + "." + parts[0],
		"padding in the header":    seal(sha256.New, secret, padded([]byte(hs256+" "))+"."+parts[1]),
		"padding in the claims":    seal(sha256.New, secret, parts[0]+"."+padded([]byte(`{"sub":55}`))),
		"padding in the signature": good + "=",
		"standard alphabet":        seal(sha256.New, secret, parts[0]+"."+standard),
		"not base64":               seal(sha256.New, secret, parts[0]+".{}"),
		"not ASCII":                seal(sha256.New, secret, parts[0]+"."+parts[1]+"é"),
		"space before":             " " + good,
		"space behind":             good + " ",
		"line break behind":        good + "\n",
		"line break in the claims": seal(sha256.New, secret, parts[0]+".\r\n"+parts[1]),
		"zero byte":                good + "\x00",
		"huge, no dots":            strings.Repeat("A", 4<<20),
		"huge header":              seal(sha256.New, secret, strings.Repeat("A", 4<<20)+"."+parts[1]),
		"huge signature":           good + strings.Repeat("A", 4<<20),
	}
	for name, token := range tokens {
		t.Run(name, func(t *testing.T) { refuses(t, token, auth.ErrInvalid) })
	}
}

// The token may be a view of a buffer that is used again.
func TestVerify_KeepsNothingOfTheToken(t *testing.T) {
	buffer := []byte(sign(hs256, `{"sub":"alice","x":"y"}`))
	identity := accepts(t, unsafe.String(&buffer[0], len(buffer)))
	clear(buffer)
	assert.Equal(t, "alice", identity.Subject)
	assert.Equal(t, `"alice"`, string(identity.SubjectJSON))
	assert.Equal(t, `{"sub":"alice","x":"y"}`, string(identity.Claims))
}

func TestVerify_ManyGoroutines(t *testing.T) {
	v := verifier(t)
	var all sync.WaitGroup
	for user := range 8 {
		all.Go(func() {
			token := sign(hs256, fmt.Sprintf(`{"sub":%d}`, user))
			for range 50 {
				identity, err := v.Verify(t.Context(), token)
				assert.NoError(t, err)
				assert.Equal(t, fmt.Sprint(user), identity.Subject)
			}
		})
	}
	all.Wait()
}

// RFC 7515 section 4.1.11: what a token calls critical has to be understood.
func TestVerify_CriticalExtension(t *testing.T) {
	refuses(t, sign(`{"alg":"HS256","crit":["b64"],"b64":true}`, `{"sub":5}`), auth.ErrInvalid)
}
