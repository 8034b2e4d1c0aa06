#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Who may call the API: no web page, nobody without the token, and nobody from elsewhere unless there
# is one.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

nl=$'\n'
api_start </dev/null
port=${api##*:}

# --- Browsers -----------------------------------------------------------------------------------

call 403 GET /proxies '' -A 'Mozilla/5.0 (X11)'
same "browsers" 'User agent not allowed' "$(cat "$work/answer")"
head_says '^content-type: text/plain; charset=utf-8'
call 403 GET /v1/version '' -A Mozilla/5.0
says "$work/answer" '^\{"error":"User agent not allowed","status":403\}$'
call 404 GET /nope '' -A Mozilla/5.0
call 200 GET /version '' -A curl/8

for origin in http://evil.example null "http://127.0.0.1:$port"; do
    call 403 POST /reset '' -H "Origin: $origin"
    head_says '^content-type: application/json.?$'
done

# --- DNS rebinding ------------------------------------------------------------------------------

for host in evil.example "evil.example:$port" localhost.evil.example 127.0.0.1.evil.example ''; do
    call 403 GET /version '' -H "Host: ${host:-,}"
done
for host in "127.0.0.1:$port" localhost "LOCALHOST:$port" 127.0.0.1 '[::1]:1' 10.1.2.3; do
    call 200 GET /version '' -H "Host: $host"
done
web --http1.0 -H 'Host:' "http://$api/version" >/dev/null

# raw STATUS ERROR TEXT - sends bytes; the answer is an error in JSON.
raw() {
    local answer
    # shellcheck disable=SC2059 # printf makes the bytes
    exec 9<>"/dev/tcp/127.0.0.1/$port"
    # shellcheck disable=SC2059
    printf "$3" >&9
    answer=$(timeout 20 cat <&9 | tr -d '\r') || true
    exec 9>&-
    says <(head -n 1 <<<"$answer") "^HTTP/1.1 $1 "
    says <(tail -n 1 <<<"$answer") "^\{\"error\":\"$2\",\"status\":$1\}$"
}

# The second Host would be what somebody else looks at.
raw 400 'the request has more than one Host' \
    'GET /version HTTP/1.1\r\nHost: localhost\r\nhost: evil.example\r\nConnection: close\r\n\r\n'
raw 400 'the request has more than one Host' \
    'GET /version HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\nConnection: close\r\n\r\n'
raw 400 'the request line has a NUL' 'GET /version\0/x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'
raw 400 'the request line has a NUL' 'GET /version?a\0=1 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'
call 200 GET '/version?a=b' ''
proxy_stop

# --- The token ----------------------------------------------------------------------------------

proxy_start 'admin = 127.0.0.1:0' 'admin_token = sesame-open-7' </dev/null
api=$(proxy_address @admin)
refused="{\"error\":\"send the admin_token: Authorization: Bearer TOKEN\",\"status\":401}$nl"
answers 401 GET /version - "$refused"
head_says '^www-authenticate: Bearer'
head_says '^content-type: application/json.?$'
answers 401 GET /nope - "$refused"
for wrong in 'Bearer sesame-open-8' 'Bearer sesame-open-' 'Bearer sesame-open-77' 'Bearer' 'Bearer ' \
    'Basic sesame-open-7' sesame-open-7; do
    call 401 POST /reset '{}' -H "Authorization: $wrong"
done
call 200 GET /version '' -H 'Authorization: Bearer sesame-open-7'
call 200 GET /version '' -H 'authorization: bearer  sesame-open-7'
# With it the name of the host does not matter: no page knows the token.
call 200 GET /version '' -H 'Authorization: Bearer sesame-open-7' -H 'Host: admin.example'
! grep -q sesame "$proxy_log" || fail "the token is in the log"
proxy_stop

# --- health -------------------------------------------------------------------------------------

expect 1 "$RUDEPROXY" health "127.0.0.1:$(unused_port)"
same "lines on stderr" 1 "$(wc -l <"$work/err")"
says "$work/err" '127\.0\.0\.1:.*cannot connect'
expect 1 "$RUDEPROXY" health "unix:$work/none"
expect 1 "$RUDEPROXY" health ftp://a
says "$work/err" "unknown scheme 'ftp'"
expect 2 "$RUDEPROXY" health a b

# --- Where it may listen ------------------------------------------------------------------------

for address in 0.0.0.0:0 '[::]:0' 10.1.2.3:0 example.com:0; do
    expect 2 "$RUDEPROXY" --admin "$address"
    says "$work/err" 'admin_token'
    expect 2 "$RUDEPROXY" serve -host "${address%:*}" -port 0
    says "$work/err" 'admin_token'
done
expect 2 "$RUDEPROXY" --admin 0.0.0.0:0 --admin-token short
says "$work/err" '8 to 128'
proxy_count=9 proxy_ready=$work/any.ready proxy_err=$work/any.err
proxy_spawn --admin 0.0.0.0:0 --admin-token 0123456789
api=127.0.0.1:$(proxy_port @admin)
call 401 GET /version
expect 0 "$RUDEPROXY" health "$api"
call 200 GET /version '' -H 'Authorization: Bearer 0123456789'
proxy_stop

# --- Open, and further names --------------------------------------------------------------------

rm "$proxy_ready"
proxy_spawn serve -host 0.0.0.0 -port 0 --open
api=127.0.0.1:$(proxy_port @admin)
says "$proxy_err" 'warning: the API is open'
same "lines of the warning" 1 "$(grep -c warning "$proxy_err")"
call 200 GET /version '' -H 'Host: toxiproxy:8474'
expect 0 "$RUDEPROXY" health "$api"
expect 0 env RUDEPROXY_ADMIN="0.0.0.0:${api##*:}" "$RUDEPROXY" health
same "what health prints" '' "$(cat "$work/out" "$work/err")"
expect 1 "$RUDEPROXY" health "http://$api/prefix/"
says "$work/err" 'GET /prefix/version is answered with 404'
call 403 POST /reset '' -H 'Host: toxiproxy:8474' -H 'Origin: http://evil.example'
call 403 GET /version '' -H 'Host: toxiproxy:8474' -H 'Sec-Fetch-Site: cross-site'
call 200 GET /version '' -H 'Sec-Fetch-Site: none'
call 403 GET /version '' -A Mozilla/5.0
proxy_stop
rm "$proxy_ready"
RUDEPROXY_ADMIN_OPEN=yes proxy_spawn serve -host=0.0.0.0 -port=0
proxy_stop
expect 2 env RUDEPROXY_ADMIN_OPEN=perhaps "$RUDEPROXY" serve -port 0
says "$work/err" '^RUDEPROXY_ADMIN_OPEN: \[rudeproxy\] admin_open: .*yes or no'

proxy_start 'admin = 127.0.0.1:0' 'admin_hosts = toxiproxy, Api.test' </dev/null
api=$(proxy_address @admin)
call 200 GET /version '' -H "Host: toxiproxy:$port"
call 200 GET /version '' -H 'Host: api.TEST'
call 403 GET /version '' -H 'Host: test'
call 403 GET /version '' -H 'Host: toxiproxy,api.test'
proxy_stop
for hosts in 'a b' 'a,,b' 'a:80' ',' 'http://a'; do
    printf '[rudeproxy]\nadmin = 127.0.0.1:0\nadmin_hosts = %s\n' "$hosts" >"$work/hosts.ini"
    expect 2 "$RUDEPROXY" check "$work/hosts.ini"
    says "$work/err" 'hosts\.ini:3: \[rudeproxy\] admin_hosts: .*without a port'
done

# An IPv6 address with a zone, if an interface has one.
read -r digits _ _ scope _ zone < <(grep -s '^fe80' /proc/net/if_inet6) || digits=
if [ -n "$digits" ]; then
    same "scope of a link-local address" 20 "$scope"
    local_host=$(sed -E 's/(....)/\1:/g; s/:$//' <<<"$digits")
    rm -f "$proxy_ready"
    proxy_spawn --admin "[$local_host%$zone]:0" --admin-token sesame-open-7
    port=$(proxy_port @admin)
    expect 0 "$RUDEPROXY" health "[$local_host%$zone]:$port"
    expect 0 "$RUDEPROXY" ctl --host "[$local_host%$zone]:$port" --token sesame-open-7 list
    proxy_stop
fi

rm -f "$proxy_ready"
proxy_spawn --admin "unix:$work/admin.sock"
same "address" "unix:$work/admin.sock" "$(proxy_address @admin)"
same "over a UNIX socket" '{"version": "2.12.0"}' "$(web --unix-socket "$work/admin.sock" http://any/version)"
expect 0 "$RUDEPROXY" health "unix:$work/admin.sock"
proxy_stop
[ ! -e "$work/admin.sock" ] || fail "the socket file is left"
