#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Each recipe is a valid file, and what `check` prints of it is one too, that means the same.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

count=0
for recipe in "$(dirname "$0")"/../../config/recipes/*.ini "$(dirname "$0")"/../../config/recipes/protocols/*.ini; do
    [ -e "$recipe" ] || skip "there is no recipe in config/recipes"
    expect 0 "$RUDEPROXY" check -c "$recipe"
    mv "$work/out" "$work/effective.ini"
    expect 0 "$RUDEPROXY" check -c "$work/effective.ini"
    cmp "$work/out" "$work/effective.ini" || fail "$recipe: check does not print what it reads"
    count=$((count + 1))
done
note "$count recipes"
