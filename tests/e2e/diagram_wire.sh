#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The diagram against a capture: for each of twelve ways a connection can go, data, FINs and RSTs between the client and
# rudeproxy stand in the order in which tshark saw them; for twelve recipes of docs/SCENARIOS.md also those between
# rudeproxy and the server. The packets of `view --pcapng` and the picture of `view --text` have the same order.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
need node tshark

tshark -n -i lo -c 1 -a duration:1 >"$work/out" 2>&1 </dev/null || skip "tshark may not capture here: $(tail -n 1 "$work/out")"

# scenario NAME UPSTREAM [KEY=VALUE...] - a proxy, and a fault of these keys.
scenario() {
    local name=$1 protocol=raw
    [ "$2" != builtin:http ] || protocol=http
    printf '[proxy %s]\nlisten = 127.0.0.1:0\nupstream = %s\nprotocol = %s\nlog_messages = %s\n' \
        "$name" "$2" "$protocol" "$([ $protocol = raw ] && printf no || printf yes)"
    shift 2
    [ $# -eq 0 ] || printf '[fault f-%s]\nproxy = %s\n' "$name" "$name"
    [ $# -eq 0 ] || printf '%s\n' "$@"
}

{
    scenario plain builtin:http
    scenario half_close builtin:http type=half_close side=client when=bytes:100
    scenario hold_fin builtin:http type=hold_fin direction=upstream for=200ms
    scenario close builtin:http type=close when=bytes:100
    scenario blackhole builtin:http type=blackhole when=bytes:300
    scenario inject builtin:http type=inject when=bytes:100 'data="EVIL"'
    scenario unread builtin:http type=unread direction=upstream side=client when=bytes:20 bytes=5
    scenario reset builtin:http type=reset when=bytes:100
    scenario latency builtin:http type=latency delay=100ms
    scenario limit_data builtin:http type=limit_data bytes=150
    scenario no_server "127.0.0.1:$(unused_port)"
    scenario reset_at_accept builtin:http type=reset when=accept
} >"$work/scenarios.ini"
mkdir "$work/web"
cp "$(dirname "$0")"/../../web/{story,diagram}.js "$work/web"
echo '{"type": "module"}' >"$work/web/package.json"
RUDEPROXY=$RUDEPROXY node "$(dirname "$0")/diagram_wire.mjs" "$work/web/diagram.js" "$work" "$work/proxy1.log" \
    >"$work/words" 2>"$work/words.err" &
servers+=("$!")
node_pid=$!
eventually 20 test -e "$work/servers" || fail "no servers: $(cat "$work/words.err")"

# recipe NAME PORT - the recipe with addresses of this run, and delays that are short.
recipe() {
    sed -E "s/^listen .*/listen = 127.0.0.1:0/; s/^upstream .*/upstream = 127.0.0.1:$2/; s/^(for +=) 1s/\\1 200ms/" \
        "$(dirname "$0")/../../config/recipes/$1.ini" |
        awk -v name="$1" '{ print } /^\[fault /{ print "proxy = " name }'
}
while read -r name port; do
    recipe "$name" "$port"
done <"$work/servers" >>"$work/scenarios.ini"
proxy_start <"$work/scenarios.ini"
cp "$proxy_ready" "$work/ready.new"
mv "$work/ready.new" "$work/ready"
wait "$node_pid" || fail "$(cat "$work/words" "$work/words.err")"
cat "$work/words"
