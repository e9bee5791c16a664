"""Whether a candidate is worse than what was released: on the same rows, and against the best that was ever released.

Both tests refuse what is worse by more than one margin, beyond doubt: a candidate that is as good differs by luck, and
is not refused for that. On the same rows the luck is mostly shared, which makes the first test sharp. The second has no
rows in common with its mark, and is there for what the first cannot see: ten releases in a row that each lose a little.
A mark stays until a release is surely better, or the regression is accepted by name.

The margin is a share of a metric's scale: of 1 for shares, of what the baseline loses for losses.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from service.bundle.manifest import Manifest
from service.evaluation.advisor import SMALLER_IS_BETTER
from service.evaluation.intervals import Estimate, percentile_interval
from service.evaluation.metrics import Floats

MARGIN = 0.02
UNSCALED = ("calibration_error",)  # a loss that is a share


@dataclass(frozen=True)
class Regression:
    """A metric that is worse: at best it is better by `best`, which is negative and beyond the margin."""

    metric: str
    value: float
    released: float
    best: float
    margin: float
    against: str

    @property
    def reason(self) -> str:
        """In words, what it is worse than, and by how much at least."""
        if math.isnan(self.value):
            return f"is not defined any more; of {self.against} it was {self.released:.4f}"
        return (
            f"{self.value:.4f} is worse than the {self.released:.4f} of {self.against}, by {-self.best:.4f} at least, "
            f"and {self.margin:.4g} is let pass"
        )


@dataclass(frozen=True)
class Answers:
    """A model's metrics on some rows, with the resamples that pair up with another model's on the same rows."""

    estimates: Mapping[str, Estimate]
    samples: Mapping[str, Floats]


def set_margins(names: Iterable[str], baseline: Mapping[str, float], *, margin: float = MARGIN) -> dict[str, float]:
    """How much worse each metric may be. `baseline`: the losses of saying the same of every row."""
    scaled = {name: abs(baseline.get(name, math.nan)) for name in SMALLER_IS_BETTER if name not in UNSCALED}
    return {name: margin * scaled.get(name, 1.0) for name in names}


def compare_on_rows(ours: Answers, theirs: Answers, margins: Mapping[str, float], *, against: str) -> list[Regression]:
    """The metrics by which the candidate is worse than the released model on the very same rows."""
    found = []
    for name, margin in margins.items():
        # What is turned round from a loss has no resamples of its own: the loss is compared.
        if name not in theirs.samples or math.isnan(theirs.estimates[name].measure.value):
            continue
        value, before = ours.estimates[name].measure.value, theirs.estimates[name].measure.value
        gained = (ours.samples[name] - theirs.samples[name]) * _sign(name)
        best = percentile_interval(gained).high
        found += _find(Regression(name, value, before, best, _fallback(margin, before), against))
    return found


def compare_with_marks(
    judged: Mapping[str, Estimate], marks: Mapping[str, Mapping[str, Any]], margins: Mapping[str, float]
) -> list[Regression]:
    """The metrics that lie below the best release's: the difference of two independent intervals."""
    found = []
    for name, mark in marks.items():
        if name not in judged or name not in margins or None in (mark["value"], mark["low"], mark["high"]):
            continue
        value, interval, smaller = judged[name].measure.value, judged[name].interval, name in SMALLER_IS_BETTER
        gained = (value - mark["value"]) * _sign(name)
        up = value - interval.low if smaller else interval.high - value
        down = mark["high"] - mark["value"] if smaller else mark["value"] - mark["low"]
        against = f"version {mark['version']}"
        margin = _fallback(margins[name], mark["value"])
        found += _find(Regression(name, value, mark["value"], gained + float(np.hypot(up, down)), margin, against))
    return found


def read_marks(manifest: Manifest) -> dict[str, dict[str, Any]]:
    """The best that was released until now: what earlier versions left, else what this one was judged by."""
    own = {name: {**said, "version": manifest.version} for name, said in manifest.metrics.get("judged", {}).items()}
    kept: Mapping[str, dict[str, Any]] = manifest.verdict.get("marks", {})
    return own | dict(kept)


def keep_marks(
    judged: Mapping[str, Estimate], marks: Mapping[str, Mapping[str, Any]], accepted: Iterable[str]
) -> dict[str, Mapping[str, Any]]:
    """The marks that the candidate does not surely beat: by the worse end, so that one lucky release sets none."""
    passed = set(accepted)
    return {
        name: {key: mark[key] for key in ("value", "low", "high", "version")}
        for name, mark in marks.items()
        if name in judged and name not in passed and _is_beyond(name, mark, judged[name])
    }


def _is_beyond(name: str, mark: Mapping[str, Any], estimate: Estimate) -> bool:
    if None in (mark["low"], mark["high"]):
        return False
    ends = estimate.interval
    # Rounded as manifests round, so that a model made again leaves itself no mark.
    if name in SMALLER_IS_BETTER:
        return bool(mark["high"] < round(ends.high, 6))
    return bool(mark["low"] > round(ends.low, 6))


def _find(candidate: Regression) -> list[Regression]:
    """Written so that a metric without a value, which a model without an answer gives, is a regression too."""
    return [] if candidate.best >= -candidate.margin else [candidate]


def _fallback(margin: float, released: float) -> float:
    """Where no baseline was measured, the scale of a loss is what was lost."""
    return MARGIN * abs(released) if math.isnan(margin) else margin


def _sign(name: str) -> float:
    return -1.0 if name in SMALLER_IS_BETTER else 1.0
