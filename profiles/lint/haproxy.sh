#!/bin/sh
# Prints the path of an HAProxy for the tests: the one that $HAPROXY names, one on PATH,
# or else Debian's package, which is installed when this runs as root where there is
# apt-get. The tests start their own: the service that comes with the package is left
# alone.
set -eu

find_haproxy() {
	for name in ${HAPROXY:+"$HAPROXY"} haproxy; do
		command -v "$name" && return
	done
	return 1
}

install_haproxy() {
	[ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null || return 1
	export DEBIAN_FRONTEND=noninteractive
	apt-get -qq update >&2 && apt-get -qq --no-install-recommends install haproxy >&2
}

find_haproxy && exit
install_haproxy && find_haproxy && exit
echo "No haproxy was found and none could be installed: install one, or set HAPROXY to its path." >&2
exit 1
