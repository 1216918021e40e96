package console_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/bus"
	"github.com/gannet-ws/gannet/core"
	"github.com/gannet-ws/gannet/core/admin"
	"github.com/gannet-ws/gannet/core/browser/browsertest"
)

// look is the console as an operator has it before them.
type look struct {
	*browsertest.Tab
	witness *browsertest.Witness
}

// open opens the console in a tab of its own.
func open(t *testing.T, s *site) *look {
	t.Helper()
	tab := browser.Tab(t, "about:blank")
	l := &look{tab, tab.Witness()}
	l.Open(s.url())
	return l
}

// shows waits until an element has the text.
func (l *look) shows(selector, text string) {
	l.Wait(fmt.Sprintf(`document.querySelector(%q)?.textContent === %q`, selector, text), selector+" shows "+text)
}

// row waits until a table's row, by a part of its heading, has a cell's text.
func (l *look) row(table, heading string, cell int, text string) {
	l.Wait(fmt.Sprintf(`[...document.querySelectorAll("#%s tr")].some((tr) =>
		tr.cells[0].textContent.includes(%q) && tr.cells[%d].textContent === %q)`, table, heading, cell, text),
		fmt.Sprintf("%s has %q for %s", table, text, heading))
}

func (l *look) click(selector string) { l.Do(chromedp.Click(chromedp.CSS(selector))) }

// set fills in a field, as somebody who types does.
func (l *look) set(selector, value string) {
	l.Run(fmt.Sprintf(`const field = document.querySelector(%q);
		field.value = %s;
		for (const event of ["input", "change"]) field.dispatchEvent(new Event(event))`, selector, quote(value)))
}

// quiet makes sure that the page asked nobody else for anything, and that the browser
// had nothing to say against it.
func (l *look) quiet(t *testing.T, s *site) {
	t.Helper()
	requests := l.witness.Requests()
	require.NotEmpty(t, requests)
	for _, url := range requests {
		assert.True(t, strings.HasPrefix(url, s.url()) || url == "about:blank", url)
	}
	assert.Empty(t, l.witness.Complaints())
}

// TestBrowserOperatorsQuestions answers from the page what an operator asks: how many
// are connected, which room is the busiest, why clients were closed, and whether a
// node is slow.
func TestBrowserOperatorsQuestions(t *testing.T) {
	resume := make(chan struct{})
	s := start(t, settings{server: core.Options{Loops: 1, MaxMessageSize: 1000}, prepare: func(server *core.Server) {
		server.Handle("test", "hold", func(*core.Context) (any, error) { <-resume; return nil, nil })
	}})
	s.connect("general")
	s.connect("general")
	leaving, ada := s.connect("general", "roost"), s.connect("roost")
	l := open(t, s)

	l.shows("#tile-connected .figure", "4")
	l.shows("#live", "Live")
	l.shows("#attention li", "Nothing needs attention.")
	l.Wait(`document.title.startsWith("4 connected")`, "the title says it, too")

	s.publishing("roost", 20*time.Millisecond)
	l.shows("#rooms tr:first-child .room-name", "roost")
	l.row("rooms", "roost", 1, "2")
	l.Wait(`(([, , messages, deliveries]) => messages > 5 && deliveries > 1.5 * messages)(
		[...document.querySelector("#rooms tr:first-child").cells].map((cell) => parseFloat(cell.textContent)))`, "each message is delivered to both")
	l.click("#rooms-largest")
	l.shows("#rooms tr:first-child .room-name", "general")
	l.Wait(`document.querySelector("#tile-fanout .figure").textContent.match(/^[\d.]+ (µs|ms|s)$/)`, "the fan-out is measured")

	leaving.send(strings.Repeat("x", 2000))
	l.row("closed", "Sent too large a message", 2, "1")
	require.NoError(t, s.connect().conn.NetConn().Close())
	l.row("closed", "Connection broke", 2, "1")
	l.shows("#tile-connected .figure", "3")

	ada.send(`{"type":"test","action":"hold"}`)
	l.row("nodes", s.server.NodeID(), 5, "degraded")
	l.Wait(`document.querySelector("#attention li").textContent === "Node `+s.server.NodeID()+`: an event loop lags behind."`, "it is said")
	l.picture(t, "degraded", false)
	close(resume)
	l.row("nodes", s.server.NodeID(), 5, "ok")
	l.Wait(`document.querySelectorAll("#loops .load-text")[0].textContent.endsWith("%")`, "how busy the loop is shows")
	l.quiet(t, s)
}

// silentBus knows another node, which does not answer.
type silentBus struct{ bus.Local }

const silentNode = "00000000000a"

