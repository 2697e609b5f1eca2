#!/usr/bin/env bash
# Emulated accounts, four workers that are killed and paused at random, a database that is restarted and cut off: what is
# in the database at the end must be what plain walks give, row by row and field by field.
#
# Needs PostgreSQL's programs (Debian: postgresql). ACCOUNTS, RECORDS and SECONDS_OF_CHAOS make it longer. CHAOS=0 instead
# prints how long untroubled workers take beside what the quotas allow, for MONTHS and DATA_SETS; PROFILE=release is faster.
set -euo pipefail
profile=${PROFILE:-dev}
source "$(dirname "$0")/postgresql.sh"

chaos_too=${CHAOS:-1} months=${MONTHS:-4}
accounts=${ACCOUNTS:-4} records=${RECORDS:-400} chaos=${SECONDS_OF_CHAOS:-20} seed=${SEED:-$$}
RANDOM=$seed
lease=3
workers=(0 0 0 0)
declare -A emulators=()

clean_up() {
    for pid in "${workers[@]}" "${emulators[@]}"; do
        [ "$pid" = 0 ] || kill -KILL "$pid" 2>/dev/null || true
    done
    server stop -m immediate 2>/dev/null || true
    [ -n "${KEEP:-}" ] || rm -rf "$folder"
}
trap clean_up EXIT

fail() {
    echo "failed (SEED=$seed): $*"
    tail -n 5 "$folder"/worker*.log 2>/dev/null || true
    exit 1
}

ask() {
    "$PG_BIN/psql" -h "$folder" -U postgres -d bills -qAtc "set search_path = bill_sync" -c "$1"
}

trap 'fail "line $LINENO"' ERR

step() {
    echo "-- $* (after $SECONDS s)"
}

readme=$PWD/README.md
cargo build -q --profile "$profile"
start_postgresql
"$PG_BIN/psql" -h "$folder" -U postgres -qc 'create database bills' -c 'create database heart'

step "page and position, and who may write"
DATABASE_URL="postgres://postgres@localhost/heart?host=$folder" cargo test -q --profile "$profile" --test heart -- --ignored

export DATABASE_URL="postgres://postgres@localhost/bills?host=$folder"
worker_log=warn,sqlx=error,bill_sync=info,tc3::attempt=debug,tc3::call=debug

# emulate FOLDER ARGUMENTS…
emulate() {
    mkdir "$folder/$1"
    "$sync" emulate "${@:2}" --folder "$folder/$1" >"$folder/$1/out" &
    emulators[$1]=$!
    until grep -qs ready "$folder/$1/out"; do sleep 0.1; done
}

# start NUMBER [CREDENTIALS]: a worker; later ones write to the same log.
start() {
    RUST_LOG=$worker_log TENCENTCLOUD_CREDENTIALS_FILE=${2:-$TENCENTCLOUD_CREDENTIALS_FILE} \
        "$sync" --lease $lease worker --retry 1 --later 2 2>>"$folder/worker$1.log" &
    workers[$1]=$!
}

# held_by WORKER: for how many accounts and data sets.
held_by() {
    ask "select count(*) from leases where holder = 'worker $1' and expires_at > now()"
}

# rates_are_kept FOLDER: by what the emulators have counted.
rates_are_kept() {
    sleep 2 # They write it each second.
    awk 'NR > 1 { all += $3; refused += $6; if ($4 > $5) { print; more = 1 } }
        END { print "   " all " requests, " refused + 0 " refused as too many"; exit more }' "$folder/$1/requests" ||
        what_was_sent
}

# The emulators count when requests arrive. On a busy machine some arrive in a later second than they were sent: then the
# workers' logs decide.
what_was_sent() {
    cat "$folder"/worker*.log | sed -nE 's/^[^T]*T(..):(..):([0-9.]+)Z .*secret_id="(\w+)".*tc3::attempt: .*action="(\w+)".*latency_ms=([0-9]+) outcome="(ok|throttled)".*/\5 \4 \1 \2 \3 \6/p' |
        awk '{ printf "%s %s %.6f\n", $1, $2, $3 * 3600 + $4 * 60 + $5 - $6 / 1000 }' | sort -k1,2 -k3,3n |
        awk 'FNR == NR { if (FNR > 1) rate[$2] = $5; next }
            { if ($1 $2 != whose) { whose = $1 $2; n = 0 }
              at[n++] = $3
              if (n > rate[$1] && $3 - at[n - 1 - rate[$1]] < 1) { print $1 " of " $2 " at second " $3 " of the day"; exit 1 } }' \
            "$folder/many/requests" - || fail "an account was asked more often than its rate"
    echo "   these arrived late: they were sent in time"
}

