#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# sweep: what counts as output, and a baseline that no sweep can stand on.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
need curl

ini=$work/web.ini
cat >"$ini" <<'INI'
[proxy web]
listen   = 127.0.0.1:0
upstream = builtin:http

[sweep]
timeout = 60s
INI
cd "$work"
# shellcheck disable=SC2016 # expanded by the shell that sweep runs
fetch='curl -q -sS --noproxy "*" --max-time 20 "http://$RUDEPROXY_WEB_ADDR/bytes/1000"'
# The same status and the same output, whatever happens to the connection.
retry="$fetch >/dev/null 2>&1 || $fetch >/dev/null"

sweep() { # STATUS OPTIONS... -- CMD...
    local status=$1
    shift
    expect "$status" timeout 100 "$RUDEPROXY" sweep -c "$ini" --seed 1 "$@"
}

# --- The output of --setup and --check is not that of the command -----------------------------------

# It is different in each run, and would hide what the command prints.
# shellcheck disable=SC2016
sweep 4 --jobs 1 --only 'web#1:downstream:0:reset' --setup 'echo "set up $RUDEPROXY_RUN"' --check 'echo "checked $RUDEPROXY_RUN"' -- \
    sh -c "$fetch >/dev/null 2>&1 || echo lost"
says "$work/out" '^different: reset'
! grep -q 'differ in their output' "$work/err" || fail "$(cat "$work/err")"
# What a set-up prints on stdout is seen, too, if it fails.
sweep 1 --setup 'echo "the reason"; exit 3' -- true
says "$work/err" '--setup failed: the reason$'
