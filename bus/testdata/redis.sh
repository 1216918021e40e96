#!/bin/sh
# Prints the path of a redis-server for the tests: the one that $REDIS_SERVER
# names, one on PATH, or else Debian's package, which is installed when this
# runs as root where there is apt-get. The tests start servers of their own: the
# service that comes with the package may run or not.
set -eu

find_redis() {
	for name in ${REDIS_SERVER:+"$REDIS_SERVER"} redis-server; do
		command -v "$name" && return
	done
	return 1
}

install_redis() {
	[ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null || return 1
	export DEBIAN_FRONTEND=noninteractive
	apt-get -qq update >&2 && apt-get -qq --no-install-recommends install redis-server >&2
}

find_redis && exit
install_redis && find_redis && exit
echo "No redis-server was found and none could be installed: install one, or set REDIS_SERVER to its path." >&2
exit 1
