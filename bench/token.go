package bench

import (
	"fmt"
	"strconv"

	"github.com/golang-jwt/jwt/v5"

	"github.com/gannet-ws/gannet/codec"
)

// authorizations makes the header with which each socket of this process says who
// it is: a user of its own, by its number; and further ones behind it. They are made
// before anything is measured. Without a secret there are none.
func (p *plan) authorizations(further string) ([]string, error) {
	if p.TokenSecret == "" {
		return nil, nil
	}
	headers := make([]string, p.Held)
	for i := range headers {
		token := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{"sub": strconv.Itoa(p.First + i)})
		signed, err := token.SignedString([]byte(p.TokenSecret))
		if err != nil {
			return nil, fmt.Errorf("bench: making a token: %w", err)
		}
		headers[i] = "Authorization: Bearer " + signed + "\r\n" + further
	}
	return headers, nil
}

// upgradeRequest is the request with which a socket asks for a WebSocket. It is
// valid until the next call.
func (l *loop) upgradeRequest(s *socket) []byte {
	p := l.plan
	if p.headers == nil {
		return p.request
	}
	l.text = codec.AppendUpgradeRequest(l.text[:0], p.Endpoint.Host, p.Endpoint.Target, handshakeKey, p.headers[l.number(s)-p.First])
	return l.text
}
