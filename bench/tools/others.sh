#!/bin/sh
# Measures servers that are no Go library, each in its own protocol, beside this one:
# Bun, whose sockets are those of uWebSockets, Socket.IO on Node.js, and Centrifugo. It
# installs them in bin/others from their registries, which takes some minutes. The
# machine should have nothing else to do. In the environment:
#
#   CONNS, ROUNDS, TIME   sockets, rounds, and seconds of publishing in each
#   ONLY                  names of servers: gannet, bun, socketio, centrifugo
set -eu
conns=${CONNS:-10000} rounds=${ROUNDS:-3} time=${TIME:-5} only=${ONLY:-gannet bun socketio centrifugo}
gannet=bin/gannet others=bin/others
addr=127.0.0.1:39300 admin=127.0.0.1:39301
server=
trap '[ -z "$server" ] || kill "$server"' EXIT
trap 'exit 130' INT TERM

install() {
	mkdir -p "$others/build"
	cp bench/peers/js/* "$others"
	(cd "$others" && npm install --silent --no-audit --no-fund)
	cat >"$others/build/go.mod" <<-'EOF'
		module others
		go 1.26
		require github.com/centrifugal/centrifugo/v5 v5.4.9
	EOF
	(cd "$others/build" && go build -mod=mod -ldflags '-s -w' -o ../centrifugo github.com/centrifugal/centrifugo/v5)
	cat >"$others/centrifugo.json" <<-'EOF'
		{ "client_insecure": true, "allow_subscribe_for_client": true, "api_key": "KEY", "log_level": "error" }
	EOF
}

# scenario FLAGS COMMAND URL FLAG… runs a scenario against a new server.
scenario() {
	flags=$1 command=$2 url=$3
	shift 3
	$command &
	server=$!
	sleep 3
	# shellcheck disable=SC2086 # flags are several words
	"$gannet" bench $flags --no-floor --url "$url" --admin "http://$admin" --pid "$server" --conns "$conns" "$@"
	kill "$server"
	wait "$server" || true
	server=
}

# measure NAME COMMAND URL FLAG… runs all scenarios against a server. What idle sockets
# take shows on a new one only: later rounds use the memory of those before.
measure() {
	name=$1
	shift
	printf '\n== %s, fanout\n' "$name"
	scenario "fanout --rate 5 --duration ${time}s --rounds $rounds" "$@"
	printf '\n== %s, merged\n' "$name"
	scenario "merged --rounds $rounds" "$@"
	for round in $(seq "$rounds"); do
		printf '\n== %s, idle, round %d\n' "$name" "$round"
		scenario "idle --settle 5s --rounds 1" "$@"
	done
}

install
for name in $only; do
	case $name in
	gannet) measure Gannet "$gannet serve --loops 1 --log-level error --drain-timeout 1s --addr $addr --admin-addr $admin" "ws://$addr/ws" ;;
	bun) measure Bun "$others/node_modules/.bin/bun $others/bun.js --addr $addr --admin-addr $admin" "ws://$addr/ws" ;;
	socketio) measure Socket.IO "node --expose-gc $others/socketio.js --addr $addr --admin-addr $admin" \
		"ws://$addr/socket.io/?EIO=4&transport=websocket" \
		--hello '40{"room":"{room}"}' --ready '42["joined"' --ping 2 --pong 3 ;;
	centrifugo) measure Centrifugo "$others/centrifugo --config $others/centrifugo.json --address 127.0.0.1 --port 39300" \
		"ws://$addr/connection/websocket" \
		--hello '{"id":1,"connect":{}}' --hello '{"id":2,"subscribe":{"channel":"{room}"}}' \
		--ready '"subscribe":{' --ping '{}' --pong '{}' \
		--publish-url "http://$addr/api/publish" --publish-header 'X-API-Key: KEY' \
		--publish-body '{"channel":"{room}","data":{message}}' ;;
	*) echo "no server is called $name" >&2 && exit 2 ;;
	esac
done
