#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Toxiproxy's API of proxies: every route, its status and its whole answer.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

api_start </dev/null
refused=$(unused_port)
nl=$'\n'

go_error() { # STATUS METHOD PATH BODY TEXT
    answers "$1" "$2" "$3" "$4" "{\"error\":\"$5\",\"status\":$1}$nl"
    head_says '^content-type: text/plain; charset=utf-8'
    head_says '^x-content-type-options: nosniff'
    head_says '^x-toxiproxy-request-id: [0-9a-v]{20}.?$'
}

# --- Nothing yet --------------------------------------------------------------------------------

answers 200 GET /proxies - '{}'
head_says '^content-type: application/json.?$'
head_says '^x-toxiproxy-request-id: [0-9a-v]{20}.?$'
answers 200 GET /version - "{\"version\": \"2.12.0\"}$nl"
head_says '^content-type: application/json;charset=utf-8'
answers 204 POST /reset - ''
go_error 404 GET /proxies/none - 'proxy not found'
go_error 404 PATCH /proxies/none '{}' 'proxy not found'
go_error 404 POST /proxies/none '{}' 'proxy not found'
go_error 404 DELETE /proxies/none - 'proxy not found'
go_error 404 GET /proxies/none/toxics - 'proxy not found'
go_error 404 POST /proxies/none/toxics '{}' 'proxy not found'
go_error 404 GET /proxies/none/toxics/x - 'proxy not found'
go_error 404 PATCH /proxies/none/toxics/x '{}' 'proxy not found'
go_error 404 DELETE /proxies/none/toxics/x - 'proxy not found'

# --- The router ---------------------------------------------------------------------------------

for path in / /nope /proxies/ /proxies/a/b /proxies/a/toxics/ /proxies/a/toxics/b/c /version/ \
    '/proxies/a%2Fb'; do
    answers 404 GET "$path" - "404 page not found$nl"
    head_says '^content-type: text/plain; charset=utf-8'
    ! grep -qi request-id "$work/head" || fail "$path: the router has no request id"
done
for row in PUT:/proxies DELETE:/proxies HEAD:/proxies GET:/populate GET:/reset POST:/version \
    PUT:/proxies/a PATCH:/proxies PUT:/proxies/a/toxics DELETE:/proxies/a/toxics \
    PUT:/proxies/a/toxics/b OPTIONS:/proxies HEAD:/version; do
    call 405 "${row%%:*}" "${row#*:}"
    [ "${row%%:*}" = HEAD ] || same "answer to $row" 0 "$(wc -c <"$work/answer")"
done

# --- What a body may be -------------------------------------------------------------------------

bad() { # BODY GO'S-ERROR
    go_error 400 POST /proxies "$1" "bad request body: $2"
}

bad '' EOF
bad '   ' EOF
bad '{' 'unexpected EOF'
bad '{"name":"a"' 'unexpected EOF'
bad '{"name":"a' 'unexpected EOF'
bad 'x' "invalid character 'x' looking for beginning of value"
bad '{x' "invalid character 'x' looking for beginning of object key string"
bad '{"name" 1}' "invalid character '1' after object key"
bad '{"name":"a" "b"}' "invalid character '\\\"' after object key:value pair"
bad '[1 2]' "invalid character '2' after array element"
bad '{"name":"a",}' "invalid character '}' looking for beginning of object key string"
bad 'nul' 'unexpected EOF'
bad 'nulx' "invalid character 'x' in literal null (expecting 'l')"
bad '{"a":01}' "invalid character '1' after object key:value pair"
bad '{"a":1.}' "invalid character '}' after decimal point in numeric literal"
bad '{"a":"\x"}' "invalid character 'x' in string escape code"
bad '[]' 'json: cannot unmarshal array into Go value of type toxiproxy.Proxy'
bad '"a"' 'json: cannot unmarshal string into Go value of type toxiproxy.Proxy'
bad '3' 'json: cannot unmarshal number into Go value of type toxiproxy.Proxy'
bad '{"name":1}' 'json: cannot unmarshal number into Go struct field Proxy.name of type string'
bad '{"listen":{}}' 'json: cannot unmarshal object into Go struct field Proxy.listen of type string'
bad '{"upstream":[]}' 'json: cannot unmarshal array into Go struct field Proxy.upstream of type string'
bad '{"enabled":"yes"}' 'json: cannot unmarshal string into Go struct field Proxy.enabled of type bool'
go_error 400 POST /proxies 'null' 'missing required field: name'
go_error 400 POST /proxies '{}' 'missing required field: name'
go_error 400 POST /proxies '{"name":""}' 'missing required field: name'
go_error 400 POST /proxies '{"name":"a"}' 'missing required field: upstream'
go_error 400 POST /proxies '{"name":"a","upstream":null}' 'missing required field: upstream'
answers 200 GET /proxies - '{}'

