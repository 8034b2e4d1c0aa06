# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# What the scripts beside this share: find out which packages are missing, install them, build.
# Packages are probed by what they bring (a command, a pkg-config module, a file), so that a
# compiler or a server that came another way is not installed twice.

unset CDPATH # cd would print where it goes
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export root

say() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
}

die() {
    say "$*"
    exit 1
}

# probe FORM:VALUE - is it there?
probe() {
    local value=${1#*:}
    case $1 in
    cmd:*) command -v "$value" >/dev/null 2>&1 || [ -x "/usr/sbin/$value" ] ;;
    pc:*) pkg-config --exists "$value" >/dev/null 2>&1 ;;
    file:*) compgen -G "$value" >/dev/null ;;
    *) die "internal error: cannot probe '$1'" ;;
    esac
}

# missing_packages "PACKAGE PROBE"... - prints the packages whose probe fails, one a line.
missing_packages() {
    local row
    for row in "$@"; do
        probe "${row#* }" || printf '%s\n' "${row%% *}"
    done
}

# sudo reads a password from the terminal itself, so stdin may be a pipe later. It asks only where somebody is there to type it.
sudo=(sudo)
[ -t 0 ] || sudo+=(-n)

# as_root CMD... - runs it as root: directly, or through sudo.
as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    else
        "${sudo[@]}" -- "$@"
    fi
}

may_become_root() {
    [ "$(id -u)" -eq 0 ] && return 0
    command -v sudo >/dev/null 2>&1 || return 1
    [ ${#sudo[@]} -eq 1 ] || sudo -n true >/dev/null 2>&1
}

# Long output goes to files in build/, each named when something in it goes wrong.
log_dir=$root/build

# apt_get ARGS... - apt-get, whose lines go to build/apt.log. By itself it waits for dpkg's lock only; its lists and its archive have one each, which a
# machine that has just started may hold for a while.
apt_get() {
    local status errors end=$((SECONDS + 300))
    errors=$(mktemp)
    mkdir -p "$log_dir"
    while :; do
        status=0
        as_root env DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 LC_ALL=C \
            apt-get -q -y -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 -o Acquire::Retries=3 "$@" \
            </dev/null >>"$log_dir/apt.log" 2>"$errors" || status=$?
        cat "$errors" >>"$log_dir/apt.log"
        if [ "$status" -eq 0 ] || [ "$SECONDS" -ge "$end" ] || ! grep -q 'Could not get lock' "$errors"; then
            break
        fi
        sleep 2
    done
    [ "$status" -eq 0 ] || tail -n 10 "$errors" >&2
    rm -f "$errors"
    return "$status"
}

apt_install() {
    apt_get install --no-install-recommends "$@"
}

apt_knows() {
    apt-get -s -q install --no-install-recommends "$@" >/dev/null 2>&1
}

apt_update() {
    say "apt-get update (the package lists are missing or too old)"
    apt_get update
}

# download_size PACKAGE... - the megabytes that apt would fetch, with all they need.
download_size() {
    apt-get install --no-install-recommends -qq --print-uris "$@" 2>/dev/null |
        awk '{ bytes += $3 } END { printf "%d", (bytes + 999999) / 1000000 }'
}

# install_packages PACKAGE... - says what it installs and installs it.
install_packages() {
    [ $# -gt 0 ] || return 0
    command -v apt-get >/dev/null 2>&1 ||
        die "these Debian packages, or what they bring, are missing, and there is no apt-get here: $*"
    may_become_root || die "missing packages: $*
    I am neither root nor allowed to sudo. Ask somebody who is:
    apt-get install --no-install-recommends $*"

    apt_knows "$@" || apt_update
    say "installs, $(download_size "$@") MB to fetch (lines in build/apt.log): $*"
    # Lists that name files the mirror no longer has: fetch new ones, try once more.
    if ! apt_install "$@"; then
        apt_update
        apt_install "$@" || die "could not install: $*"
    fi
}

# source_list OS-RELEASE - the line of a sources.list that has the system's source packages. Ubuntu's derivatives name its release.
source_list() (
    unset UBUNTU_CODENAME VERSION_CODENAME
    # shellcheck source=/dev/null
    . "$1"
    if [ -n "${UBUNTU_CODENAME-}" ]; then
        printf 'deb-src http://archive.ubuntu.com/ubuntu %s main universe\n' "$UBUNTU_CODENAME"
    else
        printf 'deb-src http://deb.debian.org/debian %s main\n' "${VERSION_CODENAME:-sid}"
    fi
)

# --- Servers, installed but not started ---------------------------------------------------------

policy=/usr/sbin/policy-rc.d
policy_saved=$policy.before-rudeproxy
policy_mark='# rudeproxy: made by scripts/test'
made_policy=no

# Services are started by the packages' scripts through invoke-rc.d, which asks policy-rc.d first:
# 101 forbids it. An answer that was there before is put back, whatever happens to us.
forbid_service_starts() {
    restore_policy # of a run that was killed
    made_policy=yes
    if [ -e "$policy" ]; then
        as_root mv "$policy" "$policy_saved"
    fi
    printf '#!/bin/sh\n%s\nexit 101\n' "$policy_mark" | as_root sh -c "cat >'$policy' && chmod 755 '$policy'"
}

# Takes our answer away, or what a run that was killed has left of it. Beside a saved one, that may be an empty file.
restore_policy() {
    if [ -e "$policy_saved" ]; then
        as_root mv -f "$policy_saved" "$policy"
    elif grep -qsxF "$policy_mark" "$policy"; then
        as_root rm -f "$policy"
    fi
}

allow_service_starts() {
    [ "$made_policy" = yes ] || return 0
    made_policy=no
    restore_policy
}

# What a package installs it also enables, for the next boot.
disable_services() {
    local service
    for service in "$@"; do
        as_root update-rc.d "$service" disable >/dev/null 2>&1 ||
            say "could not disable the service $service"
    done
}

# service_of PACKAGE - the service that it brings, if it brings one.
service_of() {
    case $1 in
    nginx-light) echo nginx ;;
    docker-registry | h2o | haproxy | mosquitto | pgbouncer | postgresql | rabbitmq-server | redis-server | rsync | rsyslog) echo "$1" ;;
    mariadb-server) echo mariadb ;;
    openssh-server) echo ssh ;;
    esac
}

