# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# What the examples share. $examples is this folder; the harness of the end-to-end tests starts and stops the servers.
unset CDPATH # cd would print where it goes
examples=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/e2e/lib.sh
. "$examples/../tests/e2e/lib.sh"

# The packages are Debian's: another python3 of the PATH does not have them.
python=/usr/bin/python3
[ -x "$python" ] || python=python3

need_module() {
    "$python" -c "import $1" 2>/dev/null || skip "Python's $1 is not installed"
}

# A sweep of every place takes a minute; the short form sees the same bug.
budget=300
[ "${1-}" != --short ] || budget=40

# sweep STATUS OPTIONS... -- CMD... - sweeps, shows the map; the report is $work/report.json.
sweep() {
    local status=$1
    shift
    expect "$status" "$RUDEPROXY" sweep --seed 1 --budget "$budget" --timeout 10s \
        --report "$work/report.json" "$@"
    cat "$work/out"
}

# finds OUTCOME DIRECTION EDGE FAULT - the report has such a result.
finds() {
    python3 - "$work/report.json" "$@" <<'PY' || fail "the sweep found no: $*"
import json, sys
report, wanted = json.load(open(sys.argv[1])), sys.argv[2:]
found = [[r["outcome"], r["place"]["direction"], r["place"]["edge"], r["fault"]] for r in report["results"]]
sys.exit(0 if wanted in found else 1)
PY
}

# finds_none OUTCOME - no result has this outcome.
finds_none() {
    grep -q "\"$1\": 0" "$work/report.json" || fail "the sweep found: $1"
}
