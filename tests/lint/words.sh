#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Comments are plain: they end at column 100 and have none of the phrases below.
set -euo pipefail
cd "$(dirname "$0")/../.."

folders=(config proxy/base proxy/fault proxy/relay proxy/net proxy/control proxy/record proxy/admin
    proxy/ctl proxy/peers proxy/app proxy/framing)

phrases='hand(s|ed)? on|[Ww]hoever|[Tt]hat which|it is no |goes by|(is|are) told|[Ll]ikewise'
status=0

if grep -rnE --include='*.[ch]' "(/\*|^ *\*) .*($phrases)" "${folders[@]}"; then
    echo 'say it in plain words: forward, like X(), also, is not, uses, reports'
    status=1
fi
if grep -rnE --include='*.[ch]' '(/\*|^ *\*) (What|Whoever|The same)\b' "${folders[@]}" tests; then
    echo 'begin with a subject or a verb: "Returns ...", "The outcome of ..."'
    status=1
fi
if grep -rnE --include='*.[ch]' '^.{101,}$' "${folders[@]}" | grep -E ':[0-9]+: *(/\*|\*)'; then
    echo 'a comment ends at column 100'
    status=1
fi
[ "$status" -ne 0 ] || echo 'comments are plain'
exit "$status"
