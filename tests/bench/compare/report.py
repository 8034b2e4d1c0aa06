# SPDX-License-Identifier: MIT
"""A run as Markdown tables and as JSON."""

import json
import pathlib
import re

from goals import Verdict
from measures import MEASURES, METRICS, Measure
from results import Results, ratio

ALL = "<!-- bench:begin -->", "<!-- bench:end -->"
GOALS = "<!-- bench:goals:begin -->", "<!-- bench:goals:end -->"


def table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def verdict_table(verdicts: list[Verdict]) -> str:
    rows = []
    for verdict in verdicts:
        goal = verdict.goal
        sign = ">=" if goal.at_least else "<="
        between = f"{verdict.low:.2f} to {verdict.high:.2f}"
        said = "met" if verdict.met else "missed"
        rows.append([goal.title, f"{sign} {goal.bound:g}", f"{verdict.got:.2f}", between, said])
    return table(["measure", "goal", "got", "95 %", ""], rows) if rows else ""


def cell(results: Results, measure: Measure, metric: str, candidate: str) -> str:
    """The median, and in brackets what it is of the direct connection's and of the best peer's."""
    got = results.median(measure.name, metric, candidate)
    if not got:
        return "-"  # not measured, or none: no proxy, no CPU of it
    references = [results.median(measure.name, metric, "direct"), results.best_peer(measure.name, metric)]
    ratios = [ratio(got, reference) for reference in references]
    text = f"{got:,.{METRICS[metric].digits}f}"
    if not measure.peers or measure.once:
        return text
    return f"{text} ({' / '.join('-' if r is None else f'{r:.2f}' for r in ratios)})"


def measure_table(results: Results, measure: Measure) -> str:
    taken = results.samples.get(measure.name, {})
    rows = [
        [candidate.name, *(cell(results, measure, metric, candidate.name) for metric in measure.metrics)]
        for candidate in results.candidates
        if candidate.name in taken
    ]
    return table(["", *(METRICS[metric].title for metric in measure.metrics)], rows)


def calls_by_name(results: Results) -> str:
    samples = results.samples.get("calls", {}).get("rudeproxy", [])
    if not samples:
        return ""
    counts = {name.removeprefix("calls "): n for name, n in samples[0].items() if name != "calls"}
    parts = [f"{name} {n:.2f}" for name, n in sorted(counts.items(), key=lambda item: -item[1])]
    return f"rudeproxy's, by name: {', '.join(parts)}.\n"


def about(results: Results) -> str:
    facts = results.about
    versions = ", ".join(f"{name} {version}" for name, version in facts.items() if name not in MACHINE)
    return (
        f"{facts['date']}, Linux {facts['kernel']} with {facts['congestion']}, {facts['cpus']} CPUs ({facts['cpu']}), "
        f"load before it {facts['load']}, {facts['rounds']} rounds, "
        f"{facts['close_rounds']} where a goal is close. {versions}.\n"
    )


MACHINE = ("date", "kernel", "congestion", "cpus", "cpu", "load", "rounds", "close_rounds")


def summary(results: Results, verdicts: list[Verdict]) -> str:
    return "\n".join([about(results), verdict_table(verdicts)])


def markdown(results: Results, verdicts: list[Verdict], plots: list[str]) -> str:
    parts = [summary(results, verdicts)]
    if plots:
        parts.append("\n".join(f"![{pathlib.Path(plot).stem}]({plot})" for plot in plots) + "\n")
    parts.append(
        "Medians over the rounds; in brackets the ratio to the direct connection's and to the best peer's.\n"
    )
    for measure in MEASURES:
        if measure.name in results.samples:
            parts += [f"### {measure.title}\n", measure_table(results, measure)]
        if measure.name == "calls":
            parts.append(calls_by_name(results))
    return "\n".join(part for part in parts if part)


def write_markdown(path: pathlib.Path, everything: str, goals: str) -> None:
    """Replaces the text between the markers of the file: all tables, or those of the goals."""
    old = path.read_text()
    new = old
    found = False
    for (begin, end), text in ((ALL, everything), (GOALS, goals)):
        if begin in old and end in old:
            found = True
            between = f"{begin}\n{text}\n{end}"
            new = re.sub(f"{begin}.*{end}", lambda _, between=between: between, new, flags=re.DOTALL)
    if not found:
        raise RuntimeError(f"{path}: no lines {ALL[0]} and {ALL[1]}, or {GOALS[0]} and {GOALS[1]}")
    path.write_text(new)


def write_json(path: pathlib.Path, results: Results, verdicts: list[Verdict]) -> None:
    medians = {
        measure.name: {
            name: {metric: results.median(measure.name, metric, name) for metric in measure.metrics}
            for name in results.samples[measure.name]
        }
        for measure in MEASURES
        if measure.name in results.samples
    }
    goals = [
        {
            "goal": verdict.goal.title,
            "bound": verdict.goal.bound,
            "at_least": verdict.goal.at_least,
            "got": verdict.got,
            "low": verdict.low,
            "high": verdict.high,
            "met": verdict.met,
        }
        for verdict in verdicts
    ]
    whole = {"about": results.about, "goals": goals, "medians": medians, "samples": results.samples}
    path.write_text(json.dumps(whole, indent=1) + "\n")
