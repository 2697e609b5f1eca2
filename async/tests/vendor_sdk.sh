#!/usr/bin/env bash
# The vendor's Python SDK against the emulator; see vendor_sdk.py. Needs Python 3 and PyPI.
set -euo pipefail
cd "$(dirname "$0")/../.."

if ! command -v python3 >/dev/null; then
    echo "skipped: the vendor's SDK needs python3, which is not installed"
    exit 0
fi

target=${CARGO_TARGET_DIR:-target}
venv=$target/vendor-sdk
if [ ! -x "$venv/bin/python" ] && ! python3 -m venv "$venv"; then
    echo "skipped: the vendor's SDK needs a virtual environment, which this python3 can't make"
    rm -rf "$venv"
    exit 0
fi
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    tencentcloud-sdk-python-common==3.1.195 \
    tencentcloud-sdk-python-billing==3.1.177 \
    tencentcloud-sdk-python-essbasic==3.1.193

# Both crates have examples of the same names, so each set is copied before the next is built.
for crate in async blocking; do
    cargo build --quiet -p "tc3-$crate" --examples --all-features
    mkdir -p "$venv/examples/$crate"
    find "$target/debug/examples" -maxdepth 1 -type f -perm -u+x ! -name '*-*' \
        -exec cp {} "$venv/examples/$crate/" \;
done
exec "$venv/bin/python" async/tests/vendor_sdk.py "$venv/examples"
