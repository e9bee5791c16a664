"""What a model is for: the problem file (TOML) that a person writes first, and the release gate reads last."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from service.bundle.reading import Reader, is_number, is_positive, is_share, is_table, is_text, is_whole
from service.errors import InvalidInput
from service.training.algorithms import ALGORITHMS, TEXT, TEXT_UNITS
from service.training.calibration import METHODS
from service.training.source import TableSource, read_source
from service.training.types import read_types

PREFER = ("simple", "best")
PROBLEMS = Path(__file__).resolve().parent.parent / "problems"

# The metrics that a floor may be set for: each grows as a model gets better, and a good one's lies between 0 and 1.
PER_CLASS_METRICS = ("precision", "recall", "specificity", "f1", "f2", "auc", "average_precision")
_AVERAGES = ("macro_", "micro_", "weighted_")
FLOOR_METRICS = (
    *("accuracy", "balanced_accuracy", "mcc", "log_loss_skill", "calibration"),
    *PER_CLASS_METRICS,  # of the positive class
    *(average + metric for metric in PER_CLASS_METRICS for average in _AVERAGES),
)


@dataclass(frozen=True)
class Costs:
    """What one false positive and one false negative cost, in the same unit.

    `matrix` is for more than two classes: true class -> answer -> what just this confusion costs, instead of both.
    """

    false_positive: float
    false_negative: float
    matrix: Mapping[str, Mapping[str, float]] = field(default_factory=dict)


@dataclass(frozen=True)
class SplitPlan:
    """How rows are parted: the seed, the share held out, and the number of folds."""

    seed: int = 20
    held_out: float = 0.2
    folds: int = 5


@dataclass(frozen=True)
class ColumnPlan:
    """What a person decided of a table's columns: left out, learnt from as they stand, read as numbers.

    Rows of one value in `group` lie on one side of every split; by `time` the latest rows are held out.
    """

    drop: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()
    parse: tuple[str, ...] = ()
    group: str | None = None
    time: str | None = None

    def join(self, more: ColumnPlan) -> ColumnPlan:
        """Both plans; where they differ on a column, or on how rows are parted, `more` is right."""
        again = {column for name in _LISTS for column in getattr(more, name)}
        lists = {
            name: (*(column for column in getattr(self, name) if column not in again), *getattr(more, name))
            for name in _LISTS
        }
        parted = more if more.group or more.time else self
        return ColumnPlan(**lists, group=parted.group, time=parted.time)


_LISTS = ("drop", "keep", "parse")


@dataclass(frozen=True)
class ProblemFile:
    """A problem file, checked.

    `floors` are lower ends of 95 % intervals: metric name -> value; those of `per_class_floors` hold for each class.
    `calibration` is how probabilities are made to mean what they say (`service.training.calibration`), `prefer` what is
    taken of algorithms that do about equally well: the simple one, or the best. `columns` says which columns of a table
    are learnt from, and which rows belong together. `prevalence` is the positive class's share among the cases to come;
    None: as in the data. `grids` holds, for each algorithm, the values of its parameters to try. `ranges` are the
    values that a column can have at all, from and to; "*" stands for every number not named. `types` are declared of
    columns that are not what they look like. `table` is what the file was drawn up for, where it has a table of its
    own; of a `draft` nobody has set costs and floors yet.
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
    calibration: str
    prefer: str
    columns: ColumnPlan
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
            _read_matrix(reader),
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
        calibration=reader.take(
            "prepare.calibration", lambda v: v in METHODS, f"must be one of {', '.join(METHODS)}", "auto"
        ),
        prefer=reader.take("choose.prefer", lambda v: v in PREFER, f"must be one of {', '.join(PREFER)}", "simple"),
        columns=_read_columns(reader),
        grids=_read_grids(reader),
        ranges=_read_ranges(reader),
        types=read_types(reader),
        table=read_source(reader),
        draft=reader.take("draft", lambda v: isinstance(v, bool), "must be true or false", False),
    )


def _read_columns(reader: Reader) -> ColumnPlan:
    def take(key: str) -> tuple[str, ...]:
        return tuple(reader.take(f"columns.{key}", is_names, "must be a list of column names", []))

    name = "must be a column's name"
    plan = ColumnPlan(
        take("drop"),
        take("keep"),
        take("parse"),
        reader.take("columns.group", is_text, name, None),
        reader.take("columns.time", is_text, name, None),
    )
    if plan.group and plan.time:
        reader.add("columns", "names both group and time", "rows are parted by one of the two")
    return plan


def is_names(value: Any) -> bool:
    """A list of texts, which may be empty."""
    return isinstance(value, list) and all(map(is_text, value))


def _read_matrix(reader: Reader) -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = {}
    for true, answers in reader.take("costs.matrix", is_table, "must be a table of true classes", {}).items():
        if is_table(answers) and all(is_number(cost) and cost >= 0 for cost in answers.values()):
            found[true] = {answer: float(cost) for answer, cost in answers.items()}
        else:
            reader.add(f"costs.matrix.{true}", "must say what each answer costs, 0 or more", "write {dog = 5.0}")
    return found


def _read_ranges(reader: Reader) -> dict[str, tuple[float, float]]:
    found = {}
    for column, ends in reader.take("ranges", is_table, "must be a table of columns", {}).items():
        if isinstance(ends, list) and len(ends) == 2 and all(map(is_number, ends)) and ends[0] < ends[1]:
            found[column] = (float(ends[0]), float(ends[1]))
        else:
            reader.add(f"ranges.{column}", f"is {ends!r}; a range is two numbers, the lower first", "write [0, 16]")
    return found


def _read_grids(reader: Reader) -> dict[str, dict[str, list[Any]]]:
    grids = reader.take("grids", is_table, "must be a table of algorithms", {}) or {
        name: {} for name, algorithm in ALGORITHMS.items() if algorithm.usual
    }
    for algorithm, grid in grids.items():
        place = f"grids.{algorithm}"
        if algorithm not in ALGORITHMS:
            reader.add(place, "is not an algorithm known here", f"take one of {', '.join(ALGORITHMS)}")
        elif not is_table(grid):
            reader.add(place, "must be a table of parameters, each with a list of values")
        else:
            known = (*ALGORITHMS[algorithm].parameters, *((TEXT,) if ALGORITHMS[algorithm].texts else ()))
            for parameter, values in grid.items():
                if parameter not in known:
                    reader.add(f"{place}.{parameter}", "is not a parameter of it", f"take one of {', '.join(known)}")
                elif not isinstance(values, list) or not values:
                    reader.add(f"{place}.{parameter}", "must be a list of at least one value")
                elif parameter == TEXT and not all(value in TEXT_UNITS for value in values):
                    reader.add(f"{place}.{parameter}", f"is {values}", f"each is one of {', '.join(TEXT_UNITS)}")
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
