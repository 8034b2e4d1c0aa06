#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# docs/FAULTS.md is what the program prints from its tables.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
manual=$(dirname "$0")/../../docs/FAULTS.md
"$RUDEPROXY" faults markdown >"$work/manual"
diff -u "$manual" "$work/manual" ||
    fail "docs/FAULTS.md is stale: rudeproxy faults markdown >docs/FAULTS.md"
