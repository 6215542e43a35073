#!/usr/bin/env bash
# Measures everything, and writes the report and the README's tables from it:
#
#     benches/versus/report.sh              measure, then write
#     benches/versus/report.sh --write      only write, from the newest report's results
#     benches/versus/report.sh --quick      seconds per measurement: shows that all works; into target/, and not the README
#
# The machine should do nothing else meanwhile. What comes of it lies in benches/versus/reports/<date>/: report.json, all that was measured;
# report.html, which needs nothing but itself; report.svg, the README's plot. Add the folder and the README to git.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

cargo build --release --quiet --locked -p sharded-versus
binary=${CARGO_TARGET_DIR:-target}/release/sharded-versus

reports=benches/versus/reports quick=()
folder=$reports/$(date -u +%F)
case ${1-} in
    --write) folder=$(compgen -G "$reports/*" | sort | tail -n 1) ;;
    --quick) folder=target/versus quick=(--quick) ;;
    "") ;;
    *)
        echo "report: there are --write and --quick" >&2
        exit 2
        ;;
esac

mkdir -p "$folder"
start=$SECONDS
if [[ ${1-} != --write ]]; then
    measure() {
        "$binary" "$@" "${quick[@]}" --json "$folder/report.json"
    }
    maps=(hit hit-zipf hit-hot half-increment increment read-heavy exchange rapid-grow)
    measure "${maps[@]}" --rounds 9
    measure get-or-insert --rounds 15
    measure transfers
    measure pauses --repeats 2
    measure memory storm
    measure get-many insert-many exchange-many --rounds 7 --threads 1,2
    measure hit hit-hot half-increment read-heavy exchange rapid-grow --keys string --rounds 9 --threads 1,2,4
    measure get-many insert-many exchange-many --keys string --rounds 7
    measure pauses memory get-or-insert --keys string --repeats 1 --rounds 7
    measure flags --keys string
    measure hit-ratio
    if command -v valgrind >/dev/null; then
        measure instructions
    else
        echo "report: there is no valgrind, so instructions are left out" >&2
    fi
    if [[ ${1-} == --quick ]]; then
        measure build-time --systems null,quick_cache
    else
        measure build-time
    fi
    echo "measured in $(((SECONDS - start) / 60)) minutes"
fi

write=("$binary" --from "$folder/report.json" --html "$folder/report.html")
[[ ${1-} == --quick ]] || write+=(--readme README.md)
"${write[@]}"
echo "wrote $folder"
