#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# A function of a header that fills a `struct err`, or whose comment says that it returns an errno, has MUST_CHECK: code
# that ignores its result does not compile. A caller that ignores it deliberately says so with MAY_FAIL
# (proxy/base/must_check.h).
set -euo pipefail
cd "$(dirname "$0")/../.."

# Prints FILE:LINE: PROTOTYPE, and behind a tab the comment above it. A blank line ends what a comment is about.
prototypes() {
    awk '
        FNR == 1 || /^$/ { text = ""; note = ""; comment = 0; next }
        /^[ ]*\/\*/ { if (text == "") note = ""; comment = 1 }
        comment { note = note $0; if (/\*\//) comment = 0; next }
        /^#/ { next }
        text == "" { start = FNR }
        { sub(/^ +/, ""); text = text " " $0 }
        /[{}]/ { text = ""; next }
        /;([ ]*\/\*.*)?$/ { print FILENAME ":" start ":" text "\t" note; text = "" }
    ' "$@"
}

mapfile -t headers < <(find proxy config -name '*.h')
all=$(prototypes "${headers[@]}" | awk -F '\t' '
    $1 ~ /(static|typedef|struct [a-z_]+ \{)/ || $1 !~ /: (MUST_CHECK )?[a-z_ ]+ \**[a-z_0-9]+\(/ { next }
    $1 ~ /: void / { next }
    $1 ~ /struct err \*err\);/ || ($1 ~ /: (MUST_CHECK )?(int|ssize_t) / && $2 ~ /(-errno|negative errno|-ENOMEM)/) { print $1 }')
bad=$(printf '%s\n' "$all" | grep -v ': MUST_CHECK ' | grep . || true)
if [ -n "$bad" ]; then
    printf '%s\n' "$bad"
    echo 'a function that returns an error has MUST_CHECK'
    exit 1
fi
echo "$(printf '%s\n' "$all" | grep -c .) functions return an error; all have MUST_CHECK"
