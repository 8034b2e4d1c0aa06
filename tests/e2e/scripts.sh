#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# scripts/lib.sh, docker/build and cmake/version.cmake on machines other than this one: a sudo that asks for a password, Ubuntu,
# Docker or Podman, an exported CDPATH, another's repository around ours, and what a run that was killed has left.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
root=$(cd "$(dirname "$0")/../.." && pwd)

# library COMMANDS - bash with scripts/lib.sh runs them, with the commands of $work/bin before all others.
mkdir "$work/bin"
library() {
    PATH=$work/bin:$PATH bash -euc ". '$root/scripts/lib.sh'; log_dir=$work/log; $1"
}

command_is() { # NAME BODY - a stand-in
    printf '#!/bin/sh\n%s\n' "$2" >"$work/bin/$1"
    chmod 755 "$work/bin/$1"
}

# --- A sudo that asks for a password --------------------------------------------------------------

command_is id 'echo 1000'
# shellcheck disable=SC2016 # for the stand-in
command_is sudo '[ "$1" != -n ] || exit 1
[ "$1" != -- ] || shift
exec "$@"'
command_is apt-get "echo installed >>'$work/installed'"
if command -v script >/dev/null; then
    export -f library
    export work root
    export step SHELL=/bin/bash
    for step in 'apt_install x' "echo piped | as_root sh -c 'cat >>\"$work/installed\"'" 'may_become_root && as_root id -u >/dev/null'; do
        # shellcheck disable=SC2016 # for bash on the terminal
        expect 0 script -qec 'library "$step"' /dev/null
    done
    same "what root has done" $'installed\npiped' "$(cat "$work/installed")"
