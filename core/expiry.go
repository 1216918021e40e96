package core

import (
	"strings"
	"time"

	"github.com/gannet-ws/gannet/codec"
	"github.com/gannet-ws/gannet/core/auth"
	"github.com/gannet-ws/gannet/shard"
)

// With Options.CloseExpired a client is closed when its token expires. The
// built-in route system.refreshToken puts a new token in the old one's place.

// expired reports whether the client's token has expired, for the sweep.
func (l *loop) expired(c *shard.Client) bool {
	user := c.User()
	return user != nil && user.Expires != 0 && time.Now().UnixMilli() >= user.Expires
}

// userOf is who a token says its bearer is; nil for nobody.
func userOf(identity auth.Identity) *shard.User {
	if identity.Subject == "" {
		return nil
	}
	user := &shard.User{ID: identity.Subject, IDJSON: identity.SubjectJSON, Payload: identity.Claims}
	if !identity.Expires.IsZero() {
		user.Expires = identity.Expires.UnixMilli()
	}
	return user
}

var (
	errNoToken     = &Error{Text: "Token is required", Code: "TOKEN_REQUIRED"}
	errOtherUser   = &Error{Text: "Token is another user's", Code: "TOKEN_OTHER_USER"}
	errTokenUnread = &Error{Text: "Invalid token", Code: "TOKEN_INVALID"}
)

// refreshToken answers {token}: claims, expiry and the rooms that may be joined
// are the new token's from now on. It must be the same user's. See changeUser for
// the rooms that the client is in.
func refreshToken(c *Context) (any, error) {
	var request struct {
		Token codec.Raw `json:"token"`
	}
	c.loop.decoder.Decode(c.Data(), &request) // what is missing shows
	token, _ := codec.Unquote(request.Token)
	switch {
	case token == "":
		return nil, errNoToken
	case c.User() == nil:
		return nil, errAnonymous
	}
	verifier := c.loop.life.verifier.Load()
	if verifier.Inline(token) {
		identity, err := verifier.Verify(c.Context(), token)
		return c.refreshed(identity, err)
	}
	return nil, c.refreshLater(strings.Clone(token))
}

// refreshLater has the token checked on the pool, and answers then.
func (c *Context) refreshLater(token string) error {
	now, later := c.loop.life, c.replyLater()
	var identity auth.Identity
	var err error
	taken := now.verifying.submit(verification{client: later.client}, job{
		work: func() { identity, err = now.verifier.Load().Verify(now.ctx, token) },
		tell: func() {
			later.answer(func(here *Context) (any, error) { return here.refreshed(identity, err) })
		},
	})
	if !taken {
		c.later = false
		c.loop.counters.Busy++
		return errBusy
	}
	return nil
}

// refreshed gives the client its new token's identity.
func (c *Context) refreshed(identity auth.Identity, err error) (any, error) {
	if err != nil {
		return nil, publicTokenError(err)
	}
	if identity.Subject != c.User().ID {
		return nil, errOtherUser
	}
	user := userOf(identity)
	c.changeUser(user)
	response := map[string]any{"success": true}
	if user.Expires != 0 {
		response["expiresAt"] = time.UnixMilli(user.Expires).UTC().Format(isoTime)
	}
	return response, nil
}

// changeUser puts the new token's user in the old one's place. With the policy
// claim, the client leaves the rooms that the old token named and the new one
// does not; with AutoJoin it joins those that the new one names.
func (c *Context) changeUser(user *User) {
	o, old := &c.loop.server.options, c.User()
	c.loop.shard.SetUser(c.client, user)
	if o.Join == JoinClaim {
		for _, room := range c.Rooms() {
			if claimsRoom(old, room) && !claimsRoom(user, room) {
				c.Leave(room)
			}
		}
	}
	if o.AutoJoin {
		c.autoJoin()
	}
}

// publicTokenError is why a token was refused, as a handler's error.
func publicTokenError(err error) error {
	if refused, ok := err.(*auth.Error); ok {
		return &Error{Text: refused.Text, Code: refused.Code}
	}
	return errTokenUnread
}
