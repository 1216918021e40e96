package setting_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/codec/setting"
)

func TestSize_Text(t *testing.T) {
	for text, want := range map[string]setting.Size{"0": 0, "512": 512, "512B": 512, "64KiB": 64 << 10, "3 MiB": 3 << 20, "2GiB": 2 << 30} {
		var size setting.Size
		require.NoError(t, size.UnmarshalText([]byte(text)), text)
		assert.Equal(t, want, size, text)
		var again setting.Size
		require.NoError(t, again.UnmarshalText([]byte(size.String())))
		assert.Equal(t, size, again)
	}
	for _, text := range []string{"", "KiB", "1MB", "1k", "-1", "1.5MiB", "99999999999GiB", "1 2"} {
		var size setting.Size
		require.Error(t, size.UnmarshalText([]byte(text)), text)
	}
}

type options struct {
	Text   string        `default:"gannet:"`
	Number int           `default:"7"`
	Size   setting.Size  `default:"16MiB"`
	Time   time.Duration `default:"2s"`
	On     bool
	List   []string
	None   string
}

func TestFillDefaults(t *testing.T) {
	var filled options
	setting.FillDefaults(&filled)
	assert.Equal(t, options{Text: "gannet:", Number: 7, Size: 16 << 20, Time: 2 * time.Second}, filled)

	chosen := options{Text: "x", Number: -1, Size: 1, Time: -time.Second, On: true, List: []string{"a"}, None: "n"}
	kept := chosen
	setting.FillDefaults(&kept)
	assert.Equal(t, chosen, kept)
}

func TestFillDefaults_PanicsOnABadTag(t *testing.T) {
	for _, bad := range []any{
		&struct {
			Number int `default:"many"`
		}{},
		&struct {
			Size setting.Size `default:"1MB"`
		}{},
		&struct {
			Time time.Duration `default:"2"`
		}{},
	} {
		assert.Panics(t, func() { setting.FillDefaults(bad) })
	}
}
