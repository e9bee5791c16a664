"""What a model takes: its columns, each with a type, and the tensors in which its graph gets them.

Callers speak of columns; how the graph wants them put together is nobody's business but the classifier's. Standard
library only.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from service.bundle.reading import Reader, is_list, is_number, is_text, is_texts
from service.errors import Mistake

Value = float | str | None  # as JSON has it; None: missing

# The types of a column. A category is one of a few texts; free text is read as words.
NUMBER, WHOLE, CATEGORY, TEXT = TYPES = ("number", "whole number", "category", "text")
NUMERIC = (NUMBER, WHOLE)

FLOAT32_MAX = 3.4028234663852886e38
# The types of a graph's tensors, as the Open Inference Protocol calls them, and the largest number that each holds.
# A whole number comes as a float of 64 bits, which tells them apart up to 2^53.
LARGEST = {
    "FP32": FLOAT32_MAX,
    "FP64": sys.float_info.max,
    "INT32": 2.0**31 - 1,
    "INT64": 2.0**53,
    "BYTES": FLOAT32_MAX,  # numbers written out, which such a graph casts to 32 bits
}
_FLOATS = ("FP32", "FP64")


@dataclass(frozen=True)
class Column:
    """One column: its name, its type, and whether a value of it may be missing.

    `categories` are those that training saw; another one is taken too, as one that the model knows nothing of.
    """

    name: str
    type: str = NUMBER
    missing: bool = False
    categories: tuple[str, ...] = ()

    @property
    def is_numeric(self) -> bool:
        """Whether it holds numbers of either type."""
        return self.type in NUMERIC


@dataclass(frozen=True)
class Tensor:
    """One input of the graph, shape [n, len(columns)]: its name, its datatype, and the columns in it, in order."""

    name: str
    datatype: str
    columns: tuple[str, ...]


@dataclass(frozen=True)
class InputSpec:
    """The columns that callers send, in the order of a row, and the tensors that the graph gets them in."""

    columns: tuple[Column, ...]
    tensors: tuple[Tensor, ...]

    @classmethod
    def of_numbers(cls, names: Iterable[str], *, tensor: str = "features", missing: Iterable[str] = ()) -> InputSpec:
        """Numbers in one tensor of FP32; `missing` are the columns whose values may be missing."""
        names, absent = tuple(names), frozenset(missing)
        columns = tuple(Column(name, NUMBER, name in absent) for name in names)
        return cls(columns, (Tensor(tensor, "FP32", names),))

    @classmethod
    def of_columns(cls, columns: Iterable[Column]) -> InputSpec:
        """Columns of any types as training exports them: numbers in one tensor, texts in another."""
        columns = tuple(columns)
        numbers = tuple(column.name for column in columns if column.is_numeric)
        texts = tuple(column.name for column in columns if not column.is_numeric)
        if not texts:
            return cls(columns, (Tensor("features", "FP32", numbers),))
        parts = (Tensor("numbers", "FP32", numbers), Tensor("texts", "BYTES", texts))
        return cls(columns, tuple(part for part in parts if part.columns))

    @cached_property
    def features(self) -> tuple[str, ...]:
        """The columns' names, in the order of a row."""
        return tuple(column.name for column in self.columns)

    @cached_property
    def is_numeric(self) -> bool:
        """Whether every column is a number, so that rows are arrays of numbers."""
        return all(column.is_numeric for column in self.columns)

    @cached_property
    def is_written(self) -> bool:
        """Whether the graph reads its numbers out of texts, as every model with a column of text did in schema 1."""
        texts = {name for tensor in self.tensors if tensor.datatype == "BYTES" for name in tensor.columns}
        return any(column.is_numeric and column.name in texts for column in self.columns)

    @cached_property
    def is_ordered(self) -> bool:
        """Whether the graph takes a row of numbers as it stands: one tensor, its columns in the order of a row."""
        return self.is_numeric and [tensor.columns for tensor in self.tensors] == [self.features]

    @cached_property
    def may_miss(self) -> bool:
        """Whether a value of some column may be missing."""
        return any(column.missing for column in self.columns)

    @cached_property
    def is_single(self) -> bool:
        """Whether callers are shown one tensor of all columns; else one a column."""
        return len(self.tensors) == 1 and (self.is_written or self.is_numeric)

    @property
    def name(self) -> str:
        """The name of the one tensor that holds all columns."""
        return self.tensors[0].name if self.is_single else "features"

    @property
    def datatype(self) -> str:
        """The datatype of the one tensor that holds all columns: BYTES where a column is text."""
        return self.tensors[0].datatype if self.is_single else "FP64" if self.is_numeric else "BYTES"

    @cached_property
    def dtype(self) -> str:
        """Numpy's name for the type of a row's values."""
        if not self.is_numeric or self.is_written:
            return "object"
        return "float32" if all(tensor.datatype == "FP32" for tensor in self.tensors) else "float64"

    @cached_property
    def largest(self) -> tuple[float, ...]:
        """For each column the largest number that its tensor holds."""
        held = {name: LARGEST[tensor.datatype] for tensor in self.tensors for name in tensor.columns}
        return tuple(held[name] for name in self.features)

    @cached_property
    def least(self) -> float:
        """The largest number that every column holds."""
        return min(self.largest, default=0.0)

    @cached_property
    def whole(self) -> tuple[int, ...]:
        """The places of the columns of whole numbers."""
        return tuple(place for place, column in enumerate(self.columns) if column.type == WHOLE)

    @cached_property
    def texts(self) -> tuple[int, ...]:
        """The places of the columns of free text."""
        return tuple(place for place, column in enumerate(self.columns) if column.type == TEXT)

    @cached_property
    def places(self) -> Mapping[str, int]:
        """The place of each column in a row, by its name."""
        return {name: place for place, name in enumerate(self.features)}

    def to_document(self, schema: int) -> dict[str, Any]:
        """As a manifest holds it. The first schema knows one tensor, and no types."""
        if schema == 1:
            return {"name": self.name, "datatype": self.datatype, "features": list(self.features)}
        tensors = [{"name": t.name, "datatype": t.datatype, "columns": list(t.columns)} for t in self.tensors]
        return {"columns": [render_column(column) for column in self.columns], "tensors": tensors}