# --- Creating -----------------------------------------------------------------------------------

a='{"name":"a","listen":"127.0.0.1:#","upstream":"builtin:echo","enabled":true,"toxics":[]}'
answers 201 POST /proxies '{"name":"a","listen":"127.0.0.1:0","upstream":"builtin:echo"}' "$a"
head_says '^content-type: application/json.?$'
answers 200 GET /proxies/a - "$a"
answers 200 GET /proxies - "{\"a\":$a}"
answers 200 GET /proxies/a/toxics - '[]'
port=$(sed -E 's/.*127.0.0.1:([0-9]+).*/\1/' "$work/answer" || true)
call 200 GET /proxies/a
port=$(sed -E 's/.*127\.0\.0\.1:([0-9]+).*/\1/' "$work/answer")
exec 3<>"/dev/tcp/127.0.0.1/$port"
echo hello >&3
read -r -t 20 line <&3
same "through the new proxy" hello "$line"

go_error 409 POST /proxies '{"name":"a","upstream":"x:1"}' 'proxy already exists'
go_error 500 POST /proxies "{\"name\":\"b\",\"listen\":\"127.0.0.1:$port\",\"upstream\":\"x:1\"}" \
    "listen tcp 127.0.0.1:$port: bind: address already in use"
go_error 500 POST /proxies '{"name":"b","listen":"nope","upstream":"x:1"}' \
    'listen tcp: address nope: missing port in address'
go_error 500 POST /proxies '{"name":"b","listen":"a:b:c","upstream":"x:1"}' \
    'listen tcp: address a:b:c: too many colons in address'
go_error 500 POST /proxies '{"name":"b","listen":"127.0.0.1:99999","upstream":"x:1"}' \
    'listen tcp: address 99999: invalid port'
call 404 GET /proxies/b

# Keys in any case, unknown ones, null, and what stands behind the value.
answers 201 POST /proxies \
    '{"NAME":"n","Listen":null,"uPstream":"hostonly","Enabled":null,"toxics":null,"x":{"y":[1]}} tail' \
    '{"name":"n","listen":"127.0.0.1:#","upstream":"hostonly","enabled":true,"toxics":[]}'
call 204 DELETE /proxies/n
answers 201 POST /proxies '{"id":18446744073709551615,"x":[-1e999,"\ud800"],"name":"n\udc00","upstream":"h"}' \
    '{"name":"n�","listen":"127.0.0.1:#","upstream":"h","enabled":true,"toxics":[]}'
call 204 DELETE /proxies/n%EF%BF%BD
# A name is resolved where it is listened on, and stays a name where it is not.
answers 201 POST /proxies '{"name":"n","listen":"localhost:0","upstream":"h"}' \
    '{"name":"n","listen":"127.0.0.1:#","upstream":"h","enabled":true,"toxics":[]}'
call 204 DELETE /proxies/n
answers 201 POST /proxies '{"name":"n","listen":"localhost:1","upstream":"h","enabled":false}' \
    '{"name":"n","listen":"localhost:1","upstream":"h","enabled":false,"toxics":[]}'
call 204 DELETE /proxies/n
# It is shown as written, until it is bound.
for listen in "0.0.0.0:$refused" ":$refused" "[0:0::0]:$refused" 127.0.0.1: LOCALHOST:1 ''; do
    answers 201 POST /proxies "{\"name\":\"n\",\"listen\":\"$listen\",\"upstream\":\"h\",\"enabled\":false}" \
        "{\"name\":\"n\",\"listen\":\"$listen\",\"upstream\":\"h\",\"enabled\":false,\"toxics\":[]}"
    answers 200 PATCH /proxies/n '{"upstream":"i"}' \
        "{\"name\":\"n\",\"listen\":\"$listen\",\"upstream\":\"i\",\"enabled\":false,\"toxics\":[]}"
    call 200 PATCH /v1/proxies/n '{"buffer":"64k"}'
    call 200 GET /proxies/n
    grep -qF "\"listen\":\"$listen\"" "$work/answer" || fail "not '$listen': $(cat "$work/answer")"
    call 204 DELETE /proxies/n