# enqueue FOLDER TODAY ARGUMENTS…
enqueue() {
    "$sync" enqueue --accounts "$folder/$1/accounts.toml" --today "${@:2}" 2>>"$folder/enqueue.log"
}

due() {
    ask "select count(*) from windows where state = 'due'" 2>/dev/null || echo unknown
}

# wait_until_done SECONDS
wait_until_done() {
    local until=$((SECONDS + $1))
    until [ "$(due)" = 0 ]; do
        [ $SECONDS -lt $until ] || fail "$(due) windows are due after $1 s: $("$sync" status)"
        sleep 0.3
    done
}

# stop_workers NUMBERS…: all, if none is named.
stop_workers() {
    for number in ${*:-"${!workers[@]}"}; do
        [ "${workers[number]}" = 0 ] || kill -TERM "${workers[number]}" 2>/dev/null || true
        wait "${workers[number]}" 2>/dev/null || true
        workers[number]=0
    done
}

step "what is wrong is said, and nothing is half-done"
emulate many "$accounts" --records "$records"
export TENCENTCLOUD_CREDENTIALS_FILE=$folder/many/credentials
says() {
    local status=0 text
    text=$("${@:2}" 2>&1) || status=$?
    [ $status = 1 ] && grep -q "$1" <<<"$text" && ! grep -q not-a-real <<<"$text" || fail "exit status $status, and not $1: $text"
}
says "can't connect to the database" "$sync" --database "postgres://localhost/bills?host=$folder/none" status
says "must be a URL like postgres:" "$sync" --database "mysql://user:not-a-real-key@localhost/bills" status
says "Connection refused" "$sync" --database "postgres://user:not-a-real-key@127.0.0.1:1/bills" status
says "2024-05 has not begun yet" "$sync" enqueue --accounts "$folder/many/accounts.toml" \
    --from 2024-01 --to 2024-05 --today 2024-04-30
echo 'secret_key = "not-a-real-key"' | cat "$folder/many/accounts.toml" - >"$folder/wrong.toml"
says "unknown field .secret_key" "$sync" enqueue --accounts "$folder/wrong.toml" --from 2024-01
# Fails before it begins: another version made the schema.
"$sync" status >/dev/null
ask "insert into _sqlx_migrations values (999, 'later', now(), true, '', 0)"
says "version 999 of the schema" "$sync" enqueue --accounts "$folder/many/accounts.toml" --from 2024-01
ask "delete from _sqlx_migrations where version = 999"
[ "$(ask 'select count(*) from accounts')" = 0 ] || fail "something was enqueued"

if [ "$chaos_too" = 0 ]; then
    step "four workers, untroubled: $accounts accounts, $months months"
    to=$((2024 + (months - 1) / 12))-$(printf %02d $(((months - 1) % 12 + 1)))
    for number in "${!workers[@]}"; do start "$number"; done
    sleep 2
    begun=$(date +%s.%N)
    enqueue many 2025-12-31 --from 2024-01 --to "$to" $(printf -- '--data-set %s ' ${DATA_SETS:-bill_list allocation_summary_by_business usage_detail})
    wait_until_done 3600
    ended=$(date +%s.%N)
    rates_are_kept many
    # What takes longest of one account and action, at its rate.
    awk -v begun="$begun" -v ended="$ended" -v rows="$(ask 'select sum(rows) from windows')" \
        'NR > 1 && $3 / $5 > most { most = $3 / $5 }
        END { took = ended - begun; printf "   %d rows in %.1f s; the quotas allow %.1f s: %.2f times that\n", rows, took, most, took / most }' "$folder/many/requests"
    "$sync" verify || fail "the sums differ"
    exit
fi

step "a worker that is told to stop gives back what it holds"
enqueue many 2024-04-30 --from 2024-01
lease=60 start 0
until [ "$(held_by 1)" -gt 1 ]; do sleep 0.1; done
lease=60 start 1
stop_workers 0
[ "$(held_by 1)" = 0 ] || fail "the first worker still holds $(held_by 1)"
begun=$SECONDS
until [ "$(held_by 2)" -gt 1 ]; do
    [ $((SECONDS - begun)) -lt 15 ] || fail "the second worker holds $(held_by 2) after 15 s"
    sleep 0.1
done
stop_workers 1

step "chaos: $accounts accounts, 4 months, 4 data sets"
# April is open until five days of May are over.
enqueue many 2024-04-30 --from 2024-01 --again
# A walk goes on from its last page or ends, but never goes back: there is nothing to start over for.
ask "create table went_back (was text, is_now text)"
ask "create function went_back() returns trigger language plpgsql as
    'begin insert into bill_sync.went_back values (old::text, new::text); return new; end'"
