"""An ONNX file that was made elsewhere: read whole, with its external data, and held to the runtime that serves."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import onnx
from onnx import external_data_helper

from service.bundle.classifier import open_session
from service.bundle.reading import read_file
from service.errors import InvalidInput, Mistake, OutlastError

OLDEST_OPSET = 8  # onnxruntime promises nothing below 7, and what is put around a model broadcasts from 8 on
LARGEST_BYTES = 2_000_000_000  # a protobuf message ends at 2 GiB, and a served model is one file
_EXPORT_AGAIN = "export it again for an opset and IR version that onnxruntime {version} runs, such as opset 18"

# What onnxruntime says when it cannot take a model, and what that means.
_REFUSALS = (
    (r"(\S+?)\(-?\d+\) is not a registered function/op", "operator {} is not one that onnxruntime {version} has"),
    (r"Could not find an implementation for (\S+?\(\d+\))", "operator {} has no implementation for these types"),
    (r"No Op registered for (\S+)", "operator {} is not one that onnxruntime {version} has"),
    (r"No opset import for domain '?([^'\s]*)'?", "operators of the domain {} are used, and no version of it is named"),
    (r"Unsupported model IR version: (\d+)", "its IR version {} is newer than onnxruntime {version} reads"),
    (r"Opset (\d+) is under development", "its opset {} is newer than onnxruntime {version} runs"),
)

_PREAMBLE = re.compile(r"^\[ONNXRuntimeError\] : \d+ : \w+ : (This is an invalid model\. )?")


def read_graph(path: Path) -> onnx.ModelProto:
    """An ONNX file with everything that belongs to it in memory.

    Raises InvalidInput for what is no ONNX file, misses a file that it names, or is too large for one.
    """
    content = read_file(path, hint="--onnx takes the path of an ONNX file")
    try:
        model = onnx.load_model_from_string(content)
    except Exception as error:  # protobuf's own class has no types, and its base is this
        raise InvalidInput(f"{path} is not an ONNX file: {error}", hint="export the model to ONNX again") from error
    if not model.graph.output:
        raise InvalidInput(f"{path} is not an ONNX model: it has no outputs", hint="export the model to ONNX again")
    _embed(model, path)
    if model.ByteSize() > LARGEST_BYTES:
        what = f"{path} has {model.ByteSize() / 1e9:.1f} GB; a served model is one file of at most 2 GB"
        raise InvalidInput(what, hint="bring a smaller one: fewer or shallower trees, or weights of 16 bits")
    return model


def _embed(model: onnx.ModelProto, path: Path) -> None:
    """Take the weights that lie in files beside the model into it: a release is one file."""
    outside = [tensor for tensor in list_tensors(model.graph) if external_data_helper.uses_external_data(tensor)]
    locations = sorted({external_data_helper.ExternalDataInfo(tensor).location for tensor in outside})
    mistakes = [mistake for location in locations if (mistake := _check_location(path.parent, location))]
    if mistakes:
        hint = "copy the files of external data beside the model, or save it as one file"
        raise InvalidInput(f"{path} keeps weights in other files", mistakes, hint=hint)
    for tensor in outside:
        try:
            external_data_helper.load_external_data_for_tensor(tensor, str(path.parent))
        except (OSError, ValueError, onnx.checker.ValidationError) as error:
            what = f"{path} keeps weights in other files, and {tensor.name} cannot be read from them: {error}"
            raise InvalidInput(what, hint="save the model as one file") from error
        tensor.data_location = onnx.TensorProto.DEFAULT
        del tensor.external_data[:]


def _check_location(folder: Path, location: str) -> Mistake | None:
    parts = PurePosixPath(location)
    if parts.is_absolute() or ".." in parts.parts:
        return Mistake(location, "lies outside the model's own folder, and is not read")
    return None if (folder / location).is_file() else Mistake(str(folder / location), "is not there")


def list_tensors(graph: onnx.GraphProto) -> Iterator[onnx.TensorProto]:
    """Every tensor that a graph holds, those of the graphs within its nodes too."""
    yield from graph.initializer
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.HasField("t"):
                yield attribute.t
            yield from attribute.tensors
            for inner in (*([attribute.g] if attribute.HasField("g") else []), *attribute.graphs):
                yield from list_tensors(inner)


def open_graph(model: onnx.ModelProto, place: str) -> Any:
    """A session of the runtime that serves. Raises InvalidInput, in words, for what it cannot run."""
    _refuse_opset(model, place)
    try:
        return open_session(model.SerializeToString())
    except Exception as error:  # onnxruntime's own classes have no common base but this
        raise explain_refusal(str(error), place) from error


def explain_refusal(said: str, place: str) -> OutlastError:
    """What onnxruntime said of a model, as a mistake of the input."""
    from onnxruntime import __version__ as version

    for pattern, words in _REFUSALS:
        if found := re.search(pattern, said):
            what = words.format(found.group(1), version=version)
            return InvalidInput(f"{place} cannot be served: {what}", hint=_EXPORT_AGAIN.format(version=version))
    first = re.sub(r"^\[ONNXRuntimeError\] : \d+ : \w+ : (This is an invalid model\. )?", "", said.strip()).partition(
        "\n"
    )[0]
    return InvalidInput(f"{place} cannot be served: onnxruntime {version} says: {first}", hint="export it again")


def _refuse_opset(model: onnx.ModelProto, place: str) -> None:
    for entry in model.opset_import:
        if entry.domain in ("", "ai.onnx") and entry.version < OLDEST_OPSET:
            what = f"{place} cannot be served: its opset {entry.version} is older than {OLDEST_OPSET}"
            raise InvalidInput(what, hint="export it again for opset 18")
