#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# clang-tidy, with the checks of .clang-tidy, over the program's own sources.
set -euo pipefail
cd "$(dirname "$0")/../.."

if ! command -v clang-tidy >/dev/null; then
    echo "skipped: clang-tidy is not installed"
    exit 77
fi
build=${RUDEPROXY_BUILD:-$PWD/build/release}
if [ ! -f "$build/compile_commands.json" ]; then
    echo "skipped: $build has no compile_commands.json"
    exit 77
fi
find proxy config -name '*.c' -print0 |
    xargs -0 -r -n 4 -P "$(nproc)" clang-tidy -p "$build" --quiet \
        --extra-arg=-Wno-ignored-optimization-argument # gcc has flags that clang does not know: cmake/lto.cmake
