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
	bases  []string // URLs of all workers without a trailing slash; the first one publishes
	apiKey string
	client *http.Client

	publishing *publishing // nil: as Gannet takes it
}

func newAdmin(apiKey string, bases ...string) *admin {
	a := &admin{
		apiKey: apiKey,
		client: &http.Client{Transport: &http.Transport{}, Timeout: requestTimeout},
	}
	for _, base := range bases {
		a.bases = append(a.bases, strings.TrimSuffix(base, "/"))
	}
	return a
}

// trust says whose certificates are taken. Call it before the first request.
func (a *admin) trust(s *security) { a.client.Transport = &http.Transport{TLSClientConfig: s.config()} }

func (a *admin) close() { a.client.CloseIdleConnections() }

// post sends a request to the first worker and returns the body of a 200.
func (a *admin) post(ctx context.Context, path, contentType string, body []byte) ([]byte, error) {
	return a.do(ctx, http.MethodPost, a.bases[0]+path, contentType, body)
}

// get asks all workers and returns the bodies of their answers, which are all 200.
func (a *admin) get(ctx context.Context, path string) (bodies [][]byte, err error) {
	for _, base := range a.bases {
		body, err := a.do(ctx, http.MethodGet, base+path, "", nil)
		if err != nil {
			return nil, err
		}
		bodies = append(bodies, body)
	}
	return bodies, nil
}

func (a *admin) do(ctx context.Context, method, address, contentType string, body []byte) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	if contentType != "" {
		request.Header.Set("Content-Type", contentType)
	}
	if a.apiKey != "" {
		request.Header.Set("X-API-Key", a.apiKey)
	}
	status, answer, err := a.exchange(request)
	switch {
	case err != nil:
		return nil, err
	case status == http.StatusNotFound:
		return nil, fmt.Errorf("%w: %s %s", errNotFound, method, address)
	case status != http.StatusOK:
		return nil, fmt.Errorf("bench: %s %s: %d %s: %s", method, address, status, http.StatusText(status), bytes.TrimSpace(answer))
	}
	return answer, nil
}

// exchange sends a request and reads the answer.
func (a *admin) exchange(request *http.Request) (status int, answer []byte, err error) {
	response, err := a.client.Do(request)
	if err != nil {
		return 0, nil, fmt.Errorf("bench: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	if answer, err = io.ReadAll(response.Body); err != nil {
		return 0, nil, fmt.Errorf("bench: reading the answer of %s: %w", request.URL.Redacted(), err)
	}
	return response.StatusCode, answer, nil
}

// broadcast publishes one message and returns its number of receivers.
func (a *admin) broadcast(ctx context.Context, room string, message []byte) (receivers int, err error) {
	if a.publishing != nil {
		return 0, a.publishForeign(ctx, publishLine{room, message})
	}
	path := "/api/rooms/" + url.PathEscape(room) + "/broadcast"
	body, err := a.post(ctx, path, "application/json", message)
	if err != nil {
		return 0, err
	}
	return countReceivers(body, 1)
}

// publish publishes messages in one request and returns the sum of their
// receivers.
func (a *admin) publish(ctx context.Context, messages []publishLine) (receivers int, err error) {
	if a.publishing != nil {
		return 0, a.publishForeign(ctx, messages...)
	}
	var lines bytes.Buffer
	encoder := json.NewEncoder(&lines)
	for i := range messages {
		if err := encoder.Encode(&messages[i]); err != nil {
			return 0, fmt.Errorf("bench: %w", err)
		}
	}
	body, err := a.post(ctx, pathPublish, "application/x-ndjson", lines.Bytes())
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

// ready reports whether the server, with all its workers, says that it is.
func (a *admin) ready(ctx context.Context) bool {
	_, err := a.get(ctx, pathReady)
	return err == nil
}

// settle asks the server to collect garbage. It cannot fail, see pathSettle.
func (a *admin) settle(ctx context.Context) {
	_, _ = a.get(ctx, pathSettle+"?gc=1")
}

var (
	errNotFound = errors.New("bench: the server has no such path")
	errNoMetric = errors.New("bench: the server has no such metric")
)

// metric reads a counter, summed over the workers and its label sets. Where the
// server has none it is errNoMetric.
func (a *admin) metric(ctx context.Context, name string) (sum float64, err error) {
	if a.publishing != nil {
		return 0, fmt.Errorf("%w: %s", errNoMetric, name)
	}
	bodies, err := a.get(ctx, pathMetrics)
	if errors.Is(err, errNotFound) {
		return 0, fmt.Errorf("%w: %s: %w", errNoMetric, name, err)
	}
	if err != nil {
		return 0, err
	}
	for _, body := range bodies {
		one, err := sumMetric(string(body), name)
		if err != nil {
			return 0, err
		}
		sum += one
	}
	return sum, nil
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
