#!/usr/bin/env bash
# Exports to CSV and Parquet, killed at random moments and continued: what comes out must be what comes out
# when nothing happens, and DuckDB must read the same rows from both; see read_back.py. Needs Python 3 and PyPI.
set -euo pipefail
cd "$(dirname "$0")/../../../.."
unset TENCENTCLOUD_SECRET_ID TENCENTCLOUD_SECRET_KEY TENCENTCLOUD_TOKEN

if ! command -v python3 >/dev/null; then
    echo "skipped: reading back needs python3, which is not installed"
    exit 0
fi
target=${CARGO_TARGET_DIR:-target}
venv=$target/read-back
if [ ! -x "$venv/bin/python" ] && ! python3 -m venv "$venv"; then
    echo "skipped: reading back needs a virtual environment, which this python3 can't make"
    rm -rf "$venv"
    exit 0
fi
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check duckdb==1.4.1

cargo build --quiet -p tc3-example-reports --bin usage_export
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cp "$target/debug/usage_export" "$folder"
export="$folder/usage_export"
# Over a year, of three sub-customers; and of all of them together.
some=(--start 20240115 --end 20250310 --proxy-organization-open-id org_nanshan,org_tianfu
    --proxy-organization-open-id org_binjiang --records 200 --rate 1000 --limit 5)
all=(--start 20241201 --end 20250131 --rate 1000)
kills=0 middle=0

# Runs an export, killed again and again, until it is through.
killed() {
    local status pid
    for ((run = 0; run < 300; run++)); do
        status=0
        "$export" "$@" --checkpoint "$folder/checkpoint" >"$folder/told" 2>"$folder/log" &
        pid=$!
        # Later runs may take longer, so that a slow machine gets through as well.
        local ms=$((10 + RANDOM % (50 + 10 * run)))
        sleep "$((ms / 1000)).$(printf '%03d' $((ms % 1000)))"
        kill -KILL "$pid" 2>/dev/null || true
        { wait "$pid"; } 2>/dev/null || status=$?
        case $status in
        0) return ;;
        137)
            kills=$((kills + 1))
            [ ! -e "$folder/checkpoint" ] || middle=$((middle + 1))
            ;;
        *) cat "$folder/log"; exit 1 ;;
        esac
    done
    echo "never through: $*"
    exit 1
}

for ending in csv parquet; do
    "$export" "${some[@]}" --output "$folder/some.$ending" >"$folder/some.$ending.told" 2>/dev/null
    "$export" "${all[@]}" --output "$folder/all.$ending" >"$folder/all.$ending.told" 2>/dev/null
    rm -f "$folder/checkpoint"
    killed "${some[@]}" --output "$folder/killed.$ending"
    cmp "$folder/some.$ending" "$folder/killed.$ending"
    cmp "$folder/some.$ending.told" "$folder/told"
    # What is complete stays so, and a Parquet file is there as soon as its rows are.
    [ $ending = csv ] || rm "$folder/killed.parquet"
    "$export" "${some[@]}" --output "$folder/killed.$ending" --checkpoint "$folder/checkpoint" \
        >/dev/null 2>"$folder/log"
    grep -q "^1665 records, complete already$" "$folder/log"
    cmp "$folder/some.$ending" "$folder/killed.$ending"
    # Nothing but what was asked for is left.
    [ ! -e "$folder/some.$ending.rows" ]
    [ ! -e "$folder/some.$ending.tmp" ]
done
# Otherwise it proved nothing.
if [ "$middle" -lt 4 ]; then
    echo "of $kills kills only $middle hit after the first page"
    exit 1
fi
echo "exports that were killed $kills times, $middle of them after the first page, came out as if nothing had happened"
"$venv/bin/python" blocking/examples/reports/tests/read_back.py "$folder/some" "$folder/all"
