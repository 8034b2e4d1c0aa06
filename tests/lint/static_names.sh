#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# No static function has a name that three other files have too, so that a search or a stack trace says which one it is.
# The exceptions fill a slot of a table of calls and have its name.
set -euo pipefail
cd "$(dirname "$0")/../.."

slots='step on_event on_read on_timer'
status=0

mapfile -t sources < <(find config proxy -name '*.c')
names=$(for file in "${sources[@]}"; do
    sed -nE 's/^(MUST_CHECK )?static [^(=;]*[ *]([a-z0-9_]+)\(.*/\2/p' "$file" | sort -u
done | sort | uniq -c)
[ "$(wc -l <<<"$names")" -gt 1000 ] || { echo "found only $(wc -l <<<"$names") static functions"; exit 1; }
while read -r count name; do
    if [ "$count" -lt 4 ] || [[ " $slots " = *" $name "* ]]; then
        continue
    fi
    echo "$name() is static in $count files: let it carry its module's name"
    grep -nE "^(MUST_CHECK )?static [^(=;]*[ *]$name\(" "${sources[@]}"
    status=1
done <<<"$names"
[ "$status" -ne 0 ] || echo "$(wc -l <<<"$names") names of static functions say which one it is"
exit "$status"
