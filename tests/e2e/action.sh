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
expect 0 bash -e "$work/step0"
same "path" "$work/temp/rudeproxy" "$(cat "$work/path")"
same "output" "program=$work/temp/rudeproxy/rudeproxy" "$(cat "$work/output")"
expect 0 env "PATH=$(cat "$work/path"):$PATH" rudeproxy --version

printf '[proxy web]\nlisten = 127.0.0.1:0\nupstream = builtin:http\n' >"$work/workspace/rude.ini"
CONFIG=rude.ini ADMIN=127.0.0.1:0 setsid bash -e "$work/step1" >"$work/out" 2>"$work/err" &
step=$!
servers+=("$step")
wait "$step" || fail "the second step: $(cat "$work/out" "$work/err")"
says "$work/env" '^TOXIPROXY_URL=http://127\.0\.0\.1:0$'
proxy_ready=$RUNNER_TEMP/rudeproxy/ready
received 0 web /bytes/5000
kill -TERM -- "-$step" # what the step left running is in its group

printf '[proxy web]\nlisten = nonsense\n' >"$work/workspace/rude.ini"
! CONFIG=rude.ini ADMIN=127.0.0.1:0 bash -e "$work/step1" >"$work/out" 2>"$work/err" || fail "a bad file is taken"
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
