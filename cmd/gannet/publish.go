package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// publishCommand is gannet publish: one message from the shell, over a node's
// admin listener.
type publishCommand struct {
	Message string `arg:"" help:"The message, an envelope: {\"type\":…,\"action\":…,\"data\":…}. - reads it from standard input."`

	Room   string `xor:"target" help:"Send to the members of a room." placeholder:"NAME"`
	User   string `xor:"target" help:"Send to the clients of a user." placeholder:"ID"`
	Client string `xor:"target" help:"Send to one client." placeholder:"ID"`
	Except string `help:"Leave one client out." placeholder:"ID"`

	Admin      string        `default:"http://127.0.0.1:3001" help:"Admin listener of a node." placeholder:"URL"`
	APIKey     string        `name:"api-key" help:"Key of the API." placeholder:"KEY"`
	APIKeyFile string        `name:"api-key-file" help:"File that holds it." placeholder:"FILE"`
	Timeout    time.Duration `default:"10s" help:"Time for the node to answer."`
}

// Run sends the message and prints the number of receivers.
func (p *publishCommand) Run(ctx context.Context, out io.Writer) error {
	message, err := p.message()
	if err != nil {
		return err
	}
	if err := readSecret("api-key", &p.APIKey, p.APIKeyFile); err != nil {
		return err
	}
	line, err := json.Marshal(struct {
		Room    string          `json:"room,omitempty"`
		User    string          `json:"userId,omitempty"`
		Client  string          `json:"clientId,omitempty"`
		Except  string          `json:"except,omitempty"`
		Message json.RawMessage `json:"message"`
	}{p.Room, p.User, p.Client, p.Except, message})
	if err != nil {
		return fmt.Errorf("the message is not JSON: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, p.Timeout)
	defer cancel()
	answer, err := p.post(ctx, line)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, answer)
	return err
}

func (p *publishCommand) message() ([]byte, error) {
	if p.Message != "-" {
		return []byte(p.Message), nil
	}
	return io.ReadAll(stdin)
}

// post sends the line and returns the node's answer to it.
func (p *publishCommand) post(ctx context.Context, line []byte) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimRight(p.Admin, "/")+"/api/publish", bytes.NewReader(line))
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
