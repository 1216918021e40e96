package core

import (
	"time"

	"github.com/panjf2000/gnet/v2"

	"github.com/gannet-ws/gannet/shard"
)

// engine is the server as gnet sees it: its methods are gnet's callbacks, and
// all but OnBoot run on event loops. A connection's context says what it is: a
// *handshake before the upgrade, a *shard.Client after it, or a loop's *bell.
type engine struct{ *Server }

// OnBoot notes the engine, so that it can be stopped. One that comes up when the
// server has been asked to stop goes down again.
func (e engine) OnBoot(booted gnet.Engine) gnet.Action {
	e.engine.Store(&booted)
	if e.State() >= StateDraining {
		return gnet.Shutdown
	}
	e.state.CompareAndSwap(int32(StateStarting), int32(StateRunning))
	if !e.booted() {
		e.started()
	}
	return gnet.None
}

// started tells those who wait that the server listens.
func (e engine) started() {
	now := e.life.Load()
	close(now.booted)
	go func() {
		defer close(now.told)
		e.tellStarted()
	}()
}

// tellStarted calls the hook, whose panic is logged.
func (e engine) tellStarted() {
	tell := e.options.Hooks.Started
	if tell == nil {
		return
	}
	defer func() {
		if p := recover(); p != nil {
			e.logPanic("hook started", p)
		}
	}()
	tell(e.Server)
}

// OnShutdown has nothing to do: Run waits for the engine.
func (e engine) OnShutdown(gnet.Engine) {}

// OnTick is not used: gnet does not call it on an event loop.
func (e engine) OnTick() (time.Duration, gnet.Action) { return time.Hour, gnet.None }

// OnOpen lets a connection in, to be upgraded or refused.
func (e engine) OnOpen(conn gnet.Conn) ([]byte, gnet.Action) {
	if _, isBell := conn.Context().(*bell); isBell {
		return nil, gnet.None
	}
	l, err := e.loopOf(conn.EventLoop())
	if err != nil {
		e.options.Log.Error("cannot set up an event loop", "error", err)
		return nil, gnet.Close
	}
	return nil, l.open(conn)
}

// OnTraffic hands a connection's bytes to what the connection is.
func (e engine) OnTraffic(conn gnet.Conn) gnet.Action {
	in, _ := conn.Next(-1)
	switch is := conn.Context().(type) {
	case *shard.Client:
		l := e.loop(is.ID().Shard())
		l.counters.BytesIn += uint64(len(in))
		l.receive(is, in)
	case *handshake:
		is.loop.counters.BytesIn += uint64(len(in))
		is.loop.negotiate(is, in)
	case *bell:
		is.loop.turn()
	}
	return gnet.None
}

// OnClose forgets a connection. gnet may call it from within a failed write.
func (e engine) OnClose(conn gnet.Conn, _ error) gnet.Action {
	switch is := conn.Context().(type) {
	case *shard.Client:
		e.loop(is.ID().Shard()).remove(is)
	case *handshake:
		is.loop.forget(is)
	}
	return gnet.None
}
