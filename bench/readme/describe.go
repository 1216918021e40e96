package main

import (
	"fmt"
	"strings"

	"github.com/gannet-ws/gannet/bench"
)

// describe says in words what a report has measured, from its settings.
func describe(r *bench.Report) string {
	s := r.Settings
	sockets := number(s, "conns") + " sockets"
	switch r.Scenario {
	case "fanout":
		return sockets + " in " + rooms(s) + ", " + pace(r) + workers(s)
	case "floor":
		return fmt.Sprintf("The bare loop alone, %s, as many messages as arrive, one or %v a write", sockets, s["batch"])
	case "rooms":
		return fmt.Sprintf("%s in %s that talk, each sends every %v", sockets, rooms(s), s["every"])
	case "echo":
		return sockets + " that send a JSON request when the last is answered"
	case "storm":
		return sockets + " in " + rooms(s) + " that break and come back; latency of others meanwhile"
	case "cluster":
		return fmt.Sprintf("Two nodes with Redis between them, %s on the receiving one, %s on the publishing one, in %s, %s",
			sockets, number(s, "local"), rooms(s), pace(r))
	}
	return r.Title
}

func rooms(s map[string]any) string {
	if n := number(s, "rooms"); n != "1" {
		return n + " rooms"
	}
	return "one room"
}

func pace(r *bench.Report) string {
	if flood(r) {
		return "as many messages as arrive"
	}
	return fmt.Sprintf("%v messages a second", r.Settings["rate"])
}

// workers says on how many processes a server ran, if it had several.
func workers(s map[string]any) string {
	flags, _ := s["serverFlags"].([]any)
	for _, flag := range flags {
		if n, ok := strings.CutPrefix(fmt.Sprint(flag), "--workers="); ok {
			return ", on " + n + " workers with Redis between them"
		}
	}
	return ""
}

// number is a setting that counts.
func number(s map[string]any, name string) string {
	v, _ := s[name].(float64)
	return thousands(v)
}
