#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The images of docker/, built and run by Podman: as Testcontainers runs Toxiproxy's, in the compose file, and in
# Kubernetes' files. No container is on a network of this machine: all of them share one namespace of the test's own.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
need unshare ip curl python3
[ "$(id -u)" -eq 0 ] || skip "it needs root"
unshare --net --mount true 2>/dev/null || skip "this machine does not allow a network namespace"
python3 -c 'import yaml' 2>/dev/null || skip "Python's yaml is not installed"
# shellcheck source=tests/e2e/image_engine
. "$(dirname "$0")/image_engine"

# --- Build --------------------------------------------------------------------------------------

build_libraries "$own"
expect 0 "$root/docker/build" --engine "$engine" -- --pull=never --network host
keep_build_stage "$own"
says "$work/out" '^rudeproxy [0-9.]+'
"${podman[@]}" image inspect rudeproxy:latest >"$work/image.json"
size=$(python3 -c 'import json, sys
image = json.load(sys.stdin)[0]
for label in "title", "description", "licenses", "version", "revision":
    assert image["Labels"]["org.opencontainers.image." + label], label
print(image["Size"])' <"$work/image.json") || fail "the image has not all labels"
[ "$size" -lt 3000000 ] || fail "the image has $size bytes, not under 3 MB"

# The client of image_run, while there is a network.
if command -v npm >/dev/null; then
    npm_install toxiproxy-node-client@4.1.0 || true
fi

# --- Run: in a namespace of our own ---------------------------------------------------------------

export engine work
export -f note skip fail
unshare --net --mount --propagation private bash "$root/tests/e2e/image_run" ||
    fail "in the namespace: see above"

prune_images
