"""The Open Inference Protocol's tensors, JSON and binary: bytes in, rows out; answers in, bytes out. Pure.

Source: https://github.com/kserve/open-inference-protocol (version 2, HTTP/REST) and its binary tensor data extension.
Binary tensors are little-endian and row-major; an element of type BYTES is a 4-byte length and that many bytes.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import orjson
from numpy.typing import NDArray

from service.bundle.columns import InputSpec
from service.bundle.rows import Rows, find_wrong
from service.bundle.values import check_number
from service.errors import Mistake
from service.server.protocol import column_tensors
from service.server.protocol.bodies import Body, count_keys, parse_object, refuse_duplicate_keys, require_json_type
from service.server.protocol.problems import INVALID_REQUEST, MOST_MISTAKES, NOT_JSON, TOO_LARGE, Problem
from service.server.protocol.tensor_elements import encode_bytes, encode_element, read_binary, read_data, shorten

HEADER_LENGTH = b"inference-header-content-length"
OUTPUTS = ("label", "probabilities")
_FP64 = struct.Struct("<d")
_DTYPES = {"float32": np.float32, "float64": np.float64}


class Wanted(NamedTuple):
    """An output that the caller wants, and whether as binary data."""

    name: str
    binary: bool


@dataclass(frozen=True, slots=True)
class InferRequest:
    """A decoded request: rows [n, columns], the caller's id if there is one, and the outputs in the order asked for.

    Rows of numbers alone are still as they came, float64 from JSON: `as_model_input` checks them, for many requests at
    once. Rows with texts are read and checked.
    """

    rows: Rows
    id: str | None
    wanted: tuple[Wanted, ...]


_ALL_JSON = tuple(Wanted(name, False) for name in OUTPUTS)
_ALL_BINARY = tuple(Wanted(name, True) for name in OUTPUTS)


def decode_request(
    spec: InputSpec, headers: Mapping[bytes, bytes], body: Body, max_rows: int, path: Mapping[str, str] | None = None
) -> InferRequest:
    """Decode one inference request. Raises Problem with every mistake found.

    Keys that the protocol does not define are ignored, as its description forbids none; but those that repeat what the
    path says, as KServe's client does, must say the same: `path` holds their names and values.
    """
    header_length = headers.get(HEADER_LENGTH)
    head: Body
    tail: Body
    if header_length is None:
        require_json_type(headers)
        head, tail = body, b""
    else:
        head, tail = _split_binary(body, header_length)
    document = parse_object(head)
    _refuse_duplicates(head, document)
    mistakes: list[Mistake] = []
    for key, said in (path or {}).items():
        if document.get(key, said) not in (said, None):
            mistakes.append(Mistake(key, f"is {shorten(document[key])}, the path says {said!r}"))
    wanted = _read_wanted(document, mistakes)
    inputs = document.get("inputs")
    if type(inputs) is list and _are_columns(spec, inputs):
        rows = column_tensors.read_columns(spec, inputs, tail, max_rows, mistakes)
    else:
        tensor = _only_input(document, spec, mistakes)
        rows = None if tensor is None else _read_rows(tensor, spec, tail, max_rows, _may_hold_truths(head), mistakes)
    if mistakes or rows is None:
        raise Problem(INVALID_REQUEST, _summary(mistakes), mistakes=mistakes, hint=_hint(spec))
    return InferRequest(rows, document.get("id"), wanted)


def _refuse_duplicates(head: Body, document: Mapping[str, Any]) -> None:
    """As many colons as the usual keys have: nothing was lost. Only otherwise is all of it counted, and read again."""
    usual = len(document)
    inputs = document.get("inputs")
    if type(inputs) is list:
        for tensor in inputs:
            usual += len(tensor) if type(tensor) is dict else 0
    if head.count(b":") != usual:
        refuse_duplicate_keys(head, count_keys(document))


def _may_hold_truths(head: Body) -> bool:
    """Whether a true or a false may stand in the data. Looking for one letter behind its key costs next to nothing."""
    start = head.find(b'"data"')
    if start >= 0 and b"\\" not in head and head.find(b"r", start) < 0 and head.find(b"l", start) < 0:
        return False
    return b"true" in head or b"false" in head


def _are_columns(spec: InputSpec, inputs: list[Any]) -> bool:
    """Whether the inputs are meant as one tensor a column: where the model shows itself so, or a column is named."""
    if len(inputs) == 1 and type(inputs[0]) is dict and inputs[0].get("name") == spec.name and len(spec.columns) > 1:
        return False
    names = [tensor.get("name") for tensor in inputs if type(tensor) is dict]
    return not spec.is_single or any(type(name) is str and name in spec.places for name in names)


def _split_binary(body: Body, header_length: bytes) -> tuple[Body, Body]:
    if not header_length.isdigit() or len(header_length) > 12 or int(header_length) > len(body):
        raise Problem(
            NOT_JSON,
            f"inference-header-content-length is {header_length.decode('latin-1')!r}, the body has {len(body)} bytes",
            hint="it is the length in bytes of the JSON that stands before the binary data",
        )
    return body[: int(header_length)], body[int(header_length) :]


def _read_wanted(document: Mapping[str, Any], mistakes: list[Mistake]) -> tuple[Wanted, ...]:
    """The outputs asked for; all of them when none is named."""
    request_id = document.get("id")
    if request_id is not None and (type(request_id) is not str or len(request_id) > 256):
        mistakes.append(Mistake("id", "must be a text of at most 256 characters"))
    parameters = _parameters(document, "parameters", mistakes)
    binary = parameters.get("binary_data_output") if parameters else None
    if binary is not None and type(binary) is not bool:
        mistakes.append(Mistake("parameters.binary_data_output", "must be true or false"))
    outputs = document.get("outputs")
    if outputs is None or outputs == []:
        return _ALL_BINARY if binary is True else _ALL_JSON
    if type(outputs) is not list:
        mistakes.append(Mistake("outputs", "must be a list"))
        return ()
    if len(outputs) > len(OUTPUTS):
        mistakes.append(Mistake("outputs", f"names {len(outputs)} outputs; there are {len(OUTPUTS)}"))
        return ()
    wanted = tuple(_read_output(entry, f"outputs[{n}]", binary is True, mistakes) for n, entry in enumerate(outputs))
    if len({output.name for output in wanted}) < len(wanted) and not mistakes:
        mistakes.append(Mistake("outputs", "names the same output twice"))
    return wanted


def _read_output(entry: Any, place: str, binary: bool, mistakes: list[Mistake]) -> Wanted:
    if type(entry) is not dict:
        mistakes.append(Mistake(place, "must be an object"))
        return Wanted("", False)
    name = entry.get("name")
    if name not in OUTPUTS:
        mistakes.append(Mistake(f"{place}.name", f"is {shorten(name)}; the outputs are {' and '.join(OUTPUTS)}"))
    parameters = _parameters(entry, f"{place}.parameters", mistakes)
    asked = parameters.get("binary_data")
    asked = binary if asked is None else asked
    if type(asked) is not bool:
        mistakes.append(Mistake(f"{place}.parameters.binary_data", "must be true or false"))
    if parameters.get("classification"):
        mistakes.append(Mistake(f"{place}.parameters.classification", "is not supported", "read `label` instead"))
    return Wanted(str(name), asked is True)


def _only_input(document: Mapping[str, Any], spec: InputSpec, mistakes: list[Mistake]) -> Mapping[str, Any] | None:
    inputs = document.get("inputs")
    if type(inputs) is not list or len(inputs) != 1 or type(inputs[0]) is not dict:
        mistakes.append(Mistake("inputs", f"must be a list of one tensor, named {spec.name!r}"))
        return None
    tensor: Mapping[str, Any] = inputs[0]
    if tensor.get("name") != spec.name:
        mistakes.append(Mistake("inputs[0].name", f"is {shorten(tensor.get('name'))}; the input is {spec.name!r}"))
    return tensor


def _read_rows(
    tensor: Mapping[str, Any], spec: InputSpec, tail: Body, max_rows: int, truths: bool, mistakes: list[Mistake]
) -> Rows | None:
    """The tensor's rows; None when a mistake was found."""
    datatype = tensor.get("datatype")
    allowed = ("FP32", "FP64") if spec.dtype != "object" else ("BYTES",)
    if datatype not in allowed:
        mistakes.append(
            Mistake("inputs[0].datatype", f"is {shorten(datatype)}; the model takes {' or '.join(allowed)}")
        )
    count = _count_rows(tensor.get("shape"), len(spec.features), max_rows, mistakes)
    parameters = _parameters(tensor, "inputs[0].parameters", mistakes)
    if mistakes:
        return None
    size = count * len(spec.features)
    binary_size = parameters.get("binary_data_size") if parameters else None
    if binary_size is not None:
        flat = read_binary(tensor, str(datatype), size, binary_size, tail, mistakes)
    else:
        if tail:
            mistakes.append(
                Mistake("inputs[0].parameters.binary_data_size", f"is missing for {len(tail)} binary bytes")
            )
        flat = read_data(tensor.get("data"), str(datatype), size, truths, mistakes, nulls=spec.may_miss)
    if flat is None or mistakes:
        return None
    rows = flat.reshape(count, len(spec.features))
    return column_tensors.read_written(rows, spec, mistakes) if datatype == "BYTES" else rows


