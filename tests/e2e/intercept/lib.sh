# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# For tests of real programs under exec --intercept: sourced after tests/e2e/lib.sh. Sets up a hosts file in
# which app.test is this machine, and a folder that every user may use. The test goes on in that folder.

# shellcheck source=tests/e2e/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

# Only root can give a command a hosts file of its own.
{ [ "$(id -u)" -eq 0 ] && unshare -m true 2>/dev/null; } || skip "a hosts file of its own needs root"
need setpriv
as_nobody=(setpriv --reuid 65534 --regid 65534 --clear-groups)
"${as_nobody[@]}" unshare -Un true 2>/dev/null || skip "the kernel forbids namespaces here"
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=$work # not what only root may search

cp "$RUDEPROXY" "$work/rudeproxy"
chmod 777 "$work"
chmod 755 "$work/rudeproxy"
cd "$work"
{
    cat /etc/hosts
    printf '127.0.0.1 app.test\n'
} >hosts

as=() # the user of in_view: empty for root

# in_view CMD... - runs CMD outside, with the hosts file.
in_view() {
    unshare -m bash -c 'mount --bind hosts /etc/hosts && exec "$@"' sh "${as[@]}" "$@"
}

# outcome CMD... - prints the exit status and the digest of the output.
outcome() {
    local code=0
    "$@" >out 2>err </dev/null || code=$?
    printf '%s %s' "$code" "$(md5sum <out)"
}

# same_and_faulty INTERCEPT CMD... - as root and as an ordinary user: CMD gives the same status and output as
# without rudeproxy, with each of its connections intercepted; and another when its connections are reset.
same_and_faulty() {
    local intercept=$1 user direct through
    shift
    for user in root nobody; do
        as=()
        [ "$user" = root ] || as=("${as_nobody[@]}")
        direct=$(outcome in_view "$@")
        [ "${direct%% *}" = 0 ] || fail "$user: $* does not work without us: $direct $(cat out err)"
        through=$(outcome in_view ./rudeproxy exec --intercept "$intercept" --log none -- "$@")
        same "$user: $* through us: $(cat err)" "$direct" "$through"
        through=$(outcome in_view ./rudeproxy exec --intercept "$intercept" --log none \
            --fault 'type=reset direction=upstream when=bytes:1 must_fire=yes' -- "$@")
        [ "$through" != "$direct" ] || fail "$user: $* met no fault: $(cat err)"
    done
    note "$1: as without us"
}

left_out() {
    note "left out: $1 is not installed"
}