done
call 201 POST /proxies '{"name":"n","upstream":"h","enabled":false}'
answers 200 PATCH /proxies/n '{"listen":"127.0.0.1:00"}' \
    '{"name":"n","listen":"127.0.0.1:00","upstream":"h","enabled":false,"toxics":[]}'
answers 200 PATCH /proxies/n '{"enabled":true}' \
    '{"name":"n","listen":"127.0.0.1:#","upstream":"h","enabled":true,"toxics":[]}'
call 200 PATCH /proxies/n '{"enabled":false}'
[[ $(cat "$work/answer") =~ 127\.0\.0\.1:[1-9] ]] || fail "it lost its port: $(cat "$work/answer")"
call 204 DELETE /proxies/n
answers 201 POST /proxies '{"name":"n","listen":"no address","upstream":"h","enabled":false}' \
    '{"name":"n","listen":"no address","upstream":"h","enabled":false,"toxics":[]}'
go_error 500 PATCH /proxies/n '{"enabled":true}' 'address no address: missing port in address'
go_error 500 POST /reset '' 'listen tcp: address no address: missing port in address'
call 204 DELETE /proxies/n
answers 201 POST /proxies '{"name":"n","upstream":"h"}' \
    '{"name":"n","listen":"127.0.0.1:#","upstream":"h","enabled":true,"toxics":[]}'
answers 204 DELETE /proxies/n - ''
! grep -qi '^content-type' "$work/head" || fail "204 has a content type"

# Names: blanks, UTF-8, quotes; one with a slash exists and cannot be addressed.
answers 201 POST /proxies '{"name":"ä \"b\" <c>","upstream":"h"}' \
    '{"name":"ä \"b\" \u003cc\u003e","listen":"127.0.0.1:#","upstream":"h","enabled":true,"toxics":[]}'
call 200 GET '/proxies/%C3%A4%20%22b%22%20%3Cc%3E'
call 204 DELETE '/proxies/%C3%A4%20%22b%22%20%3Cc%3E'
call 201 POST /proxies '{"name":"x/y","upstream":"h"}'
call 404 GET /proxies/x%2Fy
call 204 DELETE /v1/proxies/x%2Fy
call 400 POST /proxies "{\"name\":\"$(printf 'n%.0s' {1..128})\",\"upstream\":\"h\"}"
call 201 POST /proxies "{\"name\":\"$(printf 'n%.0s' {1..127})\",\"upstream\":\"h\"}"
call 204 DELETE "/proxies/$(printf 'n%.0s' {1..127})"
call 400 POST /proxies '{"name":"a\nb","upstream":"h"}'

