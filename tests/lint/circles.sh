#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# No circles: no file includes itself by way of others, and the files of one folder do not call each other in a
# circle. Includes are read from the sources, calls from the object files of the build (a reference to a function that
# another file of the folder defines).
set -euo pipefail
cd "$(dirname "$0")/../.."

build=${RUDEPROXY_BUILD:-$PWD/build/release}
if ! command -v nm >/dev/null; then
    echo "skipped: nm is not installed"
    exit 77
fi

status=0
bad() {
    printf '%s\n' "$*"
    status=1
}

# check_order WHAT - reads lines "A B" (A needs B); says which of them stand in a circle.
check_order() {
    local loops
    loops=$({ tsort 2>&1 >/dev/null || true; } | sed -n 's/^tsort: //p' | sed 's/^-: input contains a loop:$/circle:/')
    [ -z "$loops" ] || bad "$1"$'\n'"$loops"
}

# --- includes ---

includes=$(grep -roE --include='*.[ch]' '^[[:space:]]*#[[:space:]]*include[[:space:]]*"[^"]+"' proxy config |
    sed -E 's/^([^:]+):.*"([^"]+)"$/\1 \2/' | LC_ALL=C sort -u)
[ -n "$includes" ] || bad "found no include at all: looked in the wrong place?"
check_order "an include circle:" <<<"$includes"

# --- calls ---

# Lines "OBJECT:ADDRESS TYPE SYMBOL" of every object; a source that is gone may have left one behind.
symbols() {
    local object source objects=()
    while IFS= read -r object; do
        source=${object#"$build"/CMakeFiles/rude_*.dir/}
        [ ! -f "${source%.o}" ] || objects+=("$object")
    done < <(find "$build"/CMakeFiles/rude_*.dir -name '*.c.o')
    [ "${#objects[@]}" -eq 0 ] || nm -A "${objects[@]}"
}

# Lines "CALLER CALLEE" of one folder each.
calls=$(symbols | awk '
    function folder(file) { sub(/\/[^\/]*$/, "", file); return file }
    { type = $(NF - 1); file = $1; sub(/\.o:.*/, "", file); sub(/.*\/rude_[a-z]*\.dir\//, "", file) }
    type == "T" { home[$NF] = file }
    type == "U" { wanted[++n] = file " " $NF }
    END {
        for (i = 1; i <= n; i++) {
            split(wanted[i], use, " ")
            if (use[2] in home && folder(home[use[2]]) == folder(use[1]))
                print use[1], home[use[2]]
        }
    }' | LC_ALL=C sort -u)
[ -n "$calls" ] || bad "found no call at all: is $build built?"

while IFS= read -r folder; do
    check_order "a call circle in $folder (each file calls the next, the last the first):" < <(
        awk -v folder="$folder" '{ f = $1; sub(/\/[^\/]*$/, "", f) } f == folder' <<<"$calls")
done < <(awk '{ sub(/\/[^\/]*$/, "", $1); print $1 }' <<<"$calls" | LC_ALL=C sort -u)

[ "$status" -ne 0 ] || printf '%d includes and %d calls between files of a folder: no circle\n' \
    "$(wc -l <<<"$includes")" "$(wc -l <<<"$calls")"
exit "$status"
