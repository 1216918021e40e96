package condition

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// client is what a test says of a client.
type client struct {
	user     string
	claims   string
	metadata map[string]string
}

func (c *client) UserID() string { return c.user }

func (c *client) Claims() json.RawMessage { return bytesOf(c.claims) }

func (c *client) Metadata(key string) json.RawMessage { return bytesOf(c.metadata[key]) }

func bytesOf(s string) []byte {
	if s == "" {
		return nil
	}
	return []byte(s)
}

func parse(t testing.TB, text string) *Condition {
	t.Helper()
	c, err := Parse(text)
	require.NoError(t, err, "%q", text)
	return c
}