# A list is in the order of the names.
call 201 POST /proxies '{"name":"c","upstream":"h"}'
call 201 POST /proxies '{"name":"b","upstream":"h"}'
call 200 GET /proxies
[[ $(cat "$work/answer") =~ ^\{\"a\":.*\"b\":.*\"c\": ]] || fail "order: $(cat "$work/answer")"
call 204 DELETE /proxies/b
call 204 DELETE /proxies/c

# --- Changing -----------------------------------------------------------------------------------

# What is left out stays, and the open connection with it.
answers 200 PATCH /proxies/a '{}' "$a"
answers 200 POST /proxies/a '{"enabled":true,"name":"other","toxics":[1]}' "$a"
answers 200 PATCH /proxies/a "{\"listen\":\"localhost:$port\"}" "$a"
answers 200 PATCH /proxies/a 'null' "$a"
echo still >&3
read -r -t 20 line <&3
same "the connection" still "$line"
go_error 400 PATCH /proxies/a '' 'bad request body: EOF'
go_error 400 PATCH /proxies/a '{"enabled":1}' \
    'bad request body: json: cannot unmarshal number into Go struct field Proxy.enabled of type bool'
go_error 500 PATCH /proxies/a '{"listen":"bad"}' 'address bad: missing port in address'

# A port that the kernel gives to nobody else while the proxy does not listen.
exec 3>&-
port=$(unused_port)
answers 200 PATCH /proxies/a "{\"listen\":\"127.0.0.1:$port\"}" "$a"
exec 3<>"/dev/tcp/127.0.0.1/$port"
echo hello >&3
read -r -t 20 line <&3

# Disabled: the listener and every connection close, the port stays.
answers 200 PATCH /proxies/a '{"enabled":false}' "${a/true/false}"
status=0
read -r -t 20 line <&3 || status=$?
same "EOF of the client" 1 "$status"
exec 3>&-
status=0
(: </dev/tcp/127.0.0.1/"$port") 2>/dev/null || status=$?
same "connecting to a disabled proxy" 1 "$status"
answers 200 PATCH /proxies/a '{"enabled":true}' "$a"
call 200 GET /proxies/a
says "$work/answer" "\"127.0.0.1:$port\""
(: </dev/tcp/127.0.0.1/"$port")

# Another upstream: connections end, the port stays.
exec 3<>"/dev/tcp/127.0.0.1/$port"
echo hello >&3
read -r -t 20 line <&3
answers 200 PATCH /proxies/a "{\"upstream\":\"127.0.0.1:$refused\"}" "${a/builtin:echo/127.0.0.1:#}"
status=0
read -r -t 20 line <&3 || status=$?
same "EOF of the client" 1 "$status"
exec 3>&-
# The upstream refuses: the client gets EOF, no RST.
expect 52 web --max-time 10 "http://127.0.0.1:$port/"
answers 200 PATCH /proxies/a '{"upstream":""}' "${a/builtin:echo/}"
answers 200 PATCH /proxies/a '{"upstream":"builtin:echo"}' "$a"

# An address that is taken: the proxy is left disabled, with that address.
taken=${api##*:}
go_error 500 PATCH /proxies/a "{\"listen\":\"127.0.0.1:$taken\"}" \
    "listen tcp 127.0.0.1:$taken: bind: address already in use"
answers 200 GET /proxies/a - \
    "{\"name\":\"a\",\"listen\":\"127.0.0.1:$taken\",\"upstream\":\"builtin:echo\",\"enabled\":false,\"toxics\":[]}"
answers 500 POST /reset - \
    "{\"error\":\"listen tcp 127.0.0.1:$taken: bind: address already in use\",\"status\":500}$nl"
answers 200 PATCH /proxies/a '{"listen":"127.0.0.1:0","enabled":true}' "$a"

# --- Populate -----------------------------------------------------------------------------------

populate_error() { # BODY TEXT
    answers 400 POST /populate "$1" "{\"error\":\"$2\",\"status\":400,\"proxies\":null}"
    head_says '^content-type: application/json.?$'
}

populate_error '' 'bad request body: EOF'
populate_error '[' 'bad request body: unexpected EOF'
populate_error '{}' 'bad request body: json: cannot unmarshal object into Go value of type []struct { toxiproxy.Proxy; Enabled *bool \"json:\\\"enabled\\\"\" }'
populate_error '[{}]' 'missing required field: name at proxy 1'
populate_error '[{"name":"p","upstream":"h"},{"name":"q"}]' 'missing required field: upstream at proxy 2'
call 404 GET /proxies/p
answers 201 POST /populate '[]' '{"proxies":null}'
answers 201 POST /populate 'null' '{"proxies":null}'

# A body of 1 MB does not take hundreds of MB. Under a sanitizer memory says nothing.
{ printf '[{}' && printf ',{}%.0s' {1..349000} && printf ']'; } >"$work/many"
answers 400 POST /populate "@$work/many" '{"error":"missing required field: name at proxy 1","status":400,"proxies":null}'
if ! grep -q libasan "/proc/$proxy_pid/maps"; then
    most=$(sed -nE 's/^VmHWM:\s*([0-9]+) kB/\1/p' "/proc/$proxy_pid/status")
    [ "$most" -lt 200000 ] || fail "/populate took $most kB"
fi

# One that is there with the same addresses is left alone, whatever else is said of it.
port=$(unused_port)
answers 200 PATCH /proxies/a "{\"listen\":\"127.0.0.1:$port\"}" "$a"
exec 3<>"/dev/tcp/127.0.0.1/$port"
p='{"name":"p","listen":"127.0.0.1:#","upstream":"h:1","enabled":false,"toxics":[]}'
answers 201 POST /populate "[{\"name\":\"a\",\"listen\":\"localhost:$port\",\"upstream\":\"builtin:echo\",\"enabled\":false},
    {\"name\":\"p\",\"listen\":\"127.0.0.1:$refused\",\"upstream\":\"h:1\",\"enabled\":false}]" \
    "{\"proxies\":[$a,$p]}"
echo kept >&3
read -r -t 20 line <&3
same "the connection of a kept proxy" kept "$line"
exec 3>&-
# With others it is replaced; a failure tells what was done before it.
answers 500 POST /populate "[{\"name\":\"a\",\"listen\":\"127.0.0.1:$port\",\"upstream\":\"builtin:discard\"},
    {\"name\":\"q\",\"listen\":\"127.0.0.1:$port\",\"upstream\":\"h:1\"},{\"name\":\"r\",\"upstream\":\"h:1\"}]" \
    "{\"error\":\"listen tcp 127.0.0.1:$port: bind: address already in use\",\"status\":500,\"proxies\":[${a/echo/discard}]}"
call 404 GET /proxies/q
call 404 GET /proxies/r
# If that fails the one that is there stays, stopped, with its toxics.
call 200 POST /proxies/a/toxics '{"type":"latency","attributes":{"latency":1}}'
answers 500 POST /populate "[{\"name\":\"a\",\"listen\":\"127.0.0.1:$taken\",\"upstream\":\"builtin:echo\"}]" \
    "{\"error\":\"listen tcp 127.0.0.1:$taken: bind: address already in use\",\"status\":500,\"proxies\":null}"
call 200 GET /proxies/a
says "$work/answer" "\"listen\":\"127.0.0.1:$port\",\"upstream\":\"builtin:discard\",\"enabled\":false,\"toxics\":\[.*latency_downstream"
call 200 PATCH /proxies/a '{"enabled":true}'
call 204 DELETE /proxies/a/toxics/latency_downstream

# --- Paths that are not clean -------------------------------------------------------------------

for path in //proxies /./proxies /a/../proxies '///x/..//./proxies'; do
    web --path-as-is -o "$work/answer" -D "$work/head" "http://$api$path?q=1"
    head_says '^HTTP/1.1 301'
    head_says '^location: /proxies\?q=1.?$'
    same "body" '' "$(cat "$work/answer")"
done
same "a base URL with a slash at its end" 200 "$(web -L -o /dev/null -w '%{http_code}' "http://$api//version")"

# --- Every interface, and localhost -------------------------------------------------------------

port_of() {
    sed -nE 's/.*"listen":"[^"]*:([0-9]+)".*/\1/p' "$work/answer"
}

# reached HOST PORT - the echo server answers there.
reached() {
    local line
    exec 3<>"/dev/tcp/$1/$2" || fail "$1 does not take port $2"
    echo "hello $1" >&3
    read -r -t 20 line <&3
    same "echo of $1" "hello $1" "$line"
    exec 3>&-
}

call 201 POST /proxies '{"name":"any","listen":"0.0.0.0:0","upstream":"builtin:echo"}'
any=$(port_of)
reached 127.0.0.1 "$any"
here=$(unused_port)
call 201 POST /proxies "{\"name\":\"here\",\"listen\":\"localhost:$here\",\"upstream\":\"builtin:echo\"}"
says "$work/answer" "\"listen\":\"127.0.0.1:$here\""
reached 127.0.0.1 "$here"
eventually 20 grep -q '"event":"open","proxy":"any".*"client":"127\.0\.0\.1:' "$proxy_log" ||
    fail "a client is not named as what it is: $(grep open "$proxy_log")"
if have_ipv6; then
    reached ::1 "$any"
    reached ::1 "$here"
    call 200 PATCH /proxies/here '{"enabled":false}'
    ! (exec 3<>"/dev/tcp/::1/$here") 2>/dev/null || fail "a disabled proxy listens on ::1"
    call 200 PATCH /proxies/here '{"enabled":true}'
    reached ::1 "$here"
fi
go_error 500 POST /proxies "{\"name\":\"again\",\"listen\":\"localhost:$here\",\"upstream\":\"h:1\"}" \
    "listen tcp 127.0.0.1:$here: bind: address already in use"
expect 1 "$RUDEPROXY" --listen "localhost:$here" --upstream builtin:echo
says "$work/err" "cannot listen on localhost:$here \(127\.0\.0\.1:$here\): Address already in use"
call 204 DELETE /proxies/any
call 204 DELETE /proxies/here

# --- Reset, and the end -------------------------------------------------------------------------

answers 204 POST /reset - ''
answers 200 GET /proxies/p - "${p/false/true}"
call 204 DELETE /proxies/p
call 204 DELETE /proxies/a
answers 200 GET /proxies - '{}'
proxy_stop
