package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"
)

// publishCommand is gannet publish: one message from the shell, over a node's
// admin listener, or over Redis without a node.
type publishCommand struct {
	Message string `arg:"" help:"The message, an envelope: {\"type\":…,\"action\":…,\"data\":…}. - reads it from standard input."`

	Room   *string `xor:"target" help:"Send to the members of a room." placeholder:"NAME"`
	User   *string `xor:"target" help:"Send to the clients of a user." placeholder:"ID"`
	Client *string `xor:"target" help:"Send to one client." placeholder:"ID"`
	Event  *string `xor:"target" help:"Send the message, any JSON object, to the subscribers of a channel such as custom. Needs Redis." placeholder:"CHANNEL"`
	Except *string `help:"Leave one client out." placeholder:"ID"`

	Admin      string        `help:"Admin listener of a node, which is used even if there is a redis-url. Default: http://127.0.0.1:3001." placeholder:"URL"`
	APIKey     string        `name:"api-key" help:"Key of the API." placeholder:"KEY"`
	APIKeyFile string        `name:"api-key-file" help:"File that holds it." placeholder:"FILE"`
	Timeout    time.Duration `default:"10s" help:"Time for the node, or for Redis, to take the message."`

	Redis redisFlags `embed:"" group:"Redis"`
}

// Run sends the message and prints what is known of its way: the number of
// receivers from a node, or that Redis has taken it.
func (p *publishCommand) Run(ctx context.Context, out io.Writer) error {
	if err := p.refuseEmpty(); err != nil {
		return err
	}
	message, err := p.message()
	if err != nil {
		return err
	}
	answer, err := p.send(ctx, message)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, answer)
	return err
}

// refuseEmpty refuses a name that is there and empty: where a script has lost its
// target, everybody must not take the place.
func (p *publishCommand) refuseEmpty() error {
	for _, target := range []struct {
		flag  string
		value *string
	}{{"room", p.Room}, {"user", p.User}, {"client", p.Client}, {"event", p.Event}, {"except", p.Except}} {
		if target.value != nil && *target.value == "" {
			return fmt.Errorf("%s is empty", target.flag)
		}
	}
	return nil
}

func (p *publishCommand) message() ([]byte, error) {
	if p.Message != "-" {
		return []byte(p.Message), nil
	}
	message, err := io.ReadAll(stdin)
	if err != nil {
		return nil, fmt.Errorf("cannot read the message: %w", err)
	}
	return bytes.TrimSpace(message), nil
}

// send returns what is to be printed.
func (p *publishCommand) send(ctx context.Context, message []byte) (answer string, err error) {
	switch {
	case p.Admin == "" && len(p.Redis.URL) > 0:
		return p.sendToRedis(message)
	case p.Event != nil:
		return "", errors.New("event needs redis-url, and no admin: a node takes events by POST to /api/events alone, for the channel custom")
	default:
		return p.sendToNode(ctx, message)
	}
}
