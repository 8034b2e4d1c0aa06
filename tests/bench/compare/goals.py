# SPDX-License-Identifier: MIT
"""What rudeproxy is to reach, one row each, whether it has, and how sure that is."""

import random
import statistics
from collections.abc import Callable
from dataclasses import dataclass

from measures import FAULTS, PROTOCOLS, TRIGGER
from results import Results, ratio

Reference = Callable[[Results, str, str], float | None]


@dataclass(frozen=True)
class Goal:
    title: str
    measure: str
    metric: str
    bound: float
    at_least: bool  # or at most
    reference: Reference  # what the figure is divided by
    ours: str = "rudeproxy"


@dataclass(frozen=True)
class Verdict:
    goal: Goal
    got: float
    low: float  # between these two in 95 of 100 runs of as many rounds (a bootstrap over the rounds)
    high: float

    @property
    def met(self) -> bool:
        return self.got >= self.goal.bound if self.goal.at_least else self.got <= self.goal.bound


def of(candidate: str) -> Reference:
    return lambda results, measure, metric: results.median(measure, metric, candidate)


def best_peer(results: Results, measure: str, metric: str) -> float | None:
    return results.best_peer(measure, metric)


def best_copying_peer(results: Results, measure: str, metric: str) -> float | None:
    return results.best_peer(measure, metric, spliced=False)


def itself(results: Results, measure: str, metric: str) -> float | None:
    return 1.0


SPLICING = of("haproxy-splice")
UNTOLD = of("rudeproxy")  # which protocol its bytes are

GOALS = (
    Goal("one stream, throughput: to HAProxy with splice forced", "stream-1", "rate_mb", 1.3, True, SPLICING),
    Goal("one stream, throughput: to the best that copies", "stream-1", "rate_mb", 1.8, True, best_copying_peer),
    Goal("one stream, throughput: to the direct connection", "stream-1", "rate_mb", 0.8, True, of("direct")),
    Goal("one stream, CPU per GB: to HAProxy with splice forced", "stream-1", "cpu_gb", 0.7, False, SPLICING),
    Goal("one stream, CPU per GB: to the best that copies", "stream-1", "cpu_gb", 0.35, False, best_copying_peer),
    *(
        goal
        for n in (1, 64, 1000)
        for goal in (
            Goal(f"64 B, {n} at a time, rate: to the best peer", f"requests-{n}-64", "rate", 1.0, True, best_peer),
            Goal(f"64 B, {n} at a time, p99: to the best peer", f"requests-{n}-64", "p99_us", 1.0, False, best_peer),
        )
    ),
    Goal("connections per second: to the best peer", "connects", "rate", 1.0, True, best_peer),
    Goal("system calls per connection", "calls", "calls", 18, False, itself),
    Goal("9,000 idle connections: kB of RSS for each", "idle", "rss_kb", 1.5, False, itself),
    Goal("9,000 idle connections: request rate to that with none", "idle", "rate_kept", 0.95, True, itself),
    Goal("10 faults for others, one stream: to none", "stream-1", "rate_mb", 0.98, True, of("rudeproxy"), FAULTS),
    Goal("10 faults for others, request rate: to none", "requests-64-64", "rate", 0.98, True, of("rudeproxy"), FAULTS),
    Goal("a byte trigger at 10 GB, one stream: to none", "stream-1", "rate_mb", 0.98, True, of("rudeproxy"), TRIGGER),
    *(
        Goal(f"protocol = {name}, {what}: to none", f"protocol-{name}", metric, bound, True, UNTOLD, PROTOCOLS[name])
        for name, what, metric, bound in (
            ("http", "one body", "rate_mb", 0.8),
            ("tls", "records of 16 kB", "rate_mb", 0.8),
            ("postgres", "rows of 100 bytes", "rate_mb", 0.5),
            ("redis", "64 B, request rate", "rate", 0.9),
        )
    ),
    Goal("reload with 9,000 open: the longest exchange, ms", "reload", "pause_ms", 20, False, itself),
)


def reached(results: Results, goal: Goal) -> float | None:
    got = results.median(goal.measure, goal.metric, goal.ours)
    return ratio(got, goal.reference(results, goal.measure, goal.metric))


def interval(results: Results, goal: Goal) -> tuple[float, float]:
    """What rounds drawn from those of the run, with replacement, would have shown."""
    draw = random.Random(1)
    shown = [reached(results.resampled(goal.measure, draw), goal) for _ in range(RESAMPLES)]
    cuts = statistics.quantiles([value for value in shown if value is not None], n=40)
    return cuts[0], cuts[-1]


RESAMPLES = 1000


def verdicts(results: Results) -> list[Verdict]:
    """Of every goal whose figures were measured."""
    found = []
    for goal in GOALS:
        value = reached(results, goal)
        if value is not None:
            found.append(Verdict(goal, value, *interval(results, goal)))
    return found
