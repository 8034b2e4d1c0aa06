#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The steps of action.yml, as GitHub's runner executes them, and the job files of docker/ci and docs/SWEEP.md. The first step of
# the action builds the program from nothing; here it is the one that is tested.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
need python3 curl setsid
python3 -c 'import yaml' 2>/dev/null || skip "Python's yaml is not installed"

root=$(cd "$(dirname "$0")/../.." && pwd)

# The steps and facts of the files: step0 and step1 of the action, github and gitlab with their commands.
cat >"$work/read.py" <<'PYTHON'
import pathlib, re, sys, yaml

root, work = map(pathlib.Path, sys.argv[1:])
action, github, gitlab = (
    yaml.safe_load((root / name).read_text())
    for name in ("action.yml", "docker/ci/github-actions.yml", "docker/ci/gitlab-ci.yml")
)
runs = action["runs"]
assert runs["using"] == "composite" and [step["shell"] for step in runs["steps"]] == ["bash", "bash"]
job = github["jobs"]["tests"]
assert "8474:8474" in job["services"]["toxiproxy"]["ports"]
assert gitlab["tests"]["services"][1]["alias"] == "toxiproxy"
commands = {
    "step0": runs["steps"][0]["run"],
    "step1": runs["steps"][1]["run"],
    "github": job["steps"][1]["run"],
    "gitlab": gitlab["tests"]["script"][0],
}
for name, command in commands.items():
    (work / name).write_text(command)
jobs = re.findall(r"```yaml\n(.*?)```", (root / "docs/SWEEP.md").read_text(), re.S)
assert len(jobs) == 2 and all("rudeproxy sweep" in str(yaml.safe_load(job)) for job in jobs)
PYTHON
expect 0 python3 "$work/read.py" "$root" "$work"

# --- The action ---------------------------------------------------------------------------------

export GITHUB_ACTION_PATH=$work/action RUNNER_TEMP=$work/temp GITHUB_WORKSPACE=$work/workspace
export GITHUB_PATH=$work/path GITHUB_OUTPUT=$work/output GITHUB_ENV=$work/env
mkdir -p "$work"/{temp,workspace} "$work/action"/{scripts,build}
printf '#!/bin/sh\n' >"$work/action/scripts/static"
chmod +x "$work/action/scripts/static"
cp "$RUDEPROXY" "$work/action/build/rudeproxy-linux-amd64"

# What the second step leaves running is in the group of that step.
groups=()
# shellcheck disable=SC2317 # called by the trap
end_groups() {
    local status=$? group
    set +e
    for group in "${groups[@]}"; do
        kill -TERM -- "-$group" 2>/dev/null
    done
    (exit "$status")
    cleanup
}
trap end_groups EXIT

# use_action CONFIG - both steps. Sets program and, with a file, proxy_ready.
use_action() {
    : >"$work/output"
    : >"$work/env"
    expect 0 bash -e "$work/step0"
    program=$(sed -n 's/^program=//p' "$work/output")
    same "the last folder of the PATH" "$(dirname "$program")" "$(tail -n 1 "$work/path")"
    PROGRAM=$program CONFIG=$1 ADMIN=127.0.0.1:0 setsid bash -e "$work/step1" >"$work/out" 2>"$work/err" &
    groups+=("$!")
    wait "$!" || fail "the second step: $(cat "$work/out" "$work/err")"
    proxy_ready=$(dirname "$program")/ready
    same "the environment" "TOXIPROXY_URL=http://$(proxy_address @admin)" "$(cat "$work/env")"
    received 0 web /bytes/5000
}

printf '[rudeproxy]\npcap = web.pcapng\n[proxy web]\nlisten = 127.0.0.1:0\nupstream = builtin:http\n' >"$work/workspace/rude.ini"
use_action rude.ini
[ -s "$work/workspace/web.pcapng" ] || fail 'a relative path of the file is not in the workspace'
expect 0 env "PATH=$(cat "$work/path"):$PATH" rudeproxy --version
# Once more in the same job, with the path of a file.
use_action "$work/workspace/rude.ini"

printf '[proxy web]\nlisten = nonsense\n' >"$work/workspace/rude.ini"
! PROGRAM=$program CONFIG=rude.ini ADMIN=127.0.0.1:0 bash -e "$work/step1" >"$work/out" 2>"$work/err" || fail "a bad file is taken"
says "$work/err" 'rude\.ini:[0-9]+: \[proxy web\]'

# --- The job files ------------------------------------------------------------------------------

proxy_ready=$work/ready proxy_err=$work/err1
proxy_spawn serve -port 0
api=$(proxy_address @admin)
export TOXIPROXY_URL=http://$api
for job in github gitlab; do
    sed -i 's/0\.0\.0\.0:26379/127.0.0.1:0/' "$work/$job"
    expect 0 bash -e "$work/$job"
    says "$work/out" '"upstream":"redis:6379"'
    call 204 DELETE /proxies/redis
done
proxy_stop
