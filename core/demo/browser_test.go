package demo_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/core/browser/browsertest"
)

// TestBrowserChat goes the way of a visitor: two tabs talk, the server goes
// away and returns, and they talk on.
func TestBrowserChat(t *testing.T) {
	browser := browsertest.Open(t)
	s := start(t, freePort, freePort)
	page := "http://" + s.admin + "/demo/"

	ada := openTab(t, browser, page)
	ada.enter("Ada", "general")
	ben := openTab(t, browser, page+"#room=general&name=Ben")
	ada.joined()
	ben.joined()

	ben.untilTypingShowsIn(ada, "Ben is typing…")
	ada.say("Hello from the first tab")
	ben.sees("Ada", "Hello from the first tab")
	ada.sees("You", "Hello from the first tab")

	const markup = `<img src=x onerror="document.title='broken'"><b>bold</b>`
	ben.say(markup)
	ada.sees("Ben", markup)
	require.False(t, ada.Holds(`document.title === "broken" || document.querySelector("#log b, #log img") !== null`))

	post(t, s, "general", `{"type":"chat","action":"message","data":{"text":"From a shell"}}`)
	ada.sees("from outside", "From a shell")

	s.stop()
	ada.Wait(reconnecting, "the first tab shows that it reconnects")
	ben.Wait(reconnecting, "the second tab shows that it reconnects")
	ada.say("Written while away")
	ada.Wait(`document.querySelector("#outbox .waiting")?.textContent.includes("Written while away")`, "the message waits")

	start(t, s.socket, s.admin)
	ada.joined()
	ben.joined()
	ada.Wait(`document.querySelector("#log").textContent.includes("You are back in general")`, "the first tab is back")
	ada.sees("You", "Written while away")
	ada.Wait(`document.querySelector("#outbox").childElementCount === 0`, "nothing waits")
	ben.say("Hello again")
	ada.sees("Ben", "Hello again")
}

// TestBrowserRooms makes sure that what is said in a room stays there.
func TestBrowserRooms(t *testing.T) {
	browser := browsertest.Open(t)
	s := start(t, freePort, freePort)
	page := "http://" + s.admin + "/demo/"
	ada := openTab(t, browser, page+"#room=general&name=Ada")
	ben := openTab(t, browser, page+"#room=general&name=Ben")
	ada.joined()
	ben.joined()

	ada.Do(chromedp.Evaluate[chromedp.Void](`location.hash = "#room=roost"`))
	ada.Wait(`document.querySelector("#log").textContent.includes("joined roost")`, "Ada joins the other room")
	ben.say("Only for general")
	ben.sees("You", "Only for general")
	post(t, s, "roost", `{"type":"chat","action":"message","data":{"text":"For the roost"}}`)
	ada.sees("from outside", "For the roost")
	require.False(t, ada.Holds(`document.querySelector("#log").textContent.includes("Only for general")`))
}

const reconnecting = `document.querySelector("#status").dataset.state === "reconnecting" &&
	document.querySelector("#status-text").textContent.startsWith("Reconnecting")`

// tab is the page as a visitor has it before them.
type tab struct {
	*browsertest.Tab
	t *testing.T
}

func openTab(t *testing.T, browser *browsertest.Browser, url string) *tab {
	t.Helper()
	return &tab{browser.Tab(t, url), t}
}

// enter fills in the form with which a visitor begins.
func (tb *tab) enter(name, room string) {
	tb.t.Helper()
	tb.Wait(`!document.querySelector("#entry").hidden`, "the form shows")
	tb.Do(
		chromedp.SetValue(chromedp.CSS("#entry-name"), name),
		chromedp.SetValue(chromedp.CSS("#entry-room"), room),
		chromedp.Click(chromedp.CSS("#entry-form button")),
	)
}

// joined waits until the page is connected and in its room.
func (tb *tab) joined() {
	tb.t.Helper()
	tb.Wait(`document.querySelector("#status").dataset.state === "online" &&
		document.querySelector("#client-id").textContent.length === 32`, "the page is in its room")
}

func (tb *tab) say(text string) {
	tb.t.Helper()
	tb.Do(chromedp.SetValue(chromedp.CSS("#text"), text), chromedp.Focus(chromedp.CSS("#text")), enterKey)
}

// enterKey presses Enter as a keyboard does: what it types comes only if the
// page does not take the key for itself.
func enterKey(ctx context.Context, target *chromedp.Target) (none chromedp.Void, err error) {
	for _, kind := range []input.DispatchKeyEventType{input.DispatchKeyEventTypeRawKeyDown, input.DispatchKeyEventTypeKeyUp} {
		_, err = cdp.Call(ctx, target, input.DispatchKeyEvent, input.DispatchKeyEventParams{
			Type: kind, Key: "Enter", Code: "Enter", WindowsVirtualKeyCode: 13, NativeVirtualKeyCode: 13,
		})
		if err != nil {
			return none, err
		}
	}
	return none, nil
}

// sees waits until the log has the text in an entry whose head has the words.
func (tb *tab) sees(head, text string) {
	tb.t.Helper()
	tb.Wait(fmt.Sprintf(`[...document.querySelectorAll("#log .group")].some((entry) =>
		entry.querySelector(".group-head").textContent.includes(%q) &&
		[...entry.querySelectorAll(".bubble")].some((bubble) => bubble.textContent === %q))`, head, text),
		fmt.Sprintf("it shows %q of %q", text, head))
}

// untilTypingShowsIn types until the other tab says so: what it shows passes
// after a few seconds, and a slow machine may look too late.
func (tb *tab) untilTypingShowsIn(other *tab, sentence string) {
	tb.t.Helper()
	shown := fmt.Sprintf(`document.querySelector("#typing").textContent === %q`, sentence)
	for deadline := time.Now().Add(patience); !other.Holds(shown); {
		require.True(tb.t, time.Now().Before(deadline), "the typing indicator does not show")
		tb.Do(chromedp.SendKeys(chromedp.CSS("#text"), "x"))
	}
}

// post publishes a message into a room as an application does.
func post(t *testing.T, s *site, room, message string) {
	t.Helper()
	client := &http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Post("http://"+s.admin+"/api/rooms/"+room+"/broadcast", "application/json", strings.NewReader(message))
	require.NoError(t, err)
	defer response.Body.Close()
	require.Equal(t, http.StatusOK, response.StatusCode)
}
