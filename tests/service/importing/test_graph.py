"""An ONNX file is read whole or not at all, and what the runtime lacks is named."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, external_data_helper, helper

from service.errors import InvalidInput
from service.importing.graph import list_tensors, open_graph, read_graph
from tests.service.importing.graphs import build, draw_rows, linear, softmax, value


def _save_outside(folder: Path, location: str = "weights.bin") -> Path:
    model = linear()
    external_data_helper.convert_model_to_external_data(model, location=location, size_threshold=0)
    path = folder / "model.onnx"
    onnx.save(model, str(path))
    return path


def test_weights_beside_the_model_are_taken_into_it(tmp_path: Path) -> None:
    model = read_graph(_save_outside(tmp_path))
    (tmp_path / "weights.bin").unlink()
    assert not any(external_data_helper.uses_external_data(tensor) for tensor in list_tensors(model.graph))
    rows = draw_rows()
    (answer,) = open_graph(model, "model.onnx").run(None, {"x": rows.astype(np.float32)})
    np.testing.assert_allclose(answer, softmax(rows), atol=1e-6)


def test_weights_that_are_not_there_are_named(tmp_path: Path) -> None:
    path = _save_outside(tmp_path)
    (tmp_path / "weights.bin").unlink()
    with pytest.raises(InvalidInput, match=r"keeps weights in other files\n- .*weights\.bin: is not there"):
        read_graph(path)


def test_weights_outside_the_folder_are_not_read(tmp_path: Path) -> None:
    path = _save_outside(tmp_path)
    model = onnx.load(str(path), load_external_data=False)
    model.graph.initializer[0].external_data[0].value = "../weights.bin"
    path.write_bytes(model.SerializeToString())
    with pytest.raises(InvalidInput, match="lies outside the model's own folder"):
        read_graph(path)


@pytest.mark.parametrize("content", [b"tree\nversion=v4\n", b""], ids=["a text", "nothing"])
def test_what_is_no_model_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(content)
    with pytest.raises(InvalidInput, match="is not an ONNX"):
        read_graph(path)


DOUBLE = TensorProto.DOUBLE
REFUSED = {
    "an operator of a domain of one's own": ({"domain": "my.own"}, 18, r"operator my\.own:Odd is not one that onnxrun"),
    "an operator that there is not": ({}, 18, "operator Odd is not one that onnxruntime"),
    "an opset that is too new": ({}, 99, "its opset 99 is newer than onnxruntime"),
    "an opset that is too old": ({}, 5, "its opset 5 is older than 8"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_the_runtime_lacks_is_named(case: str) -> None:
    more, opset, words = REFUSED[case]
    model = build([helper.make_node("Odd", ["x"], ["y"], **more)], [value("x")], [value("y")], opset=opset)
    if more:
        model.opset_import.append(helper.make_opsetid("my.own", 1))
    with pytest.raises(InvalidInput, match=f"^model.onnx cannot be served: {words}") as caught:
        open_graph(model, "model.onnx")
    assert caught.value.hint.startswith("export it again")


def test_a_type_that_an_operator_does_not_take_is_said_as_the_runtime_says_it() -> None:
    model = build([helper.make_node("Celu", ["x"], ["y"])], [value("x", DOUBLE)], [value("y", DOUBLE)])
    with pytest.raises(
        InvalidInput, match=re.escape("Type 'tensor(double)' of input parameter (x) of operator (Celu)")
    ):
        open_graph(model, "model.onnx")


def test_an_ir_version_that_is_too_new_is_named() -> None:
    model = linear()
    model.ir_version = 99
    with pytest.raises(InvalidInput, match="its IR version 99 is newer than onnxruntime"):
        open_graph(model, "model.onnx")
