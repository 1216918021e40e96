#!/bin/sh
# Measures sockets over TLS: this server, and those on gws and gorilla/websocket with a
# goroutine for each socket, all on crypto/tls with one certificate. First idle sockets,
# on a new server in each round: an old one has the memory of those before. Then one
# message at a time to a room of them. The machine should have nothing else to do. In
# the environment:
#
#   CONNS, ROUNDS, TIME   sockets, rounds, and seconds of publishing in each
#   GANNET                the program
set -eu
conns=${CONNS:-5000} rounds=${ROUNDS:-3} time=${TIME:-6}
gannet=${GANNET:-bin/gannet}
peers=bin/peers
addr=127.0.0.1:39443 plain=127.0.0.1:39080 admin=127.0.0.1:39081
files=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server"; rm -rf "$files"' EXIT
trap 'exit 130' INT TERM

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost \
	-addext subjectAltName=IP:127.0.0.1 -keyout "$files/key.pem" -out "$files/cert.pem" 2>/dev/null
(cd bench/peers && CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o "../../$peers" .)

# scenario FLAGS COMMAND… runs a scenario against a new server.
scenario() {
	flags=$1
	shift
	"$@" --tls-cert "$files/cert.pem" --tls-key "$files/key.pem" --admin-addr "$admin" &
	server=$!
	sleep 2
	# shellcheck disable=SC2086 # flags are several words
	"$gannet" bench $flags --no-floor --url "wss://$addr/ws" --tls-ca "$files/cert.pem" \
		--admin "http://$admin" --pid "$server" --conns "$conns"
	kill "$server"
	wait "$server" || true
	server=
}

# measure NAME COMMAND… runs all scenarios against a server.
measure() {
	name=$1
	shift
	for round in $(seq "$rounds"); do
		printf '\n== %s, idle, round %d\n' "$name" "$round"
		scenario "idle --settle 5s --rounds 1" "$@"
	done
	printf '\n== %s, fanout\n' "$name"
	scenario "fanout --rate 5 --duration ${time}s --rounds $rounds" "$@"
}

measure Gannet "$gannet" serve --loops 1 --log-level error --addr "$plain" --tls-addr "$addr" --drain-timeout 1s
measure gws "$peers" gws --addr "$addr"
measure gorilla "$peers" gorilla --addr "$addr"
