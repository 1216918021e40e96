package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// The requests of the admin listener that the scenarios use.
const (
	pathReady   = "/ready"
	pathMetrics = "/metrics"
	pathPublish = "/api/publish"
	// pathSettle collects garbage, and is best effort: where profiles are not
	// served the memory is measured as it is.
	pathSettle = "/debug/pprof/heap"

	// metricWrites counts a server's writes to sockets.
	metricWrites = "gannet_writes_total"
)

// requestTimeout bounds one request to the admin listener.
const requestTimeout = 30 * time.Second

// publishAnswer is the answer to one message.
type publishAnswer struct {
	Receivers int `json:"receivers"`
}

// publishLine is one line of a publishing request.
type publishLine struct {
	Room    string          `json:"room"`
	Message json.RawMessage `json:"message"`
}

// admin speaks to a server's admin listener. It may be used from any goroutine.
type admin struct {
	base   string // URL without a trailing slash
	apiKey string
	client *http.Client
}

func newAdmin(base, apiKey string) *admin {
	return &admin{
		base:   strings.TrimSuffix(base, "/"),
		apiKey: apiKey,
		client: &http.Client{Transport: &http.Transport{}, Timeout: requestTimeout},
	}
}

func (a *admin) close() { a.client.CloseIdleConnections() }

// do sends a request and returns the body of a 200.
func (a *admin) do(ctx context.Context, method, path, contentType string, body []byte) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, method, a.base+path, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	if contentType != "" {
		request.Header.Set("Content-Type", contentType)
	}
	if a.apiKey != "" {
		request.Header.Set("X-API-Key", a.apiKey)
	}
	response, err := a.client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, fmt.Errorf("bench: reading the answer of %s: %w", path, err)
	}
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("bench: %s %s: %s: %s", method, path, response.Status, bytes.TrimSpace(answer))
	}
	return answer, nil
}

// broadcast publishes one message and returns its number of receivers.
func (a *admin) broadcast(ctx context.Context, room string, message []byte) (receivers int, err error) {
	path := "/api/rooms/" + url.PathEscape(room) + "/broadcast"
	body, err := a.do(ctx, http.MethodPost, path, "application/json", message)
	if err != nil {
		return 0, err
	}
	return countReceivers(body, 1)
}

// publish publishes messages in one request and returns the sum of their
// receivers.
func (a *admin) publish(ctx context.Context, messages []publishLine) (receivers int, err error) {
	var lines bytes.Buffer
	encoder := json.NewEncoder(&lines)
	for i := range messages {
		if err := encoder.Encode(&messages[i]); err != nil {
			return 0, fmt.Errorf("bench: %w", err)
		}
	}
	body, err := a.do(ctx, http.MethodPost, pathPublish, "application/x-ndjson", lines.Bytes())
	if err != nil {
		return 0, err
	}
	return countReceivers(body, len(messages))
}

// countReceivers sums the answers in body, which should be n.
func countReceivers(body []byte, n int) (sum int, err error) {
	answers := json.NewDecoder(bytes.NewReader(body))
	for range n {
		var answer publishAnswer
		if err := answers.Decode(&answer); err != nil {
			return 0, fmt.Errorf("bench: unexpected answer %q: %w", body, err)
		}
		sum += answer.Receivers
	}
	return sum, nil
}

// ready reports whether the server says that it is.
func (a *admin) ready(ctx context.Context) bool {
	_, err := a.do(ctx, http.MethodGet, pathReady, "", nil)
	return err == nil
}

// settle asks the server to collect garbage. It cannot fail, see pathSettle.
func (a *admin) settle(ctx context.Context) {
	_, _ = a.do(ctx, http.MethodGet, pathSettle+"?gc=1", "", nil)
}

var errNoMetric = errors.New("bench: the server has no such metric")

// metric reads a counter, summed over its label sets.
func (a *admin) metric(ctx context.Context, name string) (float64, error) {
	body, err := a.do(ctx, http.MethodGet, pathMetrics, "", nil)
	if err != nil {
		return 0, err
	}
	return sumMetric(string(body), name)
}

// sumMetric sums a metric in the Prometheus text format.
func sumMetric(text, name string) (sum float64, err error) {
	found := false
	for line := range strings.Lines(text) {
		rest, ok := strings.CutPrefix(line, name)
		if !ok || rest == "" || rest[0] != ' ' && rest[0] != '{' {
			continue
		}
		if end := strings.LastIndexByte(rest, '}'); end >= 0 {
			rest = rest[end+1:]
		}
		value, _, _ := strings.Cut(strings.TrimSpace(rest), " ")
		v, err := strconv.ParseFloat(value, 64)
		if err != nil {
			return 0, fmt.Errorf("bench: metric line %q: %w", line, err)
		}
		sum, found = sum+v, true
	}
	if !found {
		return 0, fmt.Errorf("%w: %s", errNoMetric, name)
	}
	return sum, nil
}
