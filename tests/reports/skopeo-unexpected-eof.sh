#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Report: containers/image#1145
# Symptom: the registry closes in the middle of a layer: `happened during read: unexpected EOF`, no retry, no Range
# Programs: skopeo, docker-registry
# INI: `close` at `match:"\nthe middle\n"`
# shellcheck source=tests/reports/lib.sh
. "$(dirname "$0")/lib.sh"
need curl skopeo docker-registry
registry_try() {
    cat >"$work/registry.yml" <<CONF
version: 0.1
storage: { filesystem: { rootdirectory: $work/registry } }
http: { addr: 127.0.0.1:$1, secret: story }
log: { level: error }
CONF
    server_start "$1" docker-registry serve "$work/registry.yml" || return 1
    server_port=$1
}
on_free_port registry_try

repository=http://127.0.0.1:$server_port/v2/story
# blob_push FILE - sets digest and size.
blob_push() {
    local place
    place=$(web -X POST -D - -o /dev/null "$repository/blobs/uploads/" | tr -d '\r' | sed -n 's/^Location: //p')
    digest=sha256:$(sha256sum "$1" | cut -d ' ' -f 1)
    size=$(stat -c %s "$1")
    web -f -X PUT -H 'Content-Type: application/octet-stream' --data-binary "@$1" "$place&digest=$digest" ||
        fail "the registry does not take $1"
}
oci=application/vnd.oci.image
story_make "$work/layer"
blob_push "$work/layer"
layer='{"mediaType":"'$oci.layer.v1.tar'","digest":"'$digest'","size":'$size'}'
printf '{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":["%s"]}}' "$digest" >"$work/config"
blob_push "$work/config"
config='{"mediaType":"'$oci.config.v1+json'","digest":"'$digest'","size":'$size'}'
web -f -X PUT -H "Content-Type: $oci.manifest.v1+json" "$repository/manifests/latest" --data-binary \
    '{"schemaVersion":2,"mediaType":"'$oci.manifest.v1+json'","config":'"$config"',"layers":['"$layer"']}' ||
    fail "the registry does not take the manifest"

attempt() {
    in_front_of "$server_port" http <<'INI'
[fault cut]
type = close
when = match:"\nthe middle\n"
INI
    rm -rf "$work/copy"
    expect 1 timeout 60 skopeo --insecure-policy copy --src-tls-verify=false --retry-times 2 \
        "docker://$address/story:latest" "dir:$work/copy"
    says "$work/err" 'happened during read: unexpected EOF'
    fault_fired
}
reproduce attempt
