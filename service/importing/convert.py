"""From a model that was made elsewhere to the graph that is served, and how far both answer alike on the given rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from service.bundle.columns import CATEGORY, Column, InputSpec, Tensor
from service.bundle.decision import decide, measure_margins
from service.errors import InvalidInput
from service.importing.canonical import build_served, name_input
from service.importing.foreign import Answers, Floats, Foreign
from service.importing.graph import open_graph
from service.importing.inputs import Inputs, Values, read_inputs
from service.importing.outputs import (
    Outputs,
    find_outputs,
    learn_classes,
    list_declared,
    name_classes,
    refuse_other_classes,
    refuse_scores,
    unzip_outputs,
)
from service.importing.table import MOST_CLASSES, GivenTable

_BLOCK = 4096  # rows at a time, so that a graph's intermediate values stay small
MOST_CATEGORIES = 200  # of a column of text: beyond, its values are not listed in the manifest


@dataclass(frozen=True)
class Said:
    """What somebody said of a model that its file does not say.

    `classes` in the order of the model's scores; `output` is the one that holds these; `maker` makes probabilities of
    them, where they are none.
    """

    classes: tuple[str, ...] = ()
    output: str = ""
    maker: str = ""


@dataclass(frozen=True)
class Converted:
    """A model as it is served: its graph, what it takes, its classes in the order of its probabilities.

    `values` are the table's columns and `truth` [rows] its labels, spelt as the classes are; `original` is what the
    model answered before anything was changed.
    """

    model: bytes
    spec: InputSpec
    classes: tuple[str, ...]
    values: Values
    truth: NDArray[np.object_]
    original: Answers


def convert(foreign: Foreign, table: GivenTable, said: Said, *, place: str) -> Converted:
    """The graph that is served for a foreign model, checked against the runtime that serves.

    Raises InvalidInput for a model that cannot be served, or contradicts its table.
    """
    graph, zipped = unzip_outputs(foreign.graph)
    inputs = read_inputs(graph, foreign.features or table.features)
    values = table.select(inputs.types)
    session = open_graph(graph, place)
    answers = run_graph(session, inputs, values)
    found = find_outputs(answers, len(table.labels), said.output)
    scores = answers[found.scores]
    refuse_scores(found.scores, scores, said.maker)
    one_column = scores.ndim == 1 or scores.shape[1] == 1
    classes = _name(foreign, graph, table, said, answers, found, zipped.get(found.scores))
    truth = spell_labels(table.labels, classes)
    refuse_other_classes(classes, truth, table.lines)
    model = build_served(graph, inputs, found.scores, classes=len(classes), one_column=one_column, maker=said.maker)
    original = foreign.ask(values) if foreign.ask else _answer(answers, found, said.maker)
    return Converted(model, describe_inputs(inputs, values), classes, values, truth, original)


def run_graph(session: Any, inputs: Inputs, values: Values) -> dict[str, NDArray[Any]]:
    """Every output of a graph on a table's rows. Raises InvalidInput where it does not take them."""
    feeds = inputs.feed(values)
    names = [output.name for output in session.get_outputs()]
    size = next((one.rows for one in inputs.inputs if one.rows), None)
    try:
        blocks = [session.run(names, block) for block in _cut(feeds, size)]
    except Exception as error:  # onnxruntime's own classes have no common base but this
        first = str(error).strip().splitlines()[0]
        hint = "the table's columns are to be those that the model was trained on, in their order"
        raise InvalidInput(f"the model does not take the table's rows: {first}", hint=hint) from error
    rows = len(next(iter(feeds.values())))
    return {name: _join([block[place] for block in blocks], rows) for place, name in enumerate(names)}


def _cut(feeds: Mapping[str, NDArray[Any]], size: int | None) -> Iterator[dict[str, NDArray[Any]]]:
    """The rows in blocks; of a graph that takes a fixed number, the last one filled up with its last row."""
    rows = len(next(iter(feeds.values())))
    for start in range(0, rows, size or _BLOCK):
        block = {name: array[start : start + (size or _BLOCK)] for name, array in feeds.items()}
        lack = (size or 0) - len(next(iter(block.values())))
        if lack > 0:
            block = {
                name: np.concatenate([array, np.repeat(array[-1:], lack, axis=0)]) for name, array in block.items()
            }
        yield block


def _join(parts: Sequence[Any], rows: int) -> NDArray[Any]:
    return np.concatenate([np.atleast_1d(np.asarray(part)) for part in parts])[:rows]


def _name(
    foreign: Foreign,
    graph: onnx.ModelProto,
    table: GivenTable,
    said: Said,
    answers: Mapping[str, NDArray[Any]],
    found: Outputs,
    zipped: tuple[str, ...] | None,
) -> tuple[str, ...]:
    probabilities = to_probabilities(answers[found.scores], said.maker)
    count, labels = probabilities.shape[1], _read_labels(answers, found)
    _refuse_count(count, foreign.classes or zipped)
    learnt = [None] * count if labels is None else learn_classes(labels.tolist(), probabilities.argmax(axis=1), count)
    return name_classes(
        count,
        asked=said.classes,
        zipped=foreign.classes or zipped,
        declared=list_declared(graph, count),
        learnt=learnt,
        table=table.classes,
    )