func (silentBus) Nodes() []bus.NodeStatus {
	return []bus.NodeStatus{{ID: silentNode, Figures: bus.Figures{State: "running", Clients: 7}, LastSeen: time.Now()}}
}

func (silentBus) Survey(context.Context, bus.Question) (bus.Survey, error) {
	return bus.Survey{Missing: []string{silentNode}}, nil
}

func TestBrowserSilentNode(t *testing.T) {
	s := start(t, settings{server: core.Options{Bus: silentBus{}}})
	l := open(t, s)
	l.row("nodes", silentNode, 5, "no answer")
	l.row("nodes", s.server.NodeID(), 5, "ok")
	l.shows("#nodes-note", "2 in the cluster")
	l.Wait(`document.querySelector("#attention li[data-level=bad]").textContent.startsWith("Node `+silentNode+`: it has not answered")`, "it is said")
}

func TestBrowserSeveralNodes(t *testing.T) {
	hub := bus.NewHub()
	s, other := start(t, settings{server: core.Options{Bus: hub.Join()}}), start(t, settings{server: core.Options{Bus: hub.Join()}})
	s.connect("r")
	other.connect("r")
	other.connect("r")
	l := open(t, s)
	l.shows("#tile-connected .figure", "3")
	l.row("rooms", "r", 1, "3")
	l.row("nodes", other.server.NodeID(), 1, "2")
	l.row("nodes", "this node", 1, "1")
}

func TestBrowserKey(t *testing.T) {
	const key = "a key of the tests"
	s := start(t, settings{admin: admin.Options{APIKey: key}})
	s.connect("r")
	l := open(t, s)
	const asked = `document.querySelector("#key").open`
	l.Wait(asked, "it asks for the key")
	unknown := func() {
		l.Wait(`[...document.querySelectorAll(".empty:not(#viewer-empty)")].map((p) => p.textContent).join(" ") === "Unknown. Unknown. Unknown. Unknown. Unknown."`,
			"it claims nothing")
		l.shows("#attention li", "Unknown: the server wants a key.")
	}
	unknown()
	l.picture(t, "key", false)
	require.Empty(t, l.Run(`return document.querySelector("#key-problem").textContent`)[2:])
	for _, wrong := range []string{"wrong", "schlüssel"} {
		l.set("#key-input", wrong)
		l.click("#key-form button")
		l.shows("#key-problem", "The server does not accept this key.")
		l.Wait(asked, "it asks again")
	}
	l.set("#key-input", key)
	l.click("#key-form button")
	l.shows("#tile-connected .figure", "1")
	require.False(t, l.Holds(asked))
	l.shows("#closed-empty", "Nobody has left yet.")
	l.shows("#attention li", "Nothing needs attention.")
	require.True(t, l.Holds(`localStorage.length === 0 && document.cookie === "" && !location.href.includes("key")`), "the tab alone keeps it")

	l.Open(s.url())
	l.shows("#tile-connected .figure", "1")
	l.set("#viewer-room", "r")
	l.click("#viewer-button")
	l.shows("#viewer-state", "Watching: 0 messages")
	l.click("#key-button")
	l.Wait(asked, "it has forgotten the key")
	unknown()
	require.True(t, l.Holds(`sessionStorage.length === 0`))
	for _, url := range l.witness.Requests() {
		require.NotContains(t, url, "tests")
	}
}

func TestBrowserPublishAndWatch(t *testing.T) {
	s := start(t, settings{})
	c := s.connect("general")
	l := open(t, s)
	l.click("#rooms .room-name")
	l.shows("#viewer-state", "Watching: 0 messages")
	require.True(t, l.Holds(`document.querySelector("#publish-name").value === "general"`))

	const markup = `{"text":"<img src=x onerror=\"document.title='broken'\"> 12345678901234567890"}`
	l.set("#publish-data", markup)
	l.click("#publish button")
	l.shows("#publish-result", "Published to 1 client of this node.")
	const sent = `{"type":"chat","action":"message","data":{"text":"<img src=x onerror=\"document.title='broken'\"> 12345678901234567890"}}`
	require.JSONEq(t, sent, c.receive())
	l.shows("#viewer-state", "Watching: 1 message")
	l.shows("#viewer-log li b", "chat.message")
	l.shows("#viewer-log li pre", sent)
	require.False(t, l.Holds(`document.title === "broken" || document.querySelector("#viewer img") !== null`))

	for _, refused := range []struct{ to, name, data, result string }{
		{"clientId", "5", "{}", "Client id must be 32 lower-case hex digits."},
		{"userId", "nobody", "", "Published. Nobody on this node is addressed."},
		{"", "", "[1,2]", "Published to 1 client of this node."},
	} {
		l.set("#publish-to", refused.to)
		l.set("#publish-name", refused.name)
		l.set("#publish-data", refused.data)
		l.click("#publish button")
		l.shows("#publish-result", refused.result)
	}
	require.JSONEq(t, `{"type":"chat","action":"message","data":[1,2]}`, c.receive())
	l.set("#publish-data", "{")
	l.click("#publish button")
	l.Wait(`document.querySelector("#publish-result").textContent.startsWith("The data are no JSON: ")`, "it says what is wrong")

	l.picture(t, "tools", true)
	s.publishing("general", time.Millisecond)
	l.Wait(`document.querySelectorAll("#viewer-log li").length === 200`, "many show, and not more")
	l.click("#viewer-button")
	l.shows("#viewer-state", "")
	require.Eventually(t, func() bool { return s.server.Stats().Watches == 0 }, patience, 10*time.Millisecond)
	l.set("#viewer-room", "{bad}")
	l.click("#viewer-button")
	l.shows("#viewer-state", "Room name is not allowed.")
	for _, complaint := range l.witness.Complaints() {
		require.Contains(t, complaint, "400", "the bad name's answer")
	}
}

