# For the scripts beside it: $sync is the program of $profile, and `postgres` runs PostgreSQL's programs (Debian: postgresql)
# in the temporary folder $folder. `start_postgresql` starts a server there.
cd "$(dirname "${BASH_SOURCE[0]}")/.."
unset "${!TENCENTCLOUD_@}" "${!PG@}" DATABASE_URL
export NO_PROXY="127.0.0.1,localhost${NO_PROXY:+,$NO_PROXY}"
export no_proxy=$NO_PROXY

sync=$(realpath -m "${CARGO_TARGET_DIR:-../target}")/${profile/#dev/debug}/bill_sync
[ -x "${PG_BIN:=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)}/initdb" ] ||
    PG_BIN=$(pg_config --bindir)
folder=$(mktemp -d)

# PostgreSQL doesn't run as root.
postgres() {
    if [ "$(id -u)" = 0 ]; then
        (cd / && setpriv --reuid=postgres --regid=postgres --clear-groups "$PG_BIN/$@")
    else
        "$PG_BIN/$@"
    fi
}

# server start, stop or restart
server() {
    postgres pg_ctl -D "$folder/data" -w -l "$folder/server.log" -o "-k $folder -c listen_addresses=''" "$@" >/dev/null
}

start_postgresql() {
    chmod 755 "$folder"
    [ "$(id -u)" != 0 ] || chown postgres "$folder"
    postgres initdb -D "$folder/data" -A trust -U postgres >/dev/null
    server start
}
