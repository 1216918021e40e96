// Package browsertest drives a real Chromium in tests. What fails ends the test;
// a page that throws where nobody catches fails it.
package browsertest

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// Patience bounds every wait for a page; only a failing test uses it up.
const Patience = 60 * time.Second

// Browser is a headless Chromium.
type Browser struct {
	ctx     context.Context
	profile string
}

// Open starts a browser until the test ends.
func Open(t *testing.T) *Browser {
	t.Helper()
	b, err := Start()
	require.NoError(t, err)
	t.Cleanup(b.Stop)
	return b
}

// Start starts a Chromium, the one that the environment variable CHROMIUM names
// or one on PATH. Stop has to follow.
func Start() (*Browser, error) {
	chromium, err := findChromium()
	if err != nil {
		return nil, err
	}
	profile, err := os.MkdirTemp("", "chromium")
	if err != nil {
		return nil, err
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(chromium),
		chromedp.NoSandbox, // a container's root cannot have one
		chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.UserDataDir(profile),
	)
	allocating, _ := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, _ := chromedp.NewContext(allocating)
	b := &Browser{ctx, profile}
	if err := chromedp.Do(ctx); err != nil {
		b.Stop()
		return nil, err
	}
	return b, nil
}

// Stop ends the browser and waits until it has gone.
func (b *Browser) Stop() {
	_ = chromedp.Cancel(b.ctx)
	_ = os.RemoveAll(b.profile)
}

func findChromium() (string, error) {
	for _, name := range []string{os.Getenv("CHROMIUM"), "chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", errors.New("there is no Chromium for the browser tests: `make test` finds or installs one")
}

// Tab is a page in the browser.
type Tab struct {
	t   *testing.T
	ctx context.Context
}

// Tab opens a page until the test ends.
func (b *Browser) Tab(t *testing.T, url string) *Tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(b.ctx)
	t.Cleanup(cancel)
	require.NoError(t, chromedp.Do(ctx)) // opens it, for as long as its context lasts
	require.NoError(t, chromedp.Listen(ctx, func(event any) {
		if thrown, ok := event.(*runtime.EventExceptionThrown); ok {
			t.Errorf("the page threw: %+v", thrown.ExceptionDetails.Exception)
		}
	}))
	tab := &Tab{t, ctx}
	tab.Do(chromedp.Navigate(url))
	return tab
}

// Do performs what a visitor does.
func (tab *Tab) Do(actions ...chromedp.Action[chromedp.Void]) {
	tab.t.Helper()
	ctx, cancel := context.WithTimeout(tab.ctx, Patience)
	defer cancel()
	require.NoError(tab.t, chromedp.Do(ctx, actions...))
}

// Run runs the body of an asynchronous function in the page and returns what it
// returns, as JSON.
func (tab *Tab) Run(body string) string {
	tab.t.Helper()
	ctx, cancel := context.WithTimeout(tab.ctx, Patience)
	defer cancel()
	script := "(async () => {" + body + "\n})().then((value) => JSON.stringify(value ?? null))"
	value, err := chromedp.Run(ctx, chromedp.Evaluate[string](script, chromedp.EvalAwaitPromise))
	require.NoError(tab.t, err, body)
	return value
}

// Holds evaluates a condition in the page.
func (tab *Tab) Holds(condition string) bool {
	tab.t.Helper()
	return tab.Run("return Boolean("+condition+")") == "true"
}

// Wait waits until a condition holds in the page.
func (tab *Tab) Wait(condition, what string) {
	tab.t.Helper()
	for deadline := time.Now().Add(Patience); !tab.Holds(condition); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			tab.t.Fatalf("waited in vain until %s; the page says:\n%s", what, tab.Run("return document.body.innerText"))
		}
	}
}
