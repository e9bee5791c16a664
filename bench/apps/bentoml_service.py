"""A BentoML service as its documentation shows it: one worker for one core, adaptive batching on."""

from __future__ import annotations

import bentoml
import numpy as np
from inference import predict


@bentoml.service(workers=1, traffic={"timeout": 10})
class Tumour:
    @bentoml.api(batchable=True, max_batch_size=64, max_latency_ms=1000)
    def predict(self, rows: np.ndarray) -> list[dict]:
        labels, probabilities = predict(np.asarray(rows, dtype=np.float32))
        return [
            {"label": label, "probabilities": row.tolist()} for label, row in zip(labels, probabilities, strict=True)
        ]
