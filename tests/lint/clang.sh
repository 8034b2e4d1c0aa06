#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# clang has no warning either: it sees conversions and formats that gcc lets pass. It compiles each source of the
# release build with that build's options, without an output. Signs are left to gcc: for clang an enum is
# unsigned, so each of ours that becomes an int would be a warning. Flags for optimization that only gcc has are no matter.
set -euo pipefail
cd "$(dirname "$0")/../.."

build=${RUDEPROXY_BUILD:-build/release}
command -v clang >/dev/null || {
    echo "skipped: clang is not installed"
    exit 77
}
[ -f "$build/compile_commands.json" ] || {
    echo "skipped: $build has no compile_commands.json"
    exit 77
}

# A line for each source: the build's command for clang, without what names an output.
commands() {
    sed -nE 's/^ *"directory": "(.*)",$/\1/p; s/^ *"command": "(.*)",$/\1/p' "$build/compile_commands.json" |
        paste - - |
        sed -E 's/\\(.)/\1/g; s/^(.*)\t[^\t]*(cc|gcc|clang) -/cd "\1" \&\& exec clang -fsyntax-only -/' |
        sed -E 's/ -(o|MF|MT) [^ ]+//g; s/ -(MD|c) / /g; s/$/ -Wno-sign-conversion -Wno-ignored-optimization-argument/'
}

commands | tr '\n' '\0' | xargs -0 -P "$(nproc)" -n 1 bash -c