def render_column(column: Column) -> dict[str, Any]:
    """A column as a manifest and the metadata of an endpoint have it."""
    known = {"categories": list(column.categories)} if column.type == CATEGORY else {}
    return {"name": column.name, "type": column.type, "missing": column.missing, **known}


def datatype_of(column: Column) -> str:
    """The datatype under which the protocol offers a column of its own."""
    if not column.is_numeric:
        return "BYTES"
    # INT64 has no value that says "missing".
    return "INT64" if column.type == WHOLE and not column.missing else "FP64"


def read_input(reader: Reader, schema: int, reference: Mapping[str, Any]) -> InputSpec:
    """The `input` of a manifest. What is wrong with it becomes the reader's mistakes."""
    if schema == 1:
        return _read_first_schema(reader, reference)
    columns = reader.take("input.columns", is_list, "must be a list of at least one column") or ()
    tensors = reader.take("input.tensors", is_list, "must be a list of at least one tensor") or ()
    return InputSpec(
        tuple(_read_column(reader, f"input.columns[{n}]", entry) for n, entry in enumerate(columns)),
        tuple(_read_tensor(reader, f"input.tensors[{n}]", entry) for n, entry in enumerate(tensors)),
    )


def _read_first_schema(reader: Reader, reference: Mapping[str, Any]) -> InputSpec:
    """One tensor: FP32, every column a number; or BYTES, every column a text, numbers written out.

    What may be missing is what training saw missing; a graph that reads texts has always taken a missing one.
    """
    name = reader.take("input.name", is_text, "must be a text that is not empty")
    datatype = reader.take("input.datatype", lambda v: v in ("FP32", "BYTES"), "must be one of FP32, BYTES")
    features = tuple(reader.take("input.features", is_texts, "must be a list of column names") or ())
    known = {column: reference.get(column, {}) for column in features}
    if datatype == "BYTES":
        columns = tuple(_guess_column(column, entry) for column, entry in known.items())
    else:
        columns = tuple(Column(column, missing=bool(known[column].get("missing"))) for column in features)
    if len(columns) != len(features):
        columns = tuple(Column(column) for column in features)  # one is there twice, which is said with the rest
    return InputSpec(columns, (Tensor(name, datatype or "FP32", features),))


