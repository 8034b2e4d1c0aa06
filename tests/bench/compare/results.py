# SPDX-License-Identifier: MIT
"""The samples of a run, and what they say: medians, spreads, the best peer, ratios."""

import random
import statistics
from dataclasses import dataclass, field

from candidates import Candidate
from measures import METRICS, Sample


@dataclass
class Results:
    about: dict[str, str]  # date, kernel, versions
    candidates: list[Candidate]
    samples: dict[str, dict[str, list[Sample]]] = field(default_factory=dict)  # measure, candidate

    def add(self, measure: str, candidate: str, sample: Sample) -> None:
        self.samples.setdefault(measure, {}).setdefault(candidate, []).append(sample)

    def values(self, measure: str, metric: str, candidate: str) -> list[float]:
        samples = self.samples.get(measure, {}).get(candidate, [])
        return [sample[metric] for sample in samples if metric in sample]

    def median(self, measure: str, metric: str, candidate: str) -> float | None:
        values = self.values(measure, metric, candidate)
        return statistics.median(values) if values else None

    def resampled(self, measure: str, draw: random.Random) -> "Results":
        """As many rounds of this measure, drawn from its own; a round has a sample of every candidate."""
        taken = self.samples[measure]
        rounds = range(min(len(samples) for samples in taken.values()))
        drawn = draw.choices(rounds, k=len(rounds))
        return Results(
            self.about,
            self.candidates,
            {measure: {name: [samples[i] for i in drawn] for name, samples in taken.items()}},
        )

    def best_peer(self, measure: str, metric: str, spliced: bool | None = None) -> float | None:
        """Over every peer, or only over those that splice (True) or copy (False)."""
        medians = [
            self.median(measure, metric, candidate.name)
            for candidate in self.candidates
            if candidate.role == "peer" and spliced in (None, candidate.splice)
        ]
        known = [median for median in medians if median is not None]
        if not known:
            return None
        return max(known) if METRICS[metric].more_is_better else min(known)


def ratio(got: float | None, reference: float | None) -> float | None:
    return got / reference if got is not None and reference else None
