#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# No word of codespell's list of misspellings stands in the sources or the documents. The tests are left out: they
# misspell keys on purpose.
set -euo pipefail
cd "$(dirname "$0")/../.."

if ! command -v codespell >/dev/null; then
    echo "skipped: codespell is not installed"
    exit 77
fi
# Right here: the ending of "2nd", a command of Redis.
codespell --quiet-level=3 --ignore-words-list=nd,smove --skip='*.svg' \
    ./*.md docs proxy config web clients docker examples packaging scripts
