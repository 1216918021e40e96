#!/bin/sh
# Prints the path of a Chromium for the browser tests: the one that $CHROMIUM
# names, one on PATH, or else Debian's package, which is installed when this
# runs as root where there is apt-get.
set -eu

find_chromium() {
	for name in ${CHROMIUM:+"$CHROMIUM"} chromium chromium-browser google-chrome; do
		command -v "$name" && return
	done
	return 1
}

install_chromium() {
	[ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null || return 1
	export DEBIAN_FRONTEND=noninteractive
	apt-get -qq update >&2 && apt-get -qq --no-install-recommends install chromium >&2
}

find_chromium && exit
install_chromium && find_chromium && exit
echo "No Chromium was found and none could be installed: install one, or set CHROMIUM to its path." >&2
exit 1
