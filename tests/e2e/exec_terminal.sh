#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# rudeproxy exec on a terminal: Ctrl-Z, fg and bg of a shell, and a terminal without a shell that could continue it.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
need python3

printf '[rudeproxy]\ngrace = 2s\n\n[proxy web]\nlisten = 127.0.0.1:0\nupstream = builtin:http\n' >"$work/small.ini"
expect 0 python3 "$(dirname "$0")/exec_terminal.py" "$RUDEPROXY" "$work/small.ini" "$work"
