package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// sendToNode sends the message over a node's admin listener, and returns the
// node's answer: the number of receivers.
func (p *publishCommand) sendToNode(ctx context.Context, message []byte) (answer string, err error) {
	if err := readSecret("api-key", &p.APIKey, p.APIKeyFile); err != nil {
		return "", err
	}
	if !json.Valid(message) {
		return "", errors.New(`the message is not JSON: it has to be an object with the strings type and action, like {"type":"news","action":"update"}`)
	}
	line, err := json.Marshal(struct {
		Room    *string         `json:"room,omitempty"`
		User    *string         `json:"userId,omitempty"`
		Client  *string         `json:"clientId,omitempty"`
		Except  *string         `json:"except,omitempty"`
		Message json.RawMessage `json:"message"`
	}{p.Room, p.User, p.Client, p.Except, message})
	if err != nil {
		return "", fmt.Errorf("the message cannot be sent: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, p.Timeout)
	defer cancel()
	return p.post(ctx, line)
}

// post sends the line and returns the node's answer to it.
func (p *publishCommand) post(ctx context.Context, line []byte) (string, error) {
	node := strings.TrimRight(cmp.Or(p.Admin, "http://127.0.0.1:3001"), "/")
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, node+"/api/publish", bytes.NewReader(line))
	if err != nil {
		return "", err
	}
	request.Header.Set("Content-Type", "application/x-ndjson")
	if p.APIKey != "" {
		request.Header.Set("X-API-Key", p.APIKey)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", fmt.Errorf("cannot reach the node: %w", err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, 64<<10))
	if err != nil {
		return "", fmt.Errorf("cannot read the node's answer: %w", err)
	}
	var result struct {
		Receivers *int `json:"receivers"`
	}
	if json.Unmarshal(body, &result) != nil || result.Receivers == nil {
		return "", fmt.Errorf("the node refused the message: %s", strings.TrimSpace(string(body)))
	}
	return strings.TrimSpace(string(body)), nil
}
