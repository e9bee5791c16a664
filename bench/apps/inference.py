"""The inference that every peer does: the released model, one thread, the released threshold."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import onnxruntime as ort

FOLDER = Path(os.environ["BENCH_MODEL"])
_manifest = json.loads((FOLDER / "manifest.json").read_text())
CLASSES: list[str] = _manifest["classes"]
_positive = CLASSES.index(_manifest["positive_class"])
_threshold = _manifest["thresholds"][_manifest["positive_class"]]

_options = ort.SessionOptions()
_options.intra_op_num_threads = 1
_options.inter_op_num_threads = 1
_options.add_session_config_entry("session.intra_op.allow_spinning", "0")
_session = ort.InferenceSession(str(FOLDER / _manifest["model"]["file"]), _options, providers=["CPUExecutionProvider"])


def predict(rows: np.ndarray) -> tuple[list[str], np.ndarray]:
    """Labels and probabilities [n, 2] of float32 rows [n, 30]."""
    (answer,) = _session.run(["probabilities"], {"features": rows})
    probabilities = np.asarray(answer, dtype=np.float32)
    labels = [CLASSES[_positive if p >= _threshold else 1 - _positive] for p in probabilities[:, _positive]]
    return labels, probabilities
