#!/bin/sh
# Measures the figures of the README: the server beside a bare write loop over as
# many sockets, in turns, in one run. Takes about five minutes and wants the
# machine for itself.
set -eu
gannet=${GANNET:-bin/gannet}
rounds=${ROUNDS:-3}

"$gannet" bench fanout --spawn --loops 1 --conns 15000 --rate 5 --duration 10s --rounds "$rounds"
"$gannet" bench merged --spawn --loops 1 --conns 10000 --repeat "$rounds"
"$gannet" bench idle --spawn --conns 15000 --rounds "$rounds"
