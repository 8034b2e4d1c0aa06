#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Every C source is as clang-format leaves it. Versions differ in what they leave: the measure is
# Debian 12's, 14. The heading of a part is one line, since clang-format folds a longer one.
set -euo pipefail
cd "$(dirname "$0")/../.."

if grep -rnE '^/\* -{3,}' --include='*.[ch]' proxy config tests | grep -v -- ' --- \*/$'; then
    echo "such a heading is /* --- words --- */"
    exit 1
fi
if ! command -v clang-format >/dev/null; then
    echo "skipped: clang-format is not installed"
    exit 77
fi
version=$(clang-format --version | sed -E 's/.*version ([0-9]+).*/\1/')
if [ "$version" != 14 ]; then
    echo "skipped: clang-format is version $version, the sources are formatted by 14"
    exit 77
fi
find proxy config tests -name '*.[ch]' -print0 | xargs -0 -r clang-format --dry-run -Werror
