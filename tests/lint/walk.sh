#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The walk of docs/ARCHITECTURE.md is true to the code: it names at most six files to read, and each function that it names
# is defined in the file that stands beside it ("`function()` of `file`"), or else in a file that its paragraph names.
# And each file of proxy/relay has its row in the order of that folder.
# shellcheck disable=SC2016 # no expressions, but backquotes of Markdown
set -euo pipefail
cd "$(dirname "$0")/../.."
document=docs/ARCHITECTURE.md

status=0
bad() {
    printf '%s: %s\n' "$document" "$*"
    status=1
}

# One line for each step, and one for each paragraph around them.
paragraphs=$(awk '
    /^## / { on = /^## A walk/; next }
    !on { next }
    /^```/ { code = !code }
    code { next }
    /^[0-9]+\. / || /^$/ { printf "\n" }
    { printf "%s ", $0 }
    END { printf "\n" }' "$document" | grep '`' || true)

# defines FILE FUNCTION - a definition begins in the first column; in a header it is inline.
defines() {
    local start='[a-z]'
    [[ $1 != *.h ]] || start='static inline'
    grep -qE "^${start}[^;=]*\\b$2\\([^;]*\$" "$1"
}

count=0
headings=()
while IFS= read -r text; do
    mapfile -t files < <(grep -oE '`[a-z_/]+/[a-z_]+\.[ch]`' <<<"$text" | tr -d '`')
    for file in "${files[@]}"; do
        [ -f "$file" ] || bad "the walk names $file, which is not there"
    done
    [[ ! $text =~ ^[0-9] ]] || headings+=("${files[0]}")
    while IFS= read -r word; do
        function=$(sed -E 's/^`([a-z0-9_]+)\(\).*/\1/' <<<"$word")
        places=("${files[@]}")
        [[ $word != *' of '* ]] || mapfile -t places < <(sed -E 's/.* of  *`([^`]*)`$/\1/' <<<"$word")
        count=$((count + 1))
        for place in "${places[@]}"; do
            ! defines "$place" "$function" || continue 2
        done
        bad "the walk names $function(), which is not in ${places[*]}"
    done < <(grep -oE '`[a-z0-9_]+\(\)`( +of +`[a-z_/]+/[a-z_]+\.[ch]`)?' <<<"$text" || true)
done <<<"$paragraphs"

order=$(awk '/^\*\*relay has an order/ { on = 1 } on && /^\|/ { print } on && /^To add/ { exit }' "$document")
for file in proxy/relay/*.[ch]; do
    row=${file##*/}
    [ ! -f "${file%.h}.c" ] && [[ $row == *.h ]] || row=${row%.*}
    grep -qF "\`$row\`" <<<"$order" || bad "$file has no row in the order of relay"
done

[ "$count" -ge 40 ] || bad "only $count functions were found in the walk"
most=$(printf '%s\n' "${headings[@]}" | sort -u | wc -l)
[ "$most" -le 6 ] || bad "the walk has $most files to read, not six"
[ "$status" -ne 0 ] || echo "$count functions of the walk stand where it says, in $most files to read"
exit "$status"
