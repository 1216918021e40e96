#!/bin/sh
# Measures this server, others and the bare write loop, in turns within each round.
#
#   figures.sh quick   three rounds of what tells most, in about ten minutes
#   figures.sh full    five rounds of everything, in about an hour
#
# The results are printed, and written to bin/bench or bin/bench-full as JSON. What
# fails does not keep the rest from being measured, but has the script fail in the
# end. The machine should have nothing else to do. In the environment:
#
#   ONLY="echo storm"   measure only these; echo is echo-1000 and echo-10000
#   CONTINUE=1          leave out what has a result from an earlier run
#   ROUNDS, TIME        rounds, and seconds of publishing in each
#   GANNET, OUT         the program, and the folder of the results
#   REDIS_SERVER        the Redis for more nodes than one
set -eu

case ${1:-} in
quick) rounds=${ROUNDS:-3} time=${TIME:-4} bursts=6 settle=2s out=${OUT:-bin/bench} ;;
full) rounds=${ROUNDS:-5} time=${TIME:-10} bursts=10 settle=3s out=${OUT:-bin/bench-full} ;;
*)
	echo 'usage: figures.sh quick|full' >&2
	exit 2
	;;
esac
gannet=${GANNET:-bin/gannet}
redis_server=${REDIS_SERVER:-redis-server}
peers=bin/peers
redis= measured= failed=

# wanted says whether a measurement is to be made now.
wanted() {
	for word in ${ONLY:-"$1"}; do
		case $1 in "$word" | "$word"-*) [ -z "${CONTINUE:-}" ] || [ ! -s "$out/$1.json" ]; return ;; esac
	done
	return 1
}

# measure runs a scenario under a name, for so many minutes a round at most.
measure() {
	name=$1 limit=$2 scenario=$3
	shift 3
	wanted "$name" || return 0
	printf '\n== %s\n' "$name"
	began=$(date +%s)
	rm -f "$out/$name.json" "$out/$name.failed"
	if timeout --foreground --kill-after=15 "$((limit * rounds))m" \
		"$gannet" bench "$scenario" --rounds "$rounds" "$@" --json "$out/$name.failed"; then
		mv "$out/$name.failed" "$out/$name.json"
		measured="$measured $name"
	else
		failed="$failed $name"
		echo "$name failed" >&2
	fi
	printf '== %s took %d s\n' "$name" "$(($(date +%s) - began))"
}

# compare measures servers on other libraries beside ours and the bare loop.
compare() {
	wanted peers || return 0
	(cd bench/peers && CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o "../../$peers" .)
	measure peers 10 peers --loops 1 --duration "${time}s" --bursts "$bursts" --idle 15000 --settle "$settle" \
		--server-command "$peers gws" --server-command "$peers gorilla" \
		--server-command "$peers nbio" --server-command "$peers gnet"
}

# tier measures so many sockets on workers with Redis between them, for which one
# process has too few descriptors. The bare loop has as many processes.
tier() {
	name=$1
	wanted "$name" || return 0
	shift
	[ -n "$redis" ] || start_redis
	measure "$name" 9 fanout --spawn --server-flag=--redis-url=redis://127.0.0.1:6399 "$@"
}

start_redis() {
	"$redis_server" --bind 127.0.0.1 --port 6399 --save '' --appendonly no >/dev/null &
	redis=$!
	sleep 1
	kill -0 "$redis" || {
		echo "Redis could not be started on port 6399" >&2
		exit 1
	}
}

trap '[ -z "$redis" ] || kill "$redis"' EXIT
trap 'exit 130' INT TERM
mkdir -p "$out"
start=$(date +%s)

compare
measure echo-1000 2 echo --spawn --loops 1 --conns 1000 --duration "${time}s"
measure echo-10000 2 echo --spawn --loops 1 --conns 10000 --duration "${time}s"
measure rooms 2 rooms --spawn --loops 1 --duration "${time}s"
measure flood 2 fanout --spawn --loops 1 --conns 10000 --flood --duration "${time}s"
measure cluster 2 cluster --loops 1 --conns 1000 --rooms 100 --duration "${time}s"
measure cluster-flood 2 cluster --loops 1 --no-local --flood --conns 10000 --rooms 10000 --duration "${time}s"
if [ "$1" = full ]; then
	measure idle 2 idle --spawn --loops 1 --conns 15000
	measure idle-users 2 idle --spawn --loops 1 --conns 15000 --rooms 10 --token-secret 0123456789abcdef0123456789abcdef
	measure idle-massive 2 idle --spawn --loops 1 --conns 15000 --server-flag=--profile=massive
	measure flood-single 2 fanout --spawn --loops 1 --conns 10000 --flood --batch 1 --duration "${time}s"
	measure floor 2 floor --flood --duration "${time}s"
	measure fanout-1000 2 fanout --spawn --loops 1 --conns 1000 --rate 75 --duration "${time}s"
	measure fanout-15000 2 fanout --spawn --loops 1 --conns 15000 --rate 5 --duration "${time}s"
	measure storm 3 storm --spawn --loops 1 --conns 10000
	tier fanout-100000 --conns 100000 --rate 0.25 --duration 20s --server-flag=--workers=7
	tier fanout-200000 --conns 200000 --rooms 100 --rate 20 --duration "${time}s" --server-flag=--workers=12
fi

[ -n "$measured$failed" ] || { [ -n "${CONTINUE:-}" ] || { echo "nothing is called ${ONLY:-so}" >&2; exit 2; }; }
printf '\nmeasured in %d s:%s\nresults in %s\n' "$(($(date +%s) - start))" "$measured" "$out"
[ -z "$failed" ] || {
	echo "failed:$failed" >&2
	exit 1
}
