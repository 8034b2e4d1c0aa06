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
    [proxy/admin]="proxy/base proxy/framing proxy/fault config proxy/relay proxy/net proxy/control proxy/record proxy/admin web"
    [proxy/ctl]="proxy/base proxy/ctl"
    [proxy/peers]="proxy/base proxy/peers"
    [web]=""
    [proxy/app]="proxy/base proxy/framing proxy/fault config proxy/relay proxy/net proxy/control proxy/record proxy/admin proxy/ctl proxy/peers proxy/app web"
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

# layer_of FILE - sets $layer to the layer whose folder, or a folder below it, holds the file.
layer_of() {
    layer=${1%/*}
    while [[ $layer == */* && -z ${may_include[$layer]-} ]]; do
        layer=${layer%/*}
    done
}

contains() { # WORDS WORD
    [[ " $1 " == *" $2 "* ]]
}

# check_include FILE LINE DIRECTIVE - the file's layer is in $own.
check_include() {
    local header allowed pattern='[<"]([^>"]*)[>"]'
    [[ $3 =~ $pattern ]] || return 0
    header=${BASH_REMATCH[1]}
    if [[ $3 == *'<'* ]]; then
        allowed=${may_include_system[$header]-}
        [ -z "$allowed" ] || contains "$allowed" "$own" ||
            bad "$1:$2: <$header> belongs to: $allowed"
    elif [[ $header != */* ]]; then
        [ -f "${1%/*}/$header" ] ||
            bad "$1:$2: \"$header\" is not beside it: include it from the top folder"
    else
        layer_of "$header"
        contains "${may_include[$own]}" "$layer" ||
            bad "$1:$2: $own must not include \"$header\" (only: ${may_include[$own]})"
    fi
}

checked=0
while IFS=: read -r file line directive; do
    checked=$((checked + 1))
    layer_of "$file"
    own=$layer
    if [ -z "${may_include[$own]-}" ]; then
        bad "$file: its folder belongs to no layer; if it should be one, say so in $0 and in docs/ARCHITECTURE.md"
        continue
    fi
    check_include "$file" "$line" "$directive"
done < <(grep -rnE --include='*.[ch]' '^[[:space:]]*#[[:space:]]*include' proxy config | LC_ALL=C sort)

[ "$checked" -gt 0 ] || bad "found no include at all: looked in the wrong place?"
[ "$status" -ne 0 ] || printf '%d includes stay within their layers\n' "$checked"
exit "$status"
