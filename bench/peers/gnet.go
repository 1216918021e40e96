package main

import (
	"context"
	"fmt"
	"log"
	"runtime"
	"sync"

	"github.com/panjf2000/gnet/v2"

	"github.com/gannet-ws/gannet/codec"
)

// gnetPeer is a server on plain gnet, an event handler in the manner of its examples.
// gnet has no WebSockets, so handshake and frames come from our codec. A broadcast
// encodes what is published in one go as one piece of bytes and has each event loop
// write it to its members: gnet leaves framing to its user, who can merge.
type gnetPeer struct {
	gnet.BuiltinEventEngine
	booted chan struct{}

	mu    sync.Mutex
	loops map[gnet.EventLoop]*gnetLoop
}

// gnetLoop is what belongs to an event loop and to no other goroutine.
type gnetLoop struct {
	events gnet.EventLoop
	rooms  map[string]map[gnet.Conn]struct{}
}

func newGnet() peer {
	return &gnetPeer{booted: make(chan struct{}), loops: make(map[gnet.EventLoop]*gnetLoop)}
}

func (p *gnetPeer) listen(addr string, loops int) error {
	if loops == 0 {
		loops = runtime.NumCPU()
	}
	failed := make(chan error, 1)
	go func() {
		failed <- gnet.Run(p, "tcp://"+addr, gnet.WithNumEventLoop(loops), gnet.WithReusePort(true))
	}()
	select {
	case err := <-failed:
		return fmt.Errorf("gnet: %w", err)
	case <-p.booted:
	}
	go func() { log.Fatal(<-failed) }()
	return nil
}

// OnBoot runs when the engine listens.
func (p *gnetPeer) OnBoot(gnet.Engine) gnet.Action {
	close(p.booted)
	return gnet.None
}

// OnOpen runs on the connection's event loop, as do OnTraffic and OnClose.
func (p *gnetPeer) OnOpen(conn gnet.Conn) ([]byte, gnet.Action) {
	conn.SetContext(&gnetClient{loop: p.loop(conn.EventLoop())})
	return nil, gnet.None
}

// loop returns what belongs to an event loop, which only a connection names.
func (p *gnetPeer) loop(events gnet.EventLoop) *gnetLoop {
	p.mu.Lock()
	defer p.mu.Unlock()
	l := p.loops[events]
	if l == nil {
		l = &gnetLoop{events: events, rooms: make(map[string]map[gnet.Conn]struct{})}
		p.loops[events] = l
	}
	return l
}

// OnTraffic hands a connection's bytes to its client.
func (p *gnetPeer) OnTraffic(conn gnet.Conn) gnet.Action {
	return conn.Context().(*gnetClient).traffic(conn)
}

// OnClose takes a connection out of its rooms.
func (p *gnetPeer) OnClose(conn gnet.Conn, _ error) gnet.Action {
	c := conn.Context().(*gnetClient)
	c.reader.Release()
	for _, members := range c.loop.rooms {
		delete(members, conn)
	}
	return gnet.None
}

func (p *gnetPeer) publish(room string, messages [][]byte) (receivers int) {
	var frames []byte
	for _, message := range messages {
		frames = codec.AppendFrame(frames, codec.OpText, message)
	}
	p.mu.Lock()
	counted := make(chan int, len(p.loops))
	for _, l := range p.loops {
		err := l.events.Execute(context.Background(), gnet.RunnableFunc(func(context.Context) error {
			counted <- len(l.rooms[room])
			l.write(room, frames)
			return nil
		}))
		if err != nil {
			log.Fatal(err)
		}
	}
	p.mu.Unlock()
	for range cap(counted) {
		receivers += <-counted
	}
	return receivers
}

// write sends frames to the loop's members of a room. A failed write may call
// OnClose, which a range over a map allows.
func (l *gnetLoop) write(room string, frames []byte) {
	for conn := range l.rooms[room] {
		_, _ = conn.Write(frames)
	}
}
