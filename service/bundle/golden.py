"""Golden rows: inputs whose right answer is known from the release, never from the endpoint that is asked.

How a row is asked for by the Open Inference Protocol and when an answer is right is said here alone, for the model in
memory, a prediction through DNS, and a drill. Standard library only.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from service.bundle.columns import InputSpec, Value, datatype_of, is_row
from service.bundle.manifest import REMAKE, Manifest, plain, render_json
from service.bundle.reading import Reader, is_list, is_probability_map, is_text, parse_json
from service.errors import InvalidInput

SCHEMA = 1


@dataclass(frozen=True)
class GoldenRow:
    """One row with the answer that the released model gives: probabilities by class, in the manifest's order.

    `features` are as JSON has them: numbers, texts, and None where a value is missing.
    """

    id: str
    features: tuple[Value, ...]
    label: str
    probabilities: Mapping[str, float]

    def find_mistake(self, label: str, probabilities: Iterable[float], tolerance: float) -> str:
        """What is wrong with an answer to this row; empty when its label and every probability are right."""
        answer = [float(share) for share in probabilities]
        if label != self.label:
            return f"row {self.id}: label {label!r}, expected {self.label!r}"
        if len(answer) != len(self.probabilities):
            return f"row {self.id}: {len(answer)} probabilities, expected {len(self.probabilities)}"
        for share, (name, expected) in zip(answer, self.probabilities.items(), strict=True):
            # Written so that NaN is a mistake: every comparison with it is false.
            if not abs(share - expected) <= tolerance:
                return f"row {self.id}: p({name}) = {share:.6f}, expected {expected:.6f} ± {tolerance:g}"
        return ""


@dataclass(frozen=True)
class Answer:
    """What an endpoint said of one row: probabilities in the order of the manifest's classes."""

    label: str
    probabilities: tuple[float, ...]


@dataclass(frozen=True)
class Golden:
    """The golden rows of one release; `tolerance` is absolute, per probability; `digest` is the model's."""

    problem: str
    classes: tuple[str, ...]
    input: InputSpec
    tolerance: float
    digest: str
    rows: tuple[GoldenRow, ...]

    @property
    def path(self) -> str:
        """Where the Open Inference Protocol serves this model."""
        return f"/v2/models/{self.problem}/infer"

    def find(self, row_id: str) -> GoldenRow:
        """The row of that id. Raises InvalidInput, which names those that there are."""
        by_id = {row.id: row for row in self.rows}
        if row_id not in by_id:
            raise InvalidInput(f"no row {row_id!r} among the golden ones", hint=f"one of {', '.join(by_id)}")
        return by_id[row_id]

    def render_request(self, row: GoldenRow) -> bytes:
        """The request body that asks for one row: one tensor of all columns, or one for each."""
        return json.dumps({"inputs": render_row(self.input, row.features)}, separators=(",", ":")).encode()

    def find_mistake(self, row: GoldenRow, body: bytes) -> str:
        """What is wrong with a response to `row`; empty when it is the golden answer."""
        try:
            answer = read_answer(body)
        except InvalidInput as error:
            return error.what
        return row.find_mistake(answer.label, answer.probabilities, self.tolerance)


def render_row(spec: InputSpec, values: Sequence[Value]) -> list[dict[str, Any]]:
    """The tensors that ask for one row: one of all columns where the model shows itself so, else one a column."""
    return render_rows(spec, [values])


def render_rows(spec: InputSpec, rows: Sequence[Sequence[Value]]) -> list[dict[str, Any]]:
    """The tensors that ask for several rows, of which there is at least one."""
    if spec.is_single:
        flat = [value for row in rows for value in row]
        return [{"name": spec.name, "shape": [len(rows), len(rows[0])], "datatype": spec.datatype, "data": flat}]
    together = zip(spec.columns, zip(*rows, strict=True), strict=True)
    return [
        {"name": c.name, "shape": [len(rows), 1], "datatype": datatype_of(c), "data": list(values)}
        for c, values in together
    ]


def find_mistakes(
    rows: Sequence[GoldenRow], labels: Sequence[str], probabilities: Iterable[Iterable[float]], tolerance: float
) -> list[str]:
    """What is wrong with the answers to some rows: one line for each that differs, empty when none does."""
    together = zip(rows, labels, probabilities, strict=True)
    found = [row.find_mistake(label, shares, tolerance) for row, label, shares in together]
    return [mistake for mistake in found if mistake]


def read_answer(body: bytes) -> Answer:
    """The answer to the one row that was asked for. Raises InvalidInput for a body that holds none."""
    return read_answers(body)[0]


def read_answers(body: bytes) -> list[Answer]:
    """The answers to the rows that were asked for, at least one. Raises InvalidInput for a body that holds none."""
    try:
        outputs = {output["name"]: output["data"] for output in json.loads(body)["outputs"]}
        labels = _flatten(outputs["label"])
        if not all(isinstance(label, str) for label in labels):
            raise TypeError("a label is not a text")
        shares = [float(share) for share in _flatten(outputs["probabilities"])]
        width = len(shares) // len(labels)
        if width * len(labels) != len(shares):
            raise ValueError("not as many probabilities for each row")
        return [Answer(label, tuple(shares[n * width : (n + 1) * width])) for n, label in enumerate(labels)]
    except (ValueError, KeyError, TypeError, ZeroDivisionError) as error:
        raise InvalidInput(f"not an inference answer ({type(error).__name__}): {body[:80]!r}") from error


def parse_golden(raw: bytes, manifest: Manifest, *, place: str = "golden.json") -> tuple[GoldenRow, ...]:
    """Turn the bytes of golden.json into rows that fit the manifest. Raises InvalidInput with every mistake found."""
    reader = Reader(parse_json(raw, place, hint=REMAKE), place)
    reader.take("schema", lambda v: v == SCHEMA and not isinstance(v, bool), f"must be {SCHEMA}")
    listed = reader.take("rows", is_list, "must be a list of at least one row")
    rows: list[GoldenRow] = []
    for number, entry in enumerate(listed or ()):
        row = Reader(entry, f"{place} rows[{number}]")
        rows.append(_read_row(row, manifest))
        reader.mistakes += row.mistakes
    if reader.mistakes:
        raise InvalidInput(f"{place} does not hold golden rows of this model", reader.mistakes, hint=REMAKE)
    return tuple(rows)


def render_golden(rows: Sequence[GoldenRow]) -> bytes:
    """The bytes of golden.json: the same for the same rows, everywhere."""
    return render_json({"schema": SCHEMA, "rows": [plain(row) for row in rows]})


def _read_row(reader: Reader, manifest: Manifest) -> GoldenRow:
    width = len(manifest.input.columns)

    def answers(values: object) -> bool:
        return isinstance(values, dict) and set(values) == set(manifest.classes) and is_probability_map(values)

    rule = f"must be a list of {width} values, each of its column's type"
    features = reader.take("features", lambda values: is_row(manifest.input, values), rule)
    probabilities = reader.take("probabilities", answers, "must give a probability for every class")
    return GoldenRow(
        id=reader.take("id", is_text, "must be a text that is not empty"),
        features=tuple(features or ()),
        label=reader.take("label", lambda v: v in manifest.classes, "must be one of the classes"),
        probabilities={label: float(probabilities[label]) for label in manifest.classes} if probabilities else {},
    )


def _flatten(data: Any) -> list[Any]:
    """The protocol lets a server send a tensor flat or nested; read both alike."""
    if not isinstance(data, list):
        raise TypeError("tensor data is not a list")
    return [value for item in data for value in (_flatten(item) if isinstance(item, list) else [item])]
