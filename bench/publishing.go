package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/textproto"
	"net/url"
	"slices"
	"strings"
)

// publishing is how a message is published at a server that has not Gannet's API:
// with a POST of its own. It does not change.
type publishing struct {
	url, body pattern
	header    http.Header
}

// newPublishing reads a dialect whose publishing URL is set. Where that is a path,
// it is one at the admin listener.
func newPublishing(admin string, d *Dialect) (*publishing, error) {
	address, body := d.PublishURL, d.PublishBody
	if strings.HasPrefix(address, "/") {
		address = strings.TrimSuffix(admin, "/") + address
	}
	if body == "" {
		body = holeMessage
	}
	p := &publishing{
		url:    parsePattern(address, holeRoom, holeMessage),
		body:   parsePattern(body, holeRoom, holeMessage, holeMessageString),
		header: http.Header{"Content-Type": {"application/json"}},
	}
	if u, err := url.Parse(p.address("", nil)); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("%w: publish-url is neither an http:// or https:// URL nor a path: %s", ErrOption, d.PublishURL)
	}
	if holes := slices.Concat(p.url.names, p.body.names); !slices.Contains(holes, holeMessage) && !slices.Contains(holes, holeMessageString) {
		return nil, fmt.Errorf("%w: neither publish-url nor publish-body has a %s", ErrOption, holeMessage)
	}
	for _, line := range d.PublishHeader {
		name, value, ok := strings.Cut(line, ":")
		if !ok || strings.TrimSpace(name) == "" {
			return nil, fmt.Errorf("%w: a publish-header is not 'Name: value'", ErrOption) // it may be a key
		}
		p.header[textproto.CanonicalMIMEHeaderKey(strings.TrimSpace(name))] = []string{strings.TrimSpace(value)}
	}
	return p, nil
}

// address returns where a message is published.
func (p *publishing) address(room string, message []byte) string {
	return string(p.url.append(nil, func(dst []byte, name string) []byte {
		if name == holeRoom {
			return append(dst, url.QueryEscape(room)...)
		}
		return append(dst, url.QueryEscape(string(message))...)
	}))
}

// request makes the request that publishes a message.
func (p *publishing) request(ctx context.Context, room string, message []byte) (*http.Request, error) {
	body := p.body.append(nil, func(dst []byte, name string) []byte {
		switch name {
		case holeRoom:
			return append(dst, room...)
		case holeMessageString:
			return append(append(append(dst, '"'), quote(message)...), '"')
		}
		return append(dst, message...)
	})
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, p.address(room, message), bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	request.Header = p.header.Clone()
	request.Host = p.header.Get("Host")
	return request, nil
}

// publishForeign publishes messages one after another: only so do they keep their
// order at every server.
func (a *admin) publishForeign(ctx context.Context, messages ...publishLine) error {
	for i := range messages {
		request, err := a.publishing.request(ctx, messages[i].Room, messages[i].Message)
		if err != nil {
			return err
		}
		status, answer, err := a.exchange(request)
		if err != nil {
			return err
		}
		if status/100 != 2 || failed(answer) {
			return fmt.Errorf("bench: publishing at %s: %d: %s", request.URL.Redacted(), status, bytes.TrimSpace(answer))
		}
	}
	return nil
}

// failed reports whether an answer has an error, which some servers give with the
// status of success.
func failed(answer []byte) bool {
	var said struct {
		Error any `json:"error"`
	}
	if json.Unmarshal(answer, &said) != nil {
		return false
	}
	switch said.Error {
	case nil, false, "", 0.0:
		return false
	}
	return true
}