ask "create trigger went_back before update on windows for each row when (
        old.walk_id = new.walk_id and new.pages < old.pages
        or old.walk_id is distinct from new.walk_id and old.walk_id is not null and new.state <> 'done')
    execute function went_back()"
all=$(due)
for number in "${!workers[@]}"; do start "$number"; done
kills=0 pauses=0 restarted=no cut=no begun=$SECONDS
while
    left=$(due)
    [ "$left" != 0 ] && { [ $((SECONDS - begun)) -lt "$chaos" ] || [ $cut = no ]; }
do
    sleep 0.$((RANDOM % 5 + 1))
    number=$((RANDOM % 4)) pid=${workers[$number]}
    # One that found no database when it started has ended; whoever runs workers starts them again.
    kill -0 "$pid" 2>/dev/null || { start "$number" && continue; }
    if [ $kills -le $pauses ]; then
        kill -KILL "$pid" 2>/dev/null || true
        { wait "$pid"; } 2>/dev/null || true
        start "$number"
        kills=$((kills + 1))
    elif [ $((RANDOM % 2)) = 0 ]; then
        # Longer than its lease.
        kill -STOP "$pid" 2>/dev/null || true
        (sleep $((lease + 2)) && kill -CONT "$pid" 2>/dev/null) &
        pauses=$((pauses + 1))
    fi
    [ "$left" != unknown ] || continue
    if [ $restarted = no ] && [ "$left" -lt "$all" ]; then
        server restart -m fast
        restarted=yes
    elif [ $cut = no ] && [ "$left" -lt $((all * 2 / 3)) ]; then
        # No new connection for a while, and the old ones are gone.
        mv "$folder/.s.PGSQL.5432" "$folder/cut"
        "$PG_BIN/psql" -h "$folder" -U postgres -qAtc 'select 1' 2>/dev/null && fail "not cut off"
        for backend in $(pgrep -P "$(head -n 1 "$folder/data/postmaster.pid")" -f 'postgres: postgres bills' || true); do
            kill -TERM "$backend"
        done
        sleep $((lease + 2))
        mv "$folder/cut" "$folder/.s.PGSQL.5432"
        cut=yes
    fi
done
echo "   $kills killed, $pauses paused, restarted: $restarted, cut off: $cut, $left windows left"
[ $restarted = yes ] && [ $cut = yes ] && [ $kills -gt 1 ] && [ $pauses -gt 1 ] || fail "the work was done before all that"
sleep $((lease + 2)) # the last pause is over
for number in "${!workers[@]}"; do kill -0 "${workers[number]}" 2>/dev/null || start "$number"; done
wait_until_done 120
[ "$(ask "select count(*) from went_back")" = 0 ] || fail "work was lost: $(ask "select * from went_back")"
ask "drop function went_back cascade"

step "the rows are those of plain walks, and come to the service's sums"
"$sync" verify --rows || fail "the rows differ"
# It would say so.
one="(walk, page, line) = (select walk, page, line from bill_list where account = 'account001' order by 1, 2, 3 limit 1)"
ask "update bill_list_rows set bill_id = bill_id || '.' where $one"
says "1 differences in" "$sync" verify --rows
ask "update bill_list_rows set bill_id = left(bill_id, -1) where $one"
"$sync" verify --rows >/dev/null || fail "the rows differ"
done_windows=$((accounts * 4 * 4))
[ "$(ask "select count(*) from windows where state = 'done'")" = $done_windows ] || fail "$("$sync" status)"
# No walk but those that count has left rows.
for table in bill_list allocation_summary_by_business usage_detail bill_detail; do
    [ "$(ask "select (select count(*) from ${table}_rows) - (select count(*) from $table)")" = 0 ] ||
        fail "$table has rows that nobody sees"
    [ "$(ask "select sum(rows) - (select count(*) from $table) from windows where data_set = '$table'")" = 0 ] ||
        fail "the windows of $table have another number of rows"
done

step "the next night, twice at once"
walks="select md5(string_agg(shown_walk::text, ' ' order by account, data_set, month)) from windows where month < '2024-04-01'"
before=$(ask "$walks")
open=$(ask "select count(*) from windows where not closed")
[ "$open" = $((accounts * 4)) ] || fail "$open windows are open"
enqueue many 2024-05-01 --nightly --to 2024-04 &
enqueue many 2024-05-01 --nightly --to 2024-04
wait $!
[ "$(ask "select count(*) from windows where state = 'due' and month < '2024-04-01'")" = 0 ] || fail "closed months are due"
wait_until_done 60
[ "$(ask "$walks")" = "$before" ] || fail "closed months were fetched again"
# After it is closed, the month is fetched once more, and then no more.
enqueue many 2024-05-08 --nightly --to 2024-04
wait_until_done 60
enqueue many 2024-05-09 --nightly --to 2024-04
[ "$(due)" = 0 ] || fail "a closed month is due"
"$sync" verify || fail "the sums differ after a night"
rates_are_kept many
stop_workers

