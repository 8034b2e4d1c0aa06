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
    package=$work/$version
    mkdir "$package"
    # It may be there already, in npm's own cache. A registry that does not answer is no failure of ours: npm alone
    # would wait for minutes.
    timeout -k 5 60 npm install --prefix "$package" --prefer-offline --no-audit --no-fund --ignore-scripts \
        "toxiproxy-node-client@$version" >"$work/npm" 2>&1 </dev/null ||
        skip "npm cannot install toxiproxy-node-client $version: $(tail -n 1 "$work/npm")"
    expect 0 node "$here/toxiproxy_node.js" "$package/node_modules/toxiproxy-node-client" "$api"
    note "toxiproxy-node-client $version: every call"
done
proxy_stop
