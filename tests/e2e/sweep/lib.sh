# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# For tests of sweep: sourced in place of tests/e2e/lib.sh. $fetch is a client of the proxy of $ini. Runs have their
# folders in $TMPDIR.

# shellcheck source=tests/e2e/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
need curl

ini=$work/web.ini
cat >"$ini" <<'INI'
[proxy web]
listen   = 127.0.0.1:0
upstream = builtin:http
INI
report=$work/report.json
export TMPDIR=$work/tmp
mkdir "$TMPDIR"
# shellcheck disable=SC2016,SC2034 # expanded by the shell that sweep runs
fetch='curl -q -sS --noproxy "*" --max-time 20 "http://$RUDEPROXY_WEB_ADDR/bytes/1000"'

sweep() { # STATUS OPTIONS... -- CMD...
    local status=$1
    shift
    expect "$status" timeout 300 "$RUDEPROXY" sweep -c "$ini" --seed 1 --report "$report" "$@"
}

# Whether no run has left a folder.
is_tidy() { [ -z "$(ls -A "$TMPDIR")" ]; }
