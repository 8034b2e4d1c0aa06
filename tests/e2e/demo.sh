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

# All scenarios twice, at once: as a table and as a page.
"$RUDEPROXY" demo >"$work/page" 2>"$work/page.err" </dev/null &
page=$!
servers+=("$page")

# What stands in the manual is what comes out here; rows that need a privilege may be missing.
expect 0 "$RUDEPROXY" demo table
grep -v '| skipped: ' "$work/out" >"$work/table"
manual=$(dirname "$0")/../../docs/SCENARIOS.md
while IFS= read -r line; do
    grep -qxF -- "$line" "$manual" || fail "docs/SCENARIOS.md does not have this row: $line"
done <"$work/table"
[ "$(grep -c '^|' "$manual")" -eq "$(wc -l <"$work/out")" ] ||
    fail "docs/SCENARIOS.md has rows that 'rudeproxy demo table' does not have"

status=0
wait "$page" || status=$?
same "the status of demo: $(cat "$work/page.err")" 0 "$status"
count=$(find "$(dirname "$0")/../../config/recipes" -maxdepth 1 -name '*.ini' | wc -l)
agree=$(grep -cF '| agree |' "$work/table")
if [ "$agree" -eq "$count" ]; then
    says "$work/page" "^$count scenarios: $count agree\$"
else
    says "$work/page" "^$count scenarios: $agree agree, $((count - agree)) skipped\$"
fi
[ "$(wc -L <"$work/page")" -le 100 ] || fail "the page is wider than 100 columns"
! grep -q "$(printf '\033')" "$work/page" || fail "colour in a file"
note "$count scenarios"
