#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The launchers of clients/, each with the runner of its language: every call, and a runner that is killed leaves
# nothing behind.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
need curl

here=$(cd "$(dirname "$0")/clients" && pwd)
clients=$(cd "$here/../../../clients" && pwd)
export RUDEPROXY

# killed CMD... - CMD prints the pid of the rudeproxy that it has started. When it is killed, that ends.
killed() {
    : >"$work/pid"
    "$@" >"$work/pid" 2>"$work/err" </dev/null &
    local runner=$! pid
    servers+=("$runner")
    eventually 60 grep -q '^[0-9]' "$work/pid" || fail "$* starts nothing: $(cat "$work/err")"
    pid=$(grep -m 1 '^[0-9]' "$work/pid")
    kill -KILL "$runner"
    eventually 20 process_gone "$pid" || fail "$*: rudeproxy $pid outlives its runner"
}

tested=0
if command -v python3 >/dev/null; then
    export PYTHONPATH=$clients/python PYTHONDONTWRITEBYTECODE=1
    # The one with pytest, where there are several. A wrapper of it would be killed in its place.
    python=$(python3 -c 'import sys; print(sys.executable)')
    ! /usr/bin/python3 -c 'import pytest' 2>/dev/null || python=/usr/bin/python3
    expect 0 "$python" "$here/test_python.py"
    if "$python" -c 'import pytest' 2>/dev/null; then
        expect 0 "$python" -m pytest -q -p no:cacheprovider "$here/test_python.py"
        says "$work/out" '2 passed'
    fi
    mkdir "$work/bin"
    ln -s "$RUDEPROXY" "$work/bin/rudeproxy"
    RUDEPROXY='' PATH=$work/bin:$PATH expect 0 "$python" -c 'from rudeproxy import Rudeproxy; Rudeproxy().stop()'
    killed "$python" "$here/test_python.py" wait
    tested=$((tested + 1))
fi
if command -v node >/dev/null && [ "$(node -p 'process.versions.node.split(".")[0]')" -ge 18 ]; then
    NODE_USE_ENV_PROXY=1 HTTP_PROXY=http://127.0.0.1:1 expect 0 node "$here/node.js" "$clients/node/rudeproxy.cjs"
    killed node "$here/node.js" "$clients/node/rudeproxy.cjs" wait
    # In a package of each kind, by require and by import.
    cp "$clients/node/rudeproxy.cjs" "$work"
    printf 'console.log(typeof require("./rudeproxy.cjs").Rudeproxy.start);\n' >"$work/require.cjs"
    printf 'import { Rudeproxy } from "./rudeproxy.cjs";\nconsole.log(typeof Rudeproxy.start);\n' >"$work/import.mjs"
    for kind in commonjs module; do
        printf '{"type": "%s"}\n' "$kind" >"$work/package.json"
        for script in require.cjs import.mjs; do
            expect 0 node "$work/$script"
            same "the launcher for $script in a package of type $kind" function "$(cat "$work/out")"
        done
    done
    tested=$((tested + 1))
fi
if command -v go >/dev/null; then
    mkdir "$work/go"
    cp "$clients/go/rudeproxy.go" "$here/launcher_test.go" "$work/go"
    printf 'module rudeproxy\n\ngo 1.18\n' >"$work/go/go.mod"
    export GOCACHE=$work/gocache GOFLAGS=-mod=mod GOPROXY=off GOTOOLCHAIN=local
    cd "$work/go"
    expect 0 go vet .
    expect 0 go test -c -o "$work/go/launcher" .
    expect 0 "$work/go/launcher"
    killed env LAUNCHER_WAITS=yes "$work/go/launcher"
    # The example of the documents.
    mkdir "$work/go/example"
    {
        printf 'package example\n\nimport (\n\t"rudeproxy"\n\t"testing"\n)\n\nconst expected = ""\n\n'
        printf 'func query(address string) string { return address }\n\n'
        sed -n "/^\`\`\`go\$/,/^\`\`\`\$/ { /^\`\`\`/d; p }" "$here/../../../docs/IN-YOUR-TESTS.md"
    } >"$work/go/example/example_test.go"
    expect 0 go vet ./example
    cd /
    tested=$((tested + 1))
fi

# The shell is always here; bats where it is installed.
export LAUNCHER=$clients/shell/rudeproxy.sh
if command -v bats >/dev/null; then
    expect 0 bats "$here/shell.bats"
fi
# shellcheck disable=SC2016 # for the shell that is killed
killed bash -c 'source "$LAUNCHER" && rudeproxy_start && echo "$rudeproxy_pid" && wait'
note "launchers tested: shell and $tested more"
