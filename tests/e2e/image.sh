#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The images of docker/, built and run by Podman: as Testcontainers runs Toxiproxy's, in the compose file, and in
# Kubernetes' files. No container is on a network of this machine: all of them share one namespace of the test's own.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
need podman runc mmdebstrap unshare ip curl python3
[ "$(id -u)" -eq 0 ] || skip "it needs root"
unshare --net --mount true 2>/dev/null || skip "this machine does not allow a network namespace"
python3 -c 'import yaml' 2>/dev/null || skip "Python's yaml is not installed"

root=$(cd "$(dirname "$0")/../.." && pwd)
storage=$RUDEPROXY_BUILD/containers # Podman's folders; what is built stays there for the next run
mkdir -p "$storage"

cat >"$work/containers.conf" <<'CONF'
[containers]
netns = "host"
default_ulimits = ["nofile=20000:20000", "nproc=32768:32768"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
CONF
export CONTAINERS_CONF=$work/containers.conf
engine="podman --root $storage/root --runroot $storage/run --tmpdir $storage/tmp"
read -ra podman <<<"$engine"

# --- Build --------------------------------------------------------------------------------------

base=docker.io/library/debian:bookworm-slim
if ! "${podman[@]}" image exists "$base" 2>"$work/err"; then
    mmdebstrap --variant=minbase --include=ca-certificates bookworm "$work/base.tar" >"$work/mmdebstrap" 2>&1 ||
        skip "mmdebstrap: $(tail -n 1 "$work/mmdebstrap")"
    "${podman[@]}" import "$work/base.tar" "$base" >"$work/import" 2>&1 ||
        skip "podman does not run here: $(tail -n 1 "$work/import")"
    rm "$work/base.tar"
fi
"${podman[@]}" run --rm --network host "$base" true >"$work/run.err" 2>&1 ||
    skip "podman does not run here: $(tail -n 1 "$work/run.err")"
expect 0 "$root/docker/build" --engine "$engine" -- --pull=never --network host
says "$work/out" '^rudeproxy [0-9.]+'
size=$("${podman[@]}" image inspect --format '{{.Size}}' rudeproxy:latest)
[ "$size" -lt 3000000 ] || fail "the image has $size bytes, not under 3 MB"
for label in title description licenses version revision; do
    [ -n "$("${podman[@]}" image inspect --format "{{index .Labels \"org.opencontainers.image.$label\"}}" rudeproxy:latest)" ] ||
        fail "the image has no label $label"
done

# --- Run: in a namespace of our own ---------------------------------------------------------------

export storage root engine work
export -f note skip fail
unshare --net --mount --propagation private bash "$root/tests/e2e/image_run" ||
    fail "in the namespace: see above"

# The stage that builds is of no more use; the base stays for the next run.
"${podman[@]}" image prune -f >/dev/null 2>&1 || true
umount "$storage/root/overlay" 2>/dev/null || true # or the folder could not be removed
