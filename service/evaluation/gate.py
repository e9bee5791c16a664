"""The release gate: what a candidate must show before it may replace the released model.

Every floor of the problem file must hold at the lower end of its 95 % interval; nothing that the released model was
judged by may have got worse than the released interval allows; and the exported model must answer like the trained
one. The gate judges out-of-fold predictions of the whole set, so that each row counts and none was seen in training.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from service.bundle.manifest import Manifest
from service.errors import Mistake, ReleaseRefused
from service.evaluation.advisor import SMALLER_IS_BETTER
from service.evaluation.intervals import Estimate
from service.training.algorithms import BASELINE
from service.training.export import Parity
from service.training.problem import ProblemFile


@dataclass(frozen=True)
class FloorCheck:
    """One floor beside the estimate that must hold it: by its lower end, or not at all."""

    metric: str
    floor: float
    value: float
    low: float
    high: float

    @property
    def holds(self) -> bool:
        """Whether the lower end is at the floor or above it; NaN is not."""
        return self.low >= self.floor

    @property
    def reason(self) -> str:
        """In words, why it does not hold."""
        if math.isnan(self.low):
            return f"is not defined for these rows, so the floor {self.floor:g} cannot hold"
        return f"the interval {self.low:.4f} to {self.high:.4f} reaches below the floor {self.floor:g}"


@dataclass(frozen=True)
class Regression:
    """A metric that is worse than the released model's interval."""

    metric: str
    value: float
    released: float
    limit: float


@dataclass(frozen=True)
class Verdict:
    """What the gate found. `accepted` are regressions that were named as accepted."""

    floors: tuple[FloorCheck, ...]
    regressions: tuple[Regression, ...]
    accepted: tuple[Regression, ...]
    parity: Parity
    algorithm: str
    rows: int

    @property
    def reasons(self) -> tuple[Mistake, ...]:
        """Why the release is refused; empty when it is not."""
        found = [Mistake(check.metric, check.reason) for check in self.floors if not check.holds]
        found += [
            Mistake(
                r.metric,
                f"{r.value:.4f} is worse than the released {r.released:.4f}, beyond its interval's end {r.limit:.4f}",
                f"find out why; to release it all the same, name it: --accept {r.metric}",
            )
            for r in self.regressions
        ]
        if not self.parity.holds:
            found.append(Mistake("parity", _describe_parity(self.parity)))
        if self.algorithm == BASELINE:
            found.append(Mistake("algorithm", "the baseline is what others are measured by; it is not released"))
        return tuple(found)

    @property
    def passed(self) -> bool:
        """Whether the candidate may be released."""
        return not self.reasons

    def require(self) -> None:
        """Raise ReleaseRefused with every reason unless the candidate passed."""
        if not self.passed:
            hint = "nothing was released; read report.html in the artifacts, then mend the data, the grid or the floors"
            raise ReleaseRefused("the release gate said no", self.reasons, hint=hint)

    def to_document(self) -> dict[str, Any]:
        """Plain data for the manifest."""
        return {
            "passed": self.passed,
            "judged_on": f"out-of-fold predictions of all {self.rows} rows",
            "floors": [
                {"metric": c.metric, "floor": c.floor, "low": round(c.low, 6), "holds": c.holds} for c in self.floors
            ],
            "regressions": [r.metric for r in self.regressions],
            "accepted_regressions": [r.metric for r in self.accepted],
            # The gap itself is some 1e-16 and not the same on every CPU: that it holds is.
            "parity": {"rows": self.parity.rows, "within": self.parity.within, "holds": self.parity.holds},
            "reasons": [str(reason) for reason in self.reasons],
        }


def judge_release(
    problem: ProblemFile,
    judged: Mapping[str, Estimate],
    *,
    classes: Sequence[str],
    parity: Parity,
    algorithm: str,
    rows: int,
    released: Manifest | None,
    accept: Sequence[str] = (),
) -> Verdict:
    """Hold a candidate's estimates to the problem's floors and to the released model."""
    worse = find_regressions(judged, released.metrics.get("judged", {}) if released else {})
    return Verdict(
        floors=tuple(_check_floors(problem, judged, classes)),
        regressions=tuple(r for r in worse if r.metric not in accept),
        accepted=tuple(r for r in worse if r.metric in accept),
        parity=parity,
        algorithm=algorithm,
        rows=rows,
    )


def find_regressions(judged: Mapping[str, Estimate], released: Mapping[str, Mapping[str, Any]]) -> list[Regression]:
    """The metrics whose value lies beyond the worse end of the interval that the released model has for it."""
    found = []
    for metric, before in released.items():
        smaller_is_better = metric in SMALLER_IS_BETTER
        limit = before["high"] if smaller_is_better else before["low"]
        if metric not in judged or limit is None or before["value"] is None:
            continue
        value = judged[metric].measure.value
        # Written so that NaN, which a model without an answer gives, is a regression too.
        if not (value <= limit if smaller_is_better else value >= limit):
            found.append(Regression(metric, value, before["value"], limit))
    return found


def _check_floors(problem: ProblemFile, judged: Mapping[str, Estimate], classes: Sequence[str]) -> list[FloorCheck]:
    floors = dict(problem.floors)
    floors |= {f"{name}[{label}]": floor for name, floor in problem.per_class_floors.items() for label in classes}
    nan = float("nan")
    checks = []
    for metric, floor in floors.items():
        found = judged.get(metric)  # a floor for the positive class of a problem with none is not held
        low, high = (found.interval.low, found.interval.high) if found else (nan, nan)
        checks.append(FloorCheck(metric, floor, found.measure.value if found else nan, low, high))
    return checks


def _describe_parity(parity: Parity) -> str:
    return (
        f"the exported model differs from the trained one by up to {parity.largest_gap:.2g} "
        f"({parity.labels_differ} labels of {parity.rows}); at most {parity.within:g} and none are allowed"
    )
