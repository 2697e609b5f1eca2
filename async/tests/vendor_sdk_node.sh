#!/usr/bin/env bash
# The vendor's Node SDK against the emulator; see vendor_sdk_node.mjs. Needs Node and npm's registry.
set -euo pipefail
cd "$(dirname "$0")/../.."

for program in node npm; do
    if ! command -v "$program" >/dev/null; then
        echo "skipped: the vendor's Node SDK needs $program, which is not installed"
        exit 0
    fi
done

target=${CARGO_TARGET_DIR:-target}
modules=$target/vendor-sdk-node
mkdir -p "$modules"
if ! npm install --silent --no-audit --no-fund --no-save --prefix "$modules" tencentcloud-sdk-nodejs-common@4.1.220; then
    echo "skipped: npm can't install the vendor's Node SDK"
    exit 0
fi

cargo build --quiet -p tc3-async --example emulator --features emulator
# The SDK sends all requests through such a proxy, those to this machine as well.
unset http_proxy HTTP_PROXY
exec node async/tests/vendor_sdk_node.mjs "$target/debug/examples/emulator" "$(realpath "$modules")"
