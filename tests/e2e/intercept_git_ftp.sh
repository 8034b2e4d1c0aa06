#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# git over ssh and FTP in passive mode under exec --intercept, each as it is without; and FTP's connections for
# data, which come to a range of ports, as a proxy of their own.
# shellcheck source=tests/e2e/intercept/lib.sh
. "$(dirname "$0")/intercept/lib.sh"

# --- git over ssh ---

# A sshd of an ordinary user lets in that user only, with the home and the shell that passwd names. nss-systemd(8)
# says that the account `nobody` is locked: the same user has a second name.
sshd_prepare() {
    {
        printf 'rude:x:65534:65534::%s:/bin/sh\n' "$work"
        cat /etc/passwd
    } >passwd
    mkdir ssh
    chown 65534:65534 ssh
    local key
    for key in host user; do
        "${as_nobody[@]}" ssh-keygen -q -t ed25519 -N '' -C '' -f "ssh/$key"
    done
    "${as_nobody[@]}" cp ssh/user.pub ssh/authorized_keys
    cat >ssh/sshd_config <<CONF
HostKey $work/ssh/host
AuthorizedKeysFile $work/ssh/authorized_keys
ListenAddress 127.0.0.1
PidFile none
StrictModes no
PasswordAuthentication no
KbdInteractiveAuthentication no
CONF
}

sshd_try() {
    unshare -m bash -c 'mount --bind passwd /etc/passwd && exec "$@"' sh "${as_nobody[@]}" \
        /usr/sbin/sshd -D -e -f ssh/sshd_config -p "$1" >sshd.server 2>&1 </dev/null &
    local pid=$!
    ssh_port=$1
    printf '[app.test]:%s %s\n' "$1" "$(cat ssh/host.pub)" >known_hosts
    await_server "$pid" ssh_answers || { wait "$pid" || true; return 1; }
    servers+=("$pid")
}
ssh_answers() { ssh-keyscan -p "$ssh_port" 127.0.0.1 2>/dev/null | grep ed25519 >/dev/null; }

repository_make() {
    head -c 300000 /dev/urandom >random
    chmod 644 random
    # shellcheck disable=SC2016
    "${as_nobody[@]}" bash -c '
        git init -q --bare repository.git && git init -q tree && cp random tree && cd tree && git add . &&
        git -c user.name=rude -c user.email=rude@app.test commit -q -m first &&
        git push -q ../repository.git HEAD:refs/heads/main && git -C ../repository.git symbolic-ref HEAD refs/heads/main' \
        >git.log 2>&1 || fail "git: $(cat git.log)"
}

if command -v git >/dev/null && command -v ssh >/dev/null && [ -x /usr/sbin/sshd ]; then
    sshd_prepare
    on_free_port sshd_try
    repository_make
    export GIT_CONFIG_NOSYSTEM=1 GIT_SSH_COMMAND="ssh -F none -i $work/ssh/user -o BatchMode=yes -o IdentitiesOnly=yes \
-o StrictHostKeyChecking=yes -o UserKnownHostsFile=$work/known_hosts -o GlobalKnownHostsFile=none"
    url=ssh://rude@app.test:$ssh_port$work/repository.git
    same_and_faulty "$ssh_port" git ls-remote "$url"
    # shellcheck disable=SC2016
    same_and_faulty "$ssh_port" bash -c '
        copy=$(mktemp -d) && git clone -q "$1" "$copy/clone" && git -C "$copy/clone" archive HEAD; code=$?
        rm -rf "$copy"; exit "$code"' sh "$url"
else
    left_out "git, ssh or sshd"
fi

# --- FTP ---

cat >ftp.py <<'PYTHON'
import logging, sys, warnings
warnings.simplefilter("ignore")
from pyftpdlib.authorizers import DummyAuthorizer
from pyftpdlib.handlers import FTPHandler
from pyftpdlib.servers import FTPServer
port, first, last = (int(word) for word in sys.argv[1:4])
logging.basicConfig(level=logging.ERROR)
FTPHandler.authorizer = DummyAuthorizer()
FTPHandler.authorizer.add_anonymous("www", perm="elr")
FTPHandler.passive_ports = range(first, last + 1)
FTPServer(("127.0.0.1", port), FTPHandler).serve_forever()
PYTHON

# The ports for data follow the port for commands; the server takes one of those that are free.
ftp_try() {
    ftp_port=$1
    ftp_data=$(($1 + 1))-$(($1 + 20))
    python3 ftp.py "$1" "${ftp_data%-*}" "${ftp_data#*-}" >ftp.server 2>&1 </dev/null &
    local pid=$!
    await_server "$pid" ftp_answers || { wait "$pid" || true; return 1; }
    servers+=("$pid")
}
ftp_answers() { "${ftp[@]}" "ftp://127.0.0.1:$ftp_port/" >/dev/null 2>&1; }
ftp=(curl -q -sS --noproxy '*' --max-time 60)

if ! python3 -c 'import pyftpdlib' 2>/dev/null; then
    left_out "python3-pyftpdlib"
    exit 0
fi
need curl
mkdir www
head -c 300000 /dev/urandom >www/file
chmod -R a+rX www
on_free_port ftp_try
url=ftp://app.test:$ftp_port/file
same_and_faulty "$ftp_port,$ftp_data" "${ftp[@]}" "$url"
# PASV: the server names the address and the port for data.
same_and_faulty "$ftp_port,$ftp_data" "${ftp[@]}" --disable-epsv --no-ftp-skip-pasv-ip "$url"

# Commands pass, and the connection for data is reset after so many bytes of the file.
cat >data.ini <<INI
[proxy data]
intercept = $ftp_data
[fault cut]
type      = reset
when      = bytes:100000
must_fire = yes
INI
for as_user in root nobody; do
    as=()
    [ "$as_user" = root ] || as=("${as_nobody[@]}")
    expect '18|56' in_view ./rudeproxy exec -c data.ini --log none -- "${ftp[@]}" "$url"
    # RFC 793: a reset may overtake what it follows.
    size=$(stat -c %s out)
    [ "$size" -le 100000 ] || fail "$as_user: $size bytes of a file that is cut at 100000"
    cmp -s -n "$size" out www/file || fail "$as_user: the bytes before the reset differ"
done
note "FTP's data: a proxy of its own"
