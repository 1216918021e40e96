package guide

import (
	"encoding/base64"
	"encoding/json"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/core"
	"github.com/gannet-ws/gannet/core/client"
	"github.com/gannet-ws/gannet/shard"
)

// Chapter "Authentication".

// Tokens come as a query parameter; programs, which can, send them in a header.
func TestGuide_Authentication_JWTAuthentication(t *testing.T) {
	users := make(chan string, 10)
	server := start(t, core.Options{JWTSecret: secret, Hooks: core.Hooks{
		Connected: func(c *core.Context) { users <- c.UserID() },
	}})
	token := sign(secret, jwt.MapClaims{"sub": "alice"})

	ws := open(t, url(server)+"?token="+token)
	require.Equal(t, "alice", get(t, users))
	require.Contains(t, ws.receive(), `{"type":"auth","action":"authenticated","data":{"userId":"alice","message":"Authentication successful"`)

	visit(t, server, client.Options{Token: client.StaticToken(token)})
	require.Equal(t, "alice", get(t, users))

	open(t, url(server))
	require.Empty(t, get(t, users), "without a token a client is anonymous")
}

// The server validates tokens if they are there, and the connected hook knows
// who the user is.
func TestGuide_Authentication_ServerSideAuthentication(t *testing.T) {
	connected := make(chan *shard.User, 10)
	hooks := core.Hooks{Connected: func(c *core.Context) {
		var claims struct{ Role string }
		err := c.BindClaims(&claims)
		assert.Equal(t, c.User() == nil, err != nil, "only those with a token have claims")
		assert.Contains(t, []string{"", "admin"}, claims.Role)
		connected <- c.User()
	}}

	server := start(t, core.Options{JWTSecret: secret, Hooks: hooks})
	open(t, url(server)+"?token="+sign(secret, jwt.MapClaims{"sub": 123, "role": "admin"}))
	user := get(t, connected)
	require.Equal(t, "123", user.ID)
	require.JSONEq(t, `{"sub":123,"role":"admin"}`, string(user.Payload))
	open(t, url(server))
	require.Nil(t, get(t, connected))

	// A PXL secret is base64url of the key.
	key := "\x00the bytes of a key\xff"
	token := sign(key, jwt.MapClaims{"sub": 123})
	pxl := core.Options{JWTSecret: base64.RawURLEncoding.EncodeToString([]byte(key)), JWTSecretEncoding: "base64url", Hooks: hooks}
	open(t, url(start(t, pxl))+"?token="+token)
	require.Equal(t, "123", get(t, connected).ID)
	pxl.JWTSecretEncoding = "raw"
	status, _ := upgrade(t, url(start(t, pxl))+"?token="+token)
	require.Equal(t, 401, status)
}

func TestGuide_Authentication_AuthenticationFlow(t *testing.T) {
	server := start(t, core.Options{JWTSecret: secret})

	// If valid: the user id is the sub claim, and stands in the client's metadata.
	for _, sub := range []any{5, "5", "alice"} {
		alice := visit(t, server, as(jwt.MapClaims{"sub": sub, "email": "alice@example.com"}))
		info, err := server.Client(patient(t), idOf(t, alice))
		require.NoError(t, err)
		want, err := json.Marshal(sub)
		require.NoError(t, err)
		require.Equal(t, string(want), string(info.User.IDJSON), "as it stands in the token")
		require.Contains(t, server.UserClients(info.User.ID), info.ID)
		require.Contains(t, string(info.User.Payload), `"email":"alice@example.com"`)
	}
	require.Len(t, server.UserClients("5"), 2, "5 and \"5\" are one user")

	// If invalid: the connection is rejected with 401 Unauthorized.
	hour := time.Hour
	unsigned, err := jwt.NewWithClaims(jwt.SigningMethodNone, jwt.MapClaims{"sub": 5}).SignedString(jwt.UnsafeAllowNoneSignatureType)
	require.NoError(t, err)
	for token, code := range map[string]string{
		"your-jwt-token": "TOKEN_INVALID",
		unsigned:         "TOKEN_INVALID",
		sign("another secret", jwt.MapClaims{"sub": 5}):                            "TOKEN_INVALID",
		sign(secret, jwt.MapClaims{"name": "alice"}):                               "TOKEN_WITHOUT_SUBJECT",
		sign(secret, jwt.MapClaims{"sub": 5, "exp": time.Now().Add(-hour).Unix()}): "TOKEN_EXPIRED",
		sign(secret, jwt.MapClaims{"sub": 5, "nbf": time.Now().Add(+hour).Unix()}): "TOKEN_NOT_YET_VALID",
	} {
		status, body := upgrade(t, url(server)+"?token="+token)
		require.Equal(t, 401, status, token)
		require.Contains(t, body, `"code":"`+code+`"`)
	}
	require.EqualValues(t, 6, server.Stats().Refused["unauthorized"])

	// A server without a key accepts no token.
	status, body := upgrade(t, url(start(t, core.Options{}))+"?token="+sign(secret, jwt.MapClaims{"sub": 5}))
	require.Equal(t, 401, status)
	require.Contains(t, body, `"code":"TOKEN_NOT_ACCEPTED"`)
}

// The sample's controller asks for a user, and signs messages with who it is.
func TestGuide_Authentication_AccessingUserDataInControllers(t *testing.T) {
	server := start(t, core.Options{JWTSecret: secret}, func(s *core.Server) {
		s.Handle("chat", "send", sendAsUser)
	})
	alice := visit(t, server, as(jwt.MapClaims{"sub": 123, "email": "alice@example.com"}))
	bob := visit(t, server, client.Options{})

	var reply object
	require.NoError(t, alice.Request(patient(t), "chat", "send", object{"text": "Hello!"}, &reply))
	require.Equal(t, object{"success": true}, reply)
	for _, p := range []*person{alice, bob} {
		p.hear(t, `chat.message {"userId":123,"userEmail":"alice@example.com","message":"Hello!"}`)
	}

	err := bob.Request(patient(t), "chat", "send", object{"text": "Hello!"}, nil)
	require.EqualError(t, err, "Authentication required")
	nothingElse(t, server, alice, bob)
}
