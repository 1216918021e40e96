package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/gannet-ws/gannet/core"
	"github.com/gannet-ws/gannet/core/auth"
)

// tokenInspect is gannet token inspect. Its settings are those of a server.
type tokenInspect struct {
	Token string `arg:"" optional:"" default:"-" help:"The token. - reads it from standard input, which no process list shows."`

	Server  core.Options `embed:""`
	JWTKeys keyFiles     `embed:""`
}

// Run prints the token's header, claims and times and, if there is a key, whether a
// server with these settings would take it. The error says why it would not.
func (i *tokenInspect) Run(ctx context.Context, out io.Writer) error {
	token, err := readToken(i.Token)
	if err != nil {
		return err
	}
	contents, err := auth.Read(token)
	if err != nil {
		return err
	}
	verdict, refused := i.verify(ctx, token)
	_, err = fmt.Fprintf(out, "header %s\nclaims %s\n%s%s",
		indented(contents.Header), indented(contents.Claims), times(contents, time.Now()), verdict)
	return errors.Join(err, refused)
}

// verify returns a line that says who the token's bearer is to a server, or an error
// if it refuses the token.
func (i *tokenInspect) verify(ctx context.Context, token string) (verdict string, refused error) {
	if err := i.JWTKeys.read(&i.Server); err != nil {
		return "", err
	}
	i.Server.Log = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	options := i.Server.Auth()
	if options.Secret == "" && len(options.PublicKey) == 0 && options.JWKSURL == "" {
		return "unchecked: there is no key to check it with\n", nil
	}
	verifier, err := auth.New(options)
	if err != nil {
		return "", err
	}
	defer verifier.Close()
	identity, err := verifier.Verify(ctx, token)
	if err == nil {
		return fmt.Sprintf("accepted: the bearer is user %s\n", identity.SubjectJSON), nil
	}
	return "", refusal(verifier, token, err)
}

// refusal is why a server refuses a token, in more words than it tells a client.
func refusal(verifier *auth.Verifier, token string, err error) error {
	var why *auth.Error
	if !errors.As(err, &why) {
		return err
	}
	if why == auth.ErrInvalid {
		return fmt.Errorf("the token is refused: %s (%s): %s", why.Text, why.Code, verifier.Explain(token))
	}
	return fmt.Errorf("the token is refused: %s (%s)", why.Text, why.Code)
}

// indented is JSON for people.
func indented(raw json.RawMessage) string {
	var text bytes.Buffer
	_ = json.Indent(&text, raw, "", "  ") // it is JSON
	return text.String()
}

// times says when the token was made, and between when it is valid, a line for each
// that it tells.
func times(c auth.Contents, now time.Time) string {
	var lines strings.Builder
	line := func(what string, at time.Time) {
		if !at.IsZero() {
			fmt.Fprintf(&lines, "%s %s, %s\n", what, at.UTC().Format(time.RFC3339), distance(at, now))
		}
	}
	line("issued", c.IssuedAt)
	line("not before", c.NotBefore)
	if c.ExpiresAt.IsZero() {
		lines.WriteString("expires never\n")
	} else if c.ExpiresAt.After(now) {
		line("expires", c.ExpiresAt)
	} else {
		line("expired", c.ExpiresAt)
	}
	return lines.String()
}

// distance is how far a time is from now.
func distance(at, now time.Time) string {
	if d := at.Sub(now).Round(time.Second); d > 0 {
		return "in " + durationText(d)
	}
	return durationText(now.Sub(at).Round(time.Second)) + " ago"
}
