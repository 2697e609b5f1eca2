#!/usr/bin/env bash
# Exports bills as FOCUS through faults, killed at random moments and continued: what comes out must be what comes out
# when nothing happens. Others' tools then read it: the FinOps Foundation's validator, and DuckDB with the documented
# queries; see focus.py. Needs Python 3 and PyPI.
set -euo pipefail
cd "$(dirname "$0")/../../../.."
unset TENCENTCLOUD_SECRET_ID TENCENTCLOUD_SECRET_KEY TENCENTCLOUD_TOKEN TENCENTCLOUD_CREDENTIALS_FILE

cargo build --quiet -p tc3-example-reports --bin focus_export
target=${CARGO_TARGET_DIR:-target}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cp "$target/debug/focus_export" "$folder"
# Without a credentials file, accounts are the emulator's.
export HOME=$folder
bills=(--from 2024-02 --to 2024-03 --account shop --account plant --subscriptions-from 2024-01
    --records 200 --limit 40 --rate 1000)
# One request in ten goes wrong.
faults=(--fault throttle=0@2% --fault status=502@2% --fault cut@2% --fault lost@2% --fault slow=20@2%)
kills=0 middle=0

fail() {
    echo "$*: $(tail -n 1 "$folder/log")"
    exit 1
}

export_focus() { "$folder/focus_export" "$@" >"$folder/told" 2>"$folder/log"; }

# Runs an export, killed again and again, until it is through.
killed() {
    local status pid ms
    for ((run = 0; run < 300; run++)); do
        status=0
        "$folder/focus_export" "$@" --checkpoint "$folder/checkpoint" >"$folder/told" 2>"$folder/log" &
        pid=$!
        # Later runs may take longer, so that a slow machine gets through as well.
        ms=$((200 + RANDOM % (600 + 100 * run)))
        sleep "$((ms / 1000)).$(printf '%03d' $((ms % 1000)))"
        kill -KILL "$pid" 2>/dev/null || true
        { wait "$pid"; } 2>/dev/null || status=$?
        case $status in
        0) return ;;
        137)
            kills=$((kills + 1))
            if [ -e "$folder/checkpoint" ]; then
                middle=$((middle + 1))
            else
                # Killed before the first page, or after all was done.
                rm -f "$folder/$form"
            fi
            ;;
        *) fail "killed and resumed" ;;
        esac
    done
    fail "never through"
}

# Refused, for this reason, with no output.
refused() {
    local reason=$1
    shift
    if export_focus --records 60 --limit 30 --rate 1000 "$@"; then
        echo "$* was not refused"
        exit 1
    fi
    grep -qF -- "$reason" "$folder/log" || fail "$*"
    [ ! -e "$folder/refused.csv" ]
}

for form in 1.0.csv 1.2.parquet; do
    version=(--focus "${form%.*}")
    export_focus "${bills[@]}" "${version[@]}" --output "$folder/quiet.$form" || fail "$form"
    cp "$folder/told" "$folder/quiet.told"
    killed "${bills[@]}" "${version[@]}" "${faults[@]}" --output "$folder/$form"
    cmp "$folder/quiet.$form" "$folder/$form"
    # All but the output's name.
    cmp <(sed '$d' "$folder/quiet.told") <(sed '$d' "$folder/told")
    grep -q "sums are the service's own" "$folder/told"
    # Nothing else is left.
    [ -z "$(find "$folder" -name "$form.*" -o -name checkpoint)" ]
done
export_focus "${bills[@]}" --output "$folder/1.2.csv" || fail 1.2.csv
# Otherwise it proved nothing.
if [ "$middle" -lt 4 ]; then
    echo "of $kills kills only $middle hit after the first page"
    exit 1
fi
echo "exports that were killed $kills times, $middle of them after the first page, came out as if nothing had happened"

# What can't be exported is refused in words that say what to do.
to=(--output "$folder/refused.csv")
month=(--from 2024-02 --to 2024-02)
refused "is after --to" "${to[@]}" --from 2024-04 --to 2024-03
refused "has no bill yet" "${to[@]}" --from 2024-04 --to 2026-01
refused "more than the 18 months" "${to[@]}" --from 2024-01 --to 2025-12
refused "must be before --from" "${to[@]}" "${month[@]}" --subscriptions-from 2024-02
refused "names an account twice" "${to[@]}" "${month[@]}" --account shop --account shop
refused "must end in .parquet or .csv" "${month[@]}" --output "$folder/refused.txt"
refused "exists, and may be another export's" "${month[@]}" --output "$folder/1.2.csv"
refused "again in ten minutes" "${to[@]}" "${month[@]}" --fault not-ready@1..
last=$(date -d "$(date +%Y-%m-15) -1 month" +%Y-%m)
TENCENTCLOUD_CREDENTIALS_FILE=/dev/null refused "section [shop] is missing" \
    "${to[@]}" --from "$last" --to "$last" --account shop
TENCENTCLOUD_CREDENTIALS_FILE=/dev/null refused "is too old" "${to[@]}" "${month[@]}" --account shop
[ -z "$(find "$folder" -name "refused.*")" ]
# A bill that changes while it is read is read anew.
export_focus "${month[@]}" --records 200 --limit 30 --rate 1000 --output "$folder/changed.csv" \
    --fault head=5@6 --fault ignore-offset@11 || fail "a list that changes"
[ "$(grep -c "2024-02 is fetched anew" "$folder/log")" = 2 ]
# Without all lines there is no output, and its checkpoint is no other export's.
to+=(--checkpoint "$folder/checkpoint")
refused "it goes on where it stopped" "${to[@]}" "${month[@]}" --fault refuse=InvalidParameter@4..
refused 'its --to is "2024-02", not "2024-03"' "${to[@]}" --from 2024-02 --to 2024-03
# A fen less is seen, and what looks whole is not there.
refused "sums differ from the service's" "${to[@]}" "${month[@]}" --fault sums=-1@1..
[ -e "$folder/refused.csv.differs" ]
[ -z "$(find "$folder" -name "*.lines.gz" -o -name "*.part" -o -name checkpoint)" ]

if ! command -v python3 >/dev/null; then
    echo "skipped: the validator and DuckDB need python3, which is not installed"
    exit 0
fi
venv=$(realpath "$target")/focus
if [ ! -x "$venv/bin/python" ] && ! python3 -m venv "$venv"; then
    echo "skipped: the validator and DuckDB need a virtual environment, which this python3 can't make"
    rm -rf "$venv"
    exit 0
fi
# The validator needs an older multimethod than it says.
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    duckdb==1.4.1 focus_validator==1.0.0 "multimethod<2"
# It looks for its list of currencies in the current folder.
(cd "$venv"/lib/python*/site-packages &&
    ../../../bin/focus-validator --data-file "$folder/1.0.csv" --validate-version 1.0) \
    >"$folder/validated" 2>&1 || true
"$venv/bin/python" blocking/examples/reports/tests/focus.py "$folder" blocking/examples/reports/FOCUS.md
