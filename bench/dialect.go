package bench

import (
	"fmt"
)

// Dialect is how to speak to a server that does not speak Gannet's protocol. What
// is not set is Gannet's. The floor is always spoken to in Gannet's.
type Dialect struct {
	Hello []string `name:"hello" help:"A text message that each socket sends once it is upgraded, instead of Gannet's request to join its room; may be repeated, and an empty one is none. {room} stands for the name of the socket's room (\"none\" in scenarios without rooms), {conn} for its number." sep:"none" placeholder:"TEMPLATE"`
	Ready *string  `name:"ready" help:"A text that a received message must contain for a socket to be ready, instead of the answer to Gannet's request to join. Empty: ready as soon as it is upgraded, which is no proof that it will receive anything yet." placeholder:"TEXT"`
	Ping  string   `name:"ping" help:"A text message, or a line of one, by which the server asks for a sign of life." placeholder:"TEXT"`
	Pong  string   `name:"pong" help:"The message that answers --ping." placeholder:"TEXT"`

	Request string `name:"request" help:"A text message that sockets send in the scenarios in which they do (echo, rooms, storm), instead of Gannet's: {message} stands for JSON that has to come back as it is, {room} for the sender's room, {id} for a number of ten digits that counts the socket's messages." placeholder:"TEMPLATE"`

	PublishURL    string   `name:"publish-url" help:"Where one message is published with POST, instead of Gannet's API; a path is one at --admin. {room} and {message} stand for what is published, escaped. Messages of a batch are published one by one." placeholder:"TEMPLATE"`
	PublishBody   string   `name:"publish-body" help:"Body of this request; {room} stands for the room, {message} for the message, which is JSON, {message-string} for the same as a JSON string with its quotes. Default: {message}." placeholder:"TEMPLATE"`
	PublishHeader []string `name:"publish-header" help:"A header of this request, 'Name: value'; may be repeated." sep:"none" placeholder:"HEADER"`
}

// check refuses what cannot be.
func (d *Dialect) check() error {
	switch {
	case d.Pong != "" && d.Ping == "":
		return fmt.Errorf("%w: pong is the answer to ping", ErrOption)
	case d.Ping != "" && d.Pong == "":
		return fmt.Errorf("%w: ping needs its answer, pong", ErrOption)
	case d.PublishURL == "" && (d.PublishBody != "" || len(d.PublishHeader) > 0):
		return fmt.Errorf("%w: publish-body and publish-header are for publish-url", ErrOption)
	}
	return nil
}

// foreign reports whether anything is not Gannet's.
func (d *Dialect) foreign() bool {
	return d.Hello != nil || d.Ready != nil || d.Ping != "" || d.Request != "" || d.PublishURL != ""
}

// instruct has a plan's sockets speak the dialect.
func (d *Dialect) instruct(p *plan) (err error) {
	p.Protocol = protocol{Hello: d.Hello, Ready: d.Ready, Ping: d.Ping, Pong: d.Pong, Wrapped: d.foreign()}
	if p.Requests != nil && d.Request != "" {
		p.Requests, err = p.Requests.within(d.Request, p.Rooms)
	}
	return err
}

// publishing returns how messages are published at a server with this admin
// listener, nil for Gannet's way.
func (d *Dialect) publishing(admin string) (*publishing, error) {
	if d.PublishURL == "" {
		return nil, nil
	}
	return newPublishing(admin, d)
}

// settings adds to a report's settings what is not Gannet's. Hellos, bodies and
// headers are left out: they hold tokens and keys.
func (d *Dialect) settings(of map[string]any) {
	for name, value := range map[string]string{
		"ping": d.Ping, "pong": d.Pong, "request": d.Request, "publishURL": withoutSecrets(d.PublishURL),
	} {
		if value != "" {
			of[name] = value
		}
	}
	if d.Hello != nil {
		of["hellos"] = len(d.Hello)
	}
	if d.Ready != nil {
		of["ready"] = *d.Ready
	}
}
