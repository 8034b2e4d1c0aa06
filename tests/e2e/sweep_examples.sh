#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The examples of examples/, each in its short form: the sweep finds the bug that each of them has.
set -euo pipefail
status=0
for name in curl requests psycopg redis node; do
    code=0
    bash "$(dirname "$0")/../../examples/$name/run.sh" --short || code=$?
    case $code in
    0) ;;
    77) echo "$name was skipped" ;;
    *)
        echo "FAILED: $name"
        status=1
        ;;
    esac
done
exit "$status"
