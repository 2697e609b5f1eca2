#!/usr/bin/env bash
# Generated actions against the vendor's Python SDK; see vendor/{check,emulated,bills,readme}.py. Needs Python 3 and PyPI.
#
#   core/codegen/tests/vendor_sdk.sh                  # the eight services that .ci/run checks, and the emulator by them
#   core/codegen/tests/vendor_sdk.sh --times 9 cbs    # these services
#   core/codegen/tests/vendor_sdk.sh --all            # all services
set -euo pipefail
cd "$(dirname "$0")/../../.."

if ! command -v python3 >/dev/null; then
    echo "skipped: the vendor's SDK needs python3, which is not installed"
    exit 0
fi
target=${CARGO_TARGET_DIR:-target}
export PYTHONDONTWRITEBYTECODE=1
venv=$target/vendor-codegen
if [ ! -x "$venv/bin/python" ] && ! python3 -m venv "$venv"; then
    echo "skipped: the vendor's SDK needs a virtual environment, which this python3 can't make"
    rm -rf "$venv"
    exit 0
fi
# All services in Python, and as they are described on the same day.
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check tencentcloud-sdk-python==3.1.189
tccli=$(core/codegen/descriptions)

cargo build --quiet --release -p tc3-codegen
check() {
    "$venv/bin/python" "core/codegen/tests/vendor/$1.py" --tccli "$tccli" \
        --codegen "$target/release/tc3-codegen" --target "$target" "${@:2}"
}
case ${1:-} in
--all) check check "${@:2}" ;;
"")
    cargo build --quiet -p tc3-async --features emulator --example emulator
    # In two halves, since one program would take 9 GiB to compile; the larger half takes 6.
    one=(billing essbasic sts cvm tag organization)
    other=(vpc cam)
    check check --walks "${one[@]}"
    check emulated --emulator "$target/debug/examples/emulator" "${one[@]}" --also "${other[@]}"
    check bills --emulator "$target/debug/examples/emulator"
    check check --walks "${other[@]}"
    check emulated --emulator "$target/debug/examples/emulator" "${other[@]}" --also "${one[@]}"
    check readme
    ;;
*) check check "$@" ;;
esac
