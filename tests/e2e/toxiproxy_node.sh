#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Toxiproxy's client for Node, unmodified, against `rudeproxy serve`: every call of its documentation.
# Two versions of it, because they speak HTTP through two libraries (fetch and axios).
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
need node npm

here=$(cd "$(dirname "$0")" && pwd)
major=$(node -p 'process.versions.node.split(".")[0]')
[ "$major" -ge 18 ] || skip "node $major is too old, the client needs 18"

proxy_ready=$work/ready proxy_err=$work/err1
proxy_spawn serve -port 0
api=http://$(proxy_address @admin)

for version in 4.1.0 4.0.0; do
    package=toxiproxy-node-client@$version
    npm_install "$package" || skip "npm cannot install $package: $(tail -n 1 "$work/npm.log")"
    expect 0 node "$here/toxiproxy_node.js" "$(npm_folder "$package")/node_modules/toxiproxy-node-client" "$api"
    note "$package: every call"
done
proxy_stop
