#!/bin/sh
# Measures the figures of the README: the server beside a bare write loop over as
# many sockets, in turns, in one run; and two nodes with a Redis between them.
# Takes about ten minutes and wants the machine for itself.
set -eu
gannet=${GANNET:-bin/gannet}
rounds=${ROUNDS:-3}

"$gannet" bench fanout --spawn --loops 1 --conns 15000 --rate 5 --duration 10s --rounds "$rounds"
"$gannet" bench merged --spawn --loops 1 --conns 10000 --repeat "$rounds"
"$gannet" bench fanout --spawn --loops 1 --conns 10000 --flood --duration 5s --rounds "$rounds"
"$gannet" bench idle --spawn --conns 15000 --rounds "$rounds"
"$gannet" bench echo --spawn --loops 1 --conns 1000 --duration 5s --rounds "$rounds"
"$gannet" bench echo --spawn --loops 1 --conns 10000 --duration 5s --rounds "$rounds"
"$gannet" bench rooms --spawn --loops 1 --duration 10s --rounds "$rounds"
"$gannet" bench cluster --loops 1 --conns 1000 --rooms 100 --duration 5s --rounds "$rounds"
"$gannet" bench cluster --loops 1 --no-local --flood --conns 10000 --rooms 10000 --duration 5s --rounds "$rounds"
