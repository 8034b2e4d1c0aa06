# SPDX-License-Identifier: MIT
"""Horizontal bars: the median, and a whisker from the least sample to the greatest. The colours can
be read on a light page and on a dark one, so the background is left to the page."""

import html
import pathlib
from dataclasses import dataclass

from measures import MEASURES, METRICS
from results import Results

WIDTH, LABELS, NUMBERS, BAR, GAP, HEAD = 720, 190, 90, 16, 6, 34
TEXT, OURS, DIRECT, PEER, WHISKER = "#7a8087", "#c8553d", "#8a9a5b", "#5b84b1", "#7a8087"
COLOURS = {"ours": OURS, "variant": OURS, "build": OURS, "direct": DIRECT, "peer": PEER}


@dataclass(frozen=True)
class Plot:
    name: str
    metric: str
    measures: tuple[str, ...]


PLOTS = (
    Plot("throughput", "rate_mb", ("stream-1", "stream-16", "duplex-1", "duplex-16")),
    Plot("cpu", "cpu_gb", ("stream-1", "stream-16")),
    Plot("requests", "rate", ("requests-1-64", "requests-64-64", "requests-1000-64")),
    Plot("p99", "p99_us", ("requests-1-64", "requests-64-64", "requests-1000-64")),
    Plot("connections", "rate", ("connects",)),
)


def text(x: float, y: float, words: str, more: str = "") -> str:
    return f'<text x="{x:.0f}" y="{y:.0f}" {more}>{html.escape(words)}</text>'


def bar(y: float, label: str, colour: str, values: list[float], median: float, scale: float, digits: int) -> str:
    middle = y + BAR / 2
    low, high = LABELS + min(values) * scale, LABELS + max(values) * scale
    return "\n".join(
        (
            text(LABELS - 8, y + BAR - 4, label, 'text-anchor="end"'),
            f'<rect x="{LABELS}" y="{y}" width="{median * scale:.1f}" height="{BAR}" rx="2" fill="{colour}"/>',
            f'<path d="M{low:.1f} {middle}H{high:.1f}M{low:.1f} {middle - 3}v6M{high:.1f} {middle - 3}v6" '
            f'stroke="{WHISKER}" fill="none"/>',
            text(max(high, LABELS + median * scale) + 8, y + BAR - 4, f"{median:,.{digits}f}"),
        )
    )


def panel(results: Results, metric: str, measure: str, top: float) -> tuple[list[str], float]:
    """The bars of one measure, and where they end."""
    title = next(row.title for row in MEASURES if row.name == measure)
    rows = []
    for candidate in results.candidates:
        values = results.values(measure, metric, candidate.name)
        median = results.median(measure, metric, candidate.name)
        # The direct connection has no proxy, and so none of its CPU.
        if median is not None and not (candidate.role == "direct" and metric.startswith("cpu")):
            rows.append((candidate.name, COLOURS[candidate.role], values, median))
    if not rows:
        return [], top
    longest = max(max(values) for _, _, values, _ in rows)
    scale = (WIDTH - LABELS - NUMBERS) / longest if longest > 0 else 0
    parts = [text(0, top + 20, f"{title}: {METRICS[metric].title}", 'font-weight="bold"')]
    y = top + HEAD
    for name, colour, values, median in rows:
        parts.append(bar(y, name, colour, values, median, scale, METRICS[metric].digits))
        y += BAR + GAP
    return parts, y


def draw(results: Results, plot: Plot) -> str | None:
    parts: list[str] = []
    y = 0.0
    for measure in plot.measures:
        more, y = panel(results, plot.metric, measure, y)
        parts += more
    if not parts:
        return None
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y:.0f}" width="{WIDTH}" '
        f'font-family="sans-serif" font-size="12" fill="{TEXT}">'
    )
    return "\n".join((head, *parts, "</svg>")) + "\n"


def write(results: Results, folder: pathlib.Path) -> list[str]:
    """The names of the files that were written."""
    folder.mkdir(parents=True, exist_ok=True)
    names = []
    for plot in PLOTS:
        drawn = draw(results, plot)
        if drawn is not None:
            names.append(f"{plot.name}.svg")
            (folder / names[-1]).write_text(drawn)
    return names
