#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# `rudeproxy serve`: toxiproxy-server's command line and its file.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
need curl

proxy_ready=$work/ready proxy_err=$work/err1

# start ARGS... - serve, on a port of the kernel's choice.
start() {
    rm -f "$proxy_ready"
    proxy_spawn serve "$@"
    api=$(proxy_address @admin)
}

for port in '-port 0' '-port=0' '--port 0' '--port=0'; do
    # shellcheck disable=SC2086 # one word or two
    start $port -host 127.0.0.1 -seed 7 -proxy-metrics -runtime-metrics=true
    says "$proxy_err" 'seed 7'
    same "address" 127.0.0.1 "${api%:*}"
    answers 200 GET /proxies - '{}'
    proxy_stop
done
start -port 0
same "localhost" 127.0.0.1 "${api%:*}"
kill -INT "$proxy_pid"
eventually 20 process_gone "$proxy_pid" || fail "SIGINT does not end it"
proxy_stop
if have_ipv6; then
    start -host ::1 -port 0
    same "IPv6" '[::1]' "${api%:*}"
    proxy_stop
fi

expect 0 "$RUDEPROXY" serve -version
says "$work/out" '^rudeproxy [0-9]'
expect 2 "$RUDEPROXY" serve -prot 1
says "$work/err" 'port'
expect 2 "$RUDEPROXY" serve -port x
expect 2 "$RUDEPROXY" serve proxies
expect 2 "$RUDEPROXY" run --port 1
says "$work/err" 'only serve'

# --- Under toxiproxy-server's name ---------------------------------------------------------------

real=$RUDEPROXY
for name in toxiproxy toxiproxy-server; do
    ln -s "$(readlink -f "$real")" "$work/$name"
    expect 0 "$work/$name" -version
    says "$work/out" '^toxiproxy-server version 2\.12\.0'
    RUDEPROXY=$work/$name
    rm -f "$proxy_ready"
    proxy_spawn -host=127.0.0.1 -port=0 -seed=7 -runtime-metrics=false
    api=$(proxy_address @admin)
    answers 200 GET /version - "{\"version\": \"2.12.0\"}
"
    proxy_stop
    expect 2 "$RUDEPROXY" -hots 127.0.0.1
    says "$work/err" "did you mean '-host'"
    RUDEPROXY=$real
done

# --- Its file -----------------------------------------------------------------------------------

cat >"$work/good.json" <<'JSON'
[
  {"name": "web", "listen": "localhost:0", "upstream": "builtin:http"},
  {"name": "any", "listen": ":1", "upstream": "db.example:5432", "enabled": false},
  {"name": "off", "listen": "127.0.0.1:1", "upstream": "db.example:5432", "enabled": false}
]
JSON
start -port 0 -config "$work/good.json"
answers 200 GET /proxies - '{"any":{"name":"any","listen":":1","upstream":"db.example:5432","enabled":false,"toxics":[]},"off":{"name":"off","listen":"127.0.0.1:1","upstream":"db.example:5432","enabled":false,"toxics":[]},"web":{"name":"web","listen":"127.0.0.1:#","upstream":"builtin:http","enabled":true,"toxics":[]}}'
same "through it" 200 "$(web -o /dev/null -w '%{http_code}' "http://$(proxy_address web)/bytes/10")"
proxy_stop

broken() { # JSON PATTERN
    printf '%s' "$1" >"$work/bad.json"
    expect 2 "$RUDEPROXY" serve -port 0 -config "$work/bad.json"
    says "$work/err" "$2"
}

broken '[{"name": "a", "upstream": "b:1"' 'bad.json:1:'
broken '{}' 'not a list'
broken '[1]' 'proxy 1: it is not an object'
broken '[{"name": "a"}]' 'proxy 1: upstream is missing'
broken '[{"upstream": "a"}]' 'proxy 1: name is missing'
broken '[{"name": "a", "upstrem": "b:1", "upstream": "b:1"}]' "proxy 1: unknown key upstrem, did you mean 'upstream'"
broken '[{"name": "a", "upstream": "b:1", "toxics": []}]' 'proxy 1: unknown key toxics'
broken '[{"name": "a", "upstream": "b:1", "enabled": "no"}]' 'proxy 1: .*bool'
broken '[{"name": "a", "upstream": "b:1"}, {"name": "a", "upstream": "b:1"}]' 'proxy 2: another'
broken '[{"name": "a", "upstream": "b:1", "listen": "nope"}]' 'proxy 1: .*missing port'
expect 2 "$RUDEPROXY" serve -port 0 -config "$work/none.json"
says "$work/err" 'none.json'

# --- run without a proxy ------------------------------------------------------------------------

rm -f "$proxy_ready"
proxy_spawn run --admin 127.0.0.1:0
api=$(proxy_address @admin)
answers 200 GET /proxies - '{}'
proxy_stop
expect 2 "$RUDEPROXY" run --seed 1
says "$work/err" 'nothing to do'
