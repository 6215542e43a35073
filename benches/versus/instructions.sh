#!/usr/bin/env bash
# Instructions per hit on one thread, counted by callgrind: a run with N hits is subtracted from one with 2 N, so that
# what both do once falls out, and then the loop itself, by a system that does nothing. What is left is a hit's own:
#
#     benches/versus/instructions.sh [SYSTEM...]
#
# The last column is the ratio to a lookup in hashbrown without a lock ("plain"), which is always counted first.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

command -v valgrind >/dev/null || {
    echo "instructions: valgrind is not installed" >&2
    exit 77
}
systems=("$@")
[[ ${#systems[@]} -gt 0 ]] || systems=(hand dashmap mutex rwlock optimistic)
hits=100032 # a multiple of the loop's batch of 64

cargo build --release --quiet --locked -p sharded-versus
binary=${CARGO_TARGET_DIR:-target}/release/sharded-versus
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# Instructions of a whole run: system, hits.
count() {
    valgrind --tool=callgrind --callgrind-out-file=/dev/null --log-file="$log" \
        "$binary" instructions --systems "$1" --operations "$2"
    awk '/Collected/ { print $NF }' "$log"
}

# Instructions of all hits of a run, the loop included.
hits_of() {
    echo $(($(count "$1" $((2 * hits))) - $(count "$1" "$hits")))
}

loop=$(hits_of null)
plain=$(hits_of plain)
printf '%-14s %8s %9s\n' system per-hit to-plain
for system in plain "${systems[@]}"; do
    all=$plain
    [[ $system == plain ]] || all=$(hits_of "$system")
    awk -v name="$system" -v all="$all" -v loop="$loop" -v plain="$plain" -v hits="$hits" \
        'BEGIN { printf "%-14s %8.1f %9.2f\n", name, (all - loop) / hits, (all - loop) / (plain - loop) }'
done
echo "(and $(awk -v loop="$loop" -v hits="$hits" 'BEGIN { printf "%.1f", loop / hits }') of the loop itself, left out above)"
