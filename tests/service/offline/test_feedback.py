"""Feedback is read whole or refused, each wrong line by its number."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from service.bundle.classifier import Classifier
from service.bundle.folder import RELEASED
from service.errors import InvalidInput
from service.offline.feedback import read_feedback


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    return Classifier.load(RELEASED / "tumour")


def test_labels_are_decided_by_the_released_threshold(classifier: Classifier, tmp_path: Path) -> None:
    ((label, threshold),) = classifier.manifest.thresholds.items()
    near = [{"label": label, "probabilities": [1 - p, p]} for p in (threshold - 0.001, threshold + 0.001)] * 10
    path = tmp_path / "f.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in near))
    assert read_feedback(path, classifier.manifest).predicted.tolist() == [0, 1] * 10


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("{", "is not JSON"),
        ('{"predicted": "benign"}', "has no label"),
        ('{"label": "unsure", "predicted": "benign"}', "'unsure' is not one of the classes benign, malignant"),
        ('{"label": "benign"}', "has no predicted"),
        ('{"label": "benign", "probabilities": [0.5]}', "must be 2 numbers"),
        ('{"label": "benign", "probabilities": [2, -1]}', "from 0 to 1"),
        ('{"label": "benign", "predicted": "benign", "features": [1]}', "must be 30 values"),
        ('{"label": "benign", "predicted": "benign", "time": "soon"}', "soon"),
        ("[]", "line 3"),
        ('{"label": "", "predicted": "benign"}', "label is empty"),
        ('{"label": null, "predicted": "benign"}', "label is empty"),
        ('{"label": "benign", "predicted": ""}', "predicted is empty"),
        ('{"label": "benign", "predicted": "benign", "time": ""}', "time is empty"),
        (
            '{"label": "benign", "predicted": "benign", "features": [], "probabilities": {}}',
            "probabilities and features",
        ),
        (
            f'{{"label": "benign", "predicted": "benign", "features": {["", *[1.0] * 29]}}}'.replace("'", '"'),
            "mean_radius",
        ),
    ],
)
def test_a_line_that_is_no_feedback_is_named(classifier: Classifier, tmp_path: Path, line: str, words: str) -> None:
    path = tmp_path / "f.jsonl"
    good = '{"label": "benign", "predicted": "benign"}\n'
    path.write_text(good * 2 + line + "\n" + good * 30)
    with pytest.raises(InvalidInput) as caught:
        read_feedback(path, classifier.manifest)
    assert "line 3" in str(caught.value)
    assert words in str(caught.value)


def test_too_little_feedback_says_nothing(classifier: Classifier, tmp_path: Path) -> None:
    path = tmp_path / "f.jsonl"
    path.write_text('{"label": "benign", "predicted": "benign"}\n' * 5)
    with pytest.raises(InvalidInput, match="fewer than 20"):
        read_feedback(path, classifier.manifest)
    with pytest.raises(InvalidInput, match="there is no file"):
        read_feedback(tmp_path / "none", classifier.manifest)


def test_a_probability_at_the_threshold_is_decided_as_the_endpoint_decided_it(
    classifier: Classifier, tmp_path: Path
) -> None:
    """The endpoint writes float32: the shortest text that reads back to it may lie below the threshold in float64."""
    ((label, threshold),) = classifier.manifest.thresholds.items()
    served = np.array([[1 - threshold, threshold], [1, np.nextafter(np.float32(threshold), np.float32(0))]], np.float32)
    lines = [{"label": label, "probabilities": [float(str(p)) for p in row]} for row in served] * 10
    path = tmp_path / "f.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert (
        read_feedback(path, classifier.manifest).predicted.tolist()
        == classifier.decide(served).tolist() * 10
        == [1, 0] * 10
    )


def test_predictions_without_any_label_are_read_and_have_none(classifier: Classifier, tmp_path: Path) -> None:
    path = tmp_path / "f.jsonl"
    path.write_text('{"predicted": "benign"}\n' * 30)
    feedback = read_feedback(path, classifier.manifest)
    assert (feedback.truth, feedback.rows) == (None, 30)
