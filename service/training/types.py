"""The types of columns that a problem file declares, where they are not to be what the table looks like."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from service.bundle.columns import NUMBER, NUMERIC, WHOLE
from service.bundle.reading import Reader, is_table
from service.errors import InvalidInput, Mistake

if TYPE_CHECKING:
    from service.training.datasets import Dataset

_RULE = f"a column of numbers is declared as {' or '.join(NUMERIC)}"


def read_types(reader: Reader) -> dict[str, str]:
    """The table `types` of a problem file: column -> its type. What is wrong with it becomes the reader's mistakes."""
    declared = dict(reader.take("types", is_table, "must be a table of columns", {}))
    for column, kind in declared.items():
        if kind not in NUMERIC:
            reader.add(f"types.{column}", f"is {kind!r}; {_RULE}", f'write "{NUMBER}"')
    return declared


def declare_types(dataset: Dataset, types: Mapping[str, str]) -> Dataset:
    """The data with the types that were declared. Raises InvalidInput for columns that cannot be so.

    A column of whole numbers alone is one of whole numbers, and a fraction in it is refused, unless somebody says that
    they are numbers of which the table happens to hold no fraction.
    """
    columns = {column.name: column for column in dataset.columns}
    mistakes = []
    for name, kind in types.items():
        if name not in columns or not columns[name].is_numeric:
            mistakes.append(Mistake(f"types.{name}", "is no column of numbers in the table"))
        elif kind == WHOLE and columns[name].type != WHOLE:
            mistakes.append(Mistake(f"types.{name}", "holds fractions"))
    if mistakes:
        raise InvalidInput("the problem file declares types that the table has not", mistakes, hint=_RULE)
    return replace(dataset, types=dict(types)) if types else dataset