// TestBrowserServerAway shows that figures are old when they are, and new again when
// the server has come back.
func TestBrowserServerAway(t *testing.T) {
	s := start(t, settings{})
	l := open(t, s)
	l.shows("#live", "Live")
	l.set("#viewer-room", "r")
	l.click("#viewer-button")
	l.shows("#viewer-state", "Watching: 0 messages")
	s.stop()
	l.shows("#live", "Not live")
	l.Wait(`/^No answer from the server. What you see is \d+ s old.$/.test(document.querySelector("#banner").textContent)`, "it says so")
	l.Wait(`Number(getComputedStyle(document.querySelector("#tiles")).opacity) < 1`, "old figures are grey")
	l.picture(t, "away", false)
	start(t, settings{admin: admin.Options{AdminAddr: s.admin}})
	l.shows("#live", "Live")
	l.shows("#viewer-state", "Watching: 0 messages")
	require.True(t, l.Holds(`document.querySelector("#banner").hidden`))
}

// A server that refuses says why, and the page says it.
func TestBrowserRefusal(t *testing.T) {
	s := start(t, settings{})
	l := open(t, s)
	l.shows("#live", "Live")
	l.Run(`const real = fetch; window.fetch = async (...all) => new Response('{"error":"Only on Sundays","code":"CLOSED"}', { status: 403 })`)
	l.Wait(`document.querySelector("#banner").textContent.startsWith("Only on Sundays.")`, "it is shown")
}

// The demo page is there, and linked, where it is on.
func TestBrowserDemoLink(t *testing.T) {
	s := start(t, settings{admin: admin.Options{Demo: true}})
	l := open(t, s)
	l.Wait(`!document.querySelector("#demo").hidden`, "the link shows")
	l.click("#demo")
	l.Wait(`location.pathname === "/demo/"`, "it leads there")
	response, err := http.Get(s.url())
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	http.DefaultClient.CloseIdleConnections()
	require.Contains(t, response.Header.Get("Content-Security-Policy"), "default-src 'none'")
}

// All that there is to do can be done with the keyboard.
func TestBrowserKeyboardAndNames(t *testing.T) {
	s := start(t, settings{})
	s.connect("r")
	l := open(t, s)
	l.row("rooms", "r", 1, "1")
	require.Equal(t, "[]", l.Run(`return [...document.querySelectorAll("button, input, select, textarea, a")].filter((control) =>
		control.tabIndex < 0 || !(control.textContent.trim() || control.labels?.[0]?.textContent.trim())).map((control) => control.outerHTML)`),
		"every control has a name, and the keyboard reaches it")
	require.Equal(t, "[]", l.Run(`return [...document.querySelectorAll("section")].filter((section) =>
		!section.ariaLabel && !document.getElementById(section.getAttribute("aria-labelledby"))).map((section) => section.outerHTML)`),
		"every section has a name")
	l.Run(`document.querySelector("#rooms .room-name").focus()`)
	for range 2 { // the page is shown anew meanwhile
		before := l.Run(`return document.querySelector("#tile-memory .spark-line").getAttribute("d")`)
		l.Wait(`JSON.stringify(document.querySelector("#tile-memory .spark-line").getAttribute("d")) !== `+quote(before), "a second passes")
	}
	require.True(t, l.Holds(`document.activeElement.textContent === "r"`), "the focus stays")
}

// quote writes a text as JavaScript does.
func quote(text string) string {
	encoded, _ := json.Marshal(text) // it has a form
	return string(encoded)
}
