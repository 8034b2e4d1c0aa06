# SPDX-License-Identifier: MIT
"""Compares rudeproxy with the direct connection and with other proxies; scripts/bench runs it.

Every measure alternates its candidates round by round, each round beginning with another (A B C, B C A),
so that a machine that gets slower or busier meanwhile does so for all of them, and none always follows
the same one. candidates.py, measures.py and goals.py are tables; load.py takes a sample, results.py
holds them, report.py and plots.py show them.
"""

import argparse
import os
import pathlib
import shutil
import signal
import sys
from dataclasses import replace

import goals
import plots
import proc
import report
from candidates import CANDIDATES, Candidate, another_build, with_binary
from measures import MEASURES, Measure, Scale
from results import Results

FULL = Scale(pathlib.Path(), rounds=5, close_rounds=15, seconds=1, warm_up=0.15, idle=9000, traced=1000, reloads=5)
QUICK = replace(FULL, rounds=3, close_rounds=3, seconds=0.4)
SMOKE = Scale(pathlib.Path(), rounds=1, close_rounds=1, seconds=0.05, warm_up=0.01, idle=50, traced=10, reloads=1)


def arguments() -> argparse.Namespace:
    """scripts/bench --help says what they mean."""
    parser = argparse.ArgumentParser(prog="scripts/bench", add_help=False, usage="scripts/bench --help")
    sizes = parser.add_mutually_exclusive_group()
    sizes.add_argument("--quick", action="store_true")
    sizes.add_argument("--smoke", action="store_true")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--only")
    parser.add_argument("--candidates")
    parser.add_argument("--binary")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--json", type=pathlib.Path)
    parser.add_argument("--markdown", type=pathlib.Path)
    parser.add_argument("--plots", type=pathlib.Path)
    parser.add_argument("--build", type=pathlib.Path, required=True)
    return parser.parse_args()


def say(words: str) -> None:
    print(f"bench: {words}", file=sys.stderr, flush=True)


def chosen_candidates(given: argparse.Namespace) -> list[Candidate]:
    binary = given.binary or str(given.build / "rudeproxy")
    known = {row.name: with_binary(row, binary) for row in CANDIDATES}
    rows = []
    for word in given.candidates.split(",") if given.candidates else known:
        name, _, path = word.partition("=")
        if path:
            rows.append(with_binary(another_build(name), path))
        elif name in known:
            rows.append(known[name])
        else:
            sys.exit(f"scripts/bench: no candidate '{name}': see --list")
    for row in rows:
        if not row.installed():
            say(f"{row.name}: {row.needs or row.command[0]} is not here, left out")
    return [row for row in rows if row.installed()]


def chosen_measures(given: argparse.Namespace) -> list[Measure]:
    known = [row.name for row in MEASURES]
    words = given.only.split(",") if given.only else [""]
    # stream-1 is that one, not stream-16 as well.
    names = {name for word in words for name in known if name == word or (word not in known and name.startswith(word))}
    rows = [row for row in MEASURES if row.name in names]
    if not rows:
        sys.exit(f"scripts/bench: no measure '{given.only}': see --list")
    for row in rows:
        if row.needs and shutil.which(row.needs) is None:
            say(f"{row.title}: {row.needs} is not here, left out")
    return [row for row in rows if not row.needs or shutil.which(row.needs)]


def takes_part(measure: Measure, candidate: Candidate) -> bool:
    if candidate.connections < measure.connections:
        return False
    if candidate.role in ("direct", "peer"):
        return measure.peers and not (measure.once and candidate.role == "direct")
    return candidate.role in ("ours", "build") or candidate.name in measure.variants


def versions(candidates: list[Candidate]) -> dict[str, str]:
    return {row.name: proc.version(list(row.version)) for row in candidates if row.version}


def measure_all(results: Results, measures: list[Measure], scale: Scale) -> None:
    for measure in measures:
        rows = [row for row in results.candidates if takes_part(measure, row)]
        for turn in range(measure.rounds(scale)):
            say(f"{measure.title}, round {turn + 1}")
            first = turn % max(len(rows), 1)
            for row in rows[first:] + rows[:first]:
                results.add(measure.name, row.name, measure.take(scale, row))


def show(results: Results, given: argparse.Namespace) -> None:
    drawn = plots.write(results, given.plots) if given.plots else []
    folder = given.markdown.parent if given.markdown else pathlib.Path()
    verdicts = goals.verdicts(results)
    text = report.markdown(results, verdicts, [os.path.relpath(given.plots / name, folder) for name in drawn])
    print(text)
    if given.markdown:
        report.write_markdown(given.markdown, text, report.summary(results, verdicts))
    if given.json:
        report.write_json(given.json, results, verdicts)


def main() -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    os.environ["PATH"] += ":/usr/sbin:/sbin"  # where nginx and HAProxy are
    given = arguments()
    if given.list:
        print("\n".join(row.name for row in (*MEASURES, *CANDIDATES)))
        return
    scale = SMOKE if given.smoke else QUICK if given.quick else FULL
    scale = replace(scale, program=given.build / "tests" / "bench_load")
    if given.rounds:
        scale = replace(scale, rounds=given.rounds, close_rounds=given.rounds * scale.close_rounds // scale.rounds)
    candidates = chosen_candidates(given)
    rounds = {"rounds": str(scale.rounds), "close_rounds": str(scale.close_rounds)}
    about = proc.machine() | rounds | versions(candidates)
    results = Results(about, candidates)
    measure_all(results, chosen_measures(given), scale)
    show(results, given)


main()
