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
		return sockets + " in " + rooms(s) + ", " + pace(r) + batch(r) + workers(s)
	case "floor":
		return fmt.Sprintf("The bare loop alone, %s, as many messages as arrive, one or %v a write", sockets, s["batch"])
	case "idle":
		return sockets + " that are idle" + holdings(s)
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

// holdings says what idle sockets have.
func holdings(s map[string]any) string {
	text := ""
	if tokens, _ := s["tokens"].(bool); tokens {
		text += ", each a user with a token (HS256)"
	}
	if number(s, "rooms") != "0" {
		text += ", in " + rooms(s)
	}
	return text + profile(s)
}

// profile names the preset of a server that has one.
func profile(s map[string]any) string {
	if name := serverFlag(s, "--profile="); name != "" {
		return ", `--profile " + name + "`"
	}
	return ""
}

func pace(r *bench.Report) string {
	if flood(r) {
		return "as many messages as arrive"
	}
	return fmt.Sprintf("%v messages a second", r.Settings["rate"])
}

// batch says how many messages a request had, where that is no matter of course.
func batch(r *bench.Report) string {
	if flood(r) {
		return ", " + number(r.Settings, "batch") + " a request"
	}
	return ""
}

// workers says on how many processes a server ran, if it had several.
func workers(s map[string]any) string {
	if n := serverFlag(s, "--workers="); n != "" {
		return ", on " + n + " workers with Redis between them"
	}
	return ""
}

// serverFlag is the value of a server's flag, empty without it.
func serverFlag(s map[string]any, name string) string {
	flags, _ := s["serverFlags"].([]any)
	for _, flag := range flags {
		if value, ok := strings.CutPrefix(fmt.Sprint(flag), name); ok {
			return value
		}
	}
	return ""
}

// number is a setting that counts.
func number(s map[string]any, name string) string {
	v, _ := s[name].(float64)
	return thousands(v)
}
