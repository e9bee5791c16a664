"""The released models answer as they were released to, and refuse what is not a row."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from service.bundle.classifier import Classifier
from service.bundle.columns import InputSpec
from service.bundle.folder import load_release
from service.errors import InvalidInput, ModelMismatch

RELEASED = Path(__file__).parents[3] / "service" / "released"


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    return Classifier.load(RELEASED / "tumour")


@pytest.mark.parametrize("folder", sorted(p.parent for p in RELEASED.glob("*/manifest.json")), ids=lambda p: p.name)
def test_every_released_model_gives_its_golden_answers_for_every_class(folder: Path) -> None:
    loaded = Classifier.load(folder)
    assert loaded.golden_failures() == []
    assert {row.label for row in loaded.golden} == set(loaded.manifest.classes)


def test_a_golden_row_lies_near_the_threshold_on_each_side(classifier: Classifier) -> None:
    ((label, threshold),) = classifier.manifest.thresholds.items()
    gaps = [row.probabilities[label] - threshold for row in classifier.golden]
    assert 0 < min(gap for gap in gaps if gap >= 0) < 0.2
    assert 0 < min(-gap for gap in gaps if gap < 0) < 0.2


def test_another_answer_fails_the_golden_rows(classifier: Classifier) -> None:
    row = classifier.golden[0]
    moved = {name: p + 2 * classifier.manifest.tolerance for name, p in row.probabilities.items()}
    other = next(name for name in classifier.manifest.classes if name != row.label)
    assert len(classifier.golden_failures([row, replace(row, probabilities=moved), replace(row, label=other)])) == 2


def test_the_threshold_decides(classifier: Classifier) -> None:
    release = load_release(RELEASED / "tumour")
    positive = release.manifest.positive_class
    assert positive is not None
    rows = [row.features for row in release.golden]
    for threshold, everyone in ((0.0, positive), (1.0, None)):
        manifest = replace(release.manifest, thresholds={positive: threshold})
        labels, probabilities = Classifier(replace(release, manifest=manifest)).predict(rows)
        index = release.manifest.classes.index(positive)
        expected = [positive if p[index] >= np.float32(threshold) else "benign" for p in probabilities]
        assert list(labels) == expected
        assert everyone is None or set(labels) == {everyone}


def test_probabilities_are_float32_and_sum_to_one(classifier: Classifier) -> None:
    _, probabilities = classifier.predict([row.features for row in classifier.golden])
    assert probabilities.dtype == np.float32
    assert probabilities.shape == (len(classifier.golden), 2)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0, atol=1e-6)


def test_no_rows_give_no_answers(classifier: Classifier) -> None:
    labels, probabilities = classifier.predict(np.empty((0, 30)))
    assert labels.shape == (0,)
    assert probabilities.shape == (0, 2)


@pytest.mark.parametrize("rows", [[[1.0] * 29], [[1.0] * 31], [1.0] * 30, [[]], [["a"] * 30], [[1.0] * 30, [1.0]]])
def test_what_is_not_a_row_is_refused_with_a_hint(classifier: Classifier, rows: list[object]) -> None:
    with pytest.raises(InvalidInput) as caught:
        classifier.predict(rows)  # type: ignore[arg-type]
    assert caught.value.hint


def test_a_manifest_of_other_features_is_refused() -> None:
    release = load_release(RELEASED / "tumour")
    spec = InputSpec.of_numbers(release.manifest.input.features[:-1])
    with pytest.raises(ModelMismatch, match="29"):
        Classifier(replace(release, manifest=replace(release.manifest, input=spec)))