def _count_rows(shape: Any, width: int, max_rows: int, mistakes: list[Mistake]) -> int:
    if type(shape) is not list or len(shape) != 2 or not all(type(side) is int for side in shape):
        mistakes.append(Mistake("inputs[0].shape", f"is {shorten(shape)}; it must be [rows, {width}]"))
        return 0
    count, columns = shape
    if columns != width or count < 1:
        mistakes.append(Mistake("inputs[0].shape", f"is {shape}; it must be [rows, {width}] with at least one row"))
        return 0
    if count > max_rows:
        raise Problem(
            TOO_LARGE, f"{count} rows are over the limit of {max_rows} in a request", hint="send several requests"
        )
    return int(count)


def as_model_input(rows: Rows, spec: InputSpec) -> Rows:
    """Rows as the model takes them. Raises Problem where a number is not finite, too large, missing, or not whole."""
    if spec.dtype == "object":
        return rows
    if wrong := find_wrong(spec, rows, MOST_MISTAKES):
        mistakes = [_describe_number(spec, place, row, float(rows[row, place])) for row, place in wrong]
        raise Problem(INVALID_REQUEST, _summary(mistakes), mistakes=mistakes, hint=_hint(spec))
    if spec.may_miss:
        rows = np.where(np.isnan(rows), np.nan, rows)  # whatever bits the NaN of a missing number came with
    return rows.astype(_DTYPES[spec.dtype], copy=False)


