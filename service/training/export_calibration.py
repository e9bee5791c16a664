"""A calibration as nodes behind the `probabilities` of an exported model, in double precision.

skl2onnx converts scikit-learn's isotonic calibration to steps instead of lines between knots, which is off by 0.05;
here a line is the sum of what each stretch between two knots adds.
"""

from __future__ import annotations

from itertools import count
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from service.training.calibration import Calibration, Isotonic, Sigmoid

_OUTPUT = "probabilities"
_RAW = "uncalibrated"


def add_calibration(model: bytes, calibration: Calibration) -> bytes:
    """An exported model whose probabilities are calibrated; the same bytes where there is nothing to do."""
    if not isinstance(calibration, Sigmoid | Isotonic):
        return model
    proto = onnx.load_from_string(model)
    (output,) = proto.graph.output
    for node in proto.graph.node:
        node.output[:] = [_RAW if name == _OUTPUT else name for name in node.output]
        node.input[:] = [_RAW if name == _OUTPUT else name for name in node.input]
    writer = _Writer(proto.graph)
    answers = writer.add("Cast", _RAW, to=TensorProto.DOUBLE)
    mapped = (
        _write_sigmoid(writer, answers, calibration)
        if isinstance(calibration, Sigmoid)
        else _write_isotonic(writer, answers, calibration)
    )
    writer.add("Cast", mapped, to=output.type.tensor_type.elem_type, output=_OUTPUT)
    content: bytes = proto.SerializeToString(deterministic=True)
    return content


class _Writer:
    """Adds nodes and constants to a graph, each under a name of its own."""

    def __init__(self, graph: onnx.GraphProto) -> None:
        self._graph, self._numbers = graph, count()

    def add(self, operator: str, *inputs: str, output: str = "", **attributes: Any) -> str:
        """A node's output."""
        name = output or f"calibration_{next(self._numbers)}"
        self._graph.node.append(
            helper.make_node(operator, list(inputs), [name], name=f"{operator}_{name}", **attributes)
        )
        return name

    def hold(self, value: NDArray[np.float64] | NDArray[np.int64]) -> str:
        """A constant's name."""
        name = f"calibration_{next(self._numbers)}"
        self._graph.initializer.append(numpy_helper.from_array(value, name))
        return name


def _write_sigmoid(writer: _Writer, answers: str, calibration: Sigmoid) -> str:
    logs = writer.add("Log", writer.add("Max", answers, writer.hold(np.array(calibration.least))))
    scaled = writer.add("Mul", logs, writer.hold(np.array(calibration.slope)))
    return writer.add("Softmax", writer.add("Add", scaled, writer.hold(np.array([calibration.intercepts]))), axis=1)


def _write_isotonic(writer: _Writer, answers: str, calibration: Isotonic) -> str:
    if len(calibration.knots) == 1:
        positive = _write_line(writer, answers, 1, *calibration.knots[0])
        return writer.add("Concat", writer.add("Sub", writer.hold(np.array(1.0)), positive), positive, axis=1)
    lines = [_write_line(writer, answers, column, *knots) for column, knots in enumerate(calibration.knots)]
    mapped = writer.add("Concat", *lines, axis=1)
    # Not ReduceSum: its axes are an input or an attribute, by the opset that skl2onnx settled on.
    total = writer.add("MatMul", mapped, writer.hold(np.ones((len(lines), 1))))
    return writer.add("Div", mapped, total)


def _write_line(writer: _Writer, answers: str, column: int, x: NDArray[np.float64], y: NDArray[np.float64]) -> str:
    """Lines between the knots, of one column: [n, 1]."""
    score = writer.add("Gather", answers, writer.hold(np.array([column])), axis=1)
    passed = writer.add("Max", writer.add("Sub", score, writer.hold(x[None, :-1])), writer.hold(np.array(0.0)))
    within = writer.add("Min", passed, writer.hold(np.diff(x)[None, :]))
    risen = writer.add("MatMul", within, writer.hold((np.diff(y) / np.diff(x))[:, None]))
    return writer.add("Add", risen, writer.hold(np.array(y[0])))
