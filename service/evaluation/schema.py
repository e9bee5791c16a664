"""A model's name belongs to one problem, one target and one schema: whoever asks for it by name relies on them."""

from __future__ import annotations

from collections.abc import Sequence

from service.bundle.manifest import Manifest
from service.errors import InvalidInput, Mistake
from service.evaluation.workbench import Workbench
from service.training.datasets import Dataset


def refuse_another_schema(bench: Workbench, manifest: Manifest | None) -> None:
    """Raise InvalidInput where the model of that name has another target, other columns, types or classes.

    Its callers send those columns and know those classes: another schema is another model, and takes another name.
    """
    refuse_other_columns(bench.problem.name, bench.dataset, bench.classes, manifest)


def refuse_other_columns(name: str, dataset: Dataset, classes: Sequence[str], manifest: Manifest | None) -> None:
    """The same for a model that comes without a workbench, since it was trained elsewhere."""
    mistakes = _compare(dataset, classes, manifest) if manifest else []
    if mistakes:
        hint = f"rename the problem's file or the table; or make room: `outlast model remove {name}`"
        raise InvalidInput(f"there is a model {name} of another schema already; it stays as it is", mistakes, hint=hint)


def _compare(dataset: Dataset, classes: Sequence[str], manifest: Manifest) -> list[Mistake]:
    target, mistakes = dataset.target, []
    if manifest.data.target not in ("", target):
        mistakes.append(Mistake("target", f"is {target}, the model's is {manifest.data.target}"))
    sides = {
        "columns": (manifest.input.features, dataset.features),
        "classes": (manifest.classes, classes),
    }
    for what, (before, now) in sides.items():
        gone, new = sorted(set(before) - set(now)), sorted(set(now) - set(before))
        said = [f"lack {_list(gone)}" if gone else "", f"have {_list(new)}, which the model has not" if new else ""]
        if gone or new:
            mistakes.append(Mistake(what, " and ".join(filter(None, said))))
    return mistakes + _compare_types(manifest, dataset)


def _compare_types(manifest: Manifest, dataset: Dataset) -> list[Mistake]:
    """Columns that were numbers and are texts now, or the other way; a whole number may become any number."""
    before = {column.name: column.is_numeric for column in manifest.input.columns}
    words = {True: "a number", False: "text"}
    return [
        Mistake(f"column {column.name}", f"is {words[column.is_numeric]}, the model's is {words[before[column.name]]}")
        for column in dataset.columns
        if before.get(column.name, column.is_numeric) != column.is_numeric
    ]


def _list(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
