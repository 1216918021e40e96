package browsertest

import (
	"bytes"
	"context"
	"image"
	"image/png"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// Open has the tab show another page.
func (tab *Tab) Open(url string) {
	tab.t.Helper()
	tab.Do(chromedp.Navigate(url))
}

// Screen gives the tab the size of a screen, in CSS pixels, and a dark or a light
// theme.
func (tab *Tab) Screen(width, height int, dark bool) {
	tab.t.Helper()
	theme := "light"
	if dark {
		theme = "dark"
	}
	tab.Do(
		chromedp.EmulateViewport(int64(width), int64(height)),
		chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
			_, err := cdp.Call(ctx, target, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
				Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: theme}},
			})
			return err
		}),
	)
}

// Screenshot returns what the tab shows as PNG, all of the page if it is whole, and
// as an image.
func (tab *Tab) Screenshot(whole bool) ([]byte, image.Image) {
	tab.t.Helper()
	capture := chromedp.CaptureScreenshot()
	if whole {
		capture = chromedp.FullScreenshot(100)
	}
	ctx, cancel := context.WithTimeout(tab.ctx, Patience)
	defer cancel()
	encoded, err := chromedp.Run(ctx, capture)
	require.NoError(tab.t, err)
	shot, err := png.Decode(bytes.NewReader(encoded))
	require.NoError(tab.t, err)
	return encoded, shot
}
