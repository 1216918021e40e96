package auth

import "net/http"

// Error is why a token was refused, as the client is told.
type Error struct {
	Code   string // upper snake
	Text   string
	Status int // of HTTP: 401, or 503 where the fault is not the token's and a later attempt may succeed
}

// Error returns the text.
func (e *Error) Error() string { return e.Text }

// Why tokens are refused.
var (
	ErrMissing       = unauthorized("TOKEN_REQUIRED", "Token required")
	ErrNoKey         = unauthorized("TOKEN_NOT_ACCEPTED", "This server does not accept tokens")
	ErrExpired       = unauthorized("TOKEN_EXPIRED", "Token expired")
	ErrNotYetValid   = unauthorized("TOKEN_NOT_YET_VALID", "Token not yet valid")
	ErrWrongIssuer   = unauthorized("TOKEN_WRONG_ISSUER", "Token has the wrong issuer")
	ErrWrongAudience = unauthorized("TOKEN_WRONG_AUDIENCE", "Token has the wrong audience")
	ErrNoSubject     = unauthorized("TOKEN_WITHOUT_SUBJECT", "Token has no subject")
	ErrInvalid       = unauthorized("TOKEN_INVALID", "Invalid token")

	// ErrKeysUnavailable says nothing of the token: its key is not known, and
	// the URL that may have it cannot be read.
	ErrKeysUnavailable = &Error{"TOKEN_KEYS_UNAVAILABLE", "Cannot check tokens at the moment", http.StatusServiceUnavailable}
)

func unauthorized(code, text string) *Error { return &Error{code, text, http.StatusUnauthorized} }
