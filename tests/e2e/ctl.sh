#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# rudeproxy ctl: every command against a server, what it prints and how it exits.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
unset TOXIPROXY_URL RUDEPROXY_TOKEN

api_start <<'INI'
[proxy web]
listen   = 127.0.0.1:0
upstream = builtin:echo

[fault slow]
proxy = web
type  = latency
delay = 1ms
INI
web=$(proxy_address web)

# ctl ARGS... - a command that does what it should; what it printed is in $work/out.
ctl() {
    expect 0 "$RUDEPROXY" ctl --host "http://$api" "$@"
}

# ctl_fails STATUS PATTERN ARGS... - one that does not, and says why on stderr.
ctl_fails() {
    local status=$1 pattern=$2
    shift 2
    expect "$status" "$RUDEPROXY" ctl -h "$api" "$@"
    says "$work/err" "$pattern"
    same "stdout of ctl $*" '' "$(cat "$work/out")"
}

# printed LINE - the last command printed just this; # stands for digits.
printed() {
    local pattern
    # shellcheck disable=SC2016 # sed's own
    pattern=$(printf '%s' "$1" | sed -e 's/[][\.|$(){}?+*^]/\\&/g' -e 's/#/[0-9]+/g')
    [[ $(cat "$work/out") =~ ^$pattern$ ]] || fail "it printed
$(cat "$work/out")
instead of
$1"
}

tab=$'\t'
nl=$'\n'

# --- Usage --------------------------------------------------------------------------------------

ctl --help
says "$work/out" 'toxic add'
says "$work/out" 'fault change'
ctl toxic --help
! grep -q 'fault change' "$work/out" || fail "the help of toxic tells of faults"
ctl create --help
says "$work/out" '-l, --listen ADDRESS'
ctl -v
printed "$("$RUDEPROXY" --version)"
ctl_fails 2 'ctl needs a command'
ctl_fails 2 "no command 'lsit', did you mean 'list'" lsit
ctl_fails 2 "'ctl toxic' needs a command" toxic
ctl_fails 2 "no command 'ad', did you mean 'add'" toxic ad
ctl_fails 2 "unknown option --hots, did you mean '--host'" --hots x list
ctl_fails 2 'unknown option -u' list -u x
ctl_fails 2 'an argument is missing' inspect
ctl_fails 2 "unexpected argument 'web'" list web
ctl_fails 2 'needs a value, ADDRESS' create web --upstream
ctl_fails 2 'takes no value' list --json=yes
ctl_fails 2 '--upstream is given twice' create x -u a -u b
expect 2 "$RUDEPROXY" --seed 1 ctl list
expect 2 "$RUDEPROXY" --report x ctl list

# --- Where the server is ------------------------------------------------------------------------

for url in "http://$api" "http://$api/" "$api"; do
    expect 0 "$RUDEPROXY" ctl list --host "$url"
    expect 0 env TOXIPROXY_URL="$url" http_proxy=http://127.0.0.1:1 "$RUDEPROXY" ctl list
done
nobody=1
expect 1 "$RUDEPROXY" ctl -h "127.0.0.1:$nobody" list
says "$work/err" "127.0.0.1:$nobody.*connect"
expect 1 "$RUDEPROXY" ctl -h "unix:$work/none" list
says "$work/err" 'is it running with --admin or serve'
expect 1 "$RUDEPROXY" ctl -h "ftp://$api" list
says "$work/err" "unknown scheme 'ftp'"
expect 1 "$RUDEPROXY" ctl -h "https://$api" list
says "$work/err" 'https is not supported'
expect 0 "$RUDEPROXY" ctl -h "localhost:${api##*:}" list
# Something that is no API at all.
ctl create http -u builtin:http
printed "Created new proxy http${nl}It listens on 127.0.0.1:#"
other=$(sed -nE 's/^It listens on //p' "$work/out")
expect 1 "$RUDEPROXY" ctl -h "$other/bytes" list
says "$work/err" '^rudeproxy: '
expect 1 "$RUDEPROXY" ctl -h "$other/bytes/10?" list
says "$work/err" 'no JSON|not JSON'
# An answer without end is not read to its end.
expect 1 "$RUDEPROXY" ctl -h "$other/bytes/1G?" list
says "$work/err" 'longer than 64 MB'
ctl create chargen -u builtin:chargen
expect 1 "$RUDEPROXY" ctl -h "$(sed -nE 's/^It listens on //p' "$work/out")" list
says "$work/err" 'not HTTP|line of more than'
ctl delete chargen
ctl delete http

