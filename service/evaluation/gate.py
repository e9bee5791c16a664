"""The release gate: what a candidate must show before it may replace the released model.

Judged is what is released: the model's own bytes on rows that it was not trained on, decided by its own threshold.
Every floor of the problem file must hold there at the lower end of its 95 % interval; nothing may be worse than what
was released (`regression`); its answers must cost less than always giving the cheapest one; and the exported model must
answer like the trained one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from service.bundle.manifest import Manifest
from service.errors import Mistake, ReleaseRefused
from service.evaluation.costs import EXPECTED_COST
from service.evaluation.intervals import Estimate
from service.evaluation.regression import (
    MARGIN,
    Regression,
    compare_with_marks,
    keep_marks,
    read_marks,
    set_margins,
)
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
class Constant:
    """The cheapest answer that needs no model, and what it costs beside the candidate, of 1,000 cases."""

    answer: str
    cost: float
    ours: float

    @property
    def is_as_cheap(self) -> bool:
        """Whether the model is not worth its answers; one without a cost is not."""
        return not self.ours < self.cost


@dataclass(frozen=True)
class Paired:
    """The comparison with the released model on the same rows: how many there are, and what was worse on them."""

    rows: int
    margin: float
    regressions: tuple[Regression, ...]


@dataclass(frozen=True)
class Verdict:
    """What the gate found. `accepted` are regressions that were named as accepted."""

    floors: tuple[FloorCheck, ...]
    regressions: tuple[Regression, ...]
    accepted: tuple[Regression, ...]
    parity: Parity
    algorithm: str
    rows: int
    constant: Constant | None = None
    paired: Paired | None = None
    marks: Mapping[str, Any] = field(default_factory=dict)

    @property
    def reasons(self) -> tuple[Mistake, ...]:
        """Why the release is refused; empty when it is not."""
        found = [Mistake(check.metric, check.reason) for check in self.floors if not check.holds]
        found += [
            Mistake(r.metric, r.reason, f"find out why; to release it all the same, name it: --accept {r.metric}")
            for r in self.regressions
        ]
        if self.constant is not None and self.constant.is_as_cheap:
            always = f"always answering {self.constant.answer} costs {self.constant.cost:.1f} of 1,000 cases"
            found.append(Mistake(EXPECTED_COST, f"{always}, this model {self.constant.ours:.1f}"))
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
            "judged_on": f"{self.rows} rows that it was not trained on, decided by its own threshold",
            "floors": [
                {"metric": c.metric, "floor": c.floor, "low": round(c.low, 6), "holds": c.holds} for c in self.floors
            ],
            "regressions": [r.metric for r in self.regressions],
            "accepted_regressions": [r.metric for r in self.accepted],
            "compared": None if self.paired is None else {"rows": self.paired.rows, "margin": self.paired.margin},
            "marks": dict(self.marks),
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
    paired: Paired | None = None,
    margins: Mapping[str, float] | None = None,
    constant: Constant | None = None,
) -> Verdict:
    """Hold a candidate's estimates to the problem's floors and to what was released.

    `margins` say how much worse each metric may be; those that they do not name are not compared.
    """
    marks = read_marks(released) if released else {}
    allowed = set_margins(judged, {}, margin=MARGIN) if margins is None else margins
    worse = {r.metric: r for r in compare_with_marks(judged, marks, allowed)}
    worse |= {r.metric: r for r in (paired.regressions if paired else ())}
    return Verdict(
        floors=tuple(_check_floors(problem, judged, classes)),
        regressions=tuple(r for r in worse.values() if r.metric not in accept),
        accepted=tuple(r for r in worse.values() if r.metric in accept),
        parity=parity,
        algorithm=algorithm,
        rows=rows,
        constant=constant,
        paired=paired,
        marks=keep_marks(judged, {name: mark for name, mark in marks.items() if name in allowed}, accept),
    )


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