def _refuse_count(count: int, known: tuple[str, ...] | None) -> None:
    if known is not None and len(known) == 1:
        what = f"the model knows one class only, {known[0]}: there is nothing that it could tell apart"
        raise InvalidInput(what, hint="train it on rows of two classes at least")
    if count > MOST_CLASSES:
        what = f"the model tells {count} classes apart; at most {MOST_CLASSES} can be judged and served"
        raise InvalidInput(what, hint="join rare classes into one")


def _answer(answers: Mapping[str, NDArray[Any]], found: Outputs, maker: str) -> Answers:
    return Answers(to_probabilities(answers[found.scores], maker), _read_labels(answers, found))


def _read_labels(answers: Mapping[str, NDArray[Any]], found: Outputs) -> NDArray[np.object_] | None:
    if not found.labels:
        return None
    return np.array([str(label) for label in answers[found.labels].ravel().tolist()], dtype=object)


def to_probabilities(scores: NDArray[Any], maker: str) -> Floats:
    """Scores as probabilities [rows, classes], in 64 bits: what the served graph does in 32."""
    values = np.asarray(scores, dtype=np.float64).reshape(len(scores), -1)
    if values.shape[1] == 1:
        second = _sigmoid(values) if maker else values
        return np.hstack([1 - second, second])
    if maker == "softmax":
        raised = np.exp(values - values.max(axis=1, keepdims=True))
        return np.asarray(raised / raised.sum(axis=1, keepdims=True))
    if maker == "sigmoid":
        each = _sigmoid(values)
        return np.asarray(each / each.sum(axis=1, keepdims=True))
    return values


def _sigmoid(values: Floats) -> Floats:
    return np.asarray(0.5 * (1 + np.tanh(values / 2)))


def spell_labels(labels: NDArray[np.object_], classes: Sequence[str]) -> NDArray[np.object_]:
    """The table's labels as the model spells its classes: of whole numbers `1.0` and `01` are 1."""
    if not all(_is_whole(name) for name in classes):
        return labels
    return np.array([_spell_whole(text) for text in labels.tolist()], dtype=object)


def _is_whole(text: str) -> bool:
    return text.lstrip("-").isascii() and text.lstrip("-").isdigit()


def _spell_whole(text: str) -> str:
    whole, _, rest = text.partition(".")
    return str(int(whole)) if _is_whole(whole) and not rest.strip("0") else text


def describe_inputs(inputs: Inputs, values: Values) -> InputSpec:
    """The columns as a manifest has them, in the table's order, and the tensors that the graph gets them in.

    A value may be missing where the table has one missing: the model's answer to it is known from there.
    """
    columns = [_describe_column(name, kind, values[name]) for name, kind in inputs.types.items()]
    pairs = zip(inputs.inputs, inputs.columns, strict=True)
    return InputSpec(tuple(columns), tuple(Tensor(name_input(one), one.datatype, names) for one, names in pairs))


def _describe_column(name: str, kind: str, values: NDArray[Any]) -> Column:
    if kind != CATEGORY:
        return Column(name, kind, missing=bool(np.isnan(values).any()))
    known = sorted(set(values.tolist()) - {""})
    categories = tuple(known) if len(known) <= MOST_CATEGORIES else ()
    return Column(name, kind, missing="" in values.tolist(), categories=categories)


@dataclass(frozen=True)
class Gap:
    """How far the served model is from the original on the given rows: the largest gap, and the row of it.

    `worst` is that row's place in the table, `labels_differ` how many rows get another class, `first_other` the first
    of them. `ties` are rows that get another class because two are equally probable, but for the tolerance.
    """

    rows: int
    largest: float
    worst: int
    labels_differ: int
    first_other: int | None
    ties: int


def measure_gap(
    original: Answers, served: Floats, classes: Sequence[str], thresholds: Mapping[str, float], tolerance: float
) -> Gap:
    """Compare the original's answers with the served model's: probabilities, and classes by the served threshold."""
    gaps = np.abs(original.probabilities - served).max(axis=1)
    gaps = np.where(np.isfinite(gaps), gaps, np.inf)
    names = np.array(classes, dtype=object)
    given = original.labels
    if given is None:
        given = names[decide(original.probabilities, classes, thresholds)]
    other = given != names[decide(served, classes, thresholds)]
    tied = other & (measure_margins(original.probabilities, classes, thresholds) <= 2 * tolerance)
    wrong = np.flatnonzero(other & ~tied)
    worst = int(gaps.argmax())
    first = int(wrong[0]) if len(wrong) else None
    return Gap(len(gaps), float(gaps[worst]), worst, len(wrong), first, int(tied.sum()))