def _guess_column(name: str, reference: Mapping[str, Any]) -> Column:
    if reference.get("kind") == "numeric":
        return Column(name, NUMBER, missing=True)
    return Column(name, CATEGORY, missing=True, categories=tuple(reference.get("counts", ())))


def _read_column(reader: Reader, place: str, entry: object) -> Column:
    part = Reader(entry, reader.name(place))
    column = Column(
        name=part.take("name", is_text, "must be a text that is not empty") or "",
        type=part.take("type", lambda v: v in TYPES, f"must be one of {', '.join(TYPES)}") or NUMBER,
        missing=part.take("missing", lambda v: isinstance(v, bool), "must be true or false", False),
        categories=tuple(part.take("categories", _is_categories, "must be a list of texts", ())),
    )
    part.refuse_unknown("a column")
    reader.mistakes += part.mistakes
    return column


def _is_categories(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _read_tensor(reader: Reader, place: str, entry: object) -> Tensor:
    part = Reader(entry, reader.name(place))
    tensor = Tensor(
        name=part.take("name", is_text, "must be a text that is not empty") or "",
        datatype=part.take("datatype", lambda v: v in LARGEST, f"must be one of {', '.join(LARGEST)}") or "FP32",
        columns=tuple(part.take("columns", is_texts, "must be a list of column names") or ()),
    )
    reader.mistakes += part.mistakes
    return tensor


def find_contradictions(spec: InputSpec) -> Iterator[Mistake]:
    """What no single key shows: columns and tensors that do not fit together."""
    yield from _find_doubles("input.features", "a feature", spec.features)
    yield from _find_doubles("input.tensors", "a tensor", [tensor.name for tensor in spec.tensors])
    held = [name for tensor in spec.tensors for name in tensor.columns]
    if sorted(held) != sorted(spec.features):
        yield Mistake("input.tensors", "must hold every column once")
        return
    types = {column.name: column for column in spec.columns}
    for tensor in spec.tensors:
        wrong = [name for name in tensor.columns if not _holds(tensor, types[name])]
        for name in wrong[:3]:
            may = " that may be missing" if types[name].missing else ""
            what = f"is {tensor.datatype} and holds {name}, a {types[name].type}{may}"
            yield Mistake(f"input.tensors.{tensor.name}", what)


def _holds(tensor: Tensor, column: Column) -> bool:
    if tensor.datatype in _FLOATS:
        return column.is_numeric
    return tensor.datatype == "BYTES" or (column.type == WHOLE and not column.missing)


def _find_doubles(place: str, what: str, names: Sequence[str]) -> Iterator[Mistake]:
    if len(set(names)) != len(names):
        yield Mistake(place, f"holds {what} twice")


def is_row(spec: InputSpec, values: object) -> bool:
    """Whether a row of JSON fits: a number, a text or null for each column, as its type asks.

    A graph that reads its numbers out of texts has them written out in its golden rows.
    """
    if not isinstance(values, list) or len(values) != len(spec.columns):
        return False
    return all(_fits(column, value, spec.is_written) for column, value in zip(spec.columns, values, strict=True))


def _fits(column: Column, value: object, written: bool) -> bool:
    if value is None:
        return column.missing
    if isinstance(value, str):
        return written or not column.is_numeric
    return column.is_numeric and is_number(value)
