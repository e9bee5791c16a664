"""Free text in ONNX: the counts of `service.training.text_columns` in operators that answer as scikit-learn does.

skl2onnx's own converter is not used: it weighs in float32, and with damped counts of longer runs it is off by up to
0.06. Here only the counting is left to onnxruntime's text operators, whose counts are whole numbers; weights and
lengths are doubles, as in training. So are the sums of naive Bayes.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto
from skl2onnx import update_registered_converter
from skl2onnx.algebra.onnx_ops import OnnxAdd, OnnxArgMax, OnnxMatMul, OnnxSoftmax
from skl2onnx.common.data_types import DoubleTensorType, Int64TensorType
from sklearn.naive_bayes import ComplementNB, MultinomialNB

from service.training.text_columns import LONGEST, WORDS, TextNgrams

_PADDING = "\n"  # fills rows up to the longest one; no text in its form holds it, so that it is never counted
_TINY = 1e-300  # instead of a length of 0: that row is 0 throughout


class _Writer:
    """Adds one node after the other to a graph."""

    def __init__(self, scope: Any, container: Any) -> None:
        self._scope, self._container = scope, container

    def add(self, kind: str, *inputs: str, output: str = "", domain: str = "", version: int = 0, **said: Any) -> str:
        """A node of one output; its name. `said` are the node's attributes."""
        output = output or self._scope.get_unique_variable_name(kind.lower())
        self._container.add_node(
            kind,
            list(inputs),
            [output],
            op_domain=domain,
            op_version=version or self._container.target_opset,
            name=self._scope.get_unique_operator_name(kind),
            **said,
        )
        return output

    def constant(self, values: NDArray[Any]) -> str:
        """Doubles, or whole numbers, as an initializer; its name."""
        name = str(self._scope.get_unique_variable_name("constant"))
        kind = TensorProto.INT64 if values.dtype == np.int64 else TensorProto.DOUBLE
        self._container.add_initializer(name, kind, list(values.shape), values.ravel().tolist())
        return name


def _parse_ngrams(scope: Any, model: TextNgrams, inputs: Any, custom_parsers: Any = None) -> Any:
    """Says early that doubles come out: skl2onnx would take what follows texts for float32."""
    operator = scope.declare_local_operator("OutlastTextNgrams", model)
    operator.inputs = inputs
    operator.outputs.append(scope.declare_local_variable("ngrams", DoubleTensorType([None, None])))
    return operator.outputs


def _shape_of_ngrams(operator: Any) -> None:
    operator.outputs[0].type = DoubleTensorType([None, len(operator.raw_operator.ngrams_)])


def _convert_ngrams(scope: Any, operator: Any, container: Any) -> None:
    """Counts by onnxruntime; then, in doubles: damped, weighted, and each row scaled to length 1."""
    ngrams, writer = operator.raw_operator, _Writer(scope, container)
    counts = writer.add("Cast", _count(ngrams, operator.inputs[0].full_name, writer), to=TensorProto.DOUBLE)
    one = writer.constant(np.array([1.0]))
    # 1 + ln(count), and 0 of 0.
    logarithm = writer.add("Log", writer.add("Max", counts, one))
    damped = writer.add("Add", logarithm, writer.add("Min", counts, one))
    weighted = writer.add("Mul", damped, writer.constant(ngrams.weights_.idf_[None, :]))
    squares = writer.add("ReduceSumSquare", weighted, writer.constant(np.array([1], dtype=np.int64)), keepdims=1)
    lengths = writer.add("Max", writer.add("Sqrt", squares), writer.constant(np.array([_TINY])))
    writer.add("Div", weighted, lengths, output=operator.outputs[0].full_name)


def _count(ngrams: TextNgrams, texts: str, writer: _Writer) -> str:
    """Counts [n, n-grams] in float32, in the order of the trained columns."""
    flat = writer.add("Reshape", texts, writer.constant(np.array([-1], dtype=np.int64)))
    pieces: dict[str, Any] = {"separators": [" "]} if ngrams.unit == WORDS else {"separators": [""]}
    options: dict[str, Any] = {
        "domain": "com.microsoft",
        "version": 1,
        "mark": 0,
        "mincharnum": 1,
        "pad_value": _PADDING,
    }
    tokens = writer.add("Tokenizer", flat, **options, **pieces)
    return writer.add("TfIdfVectorizer", tokens, **describe_ngrams(ngrams))


def describe_ngrams(ngrams: TextNgrams) -> dict[str, Any]:
    """The attributes of ONNX's TfIdfVectorizer: the n-grams, the shortest first, and each one's column."""
    longest = LONGEST[ngrams.unit]
    by_length: list[list[tuple[list[str], int]]] = [[] for _ in range(longest)]
    for column, ngram in enumerate(ngrams.ngrams_):
        pieces = ngram.split(" ") if ngrams.unit == WORDS else list(ngram)
        by_length[len(pieces) - 1].append((pieces, column))
    ordered = [entry for entries in by_length for entry in entries]
    sizes = [length * len(entries) for length, entries in enumerate(by_length, start=1)]
    return {
        "mode": "TF",
        "min_gram_length": 1,
        "max_gram_length": longest,
        "max_skip_count": 0,
        "ngram_counts": np.cumsum([0, *sizes[:-1]]).tolist(),
        "ngram_indexes": [column for _, column in ordered],
        "pool_strings": [piece for pieces, _ in ordered for piece in pieces],
    }


def _shape_of_bayes(operator: Any) -> None:
    operator.outputs[0].type = Int64TensorType([None])
    operator.outputs[1].type = DoubleTensorType([None, len(operator.raw_operator.classes_)])


def _convert_bayes(scope: Any, operator: Any, container: Any) -> None:
    """The logarithms of the joint probabilities are sums over the columns; softmax makes them probabilities."""
    model, version = operator.raw_operator, container.target_opset
    prior = np.zeros(len(model.classes_)) if isinstance(model, ComplementNB) else model.class_log_prior_
    sums = OnnxMatMul(operator.inputs[0], model.feature_log_prob_.T, op_version=version)
    joint = OnnxAdd(sums, prior[None, :], op_version=version)
    labels = OnnxArgMax(joint, axis=1, keepdims=0, op_version=version, output_names=operator.outputs[:1])
    probabilities = OnnxSoftmax(joint, axis=1, op_version=version, output_names=operator.outputs[1:])
    labels.add_to(scope, container)
    probabilities.add_to(scope, container)


def register_converters() -> None:
    """Have skl2onnx write free text and its naive Bayes this way from now on in this process."""
    update_registered_converter(
        TextNgrams, "OutlastTextNgrams", _shape_of_ngrams, _convert_ngrams, parser=_parse_ngrams
    )
    for model in (MultinomialNB, ComplementNB):
        update_registered_converter(
            model,
            f"Outlast{model.__name__}",
            _shape_of_bayes,
            _convert_bayes,
            options={"zipmap": [False], "nocl": [True, False], "output_class_labels": [False]},
        )
