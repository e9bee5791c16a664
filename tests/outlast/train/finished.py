"""What a training job leaves behind, made of the released digits model, for tests that fetch and release it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from service.bundle.folder import RELEASED, load_release, write_release
from service.bundle.manifest import Manifest
from service.training.job_inputs import JobInputs

MODEL = RELEASED / "digits"
INPUTS = JobInputs("digits.toml", "1" * 64)
PROBABILITIES = np.full((50, 10), 0.1)


def finish(
    out: Path,
    *,
    inputs: JobInputs = INPUTS,
    manifest: Manifest | None = None,
    probabilities: Any = PROBABILITIES,
    **said: Any,
) -> Path:
    """Write results into a folder as a job does: `said` goes into training.json in the place of what it would say."""
    model = load_release(MODEL)
    release = write_release(out, manifest or model.manifest, model.model_bytes, model.golden)
    np.savez(out / "out-of-fold.npz", probabilities=probabilities)
    (out / "report.html").write_text("<html></html>")
    document = {
        "schema": 1,
        "problem": "digits",
        "winner": "softmax",
        "digest": release.digest,
        "version": release.manifest.version,
        "passed": True,
        "fits": {"found": 2, "made": 40},
        "inputs": inputs.to_document(),
        "versions": {},
        "machine": "x86_64",
        "started": "2026-01-01T00:00:00Z",
        "finished": "2026-01-01T00:01:00Z",
        "seconds": 60.0,
        "files": [_list(path, out) for path in sorted(out.iterdir()) if path.name != "training.json"],
        **said,
    }
    (out / "training.json").write_text(json.dumps(document))
    return out


def _list(path: Path, out: Path) -> Mapping[str, Any]:
    content = path.read_bytes()
    name = path.relative_to(out).as_posix()
    return {"name": name, "sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
