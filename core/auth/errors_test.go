package auth_test

import (
	"net/http"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/gannet-ws/gannet/core/auth"
)

func TestError_Form(t *testing.T) {
	sentence, code := regexp.MustCompile(`^[A-Z][^.]*$`), regexp.MustCompile(`^[A-Z]+(_[A-Z]+)*$`)
	seen := map[string]bool{}
	for _, e := range []*auth.Error{
		auth.ErrMissing, auth.ErrNoKey, auth.ErrExpired, auth.ErrNotYetValid, auth.ErrWrongIssuer, auth.ErrWrongAudience,
		auth.ErrNoSubject, auth.ErrInvalid, auth.ErrKeysUnavailable,
	} {
		assert.Regexp(t, sentence, e.Error())
		assert.Regexp(t, code, e.Code)
		assert.False(t, seen[e.Code], e.Code)
		seen[e.Code] = true
		want := http.StatusUnauthorized
		if e == auth.ErrKeysUnavailable {
			want = http.StatusServiceUnavailable
		}
		assert.Equal(t, want, e.Status, e.Code)
	}
}
