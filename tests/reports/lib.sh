# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# What the reports share. Each script of this folder is one public bug report: it starts real programs, puts the
# faults in front of the server and expects the words that were reported. Its head has the columns of docs/REPORTS.md.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../e2e/lib.sh"
# shellcheck source=tests/lib/servers.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib/servers.sh"

# in_front_of PORT PROTOCOL <FAULTS - a proxy before a server of ours. Sets address and port.
# The faults are said in at most six lines, and none counts bytes.
in_front_of() {
    local faults
    faults=$(cat)
    [ "$(grep -c . <<<"$faults")" -le 6 ] || fail "more than six lines: $faults"
    ! grep -qE 'bytes:|"#?[0-9]*\+[0-9]|message:[^ ]*\+[0-9]' <<<"$faults" || fail "counts bytes: $faults"
    proxy_start <<INI
[proxy report]
listen = 127.0.0.1:0
upstream = 127.0.0.1:$1
protocol = $2

$faults
INI
    address=$(proxy_address report)
    # shellcheck disable=SC2034 # for the reports
    port=${address##*:}
}

# fault_fired - stops the proxy; a fault must have fired.
fault_fired() {
    proxy_stop
    grep -q '"event": *"fault"' "$proxy_log" || fail "no fault fired: $(head -n 20 "$proxy_log")"
}

# reproduce FUNCTION - calls it ROUNDS times; the first failure ends the script.
reproduce() {
    local rounds=${ROUNDS:-1}
    for ((round = 1; round <= rounds; round++)); do
        note "run $round of $rounds"
        "$1"
    done
    note "reproduced $rounds/$rounds"
}

# need_python MODULE... - sets python: Debian's, which has the modules, or skips.
need_python() {
    python=/usr/bin/python3
    [ -x "$python" ] || skip "$python is not installed"
    local module
    for module in "$@"; do
        "$python" -W ignore -c "import $module" 2>/dev/null || skip "python3-$module is not installed"
    done
}

# need_npm PACKAGE@VERSION... - installs them for the scripts in $work, or skips. A version is exact
# where a later one is mended.
need_npm() {
    need node npm
    npm install --prefix "$work" --cache "$work/npm-cache" --no-audit --no-fund --ignore-scripts --loglevel=error "$@" \
        >"$work/npm.out" 2>&1 </dev/null || skip "npm cannot install $*: $(tail -n 3 "$work/npm.out")"
}

# prints PATTERN CMD... - CMD exits with 0 and its output has a line that matches PATTERN.
prints() {
    local pattern=$1
    shift
    expect 0 timeout 60 "$@"
    says "$work/out" "$pattern"
}

# port_open PORT - somebody listens there.
port_open() {
    (: </dev/tcp/127.0.0.1/"$1") 2>/dev/null
}

# server_start PORT CMD... - a server that listens on PORT; for the functions that on_free_port calls.
server_start() {
    local on=$1
    shift
    "$@" >"$work/$on.server" 2>&1 </dev/null &
    servers+=("$!")
    await_server "$!" port_open "$on"
}

# serve CMD ARGS... - a server on a port of its own, which stands for @PORT@ in the arguments. Sets server_port.
serve() {
    server_command=("$@")
    on_free_port server_try
}

server_try() { # PORT
    server_start "$1" "${server_command[@]//@PORT@/$1}" || return 1
    # shellcheck disable=SC2034 # for the reports
    server_port=$1
}

# story_make FILE - a large file that does not compress, with the line "the middle" in its middle.
story_make() {
    {
        head -c 3000000 /dev/urandom
        printf '\nthe middle\n'
        head -c 3000000 /dev/urandom
    } >"$1"
}

# git_server_start - serves $work/git/story.git over http; sets git_port.
git_server_start() {
    export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1 GIT_TERMINAL_PROMPT=0
    mkdir "$work/git"
    git init -q "$work/git/story"
    story_make "$work/git/story/story"
    git -C "$work/git/story" add story
    git -C "$work/git/story" -c user.name=a -c user.email=a@example.com commit -q -m story
    git clone -q --bare "$work/git/story" "$work/git/story.git"
    cat >"$work/git.js" <<'JS'
const { spawn } = require('child_process');
require('http').createServer((request, reply) => {
    const [path, query = ''] = request.url.split('?');
    const backend = spawn('git', ['http-backend'], { env: { ...process.env, GIT_PROJECT_ROOT: process.argv[3],
        GIT_HTTP_EXPORT_ALL: '1', PATH_INFO: path, QUERY_STRING: query, REQUEST_METHOD: request.method,
        CONTENT_TYPE: request.headers['content-type'] || '', HTTP_CONTENT_ENCODING: request.headers['content-encoding'] || '',
        GIT_PROTOCOL: request.headers['git-protocol'] || '', REMOTE_USER: 'a', REMOTE_ADDR: '127.0.0.1' } });
    request.pipe(backend.stdin);
    backend.stdin.on('error', () => {});
    let head = '';
    backend.stdout.on('data', (data) => {
        if (head === null) return reply.write(data);
        head += data.toString('latin1');
        const end = head.indexOf('\r\n\r\n');
        if (end < 0) return;
        for (const line of head.slice(0, end).split('\r\n')) reply.setHeader(...line.split(': '));
        reply.write(Buffer.from(head.slice(end + 4), 'latin1'));
        head = null;
    });
    backend.stdout.on('end', () => reply.end());
}).listen(+process.argv[2], '127.0.0.1');
JS
    serve node "$work/git.js" @PORT@ "$work/git"
    # shellcheck disable=SC2034 # for the reports
    git_port=$server_port
}

# mariadb_start - a server of ours, user "rude", no password; sets mariadb_port.
mariadb_start() {
    need mariadb mariadbd mariadb-install-db
    mariadb_as=()
    [ "$(id -u)" -ne 0 ] || mariadb_as=(--user=root)
    mariadb-install-db --no-defaults "${mariadb_as[@]}" --datadir="$work/mariadb" --auth-root-authentication-method=normal \
        --skip-test-db >"$work/mariadb-install.server" 2>&1 || fail "$(tail "$work/mariadb-install.server")"
    serve mariadbd --no-defaults "${mariadb_as[@]}" --datadir="$work/mariadb" --bind-address=127.0.0.1 \
        --port=@PORT@ --socket="$work/mariadb.sock" --pid-file="$work/mariadb.pid" --innodb-flush-log-at-trx-commit=0
    # shellcheck disable=SC2034 # for the reports
    mariadb_port=$server_port
    mariadb --no-defaults -S "$work/mariadb.sock" -u root -e 'CREATE USER rude@localhost' ||
        fail "mariadb: $(tail "$work/$mariadb_port.server")"
}

# http2_server_start - node's HTTP/2 over TLS, which answers each request with 5 MB; sets server_port.
http2_server_start() {
    certificate_make
    cat >"$work/server.js" <<'JS'
const { readFileSync } = require('fs');
const options = { key: readFileSync(process.argv[3]), cert: readFileSync(process.argv[4]) };
const server = require('http2').createSecureServer(options, (request, reply) => reply.end(Buffer.alloc(5000000)));
server.on('sessionError', () => {});
server.listen(+process.argv[2], '127.0.0.1');
JS
    serve node "$work/server.js" @PORT@ "$work/key" "$work/cert"
}

# grpc_server_start AGE SECONDS - grpcio's server: a connection lives for AGE ms, the one call echoes
# after SECONDS. Sets server_port, and writes $work/client.js: grpc-js, two calls in a row.
grpc_server_start() {
    need_python grpc
    grpc_age=$1
    grpc_seconds=$2
    cat >"$work/server.py" <<'PY'
import grpc, sys, time
from concurrent import futures
port, age, seconds = sys.argv[1:]
def echo(data, context):
    time.sleep(float(seconds))
    return data
handler = grpc.method_handlers_generic_handler("story", {"tell": grpc.unary_unary_rpc_method_handler(echo)})
server = grpc.server(futures.ThreadPoolExecutor(4), (handler,), options=[("grpc.max_connection_age_ms", int(age))])
server.add_insecure_port("127.0.0.1:" + port)
server.start()
server.wait_for_termination()
PY
    cat >"$work/client.js" <<'JS'
const grpc = require('@grpc/grpc-js');
const client = new grpc.Client(process.argv[2], grpc.credentials.createInsecure());
const same = (data) => data;
const tell = () => new Promise((done) => {
    client.makeUnaryRequest('/story/tell', same, same, Buffer.from('once'), (error, reply) => {
        console.log(error ? error.message : String(reply));
        done();
    });
});
tell().then(tell).then(() => process.exit());
JS
    serve "$python" "$work/server.py" @PORT@ "$grpc_age" "$grpc_seconds"
}

# chunks_start - a server whose every reply is a page of five chunks, one after the other; sets server_port.
chunks_start() {
    need node
    cat >"$work/server.js" <<'JS'
require('http').createServer((request, reply) => {
    reply.writeHead(200, { 'Content-Type': 'text/html' });
    let part = 0;
    const more = () => {
        part += 1;
        if (part > 5) return reply.end();
        reply.write(`<p>part ${part}</p>`);
        setImmediate(more);
    };
    more();
}).listen(+process.argv[2], '127.0.0.1');
JS
    serve node "$work/server.js" @PORT@
}

# smtp_server_start - aiosmtpd, which adds each mail to $work/mails; sets server_port.
smtp_server_start() {
    need_python aiosmtpd
    aiosmtpd_start
    # shellcheck disable=SC2034 # for the reports
    server_port=$smtp_port
}
