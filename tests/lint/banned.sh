#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Functions that we do without, the SPDX line that every source begins with, and readers in scripts that stop early: with
# pipefail their writer's SIGPIPE fails the pipeline, now and then.
set -euo pipefail
cd "$(dirname "$0")/../.."

status=0
functions='sprintf|vsprintf|strcpy|stpcpy|strcat|strtok|atoi|atol|atoll|atof|gets|rand|srand|random|srandom|drand48'
program_functions='open_memstream' # it loses errors: proxy/base/memory_file.h

while IFS= read -r file; do
    # -fpreprocessed -dD: strips the comments, leaves the rest as it is.
    code=$("${CC:-cc}" -w -fpreprocessed -dD -E "$file" 2>/dev/null) || {
        printf '%s: %s cannot read it\n' "$file" "${CC:-cc}"
        exit 1
    }
    banned=$functions
    [[ $file == tests/* ]] || banned+="|$program_functions"
    if found=$(grep -E "(^|[^A-Za-z0-9_.>])($banned)[[:space:]]*\(" <<<"$code"); then
        printf '%s: banned function:\n%s\n' "$file" "$found"
        status=1
    fi
done < <(find proxy config tests -name '*.[ch]' | LC_ALL=C sort)

while IFS= read -r file; do
    if ! head -n 3 "$file" | grep 'SPDX-License-Identifier: MIT' >/dev/null; then
        printf '%s: no SPDX-License-Identifier: MIT in its first three lines\n' "$file"
        status=1
    fi
done < <({
    find proxy config tests -name '*.[ch]'
    find scripts .ci -type f
    find tests -name '*.sh'
} | LC_ALL=C sort)

if grep -rnE '\| *(head -n|head -[0-9]|grep -[a-zA-Z]*q)' scripts .ci docker clients examples tests -I |
    grep -vE '^tests/lint/banned.sh:|\.(md|c|h):'; then
    echo "a pipe to head or grep -q: sed -n 1p and grep >/dev/null read to the end"
    status=1
fi

exit "$status"
