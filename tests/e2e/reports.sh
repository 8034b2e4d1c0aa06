#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# A sample of the public bug reports of tests/reports; scripts/reports runs all of them.
set -euo pipefail
: "${RUDEPROXY:?set RUDEPROXY to the binary under test}"
reproduced=0
for name in requests-remote-disconnected undici-other-side-closed urllib3-last-chunk; do
    code=0
    echo "$name"
    bash "$(dirname "$0")/../reports/$name.sh" || code=$?
    case $code in
    0) reproduced=$((reproduced + 1)) ;;
    77) ;; # it has said why
    *) exit "$code" ;;
    esac
done
if [ "$reproduced" -eq 0 ]; then
    echo "skipped: none of the reports can run here"
    exit 77
fi
