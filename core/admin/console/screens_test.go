package console_test

import (
	"fmt"
	"image"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/bus"
	"github.com/gannet-ws/gannet/core"
)

// screens are a phone, a tablet and a desk.
var screens = []struct {
	name          string
	width, height int
}{{"phone", 360, 740}, {"tablet", 820, 1180}, {"desk", 1440, 900}}

// TestBrowserScreens shows the console with something to see on screens of three
// sizes, dark and light. The pictures are written to the folder that the environment
// variable GANNET_SCREENSHOTS names.
func TestBrowserScreens(t *testing.T) {
	hub := bus.NewHub()
	s := start(t, settings{server: core.Options{Bus: hub.Join(), Loops: 2, MaxMessageSize: 1000}})
	other := start(t, settings{server: core.Options{Bus: hub.Join(), Loops: 2}})
	populate(s, other)
	l := open(t, s)
	l.set("#viewer-room", "orders:eu")
	l.click("#viewer-button")
	l.row("closed", "Sent too large a message", 1, "2")
	l.Wait(`document.querySelectorAll("#viewer-log li").length > 20`, "messages come")
	l.Wait(`document.querySelectorAll("#loops .load-text")[1]?.textContent.endsWith("%")`, "how busy loops are shows")
	for _, screen := range screens {
		for theme, dark := range map[string]bool{"dark": true, "light": false} {
			l.Screen(screen.width, screen.height, dark)
			l.Wait(fmt.Sprintf(`innerWidth === %d && matchMedia("(prefers-color-scheme: %s)").matches`, screen.width, theme), "the screen is that")
			require.Equal(t, "[]", l.Run(tooWide), "%s: nothing is wider than the screen", screen.name)
			require.Equal(t, "[]", l.Run(tooFaint), "%s, %s: everything can be read", screen.name, theme)
			name := screen.name + "-" + theme
			check(t, l, name, image.Pt(screen.width, screen.height), dark)
		}
	}
	l.quiet(t, s)
}

// tooWide is what reaches beyond the screen, but for what is cut on purpose.
const tooWide = `const width = document.documentElement.clientWidth;
	if (document.documentElement.scrollWidth > width) return ["the page: " + document.documentElement.scrollWidth];
	return [...document.querySelectorAll("main *, header *")].filter((node) =>
		node.getBoundingClientRect().right > width + 1 && !node.closest(".log, .tile, .spoken")).map((node) => node.outerHTML.slice(0, 200))`

// tooFaint is the texts whose contrast is below WCAG's 4.5, or that shine through.
const tooFaint = `const colour = (text) => text.match(/[\d.]+/g).map(Number);
	const channel = (c) => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
	const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
	const behind = (node) => {
		for (; node; node = node.parentElement) {
			const found = colour(getComputedStyle(node).backgroundColor);
			if (found[3] !== 0) return found;
		}
	};
	const contrast = (node) => {
		const [a, b] = [light(colour(getComputedStyle(node).color)), light(behind(node))];
		return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
	};
	const opaque = (node) => !node || getComputedStyle(node).opacity === "1" && opaque(node.parentElement);
	const says = (node) => node.checkVisibility() && (node.matches("input, select, textarea") ||
		[...node.childNodes].some((child) => child.nodeType === Node.TEXT_NODE && child.textContent.trim()));
	return [...document.querySelectorAll("body *")].filter((node) => says(node) && !node.matches("option") && (contrast(node) < 4.5 || !opaque(node)))
		.map((node) => contrast(node).toFixed(2) + " " + node.outerHTML.slice(0, 120))`

// populate has things happen that the console shows.
func populate(s, other *site) {
	rooms := []string{"lobby", "orders:eu", "orders:us", "chat:general", "chat:a rather long name for a room that has to be cut somewhere", "prices"}
	for i, room := range rooms {
		for range 3 * (len(rooms) - i) {
			s.connect(room, "everybody")
			other.connect(room)
		}
	}
	s.publishing("orders:eu", 20*time.Millisecond)
	s.publishing("prices", 7*time.Millisecond)
	other.publishing("lobby", 50*time.Millisecond)
	for range 2 {
		s.connect("lobby").send(string(make([]byte, 2000)))
	}
	_ = s.connect("lobby").conn.NetConn().Close()
	_ = other.connect("lobby").conn.NetConn().Close()
}

// check takes a picture of what shows and one of the whole page, and looks whether
// they can be right.
func check(t *testing.T, l *look, name string, size image.Point, dark bool) {
	t.Helper()
	for suffix, whole := range map[string]bool{"": false, "-whole": true} {
		shot := l.picture(t, name+suffix, whole)
		assert.Equal(t, size.X, shot.Bounds().Dx(), name)
		assert.GreaterOrEqual(t, shot.Bounds().Dy(), size.Y, name)
		assert.Greater(t, coloursOf(shot), 50, "%s: something is to be seen", name)
		background, _, _, _ := shot.At(size.X-1, size.Y/2).RGBA()
		assert.Equal(t, dark, background < 0x8000, "%s: the theme is that", name)
	}
}

// picture takes a picture, and keeps it if there is a folder for that.
func (l *look) picture(t *testing.T, name string, whole bool) image.Image {
	t.Helper()
	l.Run(`scrollTo(0, 0)`)
	encoded, shot := l.Screenshot(whole)
	if folder := os.Getenv("GANNET_SCREENSHOTS"); folder != "" {
		require.NoError(t, os.MkdirAll(folder, 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(folder, name+".png"), encoded, 0o644))
	}
	return shot
}

func coloursOf(shot image.Image) int {
	colours := map[any]bool{}
	for y := shot.Bounds().Min.Y; y < shot.Bounds().Max.Y; y += 3 {
		for x := shot.Bounds().Min.X; x < shot.Bounds().Max.X; x += 3 {
			colours[shot.At(x, y)] = true
		}
	}
	return len(colours)
}
