"""The manifest of a released model: what it is, what it was made of, what it promised, and the digests that pin it.

Standard library only.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from service.bundle.columns import InputSpec, find_contradictions, read_input
from service.bundle.reading import (
    Reader,
    is_count,
    is_file_name,
    is_probability_map,
    is_sha256,
    is_share,
    is_table,
    is_text,
    is_text_map,
    is_texts,
    parse_json,
)
from service.errors import InvalidInput, Mistake

SCHEMA = 2  # its columns have types; the first schema, which knew one tensor alone, is still read
SCHEMAS = (1, SCHEMA)
MANIFEST_FILE = "manifest.json"

REMAKE = "remake it with `make model PROBLEM=<name>`, or restore the folder with `git checkout -- service/released`"


@dataclass(frozen=True)
class ModelFile:
    """The ONNX file: its name within the folder, the SHA-256 of its bytes (hex), and its pinned opset."""

    file: str
    sha256: str
    opset: int


@dataclass(frozen=True)
class GoldenFile:
    """The golden rows' file: its name within the folder and the SHA-256 of its bytes (hex)."""

    file: str
    sha256: str


@dataclass(frozen=True)
class DataSource:
    """What the model was trained on: a name, the SHA-256 of the table (hex), its number of rows, and its target.

    `target` is the column that is predicted; "" in releases from before it was written down.
    """

    name: str
    sha256: str
    rows: int
    target: str = ""


@dataclass(frozen=True)
class Manifest:
    """What a model is, what it was made of, and what it promised when it was released.

    `thresholds` maps the positive class to the probability from which it is predicted; it is empty where the class of
    the highest probability is predicted. `tolerance` is how far a probability may lie from its golden answer.
    `reference` holds, for each feature, what training saw of it, and under PREDICTIONS what the model predicted on rows
    that it was not fitted on (see `service.bundle.reference`): drift is measured against it. `training` says where,
    when, on what and for how much it was trained; it is empty where that was the machine that released it.
    """

    problem: str
    version: str
    created: str
    model: ModelFile
    golden: GoldenFile
    data: DataSource
    input: InputSpec
    classes: tuple[str, ...]
    positive_class: str | None
    thresholds: Mapping[str, float]
    tolerance: float
    metrics: Mapping[str, Any]
    verdict: Mapping[str, Any]
    versions: Mapping[str, str]
    reference: Mapping[str, Any] = field(default_factory=dict)
    algorithm: str = ""
    schema: int = SCHEMA
    training: Mapping[str, Any] = field(default_factory=dict)

    def to_document(self) -> dict[str, Any]:
        """The manifest as plain data, in the order in which it is written."""
        first = ("schema", "problem", "version", "created", "algorithm")
        document = {name: plain(getattr(self, name)) for name in (*first, *self.__dataclass_fields__)}
        document["input"] = self.input.to_document(self.schema)
        if not self.data.target:  # older releases keep their bytes
            del document["data"]["target"]
        if not self.training:
            del document["training"]
        return document


def parse_manifest(raw: bytes, *, place: str = MANIFEST_FILE) -> Manifest:
    """Turn the bytes of manifest.json into a Manifest. Raises InvalidInput with every mistake found."""
    reader = Reader(parse_json(raw, place, hint=REMAKE), place)
    manifest = _read_manifest(reader)
    if reader.mistakes:
        raise InvalidInput(f"{place} is not a manifest of schema {SCHEMA} or older", reader.mistakes, hint=REMAKE)
    mistakes = list(_contradictions(manifest, place))
    if mistakes:
        raise InvalidInput(f"{place} contradicts itself", mistakes, hint=REMAKE)
    return manifest


def render_manifest(manifest: Manifest) -> bytes:
    """The bytes of manifest.json: the same for the same manifest, everywhere."""
    return render_json(manifest.to_document())


def _contradictions(manifest: Manifest, place: str) -> list[Mistake]:
    """What no single key shows: classes, positive class and thresholds that do not fit together."""
    found = []
    if len(set(manifest.classes)) != len(manifest.classes):
        found.append(Mistake(f"{place} classes", "holds a class twice"))
    if manifest.positive_class is not None and manifest.positive_class not in manifest.classes:
        found.append(Mistake(f"{place} positive_class", f"{manifest.positive_class!r} is not one of the classes"))
    for label in manifest.thresholds:
        if label != manifest.positive_class or len(manifest.classes) != 2:
            found.append(Mistake(f"{place} thresholds.{label}", "only the positive class of two has a threshold"))
    found += [replace(mistake, place=f"{place} {mistake.place}") for mistake in find_contradictions(manifest.input)]
    return found


def _read_manifest(reader: Reader) -> Manifest:
    text = "must be a text that is not empty"
    positive = "must be one of the classes, or null where no class is the positive one"
    take = reader.take
    schema = take("schema", is_schema, f"must be {SCHEMA}, or 1 as older releases have it") or SCHEMA
    reference = take("reference", is_table, "must be an object", {})
    return Manifest(
        schema=schema,
        problem=take("problem", is_text, text),
        version=take("version", is_text, text),
        created=take("created", is_text, text),
        model=ModelFile(
            take("model.file", is_file_name, "must be a file name without a folder"),
            take("model.sha256", is_sha256, "must be 64 hex digits"),
            take("model.opset", is_count, "must be a whole number above 0"),
        ),
        golden=GoldenFile(
            take("golden.file", is_file_name, "must be a file name without a folder"),
            take("golden.sha256", is_sha256, "must be 64 hex digits"),
        ),
        data=DataSource(
            take("data.name", is_text, text),
            take("data.sha256", is_sha256, "must be 64 hex digits"),
            take("data.rows", is_count, "must be a whole number above 0"),
            take("data.target", is_text, "must be the name of a column", ""),
        ),
        input=read_input(reader, schema, reference),
        classes=tuple(take("classes", is_classes, "must be a list of at least two class names") or ()),
        positive_class=take("positive_class", lambda v: v is None or is_text(v), positive),
        thresholds=take("thresholds", is_probability_map, "must map a class to a probability from 0 to 1"),
        tolerance=take("tolerance", is_share, "must be a number between 0 and 1"),
        metrics=take("metrics", is_table, "must be an object"),
        verdict=take("verdict", is_table, "must be an object"),
        versions=take("versions", is_text_map, "must map a package to its version"),
        reference=reference,
        algorithm=take("algorithm", lambda v: isinstance(v, str), "must be a text", ""),
        training=take("training", is_table, "must be an object", {}),
    )


def is_classes(value: Any) -> bool:
    """At least two names; whether one is there twice is looked at with the rest that contradicts itself."""
    return is_texts(value) and len(value) >= 2


def is_schema(value: Any) -> bool:
    """One of the schemas that are read."""
    return value in SCHEMAS and not isinstance(value, bool)


def plain(value: Any) -> Any:
    """Dataclasses and tuples as JSON's own types."""
    if hasattr(value, "__dataclass_fields__"):
        return {name: plain(getattr(value, name)) for name in value.__dataclass_fields__}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    return value


def render_json(document: Mapping[str, Any]) -> bytes:
    """A document of a release: the same bytes for the same content, everywhere."""
    return (json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()
