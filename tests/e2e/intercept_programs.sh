#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Real programs under exec --intercept, each as it is without: TLS by name with the server's own
# certificate, a program without libraries, runtimes with resolvers of their own, a cluster that advertises
# its addresses. Programs that are not installed are left out, and named.
# shellcheck source=tests/e2e/intercept/lib.sh
. "$(dirname "$0")/intercept/lib.sh"
need curl openssl

# --- a server with a certificate for app.test, of a CA of its own ---

{
    openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 2 -subj /CN=ca
    openssl req -newkey rsa:2048 -nodes -keyout app.key -out app.csr -subj /CN=app.test
    printf 'subjectAltName=DNS:app.test\n' >app.ext
    openssl x509 -req -in app.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out app.pem -days 2 -extfile app.ext
} >openssl.log 2>&1 || fail "openssl: $(cat openssl.log)"

tls_try() {
    openssl s_server -accept "$1" -cert app.pem -key app.key -WWW -quiet >tls.server 2>&1 </dev/null &
    local pid=$!
    tls_port=$1
    await_server "$pid" tls_answers || { wait "$pid" || true; return 1; }
    servers+=("$pid")
}
tls_answers() {
    curl -q -s --noproxy '*' --cacert ca.pem --resolve "app.test:$tls_port:127.0.0.1" "https://app.test:$tls_port/page" | cmp -s - page
}
head -c 100000 /dev/zero | tr '\0' 'x' >page
on_free_port tls_try

# --- programs ---

same_and_faulty "$tls_port" curl -q -sS --noproxy '*' --cacert ca.pem "https://app.test:$tls_port/page"
# By the host's name only this host is taken.
same_and_faulty "app.test:$tls_port" curl -q -sS --noproxy '*' --cacert ca.pem "https://app.test:$tls_port/page"

if command -v python3 >/dev/null; then
    cat >get.py <<'PYTHON'
import ssl, sys, urllib.request
context = ssl.create_default_context(cafile="ca.pem")
sys.stdout.write(urllib.request.urlopen(sys.argv[1], context=context).read().decode())
PYTHON
    same_and_faulty "$tls_port" python3 get.py "https://app.test:$tls_port/page"
else
    left_out python3
fi

if command -v node >/dev/null; then
    cat >get.js <<'JS'
require("https").get(process.argv[2], { ca: require("fs").readFileSync("ca.pem") }, (answer) => {
    answer.pipe(process.stdout);
}).on("error", (error) => { console.error(error.message); process.exit(1); });
JS
    same_and_faulty "$tls_port" node get.js "https://app.test:$tls_port/page"
else
    left_out node
fi

# A static program with a resolver of its own.
if command -v go >/dev/null; then
    cat >get.go <<'GO'
package main

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"net/http"
	"os"
)

func main() {
	roots := x509.NewCertPool()
	pem, _ := os.ReadFile("ca.pem")
	roots.AppendCertsFromPEM(pem)
	client := http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}}
	answer, err := client.Get(os.Args[1])
	if err == nil {
		_, err = io.Copy(os.Stdout, answer.Body)
	}
	if err != nil {
		println(err.Error())
		os.Exit(1)
	}
}
GO
    if GO111MODULE=off GOCACHE=$work/go-cache CGO_ENABLED=0 go build -o get-go get.go 2>go.log; then
        same_and_faulty "$tls_port" ./get-go "https://app.test:$tls_port/page"
    else
        note "left out: go build: $(tail -n 1 go.log)"
    fi
    rm -rf go-cache
else
    left_out go
fi

if command -v java >/dev/null && command -v javac >/dev/null; then
    cat >Get.java <<'JAVA'
import java.net.Socket;
public class Get {
    public static void main(String[] words) throws Exception {
        try (Socket socket = new Socket(words[0], Integer.parseInt(words[1]))) {
            socket.getOutputStream().write("PING\r\nQUIT\r\n".getBytes());
            socket.getInputStream().transferTo(System.out);
        }
    }
}
JAVA
    javac Get.java >javac.log 2>&1 || fail "javac: $(cat javac.log)"
    has_java=yes
else
    left_out java
    has_java=
fi

# --- redis, by a program without libraries, its own client, and as a cluster ---

