#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# docs/API.md: what stands there in ```sh blocks works, one after the other, and what it says of
# ctl can be said. Ports are others than there, which may be taken.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
manual=$(dirname "$0")/../../docs/API.md

api_start </dev/null
port=$(unused_port)
here() {
    sed -e "s/localhost:8474/$api/g" -e "s/\\b26379\\b/$port/g" "$manual"
}

# Without -f curl is content with any answer.
{
    printf 'set -euo pipefail\ncurl() { command curl -q -sS -f --noproxy "*" "$@"; echo; }\n'
    here | awk '/^```sh/ {on = 1; next} /^```/ {on = 0} on'
} >"$work/manual.sh"
[ "$(grep -c '^curl' "$work/manual.sh")" -ge 20 ] || fail "docs/API.md has no examples"
expect 0 bash -x "$work/manual.sh"

# Every line of ctl, but the one that never ends. The proxy of the first block is in the way.
export TOXIPROXY_URL=http://$api RUDEPROXY
expect 0 "$RUDEPROXY" ctl delete web
here | sed -nE 's/^rudeproxy ctl ([^ ].*)/\1/p' |
    sed -E -e '/--follow/d' -e 's/  +#.*//' -e 's/127.0.0.1:6379/builtin:echo/' >"$work/ctl"
[ "$(wc -l <"$work/ctl")" -ge 7 ] || fail "docs/API.md does not tell of ctl"
while IFS= read -r line; do
    if [[ $line == kill* ]]; then
        exec 3<>"/dev/tcp/127.0.0.1/$port"
        line=${line/ 7 / 1 }
    fi
    expect 0 bash -c "\"\$RUDEPROXY\" ctl $line"
done <"$work/ctl"
exec 3>&-
proxy_stop
