#!/usr/bin/env bash
# How much a worker needs, and how fast it writes: its memory for a few rows and for a million, which must not differ by
# more than 10 MB; rows a second beside a bare COPY of the same rows; memory and CPU by the number of accounts.
#
# Needs PostgreSQL's programs (Debian: postgresql). The emulator, the worker and PostgreSQL share the machine. RECORDS,
# SMALL, DATA_SET, ACCOUNTS and EACH change what is measured. A short form, which checks the memory alone:
# PROFILE=dev RECORDS=50000 ACCOUNTS= tests/load.sh
set -euo pipefail
profile=${PROFILE:-release}
source "$(dirname "$0")/postgresql.sh"

# One account's records of a data set in a month; and those of each of many accounts, of all data sets, at the service's
# own rates.
records=${RECORDS:-1000000} small=${SMALL:-10000} data_set=${DATA_SET:-usage_detail}
accounts=${ACCOUNTS-1 10 50} each=${EACH:-5000}
running=()

clean_up() {
    for pid in "${running[@]}"; do kill -KILL "$pid" 2>/dev/null || true; done
    server stop -m immediate 2>/dev/null || true
    rm -rf "$folder"
}
trap clean_up EXIT
trap 'echo "failed: line $LINENO"' ERR

# ask DATABASE SQL…
ask() {
    "$PG_BIN/psql" -h "$folder" -U postgres -d "$1" -qAt "${@:2}"
}

# The seconds of CPU that a process has used.
cpu_of() {
    awk -v tick="$(getconf CLK_TCK)" '{ sub(/.*\) /, ""); print ($12 + $13) / tick }' "/proc/$1/stat"
}

# Those of PostgreSQL: its processes, and those that have ended.
cpu_of_postgres() {
    local server
    # One that ends just now is in neither sum.
    sleep 0.5
    server=$(head -n 1 "$folder/data/postmaster.pid")
    # A process may end before its file is read.
    { cat /proc/[0-9]*/stat 2>/dev/null || true; } | awk -v tick="$(getconf CLK_TCK)" -v server="$server" '
        { pid = $1; sub(/.*\) /, "") }
        pid == server { sum += $12 + $13 + $14 + $15 }
        $2 == server { sum += $12 + $13 }
        END { print sum / tick }'
}

# How many bytes PostgreSQL has written to its log.
wal() {
    ask postgres -c "select pg_current_wal_lsn() - '0/0'"
}

# measure NAME ACCOUNTS RECORDS [DATA_SET RATE]: one worker into a database of its own. Sets $rows, $seconds and $peak.
measure() {
    local name=$1 begun ended emulator worker connections=0 now cpu before
    mkdir "$folder/$name"
    "$sync" emulate "$2" --records "$3" ${5:+--rate "$5"} --folder "$folder/$name" >"$folder/$name/out" &
    emulator=$!
    running+=("$emulator")
    until grep -qs ready "$folder/$name/out"; do sleep 0.1; done
    ask postgres -c "create database $name"
    export DATABASE_URL="postgres://postgres@localhost/$name?host=$folder"
    export TENCENTCLOUD_CREDENTIALS_FILE=$folder/$name/credentials
    "$sync" enqueue --accounts "$folder/$name/accounts.toml" --from 2024-01 --to 2024-01 ${4:+--data-set "$4"} \
        >/dev/null 2>"$folder/$name/log"
    ask postgres -c checkpoint
    before="$(cpu_of_postgres) $(wal)"
    begun=$(date +%s.%N)
    RUST_LOG=warn "$sync" worker 2>"$folder/$name/log" &
    worker=$!
    running+=("$worker")
    # Not often: each question is a process and a connection.
    until [ "$(ask "$name" -c "select count(*) from bill_sync.windows where state = 'due'")" = 0 ]; do
        kill -0 "$worker"
        sleep 1
        now=$(ask "$name" -c "select count(*) from pg_stat_activity where application_name = 'bill_sync'")
        [ "$now" -lt "$connections" ] || connections=$now
    done
    ended=$(ask "$name" -c "select extract(epoch from max(fetched_at)) from bill_sync.windows")
    cpu="$(cpu_of "$emulator") $(cpu_of "$worker") $(cpu_of_postgres) $(wal)"
    peak=$(awk '$1 == "VmHWM:" { print $2 / 1024 }' "/proc/$worker/status")
    kill "$worker" "$emulator"
    wait "$worker" "$emulator" 2>/dev/null || true
    [ ! -s "$folder/$name/log" ] || { cat "$folder/$name/log" && return 1; }
    rows=$(ask "$name" -c "set search_path = bill_sync" -c "select (select count(*) from bill_list)
        + (select count(*) from allocation_summary_by_business) + (select count(*) from usage_detail)
        + (select count(*) from bill_detail)")
    seconds=$(awk "BEGIN { print $ended - $begun }")
    awk -v accounts="$2" -v rows="$rows" -v seconds="$seconds" -v peak="$peak" -v cpu="$cpu $before" -v connections="$connections" 'BEGIN {
        split(cpu, it, " ")
        each = 1000000 / rows
        printf "%8d %9d %8.1f %8d %8.1f MB %12.1f %12.1f %12.1f %12d %12d\n", accounts, rows, seconds, rows / seconds, peak, \
            it[1] * each, it[2] * each, (it[3] - it[5]) * each, connections, (it[4] - it[6]) / rows }'
}

cargo build -q --profile "$profile"
start_postgresql

echo "$data_set on $(nproc) cores, $("$PG_BIN/postgres" --version)"
echo "accounts      rows  seconds   rows/s      memory  µs of CPU a row: emulator, worker, PostgreSQL  connections  bytes of WAL a row"
measure small 1 "$small" "$data_set" 100000
least=$peak
measure large 1 "$records" "$data_set" 100000
awk "BEGIN { exit !($peak - $least > 10) }" && echo "failed: the memory grows with the rows" && exit 1

table=bill_sync.${data_set}_rows
ask large -c "\\copy $table to $folder/rows" -c "create table bare (like $table including all)" -c checkpoint
before=$(cpu_of_postgres) begun=$(date +%s.%N)
ask large -c "\\copy bare from $folder/rows"
ended=$(date +%s.%N)
awk "BEGIN { bare = $ended - $begun
    printf \"a bare COPY of the same rows: %.1f s, %d rows/s, %.1f µs of PostgreSQL's CPU a row; the worker takes %.1f times as long\\n\", \
        bare, $rows / bare, ($(cpu_of_postgres) - $before) * 1000000 / $rows, $seconds / bare }"
ask postgres -c "drop database large"

[ -n "$accounts" ] || exit 0
echo "all data sets at the service's own rates:"
for count in $accounts; do measure "accounts$count" "$count" "$each"; done
for table in bill_list allocation_summary_by_business usage_detail bill_detail; do
    table=bill_sync.${table}_rows
    ask "accounts$count" -c "select '$table: ' || pg_table_size('$table') / count(*) || ' bytes a row, and '
        || pg_indexes_size('$table') / count(*) || ' in its index' from $table"
done
