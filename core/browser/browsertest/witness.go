package browsertest

import (
	"slices"
	"sync"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// Witness notes what the pages of a tab ask the network for, and what the browser has
// to say against them.
type Witness struct {
	mu         sync.Mutex
	requests   []string
	complaints []string
}

// Witness begins to look at what the tab does.
func (tab *Tab) Witness() *Witness {
	tab.t.Helper()
	w := &Witness{}
	require.NoError(tab.t, chromedp.Listen(tab.ctx, w.note))
	return w
}

func (w *Witness) note(event any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch event := event.(type) {
	case *network.EventRequestWillBeSent:
		w.requests = append(w.requests, event.Request.URL)
	case *network.EventWebSocketCreated:
		w.requests = append(w.requests, event.URL)
	case *log.EventEntryAdded:
		w.complaints = append(w.complaints, string(event.Entry.Level)+": "+event.Entry.Text+" "+event.Entry.URL)
	case *runtime.EventConsoleAPICalled:
		w.complaints = append(w.complaints, "console."+string(event.Type))
	}
}

// Requests returns the URLs that were asked for, in order.
func (w *Witness) Requests() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.requests)
}

// Complaints returns what was written to the console, by the browser or by scripts.
func (w *Witness) Complaints() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.complaints)
}
