#!/bin/sh
# Renews profiles/gannet.pgo, which tells the compiler what is hot: CPU profiles of a
# server under single messages, bursts, a flood, rooms that talk and requests, merged.
# Takes a minute and wants the machine for itself.
set -eu
gannet=${GANNET:-bin/gannet}
port=${PORT:-39300}
url=ws://127.0.0.1:$port/ws
admin=http://127.0.0.1:$((port + 1))
parts=$(mktemp -d)
export PPROF_TMPDIR="$parts/copies"

# A profile names the path of its program, which is nobody's business.
cp "$gannet" "$parts/gannet"
"$parts/gannet" serve --loops 1 --demo --client-publish --log-level error \
	--addr "127.0.0.1:$port" --admin-addr "127.0.0.1:$((port + 1))" &
server=$!
trap 'kill "$server"; rm -rf "$parts"' EXIT
trap 'exit 130' INT TERM

# profile NAME SCENARIO FLAGS… adds six seconds of a scenario, once it has connected.
profile() {
	part=$parts/$1.part
	shift
	"$gannet" bench "$@" --no-floor --url "$url" --admin "$admin" >/dev/null &
	load=$!
	sleep 3
	go tool pprof -proto -output "$part" "$admin/debug/pprof/profile?seconds=6" >/dev/null
	wait "$load"
}

sleep 2
profile single fanout --conns 10000 --rate 15 --duration 9s
profile bursts merged --conns 10000 --rounds 45
profile flood fanout --conns 10000 --flood --duration 9s
profile rooms rooms --conns 10000 --rooms 1000 --every 4s --duration 9s
profile requests echo --conns 1000 --duration 9s
go tool pprof -proto -output profiles/gannet.pgo "$parts"/*.part
