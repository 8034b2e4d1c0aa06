#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Who may use the page at /ui/, and what a browser may ask of the API: only what the page asks for, with its
# token, from its own origin.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

browser='Mozilla/5.0 (X11; Linux x86_64)'

# page_token - the token in the page that call has fetched.
page_token() {
    sed -n 's/.*name="rudeproxy-token" content="\([0-9a-f]*\)".*/\1/p' "$work/answer"
}

# from_page STATUS METHOD PATH [BODY [CURL ARGS...]] - as call, as our own page asks.
from_page() {
    local status=$1 method=$2 path=$3 sent=${4-}
    shift $(($# < 4 ? 3 : 4))
    call "$status" "$method" "$path" "$sent" -A "$browser" -H "X-Rudeproxy-Page: $token" \
        -H 'Sec-Fetch-Site: same-origin' "$@"
}

# --- The files ----------------------------------------------------------------------------------

api_start </dev/null
port=${api##*:}
call 302 GET / '' -A "$browser"
head_says '^location: /ui/.?$'
call 302 GET /ui '' -A "$browser"
call 404 GET / '' -A curl/8
call 404 GET /ui '' -A curl/8
call 404 POST / '{}' -A curl/8
call 405 POST /ui/ '{}' -A "$browser"
call 404 GET /ui/nope.js '' -A "$browser"
call 404 GET /ui/../version '' -A "$browser" --path-as-is
call 404 GET /ui/%2e%2e/version '' -A "$browser" --path-as-is
call 404 GET /ui/page.js/../../version '' -A "$browser" --path-as-is

call 200 GET /ui/ '' -A "$browser" -H 'Sec-Fetch-Site: none'
token=$(page_token)
same "length of the token" 32 "${#token}"
for file in '' $(grep -oE '/ui/[a-z_.]+' "$work/answer" | sort -u | sed 's,/ui/,,'); do
    call 200 GET "/ui/$file" '' -A "$browser" -H 'Sec-Fetch-Site: same-origin'
    head_says "^content-security-policy: default-src 'none'; script-src 'self'; style-src 'self'; .*frame-ancestors 'none'"
    head_says "require-trusted-types-for 'script'"
    head_says '^x-content-type-options: nosniff'
    head_says '^x-frame-options: DENY'
    head_says '^cache-control: no-store'
    head_says '^cross-origin-resource-policy: same-origin'
    ! grep -qi '^access-control' "$work/head" || fail "/ui/$file lets other origins read it"
done
call 200 GET /ui/ ''
! grep -qE '<(script|style)[^>]*>[^<]|style=|onclick=' "$work/answer" || fail "the page has inline scripts or styles"
# Every file that a script asks for is there, and no script makes markup out of text.
while IFS= read -r file; do
    call 200 GET "/ui/$file" '' -A "$browser"
    ! grep -nE 'innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|eval\(' "$work/answer" ||
        fail "$file makes markup out of text"
done < <(grep -hoE 'from "\./[a-z_]+\.js"' "$(dirname "$0")"/../../web/*.js | grep -oE '[a-z_]+\.js' | sort -u)

# --- The page's requests ------------------------------------------------------------------------

from_page 200 GET /v1/version
from_page 200 GET /version
from_page 200 GET /v1/version '' -H "Origin: http://$api"
from_page 201 POST /v1/proxies '{"name":"a","listen":"127.0.0.1:0","upstream":"builtin:echo"}' -H "Origin: http://$api"
from_page 204 DELETE /v1/proxies/a '' -H "Origin: http://$api"
from_page 200 GET /v1/version '' -H "Host: localhost:$port" -H "Origin: http://localhost:$port"

right=$token
for wrong in "${right%?}" "${right}0" "$(tr 0-9a-f 1-9a-f0 <<<"$right")" ''; do
    token=$wrong
    for path in /v1/version /version /proxies /metrics /v1/events; do
        from_page 403 GET "$path"
    done
    from_page 403 POST /reset '{}'
done
token=$right
# Another site's page cannot have the token; with it, it is refused all the same.
for origin in http://evil.example null "http://127.0.0.1" "http://127.0.0.1:1" "ftp://$api" "http://$api.evil.example" \
    "http://localhost:$port" "http://$api, http://evil.example"; do
    from_page 403 GET /v1/version '' -H "Origin: $origin"
    from_page 403 POST /reset '{}' -H "Origin: $origin"
    call 403 GET /ui/ '' -A "$browser" -H "Origin: $origin"
done
from_page 403 POST /reset '{}' -H "Origin: http://$api" -H 'Origin: http://evil.example'
for site in cross-site same-site; do
    call 403 GET /v1/version '' -A "$browser" -H "X-Rudeproxy-Page: $token" -H "Sec-Fetch-Site: $site"
    call 403 GET /ui/ '' -A "$browser" -H "Sec-Fetch-Site: $site"
    call 403 GET /ui/page.js '' -A "$browser" -H "Sec-Fetch-Site: $site"
    call 403 GET / '' -A "$browser" -H "Sec-Fetch-Site: $site"
done
# A preflight request is not granted.
call 403 OPTIONS /v1/proxies '' -A "$browser" -H 'Origin: http://evil.example' \
    -H 'Access-Control-Request-Method: POST' -H 'Access-Control-Request-Headers: x-rudeproxy-page'
! grep -qi '^access-control' "$work/head" || fail "a preflight request was granted"
# DNS rebinding: the page is not served under a foreign name, so its token cannot be read there.
for host in evil.example "evil.example:$port" 127.0.0.1.evil.example; do
    call 403 GET /ui/ '' -A "$browser" -H "Host: $host"
    ! grep -q "$token" "$work/answer" || fail "the token is in the answer to Host: $host"
    call 403 GET / '' -A "$browser" -H "Host: $host"
    from_page 403 GET /v1/version '' -H "Host: $host"
    from_page 403 GET /v1/version '' -H "Host: $host" -H "Origin: http://$host"
done
# Programs need no token, and a browser without one is where it was.
call 200 GET /v1/version '' -A curl/8
call 403 GET /v1/version '' -A "$browser"
call 403 GET /v1/version '' -A "$browser" -H 'Sec-Fetch-Site: same-origin'

# A name is text in JSON, never part of a page.
call 201 POST /v1/proxies '{"name":"<script>alert(2)","listen":"127.0.0.1:0","upstream":"builtin:echo"}'
call 200 GET /v1/proxies ''
head_says '^content-type: application/json'
call 200 GET '/ui/?<script>alert(1)</script>' '' -A "$browser"
! grep -q 'alert(1)' "$work/answer" || fail "the query is in the page"
proxy_stop

# Each run has a token of its own.
api_start </dev/null
call 200 GET /ui/ '' -A "$browser"
[ "$(page_token)" != "$token" ] || fail "two runs have the same token"
from_page 403 GET /v1/version
proxy_stop

# --- With admin_token ---------------------------------------------------------------------------

proxy_start 'admin = 127.0.0.1:0' 'admin_token = sesame-open-7' </dev/null
api=$(proxy_address @admin)
call 200 GET /ui/ '' -A "$browser"
same "token in the page" '' "$(page_token)"
! grep -q sesame "$work/answer" || fail "the admin_token is in the page"
call 401 GET /v1/version '' -A "$browser"
token=
from_page 401 GET /v1/version
from_page 401 GET /v1/version '' -H 'Authorization: Bearer sesame-open-8'
from_page 200 GET /v1/version '' -H 'Authorization: Bearer sesame-open-7'
from_page 204 POST /v1/reset-counts '' -H 'Authorization: Bearer sesame-open-7' -H "Origin: http://$api"
from_page 403 POST /reset '{}' -H 'Authorization: Bearer sesame-open-7' -H 'Origin: http://evil.example'
call 403 GET /v1/version '' -A "$browser" -H 'Authorization: Bearer sesame-open-7' -H 'Sec-Fetch-Site: cross-site'
call 403 GET /ui/ '' -A "$browser" -H 'Sec-Fetch-Site: cross-site'
proxy_stop

# --- With admin_open ----------------------------------------------------------------------------

proxy_start 'admin = 127.0.0.1:0' 'admin_open = yes' 'admin_hosts = toxiproxy, Api.test' </dev/null
api=$(proxy_address @admin)
port=${api##*:}
for host in "127.0.0.1:$port" "localhost:$port" 127.8.8.8 '[::1]:1' "toxiproxy:$port" api.test; do
    call 200 GET /ui/ '' -A "$browser" -H "Host: $host"
    token=$(page_token)
    from_page 200 GET /v1/version '' -H "Host: $host"
done
# Any other name may be one of DNS rebinding: no page, and nothing for a token that came another way.
for host in evil.example "10.1.2.3:$port" rudeproxy "localhost.evil.example" '[::2]' ''; do
    for path in /ui/ /ui/page.js /; do
        call 403 GET "$path" '' -A "$browser" -H "Host: ${host:-,}"
        ! grep -q "$token" "$work/answer" || fail "the token is in the answer to Host: $host"
    done
    from_page 403 GET /v1/version '' -H "Host: ${host:-,}"
done
call 200 GET /version '' -H 'Host: rudeproxy' -A curl/8
proxy_stop
