#!/bin/sh
# Measures servers on other libraries, bench/peers, beside this one and the bare
# write loop: fan-out, bursts and idle memory in one table. Takes about five minutes
# a round and wants the machine for itself.
set -eu
gannet=${GANNET:-bin/gannet}
rounds=${ROUNDS:-3}
peers=bin/peers

(cd bench/peers && CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o "../../$peers" .)
exec timeout --foreground "$((rounds * 15))m" "$gannet" bench peers --loops 1 --rounds "$rounds" \
	--server-command "$peers gws" \
	--server-command "$peers gorilla" \
	--server-command "$peers nbio" \
	--server-command "$peers gnet"
