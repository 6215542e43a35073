#!/usr/bin/env bash
# What a `get` of a store costs without `record`, with it, and while it is recorded, on one thread. Instructions are counted by callgrind: a run
# with N reads is subtracted from one with 2 N, so that what both do once falls out. Then they take turns on a map that no cache holds.
#
#     benches/tune/recorder_cost.sh
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

command -v valgrind >/dev/null || {
    echo "recorder_cost: valgrind is not installed" >&2
    exit 77
}
reads=200000
cargo build --release --quiet --locked -p sharded-tune --example recorder_cost
binary=${CARGO_TARGET_DIR:-target}/release/examples/recorder_cost
log=$(mktemp)
trap 'rm -f "$log"' EXIT

count() {
    valgrind --tool=callgrind --callgrind-out-file=/dev/null --log-file="$log" "$binary" "$1" "$2"
    awk '/Collected/ { print $NF }' "$log"
}

for kind in plain declared recording; do
    once=$(count "$kind" "$reads")
    twice=$(count "$kind" $((2 * reads)))
    awk -v kind="$kind" -v n="$((twice - once))" -v reads="$reads" 'BEGIN { printf "%-10s %.2f instructions per get\n", kind, n / reads }'
done
"$binary" times
