"""Which outputs of a foreign ONNX graph are labels and probabilities, and which class each probability is of.

They are found by their types and by what they hold on the table's rows, never by their names: every exporter has its
own. A ZipMap, which makes a list of dictionaries of the probabilities, is taken apart.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from service.errors import InvalidInput, Mistake

_SUM_TOLERANCE = 1e-3  # of a row's probabilities: exporters that leave 16 bits a number are that far off
_EDGE = 1e-6
_CLASS_LISTS = ("classlabels_strings", "classlabels_int64s", "classlabels_ints")
MAKERS = ("softmax", "sigmoid")  # what makes probabilities of scores


@dataclass(frozen=True)
class Outputs:
    """The names of the graph's two outputs that are used; `labels` is "" where the model has none."""

    scores: str
    labels: str


def unzip_outputs(model: onnx.ModelProto) -> tuple[onnx.ModelProto, dict[str, tuple[str, ...]]]:
    """A copy whose every output is a tensor; and by output the classes that a ZipMap knew, in order.

    Raises InvalidInput for an output that is neither a tensor nor a ZipMap's.
    """
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    graph, classes = copy.graph, dict[str, tuple[str, ...]]()
    makers = {name: node for node in graph.node for name in node.output}
    for output in graph.output:
        if output.type.WhichOneof("value") == "tensor_type":
            continue
        node = makers.get(output.name)
        while node is not None and node.op_type == "Identity":
            node = makers.get(node.input[0])
        if node is None or node.op_type != "ZipMap":
            what = f"output {output.name} is neither a tensor nor made by ZipMap, so no probabilities can be read of it"
            raise InvalidInput(what, hint="export the model with its probabilities as one tensor")
        classes[node.input[0]] = next(_list_classes(node))
        output.CopyFrom(onnx.ValueInfoProto(name=node.input[0]))  # the runtime finds its type by itself
    _drop_zipmaps(graph)
    return copy, classes


def _drop_zipmaps(graph: onnx.GraphProto) -> None:
    gone, kept = set[str](), []
    for node in graph.node:
        if node.op_type == "ZipMap" or (node.op_type == "Identity" and node.input[0] in gone):
            gone |= set(node.output)
        else:
            kept.append(node)
    del graph.node[:]
    graph.node.extend(kept)


def _list_classes(node: onnx.NodeProto) -> Iterator[tuple[str, ...]]:
    for attribute in node.attribute:
        if attribute.name in _CLASS_LISTS and (attribute.strings or attribute.ints):
            yield tuple(text.decode() for text in attribute.strings) or tuple(map(str, attribute.ints))


def find_outputs(answers: Mapping[str, NDArray[Any]], rows: int, asked: str = "") -> Outputs:
    """Tell scores from labels by type and shape. `answers` are the outputs on some rows; `asked` names the scores."""
    scores = {name: array for name, array in answers.items() if _are_scores(array, rows)}
    labels = [name for name, array in answers.items() if _are_labels(array, rows)]
    shown = ", ".join(f"{name} ({array.dtype}, {list(array.shape)})" for name, array in answers.items())
    if asked and asked not in scores:
        what = f"output {asked} has no score for each row; the outputs are {shown}"
        raise InvalidInput(what, hint=f"--output takes one of {', '.join(scores)}" if scores else "")
    fit = [asked] if asked else list(scores)
    if len(fit) > 1:
        fit = [name for name in fit if hold_probabilities(scores[name])]
    if len(fit) != 1:
        what = "no output" if not scores else f"not one output but {len(fit) or len(scores)}"
        hint = "--output NAME says which holds them" if scores else "export the classifier with its probabilities"
        raise InvalidInput(f"{what} of the model can be the probabilities: {shown}", hint=hint)
    return Outputs(fit[0], labels[0] if len(labels) == 1 else "")


def _are_scores(array: NDArray[Any], rows: int) -> bool:
    return array.dtype.kind == "f" and array.ndim in (1, 2) and len(array) == rows


def _are_labels(array: NDArray[Any], rows: int) -> bool:
    return array.dtype.kind in "iuOUb" and array.shape in ((rows,), (rows, 1))


def hold_probabilities(scores: NDArray[Any]) -> bool:
    """Whether numbers can be the probabilities of a row: between 0 and 1, and together 1 where there are several."""
    if not np.isfinite(scores).all() or scores.min(initial=0) < -_EDGE or scores.max(initial=0) > 1 + _EDGE:
        return False
    one_column = scores.ndim == 1 or scores.shape[1] == 1
    return one_column or bool((np.abs(scores.sum(axis=1) - 1) <= _SUM_TOLERANCE).all())