# --- toxiproxy-cli's words ----------------------------------------------------------------------

ctl list
printed "web${tab}$web${tab}builtin:echo${tab}enabled${tab}1"
port=$(unused_port)
ctl create -l "127.0.0.1:$port" -u builtin:http one
printed 'Created new proxy one'
ctl create 'a b/ä' --listen=localhost:0 -upstream builtin:discard
ctl_fails 1 '^rudeproxy: proxy already exists$' create one -u x:1
ctl_fails 1 "^rudeproxy: listen tcp 127.0.0.1:$port: bind: address already in use$" \
    create two -l "127.0.0.1:$port" -u x:1
ctl_fails 2 'needs an --upstream' create two
for word in list l li ls; do
    ctl $word
    printed "\"a b/ä\"${tab}127.0.0.1:#${tab}builtin:discard${tab}enabled${tab}0
one${tab}127.0.0.1:$port${tab}builtin:http${tab}enabled${tab}0
web${tab}$web${tab}builtin:echo${tab}enabled${tab}1"
done
ctl toggle one
printed 'Proxy one is now disabled'
ctl tog one
printed 'Proxy one is now enabled'
ctl_fails 1 '^rudeproxy: proxy not found$' toggle none
ctl_fails 1 'proxy not found' inspect none
ctl d one
printed 'Deleted proxy one'
ctl_fails 1 'proxy not found' delete one
# A redirect did nothing: the server cleans the path /proxies/.. first.
ctl_fails 1 'the server answers 301' delete ..
ctl_fails 1 'the server answers 301' toggle ..

# Options before the name of the proxy, as toxiproxy-cli wants it, and behind it.
ctl toxic add -t latency -n lag -a latency=100 -a jitter=5 -tox 0.25 web
printed "Added downstream latency toxic 'lag' on proxy 'web'"
ctl toxic add web --type=packet_loss --upstream --attribute loss_rate=0.5,correlation=0.125
printed "Added upstream packet_loss toxic 'packet_loss_upstream' on proxy 'web'"
lag="lag${tab}type=latency${tab}stream=downstream${tab}toxicity=0.25${tab}attributes=[${tab}jitter=5${tab}latency=100${tab}]"
slow="slow${tab}type=latency${tab}stream=downstream${tab}toxicity=1.00${tab}attributes=[${tab}jitter=0${tab}latency=1${tab}]"
loss="packet_loss_upstream${tab}type=packet_loss${tab}stream=upstream${tab}toxicity=1.00${tab}attributes=[${tab}correlation=0.125${tab}loss_rate=0.5${tab}]"
for words in 'inspect web' 'i web' 'ins web' 'toxic list web' 't ls web'; do
    # shellcheck disable=SC2086 # words
    ctl $words
    printed "$loss$nl$slow$nl$lag"
done
ctl toxic update web -n lag -a latency=50
printed "Updated toxic 'lag' on proxy 'web'"
ctl toxic list web
printed "$loss$nl$slow$nl${lag/=100/=50}" # the toxicity stays
ctl t u -n lag --toxicity 0.001 web
ctl toxic list web
says "$work/out" 'toxicity=0\.001'
ctl_fails 2 'toxicName is missing' toxic update web
ctl_fails 2 'toxicName is missing' toxic remove web
ctl_fails 2 'needs a --type' toxic add web
ctl_fails 2 'not both' toxic add web -t noop -u -d
ctl_fails 2 'not within 0 and 1' toxic add web -t noop --tox 2
ctl_fails 2 "'latency' is not KEY=VALUE" toxic add web -t latency -a latency
ctl_fails 1 'toxic already exists' toxic add web -t noop -n lag
ctl_fails 1 'invalid toxic type' toxic add web -t nope
ctl_fails 1 'cannot unmarshal number 1.5' toxic add web -t latency -n x -a latency=1.5
ctl_fails 1 'toxic not found' toxic update web -n none
for word in remove r delete d; do
    ctl toxic add web -t noop -n gone
    ctl toxic $word web -n gone
    printed "Removed toxic 'gone' on proxy 'web'"
done
ctl_fails 1 'toxic not found' toxic remove web -n gone
ctl toxic remove web -n lag
ctl toxic remove web -n packet_loss_upstream

# --- Faults -------------------------------------------------------------------------------------

