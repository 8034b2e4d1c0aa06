#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Does scripts/bench work? Every measure, every candidate that is installed, a moment each. What the
# figures are is not looked at.
set -euo pipefail

: "${RUDEPROXY_BUILD:?set RUDEPROXY_BUILD to the build folder}"
if ! command -v python3 >/dev/null; then
    echo "skipped: python3 is not installed"
    exit 77
fi
work=$(mktemp -d "${TMPDIR:-/tmp}/rudeproxy-smoke.XXXXXX")
trap 'rm -rf "$work"' EXIT

printf '%s\n' '<!-- bench:begin -->' '<!-- bench:end -->' '<!-- bench:goals:begin -->' '<!-- bench:goals:end -->' >"$work/results.md"
python3 -B "$(dirname "$0")/compare" --build "$RUDEPROXY_BUILD" --smoke \
    --only stream,duplex-16,requests-64,connects,idle,calls,calls-16,reload,protocol --json "$work/results.json" --markdown "$work/results.md" --plots "$work/plots"
for file in results.json results.md plots/throughput.svg plots/connections.svg; do
    [ -s "$work/$file" ] || {
        echo "FAILED: no $file"
        exit 1
    }
done
grep -q '^| rudeproxy | [1-9]' "$work/results.md" || {
    echo "FAILED: no figure of rudeproxy's"
    exit 1
}
[ "$(grep -c ' where a goal is close' "$work/results.md")" -eq 2 ] || {
    echo "FAILED: the goals do not stand between their markers"
    exit 1
}
