#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Chains, the N-th match, the other direction, delays, connections open at once and the next one: from a file,
# from --fault, over the API, and in a replay.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
need jq

# talk FD WORD - sends a line to an echo server and takes its answer: the line, or what came before the end.
talk() {
    local line=
    { echo "$2" >&"$1"; } 2>/dev/null || true
    read -r -t 20 -u "$1" line || line="$line|ended"
    echo "$line"
}

# --- From a file: what is lost is the answer behind the second COMMIT ------------------------------

cat >"$work/chain.ini" <<'INI'
[rudeproxy]
seed = 1
grace = 300ms

[proxy db]
listen   = 127.0.0.1:0
upstream = builtin:echo

[fault answer-lost]
type        = reset
when        = match:"COMMIT"
edge        = before
after       = saw-commit
must_fire   = yes

[fault saw-commit]
type        = mark
direction   = upstream
when        = match:"COMMIT"#2

[fault never]
type        = reset
when        = match:"ROLLBACK"
connections = 1
INI
expect 0 "$RUDEPROXY" check -c "$work/chain.ini"
says "$work/out" '^; fires before the 1st match of "COMMIT" from the server, once saw-commit has fired$'
says "$work/out" '^; fires after the 2nd match of "COMMIT" from the client$'

# The second connection says COMMIT once only.
# shellcheck disable=SC2016 # expanded by the command
conversation='
    say() { echo "$1" >&3; read -r -t 20 -u 3 line && [ "$line" = "$1" ]; }
    exec 3<>"/dev/tcp/$RUDEPROXY_DB_HOST/$RUDEPROXY_DB_PORT"
    say "COMMIT one" || exit 81
    say "SELECT" || exit 82
    ! say "COMMIT two" 2>/dev/null || exit 83
    exec 3>&-
    exec 3<>"/dev/tcp/$RUDEPROXY_DB_HOST/$RUDEPROXY_DB_PORT"
    say "COMMIT three" || exit 84
    exec 3>&-'
run_chain() { # INI LOG
    rm -f "$2"
    expect 0 "$RUDEPROXY" exec -c "$1" --log "$2" --log-format json --report "$2.report" -- bash -c "$conversation"
}
faults_of() {
    jq -c 'select(.event == "fault") | [.proxy, .connection, .type, .direction, .offset]' "$1"
}
# not_fired LOG CONNECTION FAULT - the reason in its closed event.
not_fired() {
    jq -r --argjson number "$2" --arg fault "$3" 'select(.event == "closed" and .connection == $number)
        | .not_fired[] | select(.fault == $fault) | .reason' "$1"
}
run_chain "$work/chain.ini" "$work/log"
same "the faults" '["db",1,"mark","upstream",24]
["db",1,"reset","downstream",18]' "$(faults_of "$work/log")"
same "why not" 'match not seen' "$(not_fired "$work/log" 1 never)"
same "why not" 'saw-commit has not fired' "$(not_fired "$work/log" 2 answer-lost)"
same "why not" 'match seen 1 of 2 times' "$(not_fired "$work/log" 2 saw-commit)"
same "why not, in the report" 'saw-commit has not fired 2' "$(jq -r '.faults[0].not_fired[0] | "\(.reason) \(.connection)"' "$work/log.report")"

# replayed LOG INI - a file that injects the same.
replayed() {
    expect 0 "$RUDEPROXY" replay "$1"
    mv "$work/out" "$2"
    expect 0 "$RUDEPROXY" check -c "$2"
}
replayed "$work/log" "$work/replay.ini"
run_chain "$work/replay.ini" "$work/again"
same "the replay" "$(faults_of "$work/log")" "$(faults_of "$work/again")"

# --- A link by the clock: what waits for it is tied to the byte too --------------------------------

cat >"$work/clock.ini" <<'INI'
[rudeproxy]
seed = 1
grace = 300ms

[proxy db]
listen   = 127.0.0.1:0
upstream = builtin:echo

[fault cut]
type  = inject
data  = "<cut>"
when  = match:"b"
after = quiet

[fault quiet]
type      = mark
direction = upstream
when      = bytes:1
trigger_delay = 100ms
INI
# The words before the pause differ, and so does the offset at which the delay is over. The replay has no delay to wait for.
# shellcheck disable=SC2016 # expanded by the command
pauses='
    for word in aa ccc; do
        exec 3<>"/dev/tcp/$RUDEPROXY_DB_HOST/$RUDEPROXY_DB_PORT"
        echo "$word" >&3
        read -r -t 20 -u 3 line
        count=$((count + 1))
        until [ "$1" = again ] || [ "$(grep -c "\"event\":\"fault\".*\"type\":\"mark\"" "$0")" -eq "$count" ]; do
            [ "$SECONDS" -lt 60 ] || exit 90
            sleep 0.05
        done
        echo "b$word" >&3
        read -r -t 20 -u 3 line
        echo "$line"
        exec 3>&-
    done'