if command -v redis-server >/dev/null && command -v redis-cli >/dev/null; then
    redis_start
    same_and_faulty "$redis_port" redis-cli -h app.test -p "$redis_port" mset a 1 b 2
    [ -z "$has_java" ] || same_and_faulty "$redis_port" java -cp . Get app.test "$redis_port"
    if command -v gcc >/dev/null; then
        cat >static.c <<'C'
#include <arpa/inet.h>
#include <stdlib.h>
#include <unistd.h>
int main(int argc, char **argv)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[argc - 1]))};
    char bytes[4096];
    ssize_t n;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0 ||
        write(fd, "PING\r\nQUIT\r\n", 12) != 12)
        return 1;
    while ((n = read(fd, bytes, sizeof bytes)) > 0)
        n = write(STDOUT_FILENO, bytes, (size_t)n);
    return n == 0 ? 0 : 2;
}
C
        if gcc -static -o static static.c 2>gcc.log; then
            same_and_faulty "$redis_port" ./static "$redis_port"
        else
            note "left out: gcc -static: $(tail -n 1 gcc.log)"
        fi
    else
        left_out gcc
    fi
else
    left_out redis
fi

# Three nodes that tell clients where the keys are: the client dials each by the address it was told.
node_try() {
    take_port $(($1 + 10000)) || return 1 # where it talks with the others
    mkdir -p "node$1"
    redis-server --bind 127.0.0.1 --port "$1" --cluster-enabled yes --cluster-config-file nodes.conf \
        --dir "node$1" --save '' --appendonly no >"node$1.server" 2>&1 </dev/null &
    local pid=$!
    node_port=$1
    await_server "$pid" node_answers || { wait "$pid" || true; return 1; }
    servers+=("$pid")
}
node_answers() { [ "$(redis-cli -p "$node_port" ping 2>/dev/null)" = PONG ]; }
# Each node decides for itself: one that is late answers CLUSTERDOWN, and redis-cli exits with 0.
cluster_is_up() {
    local node
    for node in "${nodes[@]}"; do
        redis-cli -p "$node" cluster info 2>/dev/null | grep cluster_state:ok >/dev/null || return 1
    done
}

if command -v redis-server >/dev/null && command -v redis-cli >/dev/null; then
    nodes=()
    for _ in 1 2 3; do
        on_free_port node_try
        nodes+=("$node_port")
    done
    redis-cli --cluster create "${nodes[@]/#/127.0.0.1:}" --cluster-yes >cluster.log 2>&1 ||
        fail "redis-cli --cluster create: $(tail -n 5 cluster.log)"
    eventually 30 cluster_is_up || fail "the redis cluster does not come up"
    # shellcheck disable=SC2016
    keys='for key in a b c d e f; do redis-cli -c -p "$1" set "$key" "$key" || exit 1; done'
    outside=$(outcome in_view bash -c "$keys" sh "${nodes[0]}")
    through=$(outcome in_view ./rudeproxy exec --intercept "${nodes[0]},${nodes[1]},${nodes[2]}" --pass none \
        --log none --report report.json -- bash -c "$keys" sh "${nodes[0]}")
    same "a redis cluster through us: $(cat err)" "$outside" "$through"
    for node in "${nodes[@]}"; do
        says report.json "\"address\": *\"127.0.0.1:$node\""
    done
    note "redis cluster: as without us"
fi

# --- PostgreSQL over TLS, by name ---

if compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null; then
    postgres_start
    cp app.pem app.key "$work/pg/data/"
    [ ${#pg_as[@]} -eq 0 ] || chown --reference="$work/pg/data/postmaster.pid" "$work/pg/data/app.pem" "$work/pg/data/app.key"
    chmod 600 "$work/pg/data/app.key"
    sql "alter system set ssl = on" && sql "alter system set ssl_cert_file = 'app.pem'" &&
        sql "alter system set ssl_key_file = 'app.key'" && sql "select pg_reload_conf()" >/dev/null
    pg_has_tls() { PGSSLMODE=require psql -X -h 127.0.0.1 -p "$pg_port" -c 'select 1' >/dev/null 2>&1; }
    eventually 20 pg_has_tls || fail "PostgreSQL has no TLS"
    export PGSSLMODE=verify-full PGSSLROOTCERT=$work/ca.pem
    same_and_faulty "$pg_port" psql -X -q -A -t -h app.test -p "$pg_port" -c 'select generate_series(1, 1000)'
else
    left_out postgresql
fi
