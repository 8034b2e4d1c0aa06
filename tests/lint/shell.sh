#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Every shell script passes shellcheck.
set -euo pipefail
cd "$(dirname "$0")/../.."

if ! command -v shellcheck >/dev/null; then
    echo "skipped: shellcheck is not installed"
    exit 77
fi
mapfile -t scripts < <({
    find . -path ./build -prune -o -path ./.git -prune -o -name '*.sh' -print
    grep -lE '^#!.*[/ ](ba)?sh( |$)' scripts/* .ci/*
} | LC_ALL=C sort -u)
shellcheck -x "${scripts[@]}"
