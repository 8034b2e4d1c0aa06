#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# rudeproxy ctl against a server that sends control characters: none reaches the terminal.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
need python3

cat >"$work/server.py" <<'PYTHON'
"""Answers each request with the same object, whose texts all hold an escape sequence."""
import http.server
import json
import os
import sys

BAD = "x\x1b[2J"
TOXIC = {"name": BAD, "type": BAD, "stream": BAD, "toxicity": 1, "attributes": {BAD: 1}}
FAULT = {"name": BAD, "type": BAD, "origin": BAD, "enabled": True, "armed": 0, "fired": 0, "when": BAD, BAD: BAD}
ANSWER = {key: BAD for key in ("name", "type", "stream", "listen", "upstream", "version", "toxiproxy", "seed", "error")}
ANSWER.update(toxics=[TOXIC], faults=[FAULT], connections=[], proxies=[{"name": BAD}])


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if "length" in self.path:
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: \x1b[2J\r\n\r\n")
            return
        body = json.dumps(ANSWER).encode()
        if "event" in self.path:
            body = b"data: " + BAD.encode() + b"\n\n"
        elif "raw" in self.path:
            body = BAD.encode() + b"\0" + BAD.encode() + b"\n"
        self.send_response(404 if "none" in self.path else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET

    def log_message(self, *_):
        pass


server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
with open(sys.argv[1] + ".new", "w") as port:
    port.write(str(server.server_port))
os.rename(sys.argv[1] + ".new", sys.argv[1])
server.serve_forever()
PYTHON
python3 "$work/server.py" "$work/port" >"$work/server.log" 2>&1 &
servers+=("$!")
eventually 20 test -e "$work/port" || fail "the server does not start: $(cat "$work/server.log")"

# tame STATUS WORDS... - the command prints something, and no control character but tabs.
tame() {
    local status=$1
    shift
    expect "$status" "$RUDEPROXY" ctl --host "127.0.0.1:$(cat "$work/port")" "$@"
    [ -s "$work/out" ] || [ -s "$work/err" ] || fail "ctl $* prints nothing"
    ! LC_ALL=C grep -q $'[\x01-\x08\x0b-\x1f\x7f]' "$work/out" "$work/err" ||
        fail "ctl $* prints: $(cat -v "$work/out" "$work/err")"
}

tame 0 version
tame 0 inspect web
tame 0 create web -u x:1
tame 0 toxic add web -t noop
tame 0 fault list web
tame 0 fault list
tame 0 fault add web type=noop
tame 1 inspect none
tame 1 inspect length

# What is printed as it came is printed so only where no terminal would obey it.
cat >"$work/terminal.py" <<'PYTHON'
import os
import pty
import sys

sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))
PYTHON
for words in events 'inspect raw --json'; do
    # shellcheck disable=SC2086
    expect 0 "$RUDEPROXY" ctl --host "127.0.0.1:$(cat "$work/port")" $words
    says "$work/out" $'x\x1b\\[2J'
    # shellcheck disable=SC2086
    expect 0 python3 "$work/terminal.py" "$RUDEPROXY" ctl --host "127.0.0.1:$(cat "$work/port")" $words
    says "$work/out" 'x[?]\[2J'
    ! LC_ALL=C grep -q $'\x1b' "$work/out" || fail "ctl $words prints on a terminal: $(cat -v "$work/out")"
done