fi
expect 1 library 'may_become_root'
expect 1 library 'as_root true'
rm "$work"/bin/*

# --- Source packages ------------------------------------------------------------------------------

system() { # LINES - the sources of a system whose os-release has these lines
    printf '%b\n' "$1" >"$work/os-release"
    library "source_list '$work/os-release'"
}
same "Debian's sources" 'deb-src http://deb.debian.org/debian bookworm main' \
    "$(VERSION_CODENAME=x UBUNTU_CODENAME=y system 'ID=debian\nVERSION_CODENAME=bookworm')"
same "Debian unstable's sources" 'deb-src http://deb.debian.org/debian sid main' "$(system 'ID=debian')"
same "Ubuntu's sources" 'deb-src http://archive.ubuntu.com/ubuntu jammy main universe' \
    "$(system 'ID=ubuntu\nVERSION_CODENAME=jammy\nUBUNTU_CODENAME=jammy')"
same "Mint's sources" 'deb-src http://archive.ubuntu.com/ubuntu noble main universe' \
    "$(system 'ID=linuxmint\nVERSION_CODENAME=wilma\nUBUNTU_CODENAME=noble')"

# Where there is no dpkg, help is there, and the rest says what is missing.
command_is dpkg 'exit 127'
PATH=$work/bin:$PATH expect 0 "$root/scripts/static" --help
PATH=$work/bin:$PATH expect 1 "$root/scripts/static"
says "$work/err" 'there is no dpkg here'
command_is dpkg 'echo amd64'
mkdir "$work/a blank"
cp -r "$root/scripts" "$work/a blank"
PATH=$work/bin:$PATH expect 1 "$work/a blank/scripts/static"
says "$work/err" 'a blank has a blank in its name'
rm "$work"/bin/*

# --- Services that may not start --------------------------------------------------------------------

# services COMMANDS - with a policy-rc.d in $work, and as root.
services() {
    library "as_root() { \"\$@\"; }; policy=$work/policy policy_saved=$work/policy.saved; $1"
}
for before in absent present; do
    rm -f "$work"/policy*
    [ "$before" = absent ] || printf '#!/bin/sh\nexit 104\n' >"$work/policy"
    cp "$work/policy" "$work/before" 2>/dev/null || true
    # Killed twice, then a run that ends.
    for _ in 1 2; do
        expect 0 services forbid_service_starts
        says "$work/policy" '^exit 101$'
    done
    expect 0 services 'forbid_service_starts; allow_service_starts'
    if [ "$before" = absent ]; then
        [ ! -e "$work/policy" ] || fail "services are forbidden for good: $(cat "$work/policy")"
    else
        expect 0 cmp "$work/before" "$work/policy"
    fi
    [ ! -e "$work/policy.saved" ] || fail "the policy of before is still beside it"
done
# Killed while it wrote the file.
mv "$work/policy" "$work/policy.saved"
: >"$work/policy"
expect 0 services 'forbid_service_starts; allow_service_starts'
expect 0 cmp "$work/before" "$work/policy"

# --- Engines for images -----------------------------------------------------------------------------

# engine VERSION - a stand-in that says what it is asked to build, and fails.
engine() {
    command_is docker "[ \$1 != --version ] || { echo '$1'; exit; }
echo \"\$*\"
exit 1"
}
engine 'Docker version 28.2.2, build e6534b4'
expect 1 "$root/docker/build" --engine "$work/bin/docker" --arch amd64,arm64
says "$work/err" 'lists of pushed images only'
same "what Docker has built" '' "$(cat "$work/out")"
expect 1 "$root/docker/build" --engine "$work/bin/docker"
says "$work/out" '^build --platform'
engine 'podman version 4.3.1' # of the package podman-docker
expect 1 "$root/docker/build" --engine "$work/bin/docker"
says "$work/out" '^build --format docker '
# The container of the trial is removed: after it, and when the script is interrupted.
# shellcheck disable=SC2016 # for the stand-in
command_is docker 'folder='"$work/containers"'
case $1 in
--version) echo "Docker version 28.2.2, build e6534b4" ;;
run)
    [ "$2" = -d ] || exit 0
    while [ "$1" != --name ]; do shift; done
    touch "$folder/$2" ;;
exec)
    [ -e "$folder/$2" ] && [ -e "$folder/../healthy" ] || exit 1
    [ "$5" != 127.0.0.1:8666 ] || [ ! -e "$folder/cut" ] || { rm "$folder/cut"; exit 1; }
    [ "$4" != toxic ] || touch "$folder/cut" ;;
rm)
    case $* in *" -t "*) echo "unknown shorthand flag: t" >&2; exit 125 ;; esac
    for name; do :; done
    rm "$folder/$name" ;;
esac'
mkdir "$work/containers"
has_container() { [ -n "$(ls -A "$work/containers")" ]; }
"$root/docker/build" --engine "$work/bin/docker" --target scratch >"$work/out" 2>&1 &
pid=$!
servers+=("$pid")
eventually 60 has_container || fail "no container is run: $(cat "$work/out")"
kill -TERM "$pid"
status=0
wait "$pid" || status=$?
same 'the status of a build that was interrupted' 143 "$status"
! has_container || fail "left behind: $(ls -A "$work/containers")"
touch "$work/healthy"
expect 0 "$root/docker/build" --engine "$work/bin/docker"
! has_container || fail "left behind: $(ls -A "$work/containers")"
rm "$work"/bin/*

# --- The commit that --version prints ---------------------------------------------------------------

# commit_of FOLDER - as the build asks.
commit_of() {
    rm -f "$work/version.c"
    expect 0 cmake -D "SOURCE=$1" -D COMMIT= -D "OUT=$work/version.c" -P "$root/cmake/version.cmake"
    sed -n 's/^const char version_commit.*"\(.*\)";/\1/p' "$work/version.c"
}
if command -v cmake >/dev/null && command -v git >/dev/null; then
    mkdir -p "$work/a repository/inside"
    git() { command git -C "$work/a repository" -c user.name=x -c user.email=x -c init.defaultBranch=x "$@"; }
    git init -q
    git commit -q --allow-empty -m x
    same "the commit of a repository" "$(git rev-parse --short=10 HEAD)" "$(commit_of "$work/a repository")"
    same "the commit of a folder in another's repository" '' "$(commit_of "$work/a repository/inside")"
    unset -f git
fi

# --- An exported CDPATH -------------------------------------------------------------------------------

cd "$root"
same "the root with CDPATH" "$root" "$(CDPATH=$root bash -euc '. scripts/lib.sh; printf "%s" "$root"')"
same "the examples with CDPATH" "$root/examples" "$(CDPATH=$root bash -euc '. examples/lib.sh; printf "%s" "$examples"')"
CDPATH=$root expect 0 docker/build --help
