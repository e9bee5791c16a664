"""The data of the report's section on the winner looked at closely; its words stand in templates/closer.html."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from service.evaluation.beside import Beside
from service.evaluation.cells import mark
from service.evaluation.closer import Closer
from service.pages.page import Table

_SHOWN_COLUMNS = 20
_SHOWN_SLICES = 20


def describe_closer(closer: Closer) -> Mapping[str, Any]:
    """What the winner relies on, the rows it gets most wrong, and for whom it does worse."""
    return {
        "importance": _importance(closer),
        "left_out": closer.left_out,
        "worst": _worst(closer),
        "slices": _slices(closer) if closer.slices else None,
        "slices_in_all": len(closer.slices),
        "worse": sum(each.worse for each in closer.slices),
    }


def describe_beside(models: Sequence[Beside]) -> Table:
    """The winner beside what people would use instead."""
    rows = [[each.model, f"{each.accuracy:.4f}", f"{each.log_loss:.4f}"] for each in models]
    return Table("The winner beside others, on the held-out rows", ["model", "accuracy", "log loss"], rows, marked=0)


def _importance(closer: Closer) -> Table:
    rows = [[each.column, f"{each.loss:+.4f}", f"{each.spread:.4f}"] for each in closer.importance[:_SHOWN_COLUMNS]]
    return Table("What the winner relies on", ["column", "log loss added by shuffling it", "spread"], rows)


def _worst(closer: Closer) -> Table:
    columns = list(closer.worst[0].values) if closer.worst else []
    rows = [
        [str(each.row), each.true, each.predicted, f"{each.probability:.4f}", *each.values.values()]
        for each in closer.worst
    ]
    heads = ["row", "true", "predicted", "probability of the true class", *columns]
    return Table("The held-out rows that the winner gets most wrong", heads, rows, prose=(1, 2))


def _slices(closer: Closer) -> Table:
    rows = [
        [
            each.column,
            each.value,
            str(each.rows),
            f"{each.accuracy:.3f}",
            f"{each.log_loss:.4f}",
            mark("worse", good=False) if each.worse else "",
        ]
        for each in closer.slices[:_SHOWN_SLICES]
    ]
    heads = ["column", "value", "rows", "accuracy", "log loss", "against the other rows"]
    return Table("Slices of the rows", heads, rows, prose=(1,))
