#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The images of the other architecture (arm64 on amd64, and the other way): cross-compiled by docker/build, and tried by it under
# qemu-user: the version, the health, a connection through the program, and one that it cuts. It takes minutes, so it runs on
# demand: RUDEPROXY_FOREIGN_IMAGE=yes scripts/test -R image_foreign
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
[ "${RUDEPROXY_FOREIGN_IMAGE-}" = yes ] || skip "it takes minutes: RUDEPROXY_FOREIGN_IMAGE=yes runs it"
case $(dpkg --print-architecture) in
amd64) foreign=arm64 interpreter=qemu-aarch64 ;;
arm64) foreign=amd64 interpreter=qemu-x86_64 ;;
*) skip "there are images for amd64 and arm64 only" ;;
esac
[ -e "/proc/sys/fs/binfmt_misc/$interpreter" ] || skip "no program of $foreign runs here: qemu-user-static is not installed"
# shellcheck source=tests/e2e/image_engine
. "$(dirname "$0")/image_engine"

# Only unpacked: no program of it runs here.
import_base "localhost/debian-$foreign" "$foreign" --variant=extract --include=base-files,coreutils
build_libraries "$foreign"
expect 0 "$root/docker/build" --engine "$engine" --name rudeproxy-foreign --arch "$foreign" -- --pull=never --network host \
    --build-arg "BASE=localhost/debian-$foreign"
same "programs that told their version" 2 "$(grep -cE '^rudeproxy [0-9.]+' "$work/out")"
for image in rudeproxy-foreign:latest rudeproxy-foreign:debian; do
    same "architecture of $image" "$foreign" "$("${podman[@]}" image inspect --format '{{.Architecture}}' "$image")"
done
size=$("${podman[@]}" image inspect --format '{{.Size}}' rudeproxy-foreign:latest)
[ "$size" -lt 3000000 ] || fail "the image has $size bytes, not under 3 MB"
"${podman[@]}" run --rm --network none --platform "linux/$foreign" --entrypoint /bin/uname rudeproxy-foreign:debian -m \
    >"$work/machine" 2>"$work/err" || fail "Debian's programs do not run in the image: $(cat "$work/err")"
same "the machine in the image" "${interpreter#qemu-}" "$(cat "$work/machine")"
prune_images
