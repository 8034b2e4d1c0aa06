#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# A build without the API: it compiles, does all the rest, and says what it cannot.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
need cmake ninja curl

source=$(cd "$(dirname "$0")/../.." && pwd)
expect 0 cmake -S "$source" -B "$work/build" -G Ninja -DADMIN=OFF -DBUILD_TESTING=OFF -DCMAKE_BUILD_TYPE=Debug
expect 0 cmake --build "$work/build" --target rudeproxy
RUDEPROXY=$work/build/rudeproxy
expect 0 ldd "$RUDEPROXY"
! grep -q microhttpd "$work/out" || fail "libmicrohttpd is linked"

expect 1 "$RUDEPROXY" --admin 127.0.0.1:0 --listen 127.0.0.1:0 --upstream builtin:echo
says "$work/err" 'admin: this rudeproxy was built without its HTTP API'
expect 1 "$RUDEPROXY" serve -port 0
says "$work/err" 'built without its HTTP API'
expect 1 "$RUDEPROXY" ctl list
says "$work/err" 'built without ctl'
echo '[]' >"$work/proxies.json"
expect 2 "$RUDEPROXY" serve -port 0 -config "$work/proxies.json"
says "$work/err" 'built without its HTTP API'

# A few of the other tests, with this program.
export RUDEPROXY
for test in cli report unreachable; do
    expect 0 bash "$source/tests/e2e/$test.sh"
done