ctl fault add web 'type=reset when=match:"x y" edge=before' must_fire=no --name cut
printed "Added reset fault 'cut' on proxy 'web'"
ctl fault list web
says "$work/out" "^web${tab}slow${tab}latency${tab}file${tab}enabled${tab}0${tab}0${tab}direction=downstream when=open .*delay=1ms"
says "$work/out" "^web${tab}cut${tab}reset${tab}api${tab}enabled${tab}0${tab}0${tab}.*when=match:\"x y\" .*edge=before .*mode=drain"
# What is printed can be said again.
words=$(sed -nE "s/^web${tab}cut.*${tab}//p" "$work/out")
ctl fault add web "type=reset $words" -n again
ctl fault list
[ "$(sed -nE "s/^web${tab}again.*${tab}//p" "$work/out")" = "$words" ] || fail "not the same: $(cat "$work/out")"
ctl fault add web type=noop clients='"::1, 10.0.0.0/8"' 'destinations="a.test:1, b.test"' -n lists
ctl fault list web
words=$(sed -nE "s/^web${tab}lists.*${tab}//p" "$work/out")
ctl fault add web "type=noop $words" -n "lists again"
ctl fault remove web lists
ctl fault list web
[ "$(sed -nE "s/^web${tab}\"lists again\".*${tab}//p" "$work/out")" = "$words" ] || fail "not the same: $(cat "$work/out")"
ctl fault remove web "lists again"
ctl fault change web again mode=abrupt chance=50%
printed "Changed fault 'again' on proxy 'web'"
ctl fault list web
says "$work/out" 'again.*chance=50%.*mode=abrupt'
ctl fault change web again mode= chance=
ctl fault list web
says "$work/out" 'again.*chance=100%.*mode=drain'
# More than an integer of JSON holds.
ctl fault change web again times=9223372036854775808
ctl fault list
says "$work/out" 'again.* times=9223372036854775808 '
ctl fault change web again times=9223372036854775807
says "$work/out" "^Changed fault 'again'"
ctl fault disable web again
printed "Disabled fault 'again' on proxy 'web'"
ctl faults ls web
says "$work/out" "again${tab}reset${tab}api${tab}disabled"
ctl fault enable web again
ctl fault remove web again
printed "Removed fault 'again' on proxy 'web'"
ctl fault rm --new web cut
ctl_fails 1 'the proxy web has no fault cut' fault remove web cut
ctl_fails 1 'there is no proxy none' fault list none
ctl_fails 1 "did you mean 'reset'" fault add web type=rest
ctl_fails 1 'a fault cannot be renamed' fault change web slow name=fast
ctl_fails 2 'is not a key with a value' fault add web reset
# Nothing that was given is dropped or overridden.
ctl_fails 2 '^rudeproxy: when: given twice' fault add web 'type=reset when=bytes:1k' when=bytes:2k
ctl_fails 2 '^rudeproxy: when: given twice' fault change web slow when=bytes:1k when=
ctl_fails 2 '^rudeproxy: name: given twice' fault add web type=reset name=a -n b
ctl_fails 2 '^rudeproxy: name: .* UTF-8' fault add web type=reset -n $'\xff'
ctl_fails 2 '^rudeproxy: name: .* UTF-8' fault add web type=reset name=$'\xff'
ctl_fails 2 '^rudeproxy: name: .* UTF-8' toxic add web -t noop -n $'\xff'
ctl_fails 2 '^rudeproxy: type: .* UTF-8' toxic add web -t $'\xff'
# A name that Toxiproxy's paths cannot hold.
ctl fault add 'a b/ä' type=close when=time:1h -n '50%/é'
ctl fault change 'a b/ä' '50%/é' when=time:2h
ctl fault list 'a b/ä'
says "$work/out" "^\"a b/ä\"${tab}\"50%/é\"${tab}close${tab}"
ctl fault remove 'a b/ä' '50%/é'

# --- Connections --------------------------------------------------------------------------------

port=${web##*:}
echoes() { # FD WORD
    local line
    echo "$2" >&"$1"
    read -r -t 20 -u "$1" line || fail "no echo of $2"
    same "echo" "$2" "$line"
}

ctl connections
printed ''
exec 3<>"/dev/tcp/127.0.0.1/$port"
echoes 3 hello
ctl connections
printed "web${tab}1${tab}open${tab}#.#s${tab}127.0.0.1:#${tab}127.0.0.1:#${tab}6${tab}6${tab}slow:active"
ctl connections web
says "$work/out" "^web${tab}1${tab}open"
for words in 'ctl top' top; do
    # shellcheck disable=SC2086 # two words
    expect 0 "$RUDEPROXY" $words --host "$api" --once
    says "$work/out" "^proxy${tab}web${tab}127.0.0.1:[0-9]+${tab}1${tab}[0-9]+${tab}[0-9.]+ k?B/s${tab}[0-9.]+ k?B/s$"
    says "$work/out" "^fault${tab}slow${tab}latency${tab}[0-9]+${tab}[0-9]+${tab}\\+[0-9]+$"
    says "$work/out" "^connection${tab}web#1${tab}open${tab}.*${tab}6${tab}6$"
    ! grep -q $'\x1b' "$work/out" || fail "colour without a terminal"
done

# On a terminal the picture fits: each section has as many rows as there is room for, and long lines are cut.
if command -v python3 >/dev/null; then
    # The proxies that were there go on as they are.
    call 201 POST /populate "[$(for i in {0..29}; do
        printf '%s{"name":"more-%d","listen":"127.0.0.1:0","upstream":"builtin:echo"}' "${comma-}" "$i"
        comma=,
    done)]"
    expect 0 python3 "$(dirname "$0")/top_screen.py" 24 40 "$RUDEPROXY" top --host "$api"
    [ "$(wc -l <"$work/out")" -lt 24 ] || fail "the picture does not fit 24 lines: $(cat "$work/out")"
    for line in '^CUT$' '^proxy +web ' '^proxy +more-2 ' '^fault +slow ' '^connection +web#1 ' '^WRAP$'; do
        says "$work/out" "$line"
    done
    # The report has the faults that were deleted, too.
    same "what is left out" $'... 27 more\n... 4 more' "$(grep more$ "$work/out")"
    for i in {0..29}; do
        call 204 DELETE "/proxies/more-$i"
    done
