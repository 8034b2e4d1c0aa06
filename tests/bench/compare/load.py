# SPDX-License-Identifier: MIT
"""Runs bench_load around a candidate. At each of its steps nothing moves: that is when the usage of
the candidate is read, and when a measure may do something of its own."""

import json
import pathlib
import subprocess
from collections.abc import Callable
from dataclasses import dataclass

import proc
from candidates import Running


@dataclass(frozen=True)
class Step:
    figures: dict[str, float]
    usage: proc.Usage


OnStep = Callable[[str], None]


def options(given: dict[str, object]) -> list[str]:
    return [f"--{key.replace('_', '-')}={value}" for key, value in given.items()]


def run(
    program: pathlib.Path,
    mode: str,
    running: Running,
    given: dict[str, object],
    on_step: OnStep = lambda name: None,
) -> dict[str, Step]:
    """The steps by name. `on_step` runs after the usage was read, before the generator goes on."""
    command = [
        str(program),
        mode,
        f"--target=127.0.0.1:{running.target}",
        f"--server=127.0.0.1:{running.server}",
        "--steps",
        *options(given),
    ]
    steps: dict[str, Step] = {}
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as load:
        assert load.stdin and load.stdout
        for line in load.stdout:
            figures = json.loads(line)
            name = figures.pop("step")
            steps[name] = Step(figures, proc.usage(running.pid) if running.pid else proc.Usage(0, 0, 0))
            on_step(name)
            load.stdin.write("go\n")
            load.stdin.flush()
    if load.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: status {load.returncode}")
    return steps
