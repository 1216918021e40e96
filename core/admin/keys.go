package admin

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// Scope is what an API key is good for.
type Scope string

// The scopes.
const (
	ScopePublish Scope = "publish" // sending messages and events
	ScopeRead    Scope = "read"    // learning of clients, users, rooms and nodes
	ScopeManage  Scope = "manage"  // joining, removing and disconnecting clients, and their metadata
	ScopeMetrics Scope = "metrics" // the metrics

	scopeNone Scope = "" // what is open to everybody
)

// Scopes returns all scopes. The slice is the caller's.
func Scopes() []Scope { return []Scope{ScopePublish, ScopeRead, ScopeManage, ScopeMetrics} }

// Key is one of the keys that API requests may carry.
type Key struct {
	// Name tells whose it is. Keys of one name are one caller's, of which the newer
	// takes the older one's place: they share idempotency keys.
	Name string
	// Sum is the SHA-256 of the key: no secret, where keys are long and random.
	Sum [sha256.Size]byte
	// Scopes is what the key is good for.
	Scopes []Scope
}

// has reports whether the key is good for a scope.
func (k *Key) has(scope Scope) bool { return slices.Contains(k.Scopes, scope) }

// keyring is the keys that a listener knows. It never changes.
type keyring []Key

// newKeyring makes a keyring of Options.APIKey, which may be empty and has all scopes,
// and of keys. The error says what is wrong with them.
func newKeyring(apiKey string, keys []Key) (keyring, error) {
	var ring keyring
	for _, k := range keys {
		if err := ring.check(&k); err != nil {
			return nil, err
		}
		ring = append(ring, k)
	}
	if apiKey == "" {
		return ring, nil
	}
	own := Key{Sum: sha256.Sum256([]byte(apiKey)), Scopes: Scopes()}
	if ring.like(&own) != nil {
		return nil, errors.New("api-key is among the keys of api-keys, too")
	}
	return append(ring, own), nil
}

// check returns why a key cannot be put beside the others.
func (ring keyring) check(k *Key) error {
	if other := ring.like(k); other != nil {
		return fmt.Errorf("api-keys has a key twice, as %q and as %q", other.Name, k.Name)
	}
	if k.Sum == sha256.Sum256(nil) {
		return fmt.Errorf("api-keys has %q with the sum of an empty key: everybody would have it", k.Name)
	}
	if len(k.Scopes) == 0 {
		return fmt.Errorf("api-keys has %q without a scope", k.Name)
	}
	for _, scope := range k.Scopes {
		if !slices.Contains(Scopes(), scope) {
			return fmt.Errorf("api-keys has %q with the unknown scope %q", k.Name, scope)
		}
	}
	return nil
}

// like returns the key that is the same, nil for none.
func (ring keyring) like(k *Key) *Key {
	at := slices.IndexFunc(ring, func(o Key) bool { return o.Sum == k.Sum })
	if at < 0 {
		return nil
	}
	return &ring[at]
}

// find returns the key that a request carries, nil for none that is known. The time
// that it takes tells nothing of the keys.
func (ring keyring) find(r *http.Request) (found *Key) {
	given := sha256.Sum256([]byte(keyOf(r)))
	for i := range ring {
		if subtle.ConstantTimeCompare(given[:], ring[i].Sum[:]) == 1 {
			found = &ring[i]
		}
	}
	return found
}

// keyOf returns what a request carries as its key, in X-API-Key or as a bearer token.
func keyOf(r *http.Request) string {
	if given := r.Header.Get("X-API-Key"); given != "" {
		return given
	}
	if scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " "); strings.EqualFold(scheme, "Bearer") {
		return token
	}
	return ""
}

// SetKeys has requests checked against other keys from now on: those that
// Options.APIKey and Options.APIKeys have at the start. Requests under way end as they
// began. An error, a sentence for the person who chose the keys, changes nothing. Any
// goroutine may call it.
func (a *Admin) SetKeys(apiKey string, keys []Key) error {
	ring, err := newKeyring(apiKey, keys)
	if err == nil {
		a.keys.Store(&ring)
	}
	return err
}