for run in log again; do
    ini=$work/clock.ini
    [ "$run" = log ] || ini=$work/replay.ini
    rm -f "$work/$run"
    expect 0 "$RUDEPROXY" exec -c "$ini" --log "$work/$run" --log-format json -- bash -c "$pauses" "$work/$run" "$run"
    same "what came through ($run)" 'b<cut>aa
b<cut>ccc' "$(cat "$work/out")"
    [ "$run" = again ] || replayed "$work/log" "$work/replay.ini"
done
same "the replay of a delay" "$(faults_of "$work/log")" "$(faults_of "$work/again")"
! grep -q '^after' "$work/replay.ini" || fail "a chain by the clock is left: $(cat "$work/replay.ini")"

# --- From the command line ------------------------------------------------------------------------

# shellcheck disable=SC2016 # expanded by the command
expect 0 "$RUDEPROXY" exec --listen 127.0.0.1:0 --upstream builtin:echo \
    --fault 'type=inject data="!" when=match:"ab"#2+1' -- \
    bash -c 'exec 3<>"/dev/tcp/$RUDEPROXY_MAIN_HOST/$RUDEPROXY_MAIN_PORT"
        echo "ab ab ab" >&3; read -r -t 20 -u 3 line; echo "$line"'
same "the second match, and one byte" 'ab ab !ab' "$(cat "$work/out")"

# --- Over the API ---------------------------------------------------------------------------------

api_start <<'INI'
[proxy web]
listen   = 127.0.0.1:0
upstream = builtin:echo
INI
faults=/v1/proxies/web/faults
port=$(proxy_port web)
dial() { # FD
    eval "exec $1<>/dev/tcp/127.0.0.1/$port"
}
says_error() { # BODY PATTERN
    call 400 POST $faults "$1"
    says "$work/answer" "$2"
}

says_error '{"type":"mark","after":"non"}' "after: the proxy has no fault 'non'"
call 201 POST $faults '{"name":"one","type":"mark","direction":"upstream","when":"match:\"go\""}'
call 201 POST $faults '{"name":"two","type":"inject","data":"*","when":"match:\"x\"#2","after":"one"}'
answer_field '"\(.after) \(.when) \(.trigger_delay)"' 'one match:"x"#2 0s'
says_error '{"type":"mark","after":"tow"}' "did you mean .*two"
call 400 PATCH $faults/one '{"after":"two"}'
says "$work/answer" 'a circle'
dial 3
same "before go" 'xx' "$(talk 3 xx)"
same "go" 'go' "$(talk 3 go)"
same "behind go" 'xx*x' "$(talk 3 xxx)"
exec 3>&-
call 200 GET /v1/config
cp "$work/answer" "$work/config.ini"
expect 0 "$RUDEPROXY" check -c "$work/config.ini"
says "$work/config.ini" '^after *= web.one$'
call 204 DELETE $faults/two
call 204 DELETE $faults/one

# The next connection only, whatever its number.
call 201 POST $faults '{"name":"next","type":"inject","data":"*","connections":"next"}'
answer_field .connections 2
dial 3
same "the next one" '*a' "$(talk 3 a)"
dial 4
same "the one behind it" 'a' "$(talk 4 a)"
call 200 PATCH $faults/next '{"connections":"next"}'
answer_field .connections 4
exec 3>&- 4>&-
call 204 DELETE $faults/next

# Counts begin anew: connection 1, and `times`.
call 201 POST $faults '{"name":"once","type":"inject","data":"*","times":1,"connections":[1,2]}'
for round in 1 2; do
    answers 204 POST /v1/reset-counts - ''
    dial 3
    same "the first one of round $round" '*a' "$(talk 3 a)"
    dial 4
    same "the second one of round $round" 'a' "$(talk 4 a)"
    exec 3>&- 4>&-
done
call 200 GET $faults/once
answer_field '.fired' 2
says "$proxy_log" '"event":"counts_reset","proxy":"web","serial":[1-9]'
call 204 DELETE $faults/once

# Only the third of those open at once.
call 201 POST $faults '{"name":"crowd","type":"close","concurrent":"3-","when":"accept"}'
dial 3
same "the first" 'a' "$(talk 3 a)"
dial 4
same "the second" 'a' "$(talk 4 a)"
dial 5
same "the third" '|ended' "$(talk 5 a)"
exec 3>&- 4>&- 5>&-
call 204 DELETE $faults/crowd

# NAME/any: a fault of one connection arms it on others, open ones and later ones.
call 201 POST $faults '{"name":"cut","type":"mark","when":"match:\"cut\""}'
call 201 POST $faults '{"name":"failover","type":"inject","data":"*","when":"match:\"x\"","after":"cut/any"}'
dial 3
same "nothing yet" 'x' "$(talk 3 x)"
dial 4
same "the cut" 'cut' "$(talk 4 cut)"
same "an open one" 'x*' "$(talk 3 x)"
dial 5
same "a later one" 'x*' "$(talk 5 x)"
exec 3>&- 4>&- 5>&-