def _describe_number(spec: InputSpec, place: int, row: int, number: float) -> Mistake:
    column = spec.columns[place]
    return Mistake(f"row {row}, {column.name}", check_number(column, number, spec.largest[place]))


def _parameters(document: Mapping[str, Any], place: str, mistakes: list[Mistake]) -> Mapping[str, Any]:
    parameters = document.get("parameters")
    if parameters is None:
        return {}
    if type(parameters) is not dict:
        mistakes.append(Mistake(place, "must be an object"))
        return {}
    return parameters


def _summary(mistakes: Sequence[Mistake]) -> str:
    return "; ".join(f"{mistake.place} {mistake.what}" for mistake in mistakes[:3]) + (
        "; …" if len(mistakes) > 3 else ""
    )


def _hint(spec: InputSpec) -> str:
    whole = f"one tensor {spec.name!r} of shape [rows, {len(spec.features)}]"
    return f"{whole if spec.is_single else 'one tensor a column'}; GET /v2/models/<name> names the columns"


def canonical_input(rows: Rows) -> bytes:
    """What a receipt's input hash covers: the rows as binary tensor data, the same for every way to send them.

    Row by row; numbers among texts are FP64, missing ones NaN.
    """
    if rows.dtype != np.object_:
        return rows.tobytes()
    return b"".join(encode_element(value) if type(value) is str else _encode_number(value) for value in rows.ravel())


def _encode_number(value: float) -> bytes:
    return _FP64.pack(value if value == value else math.nan)  # whatever bits its NaN came with


def encode_response(
    head: Mapping[str, Any], wanted: Sequence[Wanted], labels: Sequence[str], probabilities: NDArray[np.float32]
) -> tuple[bytes, int | None]:
    """The response's body, and the length of its JSON where binary data follows it (else None)."""
    outputs: list[dict[str, Any]] = []
    blobs: list[bytes] = []
    for name, binary in wanted:
        output: dict[str, Any]
        if name == "label":
            output = {"name": name, "datatype": "BYTES", "shape": [len(labels)]}
        else:
            output = {"name": name, "datatype": "FP32", "shape": list(probabilities.shape)}
        if binary:
            blob = encode_bytes(labels) if name == "label" else probabilities.tobytes()
            output["parameters"] = {"binary_data_size": len(blob)}
            blobs.append(blob)
        else:
            output["data"] = labels if name == "label" else probabilities.ravel()
        outputs.append(output)
    text = orjson.dumps({**head, "outputs": outputs}, option=orjson.OPT_SERIALIZE_NUMPY)
    return (b"".join([text, *blobs]), len(text)) if blobs else (text, None)
