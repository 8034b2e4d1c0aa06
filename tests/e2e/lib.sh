# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# The harness of the end-to-end tests: real servers and real clients around the real proxy.
#
# Everything lives in a private folder, $work, and listens on 127.0.0.1 or in $work; everything
# started here is stopped at exit. Exception: $port_folder, which all have in common while one of them has a port that the kernel
# did not give out, so that no two have the same. So the tests can run side by side, and twice at once.

set -euo pipefail

: "${RUDEPROXY:?set RUDEPROXY to the binary under test}"
export LC_ALL=C
# Debian's python3 comes first: it has the modules, and starts in a tenth of the time of a version manager's.
PATH=/usr/bin:/bin:$PATH:/usr/sbin:/sbin
unset CDPATH
unset http_proxy https_proxy all_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY

port_folder=${TMPDIR:-/tmp}/rudeproxy-e2e-ports # of all that run: a file for each port that one of them has
work=$(mktemp -d "${TMPDIR:-/tmp}/rudeproxy-e2e.XXXXXX")
chmod 711 "$work" # a server that runs as another user has its folder in here

servers=()   # pids, in the order of their start
proxy_pid=   # the proxy started last, empty when it was stopped
proxy_count=0

# --- Verdicts -----------------------------------------------------------------------------------

note() {
    printf '%s\n' "$*"
}

skip() {
    note "skipped: $*"
    exit 77
}

fail() {
    note "FAILED: $*"
    exit 1
}

need() {
    local command
    for command in "$@"; do
        command -v "$command" >/dev/null || skip "$command is not installed"
    done
}

have_ipv6() {
    grep -qsE '^0{31}1 ' /proc/net/if_inet6
}

# eventually SECONDS CMD... - waits until CMD succeeds. It looks less and less often: where a process costs 10 ms, a test
# that looks all the time keeps a CPU busy.
eventually() {
    local end=$((SECONDS + $1 + 1)) naps=(0.05 0.1 0.2) i=0
    shift
    until "$@"; do
        [ "$SECONDS" -lt "$end" ] || return 1
        sleep "${naps[i]}"
        i=$((i < 2 ? i + 1 : 2))
    done
}

# expect CODES CMD... - runs CMD, which must exit with one of the codes ("56" or "55|56").
# Its output is in $work/out and $work/err until the next expect.
expect() {
    local codes=$1 code=0
    shift
    "$@" >"$work/out" 2>"$work/err" </dev/null || code=$?
    [[ "|$codes|" == *"|$code|"* ]] ||
        fail "exit $code instead of $codes: $*
$(tail -n 20 "$work/out" "$work/err" | cut -c 1-300)"
}

# says FILE PATTERN - FILE has a line that matches the extended regular expression.
says() {
    grep -qiE -e "$2" "$1" || fail "no line matches '$2' in:
$(head -n 40 "$1" | cut -c 1-300)"
}

same() { # WHAT EXPECTED GOT
    [ "$2" = "$3" ] || fail "$1: $3 instead of $2"
}

# --- Processes ----------------------------------------------------------------------------------

