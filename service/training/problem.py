"""What a model is for: the problem file (TOML) that a person writes first, and the release gate reads last."""

from __future__ import annotations

import json
import tomllib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from service.bundle.reading import Reader, is_number, is_positive, is_share, is_table, is_text, is_whole
from service.errors import InvalidInput
from service.training.algorithms import ALGORITHMS
from service.training.source import TableSource, read_source
from service.training.types import read_types

PROBLEMS = Path(__file__).resolve().parent.parent / "problems"

# The metrics that a floor may be set for: each grows as a model gets better and lies between 0 and 1.
PER_CLASS_METRICS = ("precision", "recall", "specificity", "f1", "f2", "auc", "average_precision")
_AVERAGES = ("macro_", "micro_", "weighted_")
FLOOR_METRICS = (
    *("accuracy", "balanced_accuracy", "mcc"),
    *PER_CLASS_METRICS,  # of the positive class
    *(average + metric for metric in PER_CLASS_METRICS for average in _AVERAGES),
)


@dataclass(frozen=True)
class Costs:
    """What one false positive and one false negative cost, in the same unit."""

    false_positive: float
    false_negative: float


@dataclass(frozen=True)
class SplitPlan:
    """How rows are parted: the seed, the share held out, and the number of folds."""

    seed: int = 20
    held_out: float = 0.2
    folds: int = 5


@dataclass(frozen=True)
class ProblemFile:
    """A problem file, checked.

    `floors` are lower ends of 95 % intervals: metric name -> value; those of `per_class_floors` hold for each class.
    `prevalence` is the positive class's share among the cases to come; None: as in the data. `grids` holds, for each
    algorithm, the values of its parameters to try. `ranges` are the values that a column can have at all, from and to;
    "*" stands for every number not named. `types` are declared of columns that are not what they look like. `table` is
    what the file was drawn up for, where it has a table of its own; of a `draft` nobody has set costs and floors yet.
    """

    name: str
    objective: str
    data: str
    positive_class: str | None
    prevalence: float | None
    costs: Costs
    floors: Mapping[str, float]
    per_class_floors: Mapping[str, float]
    splits: SplitPlan
    class_weight: str
    grids: Mapping[str, Mapping[str, list[Any]]]
    ranges: Mapping[str, tuple[float, float]]
    types: Mapping[str, str] = field(default_factory=dict)
    table: TableSource | None = None
    draft: bool = False


def choose_problem(*, folder: Path = PROBLEMS) -> str:
    """The name of the only problem file. Raises InvalidInput where several could be meant."""
    known = sorted(path.stem for path in folder.glob("*.toml"))
    if len(known) != 1:
        what = (
            f"{len(known)} problems could be meant: {', '.join(known)}" if known else f"{folder} holds no problem file"
        )
        raise InvalidInput(what, hint="name one with --problem; of make, with PROBLEM=")
    return known[0]


def load_problem(name: str, *, folder: Path = PROBLEMS) -> ProblemFile:
    """Read `<folder>/<name>.toml`. Raises InvalidInput with every mistake in it."""
    path = folder / f"{name}.toml"
    try:
        raw = path.read_bytes()
    except OSError as error:
        known = ", ".join(sorted(p.stem for p in folder.glob("*.toml")))
        raise InvalidInput(f"there is no problem file {path.name}", hint=f"take one of {known}, or write it") from error
    return parse_problem(raw.decode(errors="replace"), name=name)


