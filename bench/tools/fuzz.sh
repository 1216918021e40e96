#!/bin/sh
# Runs every fuzz target of the module for the given time, one after another.
set -eu
time=${1:?usage: fuzz.sh TIME, such as 60s}
grep -rHoE '^func Fuzz[A-Za-z0-9]+' --include='*_test.go' . | sort | while IFS=: read -r file match; do
	go test "$(dirname "$file")" -run '^$' -fuzz "^${match#func }\$" -fuzztime "$time"
done