def refuse_scores(name: str, scores: NDArray[Any], maker: str) -> None:
    """Raise InvalidInput where an output's numbers are no probabilities, and nobody said what makes some of them."""
    wrong = np.flatnonzero(~np.isfinite(scores.reshape(len(scores), -1)).all(axis=1))
    if len(wrong):
        what = (
            f"output {name} is not a finite number for {len(wrong)} of {len(scores)} rows, first in row {wrong[0] + 1}"
        )
        raise InvalidInput(what, hint="leave these rows out of the table, or mend the model: it has no answer to them")
    if not maker and not hold_probabilities(scores):
        what = f"output {name} holds scores from {scores.min():.3g} to {scores.max():.3g}, which are no probabilities"
        raise InvalidInput(what, hint=f"--scores {' or --scores '.join(MAKERS)} says what makes probabilities of them")


def list_declared(model: onnx.ModelProto, count: int) -> list[tuple[str, ...]]:
    """The lists of classes that the graph's own classifiers name, of that length; each once."""
    found = [classes for node in model.graph.node for classes in _list_classes(node) if len(classes) == count]
    return list(dict.fromkeys(found))


def learn_classes(labels: Sequence[str], best: NDArray[np.intp], count: int) -> list[str | None]:
    """For each column of the scores the label that the model gives where it is the largest; None where it never is."""
    names = np.asarray(labels, dtype=object)
    found: list[str | None] = []
    for column in range(count):
        given, counts = np.unique(names[best == column].astype(str), return_counts=True)
        found.append(str(given[counts.argmax()]) if len(given) else None)
    return found


def name_classes(
    count: int,
    *,
    asked: Sequence[str],
    zipped: Sequence[str] | None,
    declared: Sequence[tuple[str, ...]],
    learnt: Sequence[str | None],
    table: Sequence[str],
) -> tuple[str, ...]:
    """The classes in the order of the model's scores: as asked, as it says itself, as it answers, or as the table has.

    Raises InvalidInput where nothing tells.
    """
    if asked:
        if len(set(asked)) != count or len(asked) != count:
            what = f"--classes names {len(asked)} classes, {', '.join(asked)}; the model tells {count} apart"
            raise InvalidInput(what, hint="name each once, in the order of the model's outputs")
        return tuple(asked)
    if zipped and len(zipped) == count:
        return tuple(zipped)
    fit = [names for names in declared if all(known in (None, name) for known, name in zip(learnt, names, strict=True))]
    if len(fit) == 1:
        return fit[0]
    if completed := _complete(learnt, table):
        return completed
    numbers = tuple(map(str, range(count)))
    if set(table) <= set(numbers):
        return numbers
    what = f"the model has {count} scores for each row, and nothing says which class each is of"
    raise InvalidInput(what, hint=f"--classes {','.join(table)} names them in the order of the model's outputs")


def _complete(learnt: Sequence[str | None], table: Sequence[str]) -> tuple[str, ...]:
    """The classes as learnt; one that never came is the one that the table has beside them."""
    known = [name for name in learnt if name is not None]
    absent = [name for name in table if name not in known]
    if len(set(known)) != len(known) or len(learnt) - len(known) > min(1, len(absent)):
        return ()
    if len(known) < len(learnt) and len(absent) != 1:
        return ()
    return tuple(name if name is not None else absent[0] for name in learnt)


def refuse_other_classes(classes: Sequence[str], labels: NDArray[np.object_], lines: NDArray[np.int64]) -> None:
    """Raise InvalidInput where the table holds labels that the model does not know: it contradicts its table."""
    unknown = [label for label in dict.fromkeys(labels.tolist()) if label not in classes]
    if not unknown:
        return
    mistakes = [
        Mistake(f"class {label}", f"stands in line {lines[labels == label][0]} and is not one of the model's")
        for label in unknown[:10]
    ]
    what = f"the table holds {len(unknown)} classes that the model does not know; it knows {', '.join(classes[:20])}"
    hint = f"--classes names the model's own, in the order of its outputs; it tells {len(classes)} apart"
    found = sorted(set(labels.tolist()))
    if len(found) == len(classes) and classes == tuple(map(str, range(len(classes)))):
        hint = f"if they were counted in the order of the alphabet: --classes {','.join(found)}"
    raise InvalidInput(what, mistakes, hint=hint)
