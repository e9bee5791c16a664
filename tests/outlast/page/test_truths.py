"""Truths that came back, by the site that had answered: counted from twenty on, and held to the release."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from outlast.page.truths import Truths, judge_by
from sandbox.daemon.log_folder import LogFolder
from service.bundle.folder import RELEASED, load_release
from service.server.audit.settled import Settled

MANIFEST = load_release(RELEASED / "tumour").manifest


def _record(number: int, **more: Any) -> str:
    record = {
        "kind": "feedback",
        "feedback_id": f"f-{number}",
        "model": "tumour",
        "truth": ["benign"],
        "predicted": ["benign"],
        "predicted_at": 1_700_000_000.0 + number,
        "time": 1_700_000_100.0 + number,
        "key": "k",
        "predicted_by": "aws",
        "site": "gcp",
        **more,
    }
    return json.dumps(record, separators=(",", ":")) + "\n"


def _count(settled: Sequence[Settled]) -> str:
    return f"judged {len(settled)}"


def test_truths_count_for_the_site_that_answered_and_from_twenty_on_are_judged(tmp_path: Path) -> None:
    log = tmp_path / "gcp-100.log"
    truths = Truths(tmp_path, "tumour", _count)
    assert truths._round() == {}
    half = _record(19)
    lines = [_record(number) for number in range(19)]
    log.write_text("no record\n" + "".join([*lines, _record(0), _record(77, model="digits")]) + half[:40])
    assert truths._round() == {"aws": "19 of 20 truths"}, "one that came twice is one"
    with log.open("a") as writing:
        writing.write(half[40:])
    assert truths._round() == {"aws": "judged 20, 20 truths"}
    log.write_text(_record(50, predicted_by=""))  # begun anew; of a release that did not say who had answered
    assert truths._round() == {"aws": "judged 20, 20 truths", "gcp": "1 of 20 truths"}
    LogFolder(tmp_path, set, file_bytes=10).trim()
    assert truths.states() == truths._round() == {"aws": "judged 20, 20 truths", "gcp": "1 of 20 truths"}


def test_what_came_before_a_cut_counts(tmp_path: Path) -> None:
    truths, log = Truths(tmp_path, "tumour", _count), tmp_path / "aws-100.log"
    log.write_text(_record(0))
    assert truths._round() == {"aws": "1 of 20 truths"}
    with log.open("a") as writing:
        writing.write(_record(1))
    LogFolder(tmp_path, set, file_bytes=10).trim()
    with log.open("a") as writing:
        writing.write("no record\n")
    assert truths._round() == {"aws": "2 of 20 truths"}


def test_truths_of_a_release_with_other_classes_are_held_to_nothing() -> None:
    other = Settled("1", "tumour", ["cat"], ["dog"], 1.0, 2.0, "k")
    assert judge_by(MANIFEST)([other] * 20) == "of other classes"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [(0, "as released"), (30, "worse: accuracy, balanced_accuracy and 10 more")],
)
def test_they_are_held_to_the_release(wrong: int, said: str) -> None:
    def settled(number: int) -> Settled:
        truth, other = ("benign", "malignant") if number % 2 else ("malignant", "benign")
        predicted = other if number < wrong else truth
        at = 1_700_000_000.0 + number
        return Settled(str(number), "tumour", [truth], [predicted], at, at, "k")

    assert judge_by(MANIFEST)([settled(number) for number in range(60)]) == said
