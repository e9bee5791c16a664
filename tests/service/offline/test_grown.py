"""The rows that came back stand below those that were trained on, by the same columns and types."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from service.bundle.folder import RELEASED, load_release
from service.errors import InvalidInput
from service.offline.feedback import Feedback, read_feedback
from service.offline.grown import grow_dataset
from service.training.datasets import load_bundled


def _feedback(tmp_path: Path, **more: object) -> Feedback:
    rows = load_bundled("tumour").rows()[:25].tolist()
    rows[0][0] = None
    lines = [{"label": "benign", "predicted": "benign", "features": row, **more} for row in rows]
    if more.get("label") == "none":
        lines = [{key: value for key, value in line.items() if key != "label"} for line in lines]
    path = tmp_path / "f.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return read_feedback(path, load_release(RELEASED / "tumour").manifest)


def test_a_table_grows_by_the_labelled_rows(tmp_path: Path) -> None:
    dataset, manifest = load_bundled("tumour"), load_release(RELEASED / "tumour").manifest
    grown = grow_dataset(dataset, manifest, _feedback(tmp_path))
    assert len(grown.frame) == 569 + 25
    assert grown.frame.dtypes.to_dict() == dataset.frame.dtypes.to_dict()
    assert np.isnan(grown.frame.iloc[569, 0])
    np.testing.assert_array_equal(grown.rows()[570:], dataset.rows()[1:25])
    assert list(grown.labels[569:]) == ["benign"] * 25
    assert grown.sha256 != dataset.sha256


def test_a_table_of_other_columns_and_rows_without_labels_are_refused(tmp_path: Path) -> None:
    manifest = load_release(RELEASED / "tumour").manifest
    with pytest.raises(InvalidInput, match="was not released with"):
        grow_dataset(load_bundled("digits"), manifest, _feedback(tmp_path))
    with pytest.raises(InvalidInput, match="no line has a label"):
        grow_dataset(load_bundled("tumour"), manifest, _feedback(tmp_path, label="none"))