process_gone() {
    local stat=
    { read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 0
    # The state follows the name's closing bracket; Z: only our wait is missing.
    [[ ${stat##*) } == Z* ]]
}

# marked_processes - the pids of others that run and have our RUDE_MARK in their environment. One grep looks at all.
marked_processes() {
    local environ pid
    while IFS= read -r environ; do
        pid=${environ#/proc/} pid=${pid%/environ}
        [ "$pid" = $$ ] || process_gone "$pid" || printf '%s\n' "$pid"
    done < <(export -n RUDE_MARK && grep -lszxF "RUDE_MARK=$RUDE_MARK" /proc/[0-9]*/environ)
}

# child_runs PID - it runs, and is a child of this script or of this subshell. The number of one that has ended may be another
# program's by now.
child_runs() {
    local stat state parent
    { read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 1
    read -r state parent _ <<<"${stat##*) }"
    [ "$state" != Z ] && { [ "$parent" -eq "$BASHPID" ] || [ "$parent" -eq $$ ]; }
}

child_gone() {
    ! child_runs "$1"
}

# end_process PID SIGNAL [SECONDS] - ends a child, by force if it must be; returns its exit status.
end_process() {
    local status=0
    if child_runs "$1"; then
        kill "-$2" "$1" 2>/dev/null || true
        eventually "${3-60}" child_gone "$1" || kill -KILL "$1" 2>/dev/null || true
    fi
    wait "$1" || status=$?
    return "$status"
}

# shellcheck disable=SC2317 # called by the trap
cleanup() {
    local status=$? pid
    set +e
    trap - EXIT
    for pid in $proxy_pid "${servers[@]}"; do
        end_process "$pid" TERM 15 >/dev/null 2>&1
    done
    if [ "$status" -ne 0 ] && [ "$status" -ne 77 ]; then
        tail -n 8 "$work"/proxy*.err "$work"/proxy*.log 2>/dev/null | cut -c 1-400
    fi
    release_ports
    rm -rf "$work"
    exit "$status"
}
trap cleanup EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

# --- The proxy ----------------------------------------------------------------------------------

# proxy_start [LINE...] <INI - starts a proxy with this file and waits until it listens. A
# [rudeproxy] section is put before it, which also has the lines. Sets proxy_pid, proxy_log (JSON
# lines), proxy_err.
proxy_start() {
    proxy_count=$((proxy_count + 1))
    proxy_ini=$work/proxy$proxy_count.ini
    proxy_log=$work/proxy$proxy_count.log
    proxy_err=$work/proxy$proxy_count.err
    proxy_ready=$work/proxy$proxy_count.ready
    {
        printf '[rudeproxy]\nseed = 1\nlog = %s\nlog_format = json\ngrace = 2s\n' "$proxy_log"
        printf '%s\n' "$@" ''
        cat
    } >"$proxy_ini"
    proxy_spawn -c "$proxy_ini"
}

# proxy_spawn ARGS... - the same with arguments only, for a proxy without a file.
proxy_spawn() {
    [ -z "$proxy_pid" ] || fail "internal: the proxy before this one still runs"
    "$RUDEPROXY" "$@" --ready-file "$proxy_ready" </dev/null >"$work/proxy$proxy_count.out" 2>"$proxy_err" &
    proxy_pid=$!
    eventually 20 proxy_started_or_gone || fail "the proxy does not become ready: $(cat "$proxy_err")"
    [ -e "$proxy_ready" ] || fail "the proxy ended at its start: $(cat "$proxy_err")"
}

proxy_started_or_gone() {
    [ -e "$proxy_ready" ] || process_gone "$proxy_pid"
}

# proxy_address NAME - where the proxy NAME listens.
proxy_address() {
    local name address
    while read -r name address; do
        [ "$name" != "$1" ] || { printf '%s' "$address" && return 0; }
    done <"$proxy_ready"
    fail "the ready file does not name the proxy $1: $(cat "$proxy_ready")" >&2
}

proxy_port() {
    local address
    address=$(proxy_address "$1")
    printf '%s' "${address##*:}"
}

# proxy_stop - SIGTERM; the proxy must exit 0 (a leak found by the sanitizer would exit otherwise).
proxy_stop() {
    local status=0 pid=$proxy_pid
    proxy_pid=
    end_process "$pid" TERM || status=$?
    [ "$status" -eq 0 ] || fail "the proxy exited with $status at SIGTERM: $(cat "$proxy_err")"
}

# closed_bytes CONNECTION SIDE KEY - a number of the connection's "closed" record, e.g.
# closed_bytes 1 client bytes_out: what was handed to the client.
closed_bytes() {
    local line number
    eventually 20 closed_line "$1" >/dev/null || fail "no closed event of connection $1 in the log" >&2
    line=$(closed_line "$1")
    number=$(sed -nE "s/.*\"$2\": *\\{[^}]*\"$3\": *([0-9]+).*/\\1/p" <<<"$line")
    [ -n "$number" ] || fail "no $2.$3 in: $line" >&2
    printf '%s' "$number"
}

closed_line() {
    grep -E '"event": *"closed"' "$proxy_log" | grep -E "\"connection\": *$1[,}]"
}

# --- curl ---------------------------------------------------------------------------------------

web() {
    curl -q -sS --noproxy '*' --max-time 60 "$@"
}

# received CODES PROXY URL-PATH ARGS... - fetches through the proxy; curl must exit with one of
# CODES. Prints nothing; sets got_bytes: what arrived, headers and body.
received() {
    local codes=$1 url
    url=http://$(proxy_address "$2")$3
    shift 3
    expect "$codes" web -o "$work/body" -w '%{size_header} %{size_download}' "$@" "$url"
    local header body
    read -r header body <"$work/out" || true
    # shellcheck disable=SC2034 # for the tests
    got_bytes=$((header + body))
}

# --- The API ------------------------------------------------------------------------------------

# api_start <INI - a proxy with the API. Sets api: where that listens.
api_start() {
    need curl
    proxy_start 'admin = 127.0.0.1:0'
    api=$(proxy_address @admin)
}

# call STATUS METHOD PATH [BODY [CURL ARGS...]] - one call of the API, whose status must be STATUS.
# Its answer is in $work/answer, its head in $work/head.
call() {
    local status=$1 method=$2 path=$3 got
    shift 3
    local args=(-X "$method")
    [ "$method" != HEAD ] || args=(-I)
    if [ $# -gt 0 ]; then
        [ -z "$1" ] || args+=(--data-binary "$1")
        shift
    fi
    got=$(web -D "$work/head" -o "$work/answer" -w '%{http_code}' "${args[@]}" "$@" "http://$api$path") ||
        fail "curl $method $path: exit $?"
    [ "$got" = "$status" ] || fail "$method $path: status $got instead of $status: $(cat "$work/answer")"
}

# answers STATUS METHOD PATH BODY EXPECTED - the same with the whole answer, which ends in a newline
# or not as EXPECTED does. BODY "-": none. "#" in EXPECTED stands for any digits.
answers() {
    local pattern body=()
    [ "$4" = - ] || body=("$4")
    call "$1" "$2" "$3" "${body[@]}"
    # shellcheck disable=SC2016 # sed's own
    pattern=$(printf '%s' "$5." | sed -e 's/[][\.|$(){}?+*^]/\\&/g' -e 's/#/[0-9]+/g')
    [[ $(cat "$work/answer" && printf .) =~ ^$pattern$ ]] ||
        fail "$2 $3: the answer is
$(cat "$work/answer")
instead of
$5"
}

# head_says PATTERN - a line of the head of the last answer.
head_says() {
    says "$work/head" "$1"
}

# answer_field PATH EXPECTED - of the last answer, in jq's words. A test that calls it needs jq.
answer_field() {
    same "$1" "$2" "$(jq -r "$1" "$work/answer")"
}

# --- Servers ------------------------------------------------------------------------------------

# take_port PORT - until this script ends, no other test takes it; fails where another has it, or a server answers there.
# So a server that answers there later is ours, and so is a port that is free for a while.
take_port() {
    [ -d "$port_folder" ] || mkdir -m 1777 "$port_folder" 2>/dev/null || true # another one may be faster
    (mark_port "$1") 2>/dev/null || return 1
    echo "$1" >>"$work/ports"
    ! (: </dev/tcp/127.0.0.1/"$1") 2>/dev/null
}

# mark_port PORT - makes its file, unless a test has it that still runs. One at a time: of two that find the file of a test that
# was killed, the second one would remove what the first one made.
mark_port() {
    local lock pid
    exec {lock}<"$port_folder" && flock "$lock" || return 1
    if read -r pid <"$port_folder/$1" && process_gone "$pid"; then
        rm -f "$port_folder/$1"
    fi
    set -C
    echo $$ >"$port_folder/$1"
}

release_ports() {
    local port
    [ ! -e "$work/ports" ] || while read -r port; do
        rm -f "$port_folder/$port"
    done <"$work/ports"
    rmdir "$port_folder" 2>/dev/null # the last one
}

# on_free_port START - calls START PORT with ports nobody uses, until it succeeds.
on_free_port() {
    local port tries
    for ((tries = 0; tries < 20; tries++)); do
        port=$((20000 + RANDOM % 10000)) # below what the kernel gives out by itself
        if take_port "$port" && "$1" "$port"; then
            return 0
        fi
    done
    fail "$1: found no free port"
}

# await_server PID CMD... - waits until CMD succeeds; fails when the server ends before. RabbitMQ took 103 s at a load of 30.
await_server() {
    eventually 200 gone_or "$@" || fail "the server does not start: $(tail "$work"/*.server)"
    ! process_gone "$1"
}

gone_or() { # PID CMD...
    process_gone "$1" || "${@:2}"
}

# unused_port - a port nobody listens on, and nobody but this script will.
unused_port() {
    local port tries
    for ((tries = 0; tries < 20; tries++)); do
        port=$((30000 + RANDOM % 2000))
        if take_port "$port"; then
            printf '%s' "$port"
            return 0
        fi
    done
    fail "found no unused port ($port_folder)" >&2
}

# nginx_start - serves $work/www; sets nginx_port.
nginx_start() {
    need nginx
    mkdir -p "$work/www" "$work/nginx"
    on_free_port nginx_try
}

nginx_try() {
    local user=
    [ "$(id -u)" -ne 0 ] || user='user root;'
    cat >"$work/nginx/nginx.conf" <<CONF
$user
worker_processes 2;
daemon off;
pid $work/nginx/pid;
error_log $work/nginx/error.log;
events { worker_connections 256; }
http {
    access_log off;
    sendfile on;
    gzip on;
    gzip_types *;
    client_body_temp_path $work/nginx/body;
    proxy_temp_path $work/nginx/proxy;
    fastcgi_temp_path $work/nginx/fastcgi;
    uwsgi_temp_path $work/nginx/uwsgi;
    scgi_temp_path $work/nginx/scgi;
    server {
        listen 127.0.0.1:$1;
        root $work/www;
        location /nolength/ {
            alias $work/www/;
            chunked_transfer_encoding off;
        }
    }
}
CONF
    rm -f "$work/nginx/pid"
    nginx -e "$work/nginx/error.log" -p "$work/nginx" -c "$work/nginx/nginx.conf" \
        >"$work/nginx.server" 2>&1 </dev/null &
    local pid=$!
    # nginx writes its pid when its socket stands.
    await_server "$pid" test -s "$work/nginx/pid" || { wait "$pid" || true; return 1; }
    servers+=("$pid")
    # shellcheck disable=SC2034 # for the tests
    nginx_port=$1
}

# redis_start - sets redis_port and redis_socket.
redis_start() {
    need redis-server redis-cli redis-benchmark
    redis_socket=$work/redis.sock
    on_free_port redis_try
}

redis_try() {
    redis-server --bind 127.0.0.1 --port "$1" --unixsocket "$redis_socket" --save '' \
        --appendonly no --daemonize no --dir "$work" >"$work/redis.server" 2>&1 </dev/null &
    local pid=$!
    # The UNIX socket comes after the TCP one.
    await_server "$pid" redis_answers || { wait "$pid" || true; return 1; }
    servers+=("$pid")
    # shellcheck disable=SC2034 # for the tests
    redis_port=$1
}

redis_answers() {
    [ "$(redis-cli -s "$redis_socket" ping 2>/dev/null)" = PONG ]
}

# postgres_start - a new cluster, superuser "rude", no password; sets pg_port and pg_socket, puts
# psql and pgbench of the same version on the PATH.
postgres_start() {
    local bin
    bin=$(compgen -G '/usr/lib/postgresql/*/bin/postgres' | sort -V | tail -n 1) || true
    [ -n "$bin" ] || bin=$(command -v postgres || true)
    [ -n "$bin" ] || skip "postgresql is not installed"
    PATH=$(dirname "$bin"):$PATH
    need initdb postgres psql pgbench

    # A server that refuses to be root runs as somebody else.
    pg_as=()
    if [ "$(id -u)" -eq 0 ]; then
        local user=postgres
        id "$user" >/dev/null 2>&1 || user=nobody
        need setpriv
        pg_as=(setpriv --reuid "$user" --regid "$(id -g "$user")" --clear-groups)
    fi
    mkdir "$work/pg"
    [ ${#pg_as[@]} -eq 0 ] || chown "$user" "$work/pg"
    chmod 755 "$work/pg"
    export -n PGDATA
    unset "${!PG@}"
    export PGUSER=rude PGDATABASE=postgres PGSSLMODE=disable PGGSSENCMODE=disable PGCONNECT_TIMEOUT=20
    (cd / && "${pg_as[@]}" initdb -D "$work/pg/data" -U rude -A trust --no-sync --no-locale -E UTF8) \
        >"$work/initdb.server" 2>&1 </dev/null || fail "initdb: $(cat "$work/initdb.server")"
    on_free_port postgres_try
    # shellcheck disable=SC2034 # for the tests
    pg_socket=$work/pg/.s.PGSQL.$pg_port
}

postgres_try() {
    # exec: the pid is the server's own.
    (cd / && exec "${pg_as[@]}" postgres -D "$work/pg/data" -p "$1" -k "$work/pg" \
        -c listen_addresses=127.0.0.1 -c fsync=off -c max_connections=40 -c log_min_messages=log) \
        >"$work/postgres.server" 2>&1 </dev/null &
    local pid=$!
    await_server "$pid" postgres_ready || { wait "$pid" || true; return 1; }
    servers+=("$pid")
    # shellcheck disable=SC2034 # for the tests
    pg_port=$1
}

postgres_ready() {
    [ "$(sed -n '8s/ *$//p' "$work/pg/data/postmaster.pid" 2>/dev/null)" = ready ]
}

# sql QUERY - asks the server itself, not through the proxy.
sql() {
    psql -X -q -A -t -v ON_ERROR_STOP=1 -h "$work/pg" -p "$pg_port" -c "$1" </dev/null
}

# --- Packages of npm ------------------------------------------------------------------------------

# npm_folder PACKAGE@VERSION... - where npm_install puts them: a folder of the build, for the next run too.
npm_folder() {
    local IFS=+
    printf '%s\n' "$RUDEPROXY_BUILD/npm/$*"
}

# npm_install PACKAGE@VERSION... - returns 1 if npm cannot, and says why in $work/npm.log. A registry that does not answer is no
# failure of ours: npm alone would wait for minutes.
npm_install() {
    local folder
    folder=$(npm_folder "$@")
    [ ! -d "$folder" ] || return 0
    timeout -k 5 120 npm install --prefix "$folder.$$" --prefer-offline --no-audit --no-fund --ignore-scripts \
        "$@" >"$work/npm.log" 2>&1 </dev/null || return 1
    # Two tests may install the same.
    mv -T "$folder.$$" "$folder" 2>/dev/null || rm -r "$folder.$$"
}

# --- A browser -----------------------------------------------------------------------------------

# browser_ready - sets $chromium, and $puppeteer to the folder of puppeteer-core; skips the test without them.
# shellcheck disable=SC2034 # read by the tests
browser_ready() {
    local major
    need node npm
    major=$(node -p 'process.versions.node.split(".")[0]')
    [ "$major" -ge 18 ] || skip "node $major is too old, puppeteer-core needs 18"
    chromium=$(command -v chromium || command -v chromium-browser || command -v google-chrome) ||
        skip "chromium is not installed"
    npm_install puppeteer-core@24.43.1 || skip "npm cannot install puppeteer-core: $(tail -n 1 "$work/npm.log")"
    puppeteer=$(npm_folder puppeteer-core@24.43.1)/node_modules/puppeteer-core
    export HOME=$work # Chromium's folders
}
