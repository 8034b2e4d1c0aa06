#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The .deb: built, clean for lintian, installed in a Debian that has nothing else, where the demo runs.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
need cpack dpkg-deb dpkg-shlibdeps
[ -e "$RUDEPROXY_BUILD/pages/rudeproxy.1" ] || skip "the pages are not built"

# A Debian with the libraries, made while cpack works. It stays in the build folder for the next run.
debian=$RUDEPROXY_BUILD/package-debian.tar
if [ "$(id -u)" -eq 0 ] && command -v mmdebstrap >/dev/null && ! [ "$debian" -nt "$0" ]; then
    mmdebstrap --variant=minbase --include="libc6,libuv1,libinih1,libjansson4,libmicrohttpd12" bookworm "$work/debian.tar" \
        >"$work/mmdebstrap" 2>&1 </dev/null &
    servers+=("$!")
fi

# Under this umask new files are for their owner alone. Everybody must still be able to read what the package installs.
(umask 077 && expect 0 env -C "$work" cpack --config "$RUDEPROXY_BUILD/CPackConfig.cmake" -G "DEB;TGZ")
deb=$(compgen -G "$work/rudeproxy_*.deb") || fail "cpack makes no .deb"
dpkg-deb --contents "$deb" >"$work/contents"
tar -tvf "$work"/rudeproxy-*.tar.gz >>"$work/contents"
same "what not everybody may read" '' "$(grep -v -e '^.r..r..r' "$work/contents" || true)"
tar -xOf "$work"/rudeproxy-*.tar.gz --wildcards '*/rudeproxy@.service' >"$work/unit"
says "$work/unit" '^ExecStart=/usr/bin/rudeproxy '
# The documents lie side by side, and what they link to lies there, too. `docs/` and `config/` in the README are folders of the
# repository. So is what begins with `../`: most of it (sources, tests, docker/) is not in the package.
dpkg-deb --extract "$deb" "$work/deb"
folder=$work/deb/usr/share/doc/rudeproxy count=0
for document in "$folder"/*.md; do
    while IFS= read -r link; do
        [ -e "$folder/$link" ] || fail "${document##*/} links to $link, which is not in the package"
        count=$((count + 1))
    done < <(grep -oE '\]\([^)#:]+' "$document" | sed 's/^](//; s,^docs/,,; s,^config/,,' | grep -vE '^(\.\./|https?$)' || true)
done
[ "$count" -ge 100 ] || fail "only $count links between documents were found"
if command -v lintian >/dev/null; then
    # It is no upload to Debian: no bug to close, no debian/changelog.
    expect 0 lintian --fail-on error,warning \
        --suppress-tags initial-upload-closes-no-bugs,no-changelog,wrong-name-for-changelog-of-native-package "$deb"
fi

need mmdebstrap unshare
[ "$(id -u)" -eq 0 ] || skip "to install it needs root"
unshare --mount --pid --fork true 2>/dev/null || skip "this machine does not allow a mount namespace"
if [ ${#servers[@]} -gt 0 ]; then
    wait "${servers[0]}" || skip "mmdebstrap: $(tail -n 1 "$work/mmdebstrap")"
    mv "$work/debian.tar" "$debian"
fi
mkdir "$work/root"
tar -xf "$debian" -C "$work/root" --exclude='./dev/*' # devices need CAP_MKNOD, and /dev comes from outside
cp "$deb" "$work/root/rudeproxy.deb"
expect 0 chroot "$work/root" dpkg -i /rudeproxy.deb
started=$(sed -n 's/^ExecStart=\([^ ]*\) .*/\1/p' "$work/root/usr/lib/systemd/system/rudeproxy@.service")
[ -x "$work/root/$started" ] || fail "the service starts '$started', which is not there"
# shellcheck disable=SC2016 # for the shell in the namespace
expect 0 unshare --mount --pid --fork --kill-child --propagation private bash -c \
    'mount -t proc proc "$0/proc" && mount --rbind /dev "$0/dev" && exec chroot "$0" rudeproxy demo linger-zero' "$work/root"
says "$work/out" 'agree'
expect 0 chroot "$work/root" dpkg -r rudeproxy
[ ! -e "$work/root/usr/bin/rudeproxy" ] || fail "the program is still there"
