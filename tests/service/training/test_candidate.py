"""Golden rows are rows that an endpoint can be asked, whatever the data lack."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from service.bundle.classifier import Classifier
from service.bundle.folder import write_release
from service.bundle.reference import PREDICTIONS
from service.training.candidate import Candidate, write_candidate
from service.training.datasets import Dataset
from service.training.export import export_onnx
from service.training.pipeline import build_pipeline, encode_labels, fit_pipeline


def _train(missing: np.ndarray) -> Candidate:
    rng = np.random.default_rng(2)
    labels = np.array(["no", "yes"], dtype=object)[np.arange(120) % 2]
    columns = rng.normal(size=(120, 3)) + 3.0 * (labels == "yes")[:, None]
    frame = pd.DataFrame(np.where(missing, np.nan, columns), columns=["a", "b", "c"])
    dataset = Dataset("holes", frame, labels, "ok", "0" * 64)
    classes, truth = encode_labels(dataset, "yes")
    pipeline = fit_pipeline(build_pipeline("softmax", {}, dataset, classes=2), dataset.rows(), truth)
    model = export_onnx(pipeline, name="holes", spec=dataset.spec)
    return Candidate("holes", "softmax", dataset, model, classes, "yes", {"yes": 0.5}, ["yes", "no", "no"])


@pytest.mark.parametrize("every", [2, 1], ids=["in some rows", "in every row"])
def test_a_table_with_missing_numbers_is_released_with_whole_golden_rows_where_it_has_some(
    every: int, tmp_path: Path
) -> None:
    missing = np.zeros((120, 3), dtype=bool)
    missing[::every, 1] = True
    missing[5, 1] = missing[6, 1] = False
    missing[5, 0] = missing[6, 2] = True
    candidate = _train(missing)
    release = write_candidate(candidate, tmp_path, previous=None, now=datetime(2026, 1, 1, tzinfo=UTC))
    assert {row.label for row in release.golden} == {"no", "yes"}
    absent = {row.label: None in row.features for row in release.golden}
    assert absent == {"no": True, "yes": every == 1}
    assert Classifier(release).golden_failures() == []
    assert release.manifest.reference[PREDICTIONS]["counts"] == {"no": 2, "yes": 1}
    if every == 2:  # "yes" has whole rows, and they are taken as they are
        rows = candidate.dataset.rows()
        chosen = [row for row in release.golden if row.label == "yes"]
        assert all(row.features == tuple(rows[int(row.id[-5:])]) for row in chosen)
    same = write_candidate(candidate, tmp_path, previous=release, now=datetime(2027, 1, 1, tzinfo=UTC))
    assert same.digest == release.digest


def test_a_release_of_the_first_schema_stays_where_the_model_is_the_same(tmp_path: Path) -> None:
    missing = np.zeros((120, 3), dtype=bool)
    missing[::7, 1] = True
    candidate = _train(missing)
    now = datetime(2026, 1, 1, tzinfo=UTC)
    typed = write_candidate(candidate, tmp_path / "typed", previous=None, now=now)
    older = write_release(tmp_path / "older", replace(typed.manifest, schema=1), typed.model_bytes, typed.golden)
    assert older.manifest.input == typed.manifest.input, "what may be missing is read from the reference"
    assert older.digest != typed.digest
    assert write_candidate(candidate, tmp_path / "older", previous=older, now=now).digest == older.digest
