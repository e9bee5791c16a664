"""The last truth of a receipt counts, wherever and in whatever order its records are read."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from service.server.audit.settled import settle


def _line(time: float, truth: list[str], receipt: str = "a", **more: Any) -> bytes:
    record = {
        "kind": "feedback", "feedback_id": receipt, "model": "tumour", "truth": truth, "time": time, "key": "web",
        "predicted": ["benign", "benign"], "predicted_at": 1.0, **more,
    }  # fmt: skip
    return json.dumps(record).encode() + b"\n"


def test_the_last_truth_counts_and_those_before_it_stay_visible() -> None:
    lines = [
        _line(3, ["malignant", "benign"]),
        _line(2, ["benign", "benign"]),
        _line(2, ["benign"] * 2, "b"),
        b"{",
        b"1",
    ]
    first, second = sorted(settle(lines), key=lambda settled: settled.feedback_id)
    assert (first.truth, first.corrected) == (["malignant", "benign"], [["benign", "benign"]])
    assert (second.truth, second.corrected) == (["benign", "benign"], [])
    assert next(iter(first.rows())) == {
        "label": "malignant", "predicted": "benign", "time": "1970-01-01T00:00:01+00:00", "feedback_id": "a",
        "model": "tumour", "row": 0, "corrected": ["benign"],
    }  # fmt: skip


def test_the_same_truth_twice_corrects_nothing() -> None:
    assert settle([_line(1, ["benign"]), _line(2, ["benign"])])[0].corrected == []


@given(st.permutations([_line(float(n), [str(n)]) for n in range(5)]))
def test_the_order_of_the_lines_says_nothing(lines: list[bytes]) -> None:
    (settled,) = settle(lines)
    assert (settled.truth, settled.corrected) == (["4"], [["0"], ["1"], ["2"], ["3"]])