# install_servers PACKAGE... - no service of theirs is started or enabled. The caller's EXIT trap
# calls allow_service_starts, for a run that is cut short.
install_servers() {
    [ $# -gt 0 ] || return 0
    local services=() package
    for package in "$@"; do
        mapfile -t -O "${#services[@]}" services < <(service_of "$package")
    done
    may_become_root || install_packages "$@" # says what to do, and ends

    say "the servers are installed, not started, and not enabled"
    forbid_service_starts
    install_packages "$@"
    disable_services "${services[@]}"
    allow_service_starts
}

# What the program itself needs to be built.
build_packages() {
    # pkg-config goes first: without it the pc: probes fail.
    missing_packages \
        "pkg-config cmd:pkg-config" \
        "gcc cmd:cc" \
        "libc6-dev file:/usr/include/stdio.h" \
        "cmake cmd:cmake" \
        "ninja-build cmd:ninja" \
        "libuv1-dev pc:libuv" \
        "libinih-dev pc:inih" \
        "libjansson-dev pc:jansson" \
        "libmicrohttpd-dev pc:libmicrohttpd"
}

# configured PRESET - is build/PRESET configured, and for this folder?
configured() {
    [ -f "$root/build/$1/build.ninja" ] &&
        grep -qxF "CMAKE_HOME_DIRECTORY:INTERNAL=$root" "$root/build/$1/CMakeCache.txt"
}

# configure PRESET [CMAKE ARGS...]
configure() {
    local preset=$1
    shift
    mkdir -p "$root/build"
    # A tree that was copied or mounted elsewhere since: CMake would refuse its old cache.
    configured "$preset" || rm -rf "${root:?}/build/$preset"
    (cd "$root" && cmake --preset "$preset" "$@" >"$root/build/$preset.configure.log" 2>&1) || {
        cat "$root/build/$preset.configure.log" >&2
        die "cannot configure build/$preset"
    }
    grep -A 4 '^CMake Warning' "$root/build/$preset.configure.log" >&2 || true
}

# build PRESET [CMAKE BUILD ARGS...]
build() {
    local preset=$1
    shift
    local log=$root/build/$preset.build.log start=$SECONDS
    say "builds build/$preset (lines in build/$preset.build.log)"
    if ! (cd "$root" && cmake --build "build/$preset" "$@") >"$log" 2>&1; then
        grep -A 20 -m 3 '^FAILED:' "$log" >&2 || tail -n 20 "$log" >&2
        die "cannot build build/$preset"
    fi
    say "built build/$preset in $((SECONDS - start)) s"
}

# Root that builds in somebody's tree (sudo scripts/test) leaves the results to that somebody.
give_back_build() {
    local owner
    owner=$(stat -c %u:%g "$root")
    if [ "$(id -u)" -eq 0 ] && [ "$owner" != 0:0 ] && [ -d "$root/build" ]; then
        chown -R "$owner" "$root/build"
    fi
}

# Every fuzz target, without the rest of the tests.
build_fuzz_targets() {
    local targets
    mapfile -t targets < <(cd "$root/tests/fuzz" && printf 'fuzz_%s\n' *.c | sed '/fuzz_replay\.c/d; s/\.c$//')
    build fuzz --target "${targets[@]}"
}
