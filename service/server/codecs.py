"""The two ways to ask for a prediction: the Open Inference Protocol, and features by name for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from service.bundle.columns import InputSpec
from service.bundle.values import UNSEEN, is_unseen, show
from service.server.models import Answers, ServedModel
from service.server.protocol import tensors
from service.server.protocol.bodies import Body
from service.server.protocol.tensors import InferRequest


class OpenInference:
    """The Open Inference Protocol's way to ask."""

    route = "/v2/models/{name}/infer"

    def decode(self, model: ServedModel, headers: Mapping[bytes, bytes], body: Body, max_rows: int) -> InferRequest:
        """Raises Problem."""
        path = {"model_name": model.name, "model_version": model.version}
        return tensors.decode_request(model.manifest.input, headers, body, max_rows, path)

    def encode(
        self, model: ServedModel, request: InferRequest, answers: Answers, receipt: str | None
    ) -> tuple[bytes, int | None]:
        """The response, binary where it was asked for."""
        head: dict[str, Any] = {"model_name": model.name, "model_version": model.version}
        if request.id is not None:
            head["id"] = request.id
        if receipt is not None:
            head["parameters"] = {"receipt": receipt}
        return tensors.encode_response(head, request.wanted, answers.labels, answers.probabilities)


class NamedFeatures:
    """The plain door for people: one row, features by name."""

    route = "/predict"

    def decode(self, model: ServedModel, headers: Mapping[bytes, bytes], body: Body, max_rows: int) -> InferRequest:
        """Raises Problem."""
        from service.server.protocol.named import decode_named

        return decode_named(model.manifest.input, headers, body)

    def encode(
        self, model: ServedModel, request: InferRequest, answers: Answers, receipt: str | None
    ) -> tuple[bytes, int | None]:
        """Label, probability of each class, threshold used, model and version; and what is worth knowing of the row."""
        document: dict[str, Any] = {
            "label": answers.labels[0],
            "probabilities": dict(zip(model.classes, answers.probabilities[0].tolist(), strict=True)),
            "threshold": model.threshold,
            "model": {"name": model.name, "version": model.version, "digest": model.digest},
        }
        if notes := _note_unknown(model.manifest.input, request):
            document["notes"] = notes
        if receipt is not None:
            document["receipt"] = receipt
        return orjson.dumps(document), None


def _note_unknown(spec: InputSpec, request: InferRequest) -> list[str]:
    """The categories of a row that training never saw: the model knows nothing of them, and answers by the rest."""
    if spec.is_numeric:
        return []
    values = zip(spec.columns, request.rows[0], strict=True)
    return [f"{column.name} {UNSEEN.format(show(value))}" for column, value in values if is_unseen(column, value)]
