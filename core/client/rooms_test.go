package client_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/core"
	"github.com/gannet-ws/gannet/core/client"
)

func TestRooms_RefusedJoinIsForgotten(t *testing.T) {
	s := start(t, core.Options{})
	c := connect(t, client.Options{URL: s.url()})
	err := c.Join(patient(t), "{bad}")
	var refused *client.ReplyError
	require.ErrorAs(t, err, &refused)
	require.Equal(t, "BAD_ROOM_NAME", refused.Code)
	require.Empty(t, c.Rooms())
	require.NoError(t, c.Join(patient(t), "good"))
	require.NoError(t, c.Join(patient(t), "good"))
	require.Equal(t, []string{"good"}, c.Rooms())
}

func TestRooms_LeaveEndsTheMessagesAndTellsHandlers(t *testing.T) {
	s := start(t, core.Options{})
	left := make(chan string, 1)
	c := connect(t, client.Options{URL: s.url(), Rooms: []string{"general"}}, func(c *client.Client) {
		c.Handle("user", "leftRoom", func(e client.Envelope) {
			var data struct{ RoomName string }
			require.NoError(t, e.Bind(&data))
			left <- data.RoomName
		})
	})
	require.NoError(t, c.Leave(patient(t), "general"))
	require.Equal(t, "general", get(t, left, "the event"))
	require.NoError(t, c.Leave(patient(t), "general"), "it is not in it")
	require.Empty(t, c.Rooms())
	n, err := s.Broadcast(core.Room("general"), "chat", "message", nil)
	require.NoError(t, err)
	require.Zero(t, n)
}

func TestRooms_WhereOneIsAllowedTheLastOneCounts(t *testing.T) {
	s := start(t, core.Options{SingleRoom: true})
	c := connect(t, client.Options{URL: s.url(), Rooms: []string{"one"}})
	require.NoError(t, c.Join(patient(t), "two"))
	require.Equal(t, []string{"two"}, c.Rooms(), "the server said that it left the other")
	require.NoError(t, c.Join(patient(t), "one"))
	require.Equal(t, []string{"one"}, c.Rooms())

	s.stop()
	s = s.again(t, core.Options{SingleRoom: true})
	require.NoError(t, c.Connect(patient(t)))
	eventually(t, func() bool { return s.Stats().Rooms == 1 }, "it is in no room")
	s.publish(t, "one", "message", "1")
}

func TestRooms_WhatWasAskedLastCounts(t *testing.T) {
	s := start(t, core.Options{})
	c := connect(t, client.Options{URL: s.url(), Rooms: []string{"general"}})
	for range 100 {
		left := make(chan error, 1)
		go func() { left <- c.Leave(patient(t), "general") }()
		require.NoError(t, get(t, left, "Leave"))
		require.NoError(t, c.Join(patient(t), "general"))
	}
	require.Equal(t, []string{"general"}, c.Rooms())

	require.NoError(t, c.Close())
	fresh := newClient(t, client.Options{URL: s.url(), Rooms: []string{"general"}})
	left, joined := make(chan error, 1), make(chan error, 1)
	go func() { left <- fresh.Leave(patient(t), "general") }()
	eventually(t, func() bool { return fresh.Stats().Queued == 1 }, "leaving is not queued")
	go func() { joined <- fresh.Join(patient(t), "general") }()
	eventually(t, func() bool { return fresh.Stats().Queued == 2 }, "joining is not queued")
	require.NoError(t, fresh.Connect(patient(t)))
	require.NoError(t, get(t, left, "Leave"))
	require.NoError(t, get(t, joined, "Join"))
	require.Equal(t, []string{"general"}, fresh.Rooms(), "the event of leaving does not undo the join behind it")
	s.publish(t, "general", "message", "1")
}

func TestRooms_JoinedWhileAwayCountAtTheNextConnect(t *testing.T) {
	s := start(t, core.Options{})
	c := newClient(t, client.Options{URL: s.url()})
	joined := make(chan error, 1)
	go func() { joined <- c.Join(patient(t), "general") }()
	eventually(t, func() bool { return c.Stats().Queued == 1 }, "the join is not queued")
	require.NoError(t, c.Connect(patient(t)))
	require.NoError(t, get(t, joined, "Join"))
	s.publish(t, "general", "message", "1")
}

func TestRooms_JoinOnOneNodeOnlyIsLogged(t *testing.T) {
	f := pretend(t)
	var log buffer
	c := connect(t, client.Options{URL: f.url, Log: log.logger()})
	conn := get(t, f.opened, "the connection")
	joined := make(chan error, 1)
	go func() { joined <- c.Join(patient(t), "general") }()
	join := get(t, f.messages, "the join")
	require.NoError(t, conn.WriteString(replyTo(t, join, `{"success":true,"degraded":true}`)))
	require.NoError(t, get(t, joined, "Join"))
	eventually(t, func() bool { return strings.Contains(log.String(), "on one node only") }, "it is not logged")
}
