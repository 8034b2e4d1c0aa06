#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The README's first INI file does what the README says: curl fails with the words printed there.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
need curl
readme=$(dirname "$0")/../../README.md
[ -e "$readme" ] || skip "there is no README.md"

awk '/^```ini/ && !done {on = 1; next} /^```/ && on {on = 0; done = 1} on' "$readme" >"$work/readme.ini"
[ -s "$work/readme.ini" ] || fail "README.md has no ini block"
promised=$(sed -nE 's/^(curl: \([0-9]+\)).*/\1/p' "$readme" | head -n 1)
[ -n "$promised" ] || fail "README.md shows no error of curl"
# shellcheck disable=SC2016
path=$(sed -nE 's/.*curl [^`]*(localhost|127\.0\.0\.1):[0-9]+(\/[^ `"'\'']*).*/\2/p' "$readme" | head -n 1)

# The file as it stands is valid; it runs on a port of its own, since the README's may be taken.
expect 0 "$RUDEPROXY" check -c "$work/readme.ini"
sed -E 's/^(listen *= *).*/\1127.0.0.1:0/' "$work/readme.ini" >"$work/moved.ini"
proxy_ready=$work/proxy.ready proxy_err=$work/proxy.err
proxy_spawn -c "$work/moved.ini"
address=$(sed -n '1s/^[^ ]* //p' "$proxy_ready")

for ((i = 0; i < 3; i++)); do
    code=0
    web -o /dev/null "http://$address${path:-/}" 2>"$work/err" || code=$?
    [ "$code" -eq 0 ] || break
done
says "$work/err" "^curl: \\(${promised//[^0-9]/}\\)"
proxy_stop