step "accounts with trouble, each of its own"
# All that our crates and those for the database say, to be searched for keys.
worker_log=debug,bill_sync=trace,bills=trace,tc3=trace
emulate trouble 5 --records 200 \
    --fault account002:throttle=1@20% \
    --fault account003:head=1@5..14 \
    --fault account004:refuse=FailedOperation.SummaryDataNotReady@1..6
# The first one's key is wrong, one worker alone has the second one's, and nobody the fifth one's.
sed -i 's/"account/"trouble/' "$folder/trouble/accounts.toml"
sed -i -e 's/\[account/[trouble/' -e "/AKIDEXAMPLE001/{n;s/=.*/= a-wrong-key/}" "$folder/trouble/credentials"
# without PROFILES… makes a credentials file that lacks these.
without() {
    awk -v without=" $* " 'BEGIN { RS = ""; ORS = "\n\n" }
        { name = substr($1, 2, length($1) - 2) } !index(without, " " name " ")' "$folder"/{many,trouble}/credentials
}
without trouble005 >"$folder/most"
without trouble002 trouble005 >"$folder/fewer"
export TENCENTCLOUD_CREDENTIALS_FILE=$folder/fewer
enqueue trouble 2024-05-09 --from 2024-03 --to 2024-03
start 0 "$folder/most"
for number in 1 2 3; do start "$number"; done
wait_until_done 60
stop_workers
"$sync" status >"$folder/status.log"
parked=$(ask "select string_agg(distinct account, ' ' order by account) from windows where state = 'parked'")
[ "$parked" = "trouble001 trouble005" ] || fail "parked: $parked"
"$sync" status | grep -q "trouble001 bill_list 2024-03: .*AuthFailure.SignatureFailure" || fail "no ticket"
"$sync" status | grep -q "trouble005.*section \[trouble005\] is missing" || fail "no profile by name"
trouble() { grep -h "put off.*account=\"$1\".*remedy=\"$2\"\|account=\"$1\".*remedy=\"$2\".*put off" "$folder"/worker*.log >/dev/null; }
trouble trouble003 start_over || fail "no list was taken anew"
trouble trouble004 later || fail "nothing was put off"

step "what a person has mended goes on"
sed -i 's/a-wrong-key/not-a-real-key-001/' "$folder/trouble/credentials"
without >"$folder/all"
export TENCENTCLOUD_CREDENTIALS_FILE=$folder/all
says "8 windows are due or parked, and not compared" "$sync" verify
# Keys that nobody had are those of a worker that starts.
for number in "${!workers[@]}"; do start "$number"; done
sleep 1
wait_until_done 60
[ "$(ask "select string_agg(distinct account, ' ') from windows where state <> 'done'")" = trouble001 ] || fail "$("$sync" status)"
enqueue trouble 2024-05-09 --nightly --to 2024-03
wait_until_done 60
stop_workers
[ "$(ask "select count(*) from windows where state <> 'done'")" = 0 ] || fail "$("$sync" status)"

step "the README's first run"
"$PG_BIN/psql" -h "$folder" -U postgres -qc 'create database readme'
(
    export DATABASE_URL="postgres://postgres@localhost/readme?host=$folder"
    export TENCENTCLOUD_CREDENTIALS_FILE=$folder/emulated/credentials
    cd "$folder"
    "$sync" enqueue --emulate 3 --from 2024-01 --to 2024-02 2>due &
    until grep -q "24 windows are due" due; do sleep 0.1; done
    "$sync" worker 2>>worker0.log &
    "$sync" status --watch | grep -c "account00[123] " | grep -qx 12
    "$sync" verify
    sed -n '/^```sql$/,/^```$/{/^```/d;p}' "$readme" >queries
    [ "$("$PG_BIN/psql" -h "$folder" -U postgres -d readme -v ON_ERROR_STOP=1 -qAtf queries | wc -l)" -gt 100 ]
    kill %1 %2
    wait
) || fail "the README's first run"

step "no key in the database or a log"
"$PG_BIN/pg_dump" -h "$folder" -U postgres bills >"$folder/dump"
! grep -l "not-a-real-key\|not-a-real-token\|a-wrong-key" "$folder/dump" "$folder"/*.log || fail "a key was written"

echo "all holds: $kills kills, $pauses pauses, SEED=$seed, $SECONDS s"
