#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The manual pages and completions are well-formed and say every option; an installation has them; the service file
# is sound, and a service manager learns when we are ready.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

# --- Pages --------------------------------------------------------------------------------------

for page in rudeproxy ctl ini; do
    expect 0 "$RUDEPROXY" man "$page"
    cp "$work/out" "$work/$page.man"
    if command -v mandoc >/dev/null; then
        expect 0 mandoc -Tlint -W warning "$work/$page.man"
    fi
done
says "$work/rudeproxy.man" 'die.*with.*parent'
says "$work/ini.man" 'half_close'
expect 2 "$RUDEPROXY" man nothing
says "$work/err" "no page 'nothing'"

for shell in bash zsh fish; do
    expect 0 "$RUDEPROXY" completion "$shell"
    cp "$work/out" "$work/completion.$shell"
    says "$work/completion.$shell" 'half_close'
    if command -v "$shell" >/dev/null; then
        expect 0 "$shell" -n "$work/completion.$shell"
    fi
done
expect 2 "$RUDEPROXY" completion csh

# completes WORDS... - what bash offers for the last one.
completes() {
    # shellcheck disable=SC2016 # for the other bash
    bash -c 'source "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _rudeproxy; echo "${COMPREPLY[*]}"' \
        "$work/completion.bash" "$@"
}
same "completion of a command" sweep "$(completes rudeproxy swe)"
same "completion of an option" --die-with-parent "$(completes rudeproxy serve --die)"
same "completion of a fault type" half_close "$(completes rudeproxy faults half)"
same "completion of a group of ctl" toxic "$(completes rudeproxy ctl tox)"
same "completion of a command of ctl" inspect "$(completes rudeproxy ctl ins)"
same "completion behind ctl of a group's command" '' "$(completes rudeproxy ctl add)"
same "completion in a group of ctl" 'list add update remove' "$(completes rudeproxy ctl toxic '')"
same "completion behind a command of ctl" '' "$(completes rudeproxy ctl inspect lis)"
# Bash makes words of an address and of an option with a value.
for host in '--host 127.0.0.1 : 8474' '--host = 127.0.0.1 : 8474' '-host http : //127.0.0.1 : 8474' '--host=api' '--json'; do
    read -ra words <<<"$host"
    same "completion of a group behind ctl $host" toxic "$(completes rudeproxy ctl "${words[@]}" tox)"
    same "completion in a group behind $host" 'list add update remove' "$(completes rudeproxy ctl toxic "${words[@]}" '')"
done
same "completion of an address" '' "$(completes rudeproxy ctl --host tox)"
same "completion of a port" '' "$(completes rudeproxy ctl --host 127.0.0.1 : 84)"

# The same by the other shells, where they are installed.
if command -v zsh >/dev/null; then
    # The functions that draw its menu only print here.
    zsh_completes() {
        # shellcheck disable=SC2016 # for zsh
        zsh -fc '_describe() { local list=("${(@P)2}"); print -r -- ${list%%:*} }
            _files() { print files }
            file=$1; shift; words=("$@"); CURRENT=$#; set --; source $file' zsh "$work/completion.zsh" "$@"
    }
    same "zsh: in a group of ctl" 'list add update remove' "$(zsh_completes rudeproxy ctl toxic '')"
    same "zsh: in a group behind an option" 'list add update remove' "$(zsh_completes rudeproxy ctl --host 127.0.0.1:8474 toxic '')"
    same "zsh: an address" files "$(zsh_completes rudeproxy ctl --host '')"
    same "zsh: behind another command of ctl" files "$(zsh_completes rudeproxy ctl inspect '')"
    zsh_completes rudeproxy ctl '' >"$work/out"
    says "$work/out" '^list inspect create toggle delete toxic fault connections'
fi
if command -v fish >/dev/null; then
    # shellcheck disable=SC2016 # for fish
    fish_completes() {
        HOME=$work fish --no-config -c 'source $argv[1]; complete -C $argv[2]' "$work/completion.fish" "$1" | cut -f 1 | tr '\n' ' '
    }
    same "fish: in a group of ctl" 'add list remove update ' "$(fish_completes 'rudeproxy ctl toxic ')"
    same "fish: a group of ctl" 'toxic ' "$(fish_completes 'rudeproxy ctl tox')"
    same "fish: a group behind an option" 'toxic ' "$(fish_completes 'rudeproxy ctl --host 127.0.0.1:8474 tox')"
    same "fish: in a group behind an option" 'add list remove update ' "$(fish_completes 'rudeproxy ctl --host=api toxic ')"
fi

# --- The service manager ------------------------------------------------------------------------

if command -v python3 >/dev/null; then
    python3 -c '
import os, socket, subprocess, sys
path = sys.argv[1] + "/notify"
manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
manager.bind(path)
manager.settimeout(30)
program = subprocess.Popen([sys.argv[2], "--listen", "127.0.0.1:0", "--upstream", "builtin:echo"],
    env={**os.environ, "NOTIFY_SOCKET": path}, stderr=subprocess.DEVNULL)
try:
    message = manager.recv(100)
finally:
    program.terminate()
    program.wait()
assert message == b"READY=1", message' "$work" "$RUDEPROXY" || fail "the manager does not hear READY=1"
fi

# --- An installation ----------------------------------------------------------------------------

if command -v cmake >/dev/null && [ -e "$RUDEPROXY_BUILD/pages/rudeproxy.1" ]; then
    expect 0 cmake --install "$RUDEPROXY_BUILD" --prefix "$work/usr"
    expect 0 "$work/usr/bin/rudeproxy" --version
    for file in share/man/man1/rudeproxy.1.gz share/man/man1/rudeproxy-ctl.1.gz share/man/man5/rudeproxy.ini.5.gz \
        share/bash-completion/completions/rudeproxy share/zsh/site-functions/_rudeproxy share/doc/rudeproxy/openapi.json \
        share/doc/rudeproxy/recipes/linger-zero.ini lib/systemd/system/rudeproxy@.service; do
        [ -s "$work/usr/$file" ] || fail "an installation has no $file"
    done
    says "$work/usr/lib/systemd/system/rudeproxy@.service" "^ExecStart=$work/usr/bin/rudeproxy "
    DESTDIR=$work/package expect 0 cmake --install "$RUDEPROXY_BUILD" --prefix /usr
    says "$work/package/usr/lib/systemd/system/rudeproxy@.service" '^ExecStart=/usr/bin/rudeproxy '
    zsh_folder=site-functions
    [ ! -e /etc/debian_version ] || zsh_folder=vendor-completions
    [ -s "$work/package/usr/share/zsh/$zsh_folder/_rudeproxy" ] || fail "zsh finds no completion in /usr"
    if command -v systemd-analyze >/dev/null; then
        expect 0 systemd-analyze verify --man=no "$work/usr/lib/systemd/system/rudeproxy@.service"
        same "what systemd-analyze says" '' "$(cat "$work/err")"
    fi
fi
