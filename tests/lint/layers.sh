#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The layers, by their includes: a layer includes only itself and what stands left of it in
# base <- fault <- config <- relay <- net <- control <- admin <- app; framing stands beside fault, on base,
# for config; record beside net, on relay, for admin and app; peers and ctl beside them all, on base.
# uv.h belongs to net and app, ini.h to config, microhttpd.h to admin, jansson.h to record, admin, ctl and
# app.
set -euo pipefail
cd "$(dirname "$0")/../.."

declare -A may_include=(
    [proxy/base]="proxy/base"
    [proxy/framing]="proxy/base proxy/framing"
    [proxy/fault]="proxy/base proxy/fault"
    [config]="proxy/base proxy/framing proxy/fault config"
    [proxy/relay]="proxy/base proxy/framing proxy/fault config proxy/relay"
    [proxy/net]="proxy/base proxy/framing proxy/fault config proxy/relay proxy/net"
    [proxy/control]="proxy/base proxy/framing proxy/fault config proxy/relay proxy/net proxy/control"
    [proxy/record]="proxy/base proxy/framing proxy/fault config proxy/relay proxy/record"
    [proxy/admin]="proxy/base proxy/framing proxy/fault config proxy/relay proxy/net proxy/control proxy/record proxy/admin"
    [proxy/ctl]="proxy/base proxy/ctl"
    [proxy/peers]="proxy/base proxy/peers"
    [proxy/app]="proxy/base proxy/framing proxy/fault config proxy/relay proxy/net proxy/control proxy/record proxy/admin proxy/ctl proxy/peers proxy/app"
)
# main.c is the last stone of app.
may_include[proxy]=${may_include[proxy/app]}

declare -A may_include_system=(
    [uv.h]="proxy/net proxy/app"
    [ini.h]="config"
    [jansson.h]="proxy/record proxy/admin proxy/ctl proxy/app"
    [microhttpd.h]="proxy/admin"
)

status=0
bad() {
    printf '%s\n' "$*"
    status=1
}

# layer_of FILE - the layer whose folder, or a folder below it, holds the file.
layer_of() {
    local folder
    folder=$(dirname "$1")
    while [ "$folder" != . ] && [ -z "${may_include[$folder]-}" ]; do
        folder=$(dirname "$folder")
    done
    printf '%s\n' "$folder"
}

contains() { # WORDS WORD
    [[ " $1 " == *" $2 "* ]]
}

checked=0
while IFS= read -r file; do
    layer=$(layer_of "$file")
    if [ -z "${may_include[$layer]-}" ]; then
        bad "$file: its folder belongs to no layer; if it should be one, say so in $0 and in docs/ARCHITECTURE.md"
        continue
    fi
    while IFS=: read -r line directive; do
        checked=$((checked + 1))
        header=$(sed -E 's/^[[:space:]]*#[[:space:]]*include[[:space:]]*[<"]([^>"]*)[>"].*/\1/' <<<"$directive")
        if [[ $directive == *'<'* ]]; then
            allowed=${may_include_system[$header]-}
            [ -z "$allowed" ] || contains "$allowed" "$layer" ||
                bad "$file:$line: <$header> belongs to: $allowed"
            continue
        fi
        if [[ $header != */* ]]; then
            [ -f "$(dirname "$file")/$header" ] || bad "$file:$line: \"$header\" is not beside it: include it from the top folder"
            continue
        fi
        contains "${may_include[$layer]}" "$(layer_of "$header")" ||
            bad "$file:$line: $layer must not include \"$header\" (only: ${may_include[$layer]})"
    done < <(grep -nE '^[[:space:]]*#[[:space:]]*include' "$file" || true)
done < <(find proxy config -name '*.[ch]' | LC_ALL=C sort)

[ "$checked" -gt 0 ] || bad "found no include at all: looked in the wrong place?"
[ "$status" -ne 0 ] || printf '%d includes stay within their layers\n' "$checked"
exit "$status"
