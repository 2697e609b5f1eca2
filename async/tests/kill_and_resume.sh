#!/usr/bin/env bash
# Kills exports at random moments and runs them again until they are through: what they leave must be, byte
# for byte, what they leave when nothing happens to them.
set -euo pipefail
cd "$(dirname "$0")/../.."
unset TENCENTCLOUD_SECRET_ID TENCENTCLOUD_SECRET_KEY TENCENTCLOUD_TOKEN

target=${CARGO_TARGET_DIR:-target}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
output=$folder/records
checkpoint=$folder/checkpoint
kills=0 middle=0 between=0 exports=0

fail() {
    echo "$*: $(tail -n 1 "$folder/log")"
    exit 1
}

# Runs the rest of the command for so many milliseconds, then kills it.
for_ms() {
    "${@:2}" >"$folder/log" 2>&1 &
    local pid=$!
    sleep "$(printf '%d.%03d' $(($1 / 1000)) $(($1 % 1000)))"
    kill -KILL "$pid" 2>/dev/null || true
    # The shell would say that it was killed.
    { wait "$pid"; } 2>/dev/null
}

# What an export, killed again and again, leaves.
survives() {
    local status
    "$@" --output "$folder/expected" 2>"$folder/log" || fail "$*"
    rm -f "$output" "$checkpoint"
    for ((run = 0; run < 500; run++)); do
        status=0
        # Later runs may take longer, so that a slow disk gets through as well.
        for_ms $((2 + RANDOM % (200 + 4 * run))) "$@" --output "$output" --checkpoint "$checkpoint" || status=$?
        case $status in
        0) break ;;
        137) kills=$((kills + 1)) ;;
        *) fail "$* exited with $status" ;;
        esac
        if [ -e "$checkpoint" ]; then
            middle=$((middle + 1))
            written=$(wc -c <"$output")
            recorded=$(sed 's/.*"bytes":\([0-9]*\).*/\1/' "$checkpoint")
            [ "$written" -ge "$recorded" ] || fail "$*: $written bytes written, $recorded recorded"
            [ "$written" = "$recorded" ] || between=$((between + 1))
        fi
    done
    [ "$status" = 0 ] || fail "$* was never through"
    cmp "$folder/expected" "$output"
    exports=$((exports + 1))
}

# Refused, with nothing changed.
refuses() {
    cp "$output" "$folder/output.kept"
    cp "$checkpoint" "$folder/checkpoint.kept"
    if "$@" --output "$output" --checkpoint "$checkpoint" 2>"$folder/log"; then
        fail "$* was not refused"
    fi
    grep -q "can't continue from the checkpoint" "$folder/log" || fail "$*"
    cmp "$output" "$folder/output.kept"
    cmp "$checkpoint" "$folder/checkpoint.kept"
}

for crate in blocking async; do
    cargo build --quiet -p "tc3-$crate" --example bill_list --example allocation_summary --example usage_detail
    # Both crates have examples of the same names.
    for example in bill_list allocation_summary usage_detail; do
        cp "$target/debug/examples/$example" "$folder"
    done
    bills=("$folder/bill_list" --records 1500 --start 2024-01-01 --end 2025-12-31 --limit 5 --rate 1000)
    months=("$folder/allocation_summary" --records 200 --month 2024-01 --through 2024-06 --limit 4 --rate 1000)
    usage=("$folder/usage_detail" --records 200 --start 20240101 --end 20240630 --limit 4 --rate 1000)
    survives "${bills[@]}" --format csv
    survives "${bills[@]}" --format jsonl --width 4
    survives "${months[@]}" --format table
    survives "${usage[@]}" --format csv --width 2

    # What is complete stays, and what does not belong together is left alone.
    before=$(cksum "$output" "$checkpoint")
    "${usage[@]}" --format csv --output "$output" --checkpoint "$checkpoint" 2>"$folder/log" || fail complete
    grep -q "^1200 records, complete already$" "$folder/log" || fail complete
    [ "$before" = "$(cksum "$output" "$checkpoint")" ]
    refuses "${usage[@]}" --format csv --quota-type CloudEnterprise
    refuses "${usage[@]}" --format jsonl
    refuses "${bills[@]}" --format csv
    truncate -s -1 "$output"
    refuses "${usage[@]}" --format csv
    truncate -s -1 "$checkpoint"
    refuses "${usage[@]}" --format csv
done

# Otherwise it proved nothing.
[ "$middle" -ge 20 ] && [ "$between" -ge 1 ] || fail "only $middle kills in the middle, $between between the writes"
echo "$exports exports, killed $kills times, came out as if nothing had happened:" \
    "$middle kills hit after the first page, $between of them between the records and their checkpoint"