fi

ctl fault add --new web type=inject data=no
echoes 3 still
ctl fault remove web inject
ctl inject web 1 'type=inject data="a b "'
printed "Injected into connection 1 of proxy 'web'"
echo tail >&3
read -r -t 20 -u 3 line || fail "no answer behind what was injected"
same "injected" 'a b tail' "$line"
ctl_fails 1 'has no open connection 7|there is no' kill web 7
ctl_fails 1 'latency does not end a connection' kill web 1 --how latency
for words in hold_fin 'half_close side=client' 'shut_rd side=client'; do
    # shellcheck disable=SC2086 # words
    ctl_fails 1 "${words%% *} does not end a connection" kill web 1 --how $words
done
echoes 3 open
ctl_fails 1 "did you mean 'reset'" kill web 1 --how rest
ctl kill web 1 --how reset mode=abrupt side=client
printed "Ended connection 1 of proxy 'web'"
line=$(cat <&3 2>&1) && fail "the client read: $line"
[[ $line == *reset* ]] || fail "the client's error is no reset: $line"
exec 3>&-
ctl_fails 1 'connection' kill web 1

# --- Events -------------------------------------------------------------------------------------

ctl events
for event in listening open fault closed; do
    says "$work/out" "^\\{.*\"event\":\"$event\""
done
last=$(wc -l <"$work/out")
ctl events --after $((last - 1))
same "events behind the last but one" 1 "$(wc -l <"$work/out")"
ctl_fails 1 '^rudeproxy: after: write the id of an event' events --after x
"$RUDEPROXY" ctl --host "$api" events --follow --after "$last" >"$work/followed" 2>"$work/followed.err" &
servers+=("$!")
exec 3<>"/dev/tcp/127.0.0.1/$port"
echoes 3 hello
eventually 20 grep -q '"event":"open".*"connection":2' "$work/followed" ||
    fail "not followed: $(cat "$work/followed" "$work/followed.err")"
ctl kill web 2
printed "Ended connection 2 of proxy 'web'"
exec 3>&-
eventually 20 grep -q '"event":"closed".*"connection":2' "$work/followed" ||
    fail "not followed to the end: $(cat "$work/followed")"

# --- The run ------------------------------------------------------------------------------------