def parse_problem(text: str, *, name: str) -> ProblemFile:
    """Check a problem file's text. Raises InvalidInput with every mistake in it."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidInput(f"{name}.toml is not TOML: {error}", hint="see service/problems/tumour.toml") from error
    reader = Reader(document)
    problem = _read(reader, name)
    reader.refuse_unknown("a problem file")
    if reader.mistakes:
        raise InvalidInput(
            f"{name}.toml is not a problem file", reader.mistakes, hint="see service/problems/tumour.toml"
        )
    return problem


def draft_problem(name: str, target: str, labels: Sequence[str]) -> str:
    """A problem file to begin with, for a table that comes without one: equal costs, a floor just above guessing.

    Of two classes the rarer is taken for the positive one. Its costs and floors are for a person to set.
    """
    counts = Counter(labels)
    positive = min(sorted(counts), key=lambda label: counts[label])
    lines = [
        f"objective = {json.dumps(f'Predict {target}. (A draft: nobody has set its costs and floors yet.)')}",
        f"data = {json.dumps(name)}",
        *([f"positive_class = {json.dumps(positive)}"] if len(counts) == 2 else []),
        "",
        "[costs]  # what one mistake of each kind costs, in the same unit",
        "false_positive = 1.0",
        "false_negative = 1.0",
        "",
        "[floors]  # lower ends of 95 % intervals, without which nothing is released",
        f"balanced_accuracy = {round(min(0.95, 1 / len(counts) + 0.1), 2)}",
        "",
        "[grids.softmax]",
        "C = [0.1, 1.0]",
        "[grids.one_vs_rest]",
        "C = [0.1, 1.0]",
        "[grids.naive_bayes]",
        "var_smoothing = [1e-9, 1e-2]",
        "[grids.svm]",
        "C = [1.0, 10.0]",
        "[grids.random_forest]",
        "n_estimators = [100]",
        "[grids.dummy]",
    ]
    return "\n".join(lines) + "\n"


def _read(reader: Reader, name: str) -> ProblemFile:
    positive = reader.take("positive_class", is_text, "must be a class name", None)
    floors = dict(reader.take("floors", is_table, "must be a table of floors", {}))
    per_class = floors.pop("per_class", {})
    _check_floors(reader, "floors", floors, FLOOR_METRICS)
    _check_floors(reader, "floors.per_class", per_class, PER_CLASS_METRICS)
    if not floors and not per_class:
        reader.add("floors", "sets no floor", "name at least one metric that must hold, such as recall = 0.9")
    cost = "must be a number above 0: how bad one such mistake is beside the other"
    return ProblemFile(
        name=name,
        objective=reader.take("objective", is_text, "must say what the model is for"),
        data=reader.take("data", is_text, "must name the data set", name),
        positive_class=positive,
        prevalence=reader.take("prevalence", is_share, "must lie between 0 and 1", None),
        costs=Costs(
            reader.take("costs.false_positive", is_positive, cost),
            reader.take("costs.false_negative", is_positive, cost),
        ),
        floors=floors,
        per_class_floors=per_class,
        splits=SplitPlan(
            seed=reader.take("splits.seed", is_whole, "must be a whole number, 0 or more", SplitPlan.seed),
            held_out=reader.take("splits.held_out", is_share, "must lie between 0 and 1", SplitPlan.held_out),
            folds=reader.take("splits.folds", lambda v: is_whole(v) and v >= 2, "must be 2 or more", SplitPlan.folds),
        ),
        class_weight=reader.take(
            "prepare.class_weight",
            lambda v: v in ("auto", "balanced", "none"),
            "must be auto, balanced or none",
            "auto",
        ),
        grids=_read_grids(reader),
        ranges=_read_ranges(reader),
        types=read_types(reader),
        table=read_source(reader),
        draft=reader.take("draft", lambda v: isinstance(v, bool), "must be true or false", False),
    )


def _read_ranges(reader: Reader) -> dict[str, tuple[float, float]]:
    found = {}
    for column, ends in reader.take("ranges", is_table, "must be a table of columns", {}).items():
        if isinstance(ends, list) and len(ends) == 2 and all(map(is_number, ends)) and ends[0] < ends[1]:
            found[column] = (float(ends[0]), float(ends[1]))
        else:
            reader.add(f"ranges.{column}", f"is {ends!r}; a range is two numbers, the lower first", "write [0, 16]")
    return found


def _read_grids(reader: Reader) -> dict[str, dict[str, list[Any]]]:
    grids = reader.take("grids", is_table, "must be a table of algorithms", {}) or {name: {} for name in ALGORITHMS}
    for algorithm, grid in grids.items():
        place = f"grids.{algorithm}"
        if algorithm not in ALGORITHMS:
            reader.add(place, "is not an algorithm known here", f"take one of {', '.join(ALGORITHMS)}")
        elif not is_table(grid):
            reader.add(place, "must be a table of parameters, each with a list of values")
        else:
            known = ALGORITHMS[algorithm].parameters
            for parameter, values in grid.items():
                if parameter not in known:
                    reader.add(f"{place}.{parameter}", "is not a parameter of it", f"take one of {', '.join(known)}")
                elif not isinstance(values, list) or not values:
                    reader.add(f"{place}.{parameter}", "must be a list of at least one value")
    return dict(grids)


def _check_floors(reader: Reader, place: str, floors: object, known: tuple[str, ...]) -> None:
    if not is_table(floors):
        reader.add(place, "must be a table of floors")
        return
    for metric, value in floors.items():  # type: ignore[attr-defined]
        where = f"{place}.{metric}"
        if metric not in known:
            reader.add(where, "is not a metric that a floor can be set for", f"take one of {', '.join(known)}")
        elif not is_number(value) or not 0 <= value <= 1:
            reader.add(where, f"is {value!r}; a floor lies between 0 and 1", "write 0.95 for 95 %")
