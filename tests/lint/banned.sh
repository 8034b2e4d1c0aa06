#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Functions that we do without, and the SPDX line that every source begins with.
set -euo pipefail
cd "$(dirname "$0")/../.."

status=0
functions='sprintf|vsprintf|strcpy|stpcpy|strcat|strtok|atoi|atol|atoll|atof|gets|rand|srand|random|srandom|drand48'

while IFS= read -r file; do
    # -fpreprocessed -dD: strips the comments, leaves the rest as it is.
    code=$("${CC:-cc}" -w -fpreprocessed -dD -E "$file" 2>/dev/null) || {
        printf '%s: %s cannot read it\n' "$file" "${CC:-cc}"
        exit 1
    }
    if found=$(grep -E "(^|[^A-Za-z0-9_.>])($functions)[[:space:]]*\(" <<<"$code"); then
        printf '%s: banned function:\n%s\n' "$file" "$found"
        status=1
    fi
done < <(find proxy config tests -name '*.[ch]' | LC_ALL=C sort)

while IFS= read -r file; do
    if ! head -n 3 "$file" | grep -q 'SPDX-License-Identifier: MIT'; then
        printf '%s: no SPDX-License-Identifier: MIT in its first three lines\n' "$file"
        status=1
    fi
done < <({
    find proxy config tests -name '*.[ch]'
    find scripts .ci -type f
    find tests -name '*.sh'
} | LC_ALL=C sort)

exit "$status"
