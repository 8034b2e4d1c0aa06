#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The demo as a person meets it: all scenarios agree, the names lead there, the page fits.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

expect 0 "$RUDEPROXY" demo list
says "$work/out" '^unread-welcome$'
expect 2 "$RUDEPROXY" demo unread-welcom
says "$work/err" "did you mean 'unread-welcome'"

expect 0 "$RUDEPROXY" demo commit-lost
says "$work/out" '^commit-lost$'
says "$work/out" 'ECONNRESET after 0 of 20 bytes +\| read: ECONNRESET after 0 of 20 bytes'
says "$work/out" 'agree: the client saw the same'
says "$work/out" 'fault lose-acknowledgement \(reset\) at byte 50 upstream'

# The scenarios with a fault by the clock. Programs that get no CPU for a second see something else there.
recipes=$(dirname "$0")/../../config/recipes
clocked=$(grep -lE '^((active|for) *=|when *= *time:)' "$recipes"/*.ini | sed -E 's|.*/(.*)\.ini|\1|')

# only_clocked_differ FILE - does a scenario in this output not agree, and is each of those that do not by the clock?
only_clocked_differ() {
    sed -nE -e 's/^\| \[([^]]*)\].*\| (DIFFER|FAILED): .*/\1/p' -e 's/^([a-z0-9-]+) .* (DIFFER|FAILED)$/\1/p' "$1" >"$work/differ"
    [ -s "$work/differ" ] && ! grep -vxF "$clocked" "$work/differ" >"$work/defects"
}

# all_agree STATUS FILE ARGS... - `demo ARGS` has written FILE and has exited with STATUS. Where only scenarios by the clock
# differ, it runs up to twice more.
all_agree() {
    local status=$1 file=$2 again
    shift 2
    for ((again = 0; status != 0; again++)); do
        if [ "$again" -eq 2 ] || ! only_clocked_differ "$file"; then
            fail "demo $*: exit $status: $(cat "$file.err"; grep -E 'DIFFER|FAILED' "$file")"
        fi
        note "again: demo $*: $(tr '\n' ' ' <"$work/differ")"
        status=0
        "$RUDEPROXY" demo "$@" >"$file" 2>"$file.err" </dev/null || status=$?
    done
}

# All scenarios twice, at once: as a table and as a page.
"$RUDEPROXY" demo >"$work/page" 2>"$work/page.err" </dev/null &
page=$!
servers+=("$page")

# What stands in the manual is what comes out here; rows that need a privilege may be missing.
status=0
"$RUDEPROXY" demo table >"$work/rows" 2>"$work/rows.err" </dev/null || status=$?
all_agree "$status" "$work/rows" table
grep -v '| skipped: ' "$work/rows" >"$work/table"
manual=$(dirname "$0")/../../docs/SCENARIOS.md
while IFS= read -r line; do
    grep -qxF -- "$line" "$manual" || fail "docs/SCENARIOS.md does not have this row: $line"
done <"$work/table"
[ "$(grep -c '^|' "$manual")" -eq "$(wc -l <"$work/rows")" ] ||
    fail "docs/SCENARIOS.md has rows that 'rudeproxy demo table' does not have"

status=0
wait "$page" || status=$?
all_agree "$status" "$work/page"
count=$(find "$recipes" -maxdepth 1 -name '*.ini' | wc -l)
agree=$(grep -cF '| agree |' "$work/table")
if [ "$agree" -eq "$count" ]; then
    says "$work/page" "^$count scenarios: $count agree\$"
else
    says "$work/page" "^$count scenarios: $agree agree, $((count - agree)) skipped\$"
fi
[ "$(wc -L <"$work/page")" -le 100 ] || fail "the page is wider than 100 columns"
! grep -q "$(printf '\033')" "$work/page" || fail "colour in a file"
note "$count scenarios"