ctl report
says "$work/out" '"seed": "1"'
ctl config
cp "$work/out" "$work/effective.ini"
says "$work/effective.ini" '^\[proxy web\]'
ctl version
says "$work/out" "^version${tab}[0-9.]+$"
says "$work/out" "^seed${tab}1$"
ctl fault add web type=reset when=bytes:1M
ctl reload
printed 'Reloaded'
ctl fault list web
says "$work/out" "reset${tab}reset${tab}api"
ctl reload --drop
ctl fault list web
! grep -q "reset${tab}" "$work/out" || fail "reload --drop has kept: $(cat "$work/out")"
printf '[proxy web]\nlisten = nonsense\n' >>"$proxy_ini"
ctl_fails 1 'not reloaded' reload
says "$work/err" "$proxy_ini:[0-9]+: "
# Chains, the N-th match and the next connection, in the words of the file.
ctl fault add web type=mark direction=upstream 'when=match:"a b"#2+1' -n seen
ctl fault add web type=reset after=seen trigger_delay=5ms connections=next -n behind
ctl fault list web
says "$work/out" "^web${tab}seen${tab}mark${tab}.* when=match:\"a b\"#2\+1 "
says "$work/out" "^web${tab}behind${tab}reset${tab}.* after=seen trigger_delay=5ms .*connections=[0-9]+ "
ctl_fails 1 "did you mean 'seen'" fault add web type=noop after=sen
ctl_fails 1 'a circle' fault change web seen after=behind
ctl fault remove web behind
ctl fault remove web seen

ctl reset-counts
printed "Connections are numbered from 1 again$nl"

ctl reset
ctl fault list
printed ''

ctl --json list
says "$work/out" '^\{"web":\{"name":"web",.*"toxics":\[\]\}\}$'
ctl --json toggle web
says "$work/out" '^\{"name":"web",.*"enabled":false'
ctl toggle --json web
ctl version --json
says "$work/out" '^\{"version":'
ctl --json fault add web type=noop
says "$work/out" '^\{"name":"noop",'
ctl --json fault remove web noop
printed ''

# A reader that is gone, and a full disk.
# shellcheck disable=SC2016 # bash's own
expect 1 bash -c '"$0" ctl -h "$1" list >/dev/full' "$RUDEPROXY" "$api"
proxy_stop
eventually 20 process_gone "${servers[0]}" || fail "events --follow goes on without a server"
says "$work/followed.err" '^rudeproxy: '

# --- Under the name of toxiproxy-cli ------------------------------------------------------------

api_start <<'INI'
[proxy web]
listen   = 127.0.0.1:0
upstream = builtin:echo
INI
ln -s "$(readlink -f "$RUDEPROXY")" "$work/toxiproxy-cli"

# toxi STATUS ARGS... - toxiproxy-cli with these words.
toxi() {
    local status=$1
    shift
    expect "$status" env TOXIPROXY_URL="http://$api" "$work/toxiproxy-cli" "$@"
}

toxi 0
says "$work/out" 'usage: toxiproxy-cli'
toxi 0 help
toxi 0 --version
says "$work/out" '^toxiproxy-cli version 2\.12\.0'
toxi 0 toxic add -t latency -a latency=10 --toxicity 0.5 web
printed "Added downstream latency toxic 'latency_downstream' on proxy 'web'"
toxi 0 toxic update -n latency_downstream -a latency=20 web
toxi 0 inspect web
says "$work/out" 'toxicity=1\.00.*latency=20'
for whole in 1e2 100.0 0.1e3; do # Go's client parses a number and sends 100
    toxi 0 toxic add -t latency -n "whole $whole" -a latency=$whole web
    toxi 0 inspect web
    says "$work/out" "whole $whole.*latency=100[^0-9.]"
    toxi 0 toxic remove -n "whole $whole" web
done
toxi 1 toxic add -t latency -n part -a latency=1.5 web
says "$work/err" 'cannot unmarshal number 1\.5'
toxi 1 create other -u x:1
says "$work/err" "^Required argument 'listen' was empty\.$"
toxi 1 create web -l 127.0.0.1:0 -u x:1
says "$work/err" '^Failed to create proxy: HTTP 409: proxy already exists$'
toxi 1 inspect none
says "$work/err" '^Failed to retrieve proxy none: HTTP 404: proxy not found$'
toxi 1 toxic remove -n none web
says "$work/err" '^Failed to remove toxic: HTTP 404: toxic not found$'
toxi 1 lsit
says "$work/err" "did you mean 'list'"
toxi 1 list --nope
proxy_stop

# --- The token, and a UNIX socket ---------------------------------------------------------------

proxy_start "admin = unix:$work/admin.sock" 'admin_token = sesame-open-7' </dev/null
api=unix:$work/admin.sock
ctl_fails 1 'send the admin_token' list
ctl_fails 1 'send the admin_token' --token sesame-open-8 list
expect 0 "$RUDEPROXY" ctl --host "$api" --token sesame-open-7 list
expect 0 env RUDEPROXY_TOKEN=sesame-open-7 TOXIPROXY_URL="$api" "$RUDEPROXY" ctl list
proxy_stop
