package codec

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestChooseSubprotocol_Table(t *testing.T) {
	ours := []string{"chat.v2", "chat.v1", "Chat.V3"}
	tests := []struct {
		offered string
		want    int
		err     error
	}{
		{"chat.v2", 0, nil},
		{"chat.v1", 1, nil},
		{"chat.v1, chat.v2", 1, nil},
		{"chat.v2,chat.v1", 0, nil},
		{"other, chat.v1", 1, nil},
		{" \tchat.v1\t , other ", 1, nil},
		{"chat.v1, chat.v1", 1, nil},
		{"chat.v3", -1, nil},
		{"CHAT.V2", -1, nil},
		{"chat.v", -1, nil},
		{"chat.v22", -1, nil},
		{"other", -1, nil},
		{"!#$%&'*+-.^_`|~09azAZ", -1, nil},
		{",chat.v1", 1, nil},
		{"chat.v1, ,", 1, nil},

		{"", -1, ErrBadSubprotocol},
		{" ", -1, ErrBadSubprotocol},
		{",", -1, ErrBadSubprotocol},
		{"chat v1", -1, ErrBadSubprotocol},
		{"chat.v1; q=1", -1, ErrBadSubprotocol},
		{`"chat.v1"`, -1, ErrBadSubprotocol},
		{"chat/v1", -1, ErrBadSubprotocol},
		{"chat.v1, a@b", -1, ErrBadSubprotocol},
		{"chat.v1, caf\xc3\xa9", -1, ErrBadSubprotocol},
		{"chat.v1, \x80", -1, ErrBadSubprotocol},
	}
	for _, tt := range tests {
		choice, err := ChooseSubprotocol([]byte(tt.offered), ours)
		assert.Equal(t, tt.want, choice, "%q", tt.offered)
		if tt.err == nil {
			assert.NoError(t, err, "%q", tt.offered)
		} else {
			assert.Equal(t, tt.err, err, "%q", tt.offered)
		}
	}
}

func TestChooseSubprotocol_WithoutAny(t *testing.T) {
	choice, err := ChooseSubprotocol(nil, []string{"chat"})
	require.NoError(t, err)
	require.Equal(t, -1, choice, "the client offers none")
	choice, err = ChooseSubprotocol([]byte("chat"), nil)
	require.NoError(t, err)
	require.Equal(t, -1, choice, "the server has none")
}

func TestChooseSubprotocol_NoAllocs(t *testing.T) {
	offered := []byte("a.subprotocol.with.a.name.of.more.than.32.bytes, chat")
	ours := []string{"other", "chat"}
	noAllocs(t, func() { _, _ = ChooseSubprotocol(offered, ours) })
}
