"""The feedback of all sites as one: what came again, what was corrected, what nobody predicted, what was counted."""

from __future__ import annotations

from typing import Any

import pytest

from failover.metrics.exposition import Source
from outlast.audit.counted import METRIC
from outlast.audit.feedback_merged import count_feedback, describe, merge_feedback
from outlast.audit.merged import merge, verify
from tests.outlast.chains import chain, feedback


def _records(*entries: tuple[str, dict[str, Any]]) -> list[dict[str, Any]]:
    lines = [line for site, entry in entries for line in chain(site, f"{site}-{entry['time']}", 0, more=[entry])]
    return merge(lines).records


def test_the_last_truth_counts_at_whichever_site_it_came_in() -> None:
    records = _records(
        ("gcp", feedback("a", ["benign"], time=30.0)),
        ("aws", feedback("a", ["malignant"], time=20.0)),
        ("aws", feedback("b", ["benign", "benign"], time=21.0, predicted_at=5.0)),
        ("aws", {"kind": "prediction", "request_id": "of a", "time": 10.0}),
    )
    later, earlier = merge_feedback(records)[::-1]
    assert (later.settled.truth, later.settled.corrected, later.sites) == (["benign"], [["malignant"]], ("aws", "gcp"))
    (row,) = later.rows()
    assert row == {
        "label": "benign",
        "predicted": "malignant",
        "corrected": ["malignant"],
        "feedback_id": "a",
        "row": 0,
        "model": "tumour",
        "version": "1",
        "digest": "sha256:d",
        "time": "1970-01-01T00:00:10+00:00",
        "site": "gcp",
        "replica": "gcp-30.0",
        "predicted_by": "azure",
        "given_at": "1970-01-01T00:00:30+00:00",
        "times": 2,
    }
    assert [row["row"] for row in earlier.rows()] == [0, 1]
    assert list(describe([earlier, later], 1)) == [
        "3 feedback records of 2 predictions, 3 rows",
        "1 came more than once, 1 of them at several sites; 1 with another truth",
        "1 audit records were delivered twice, and counted once",
        "1 are of predictions that no store holds: older than what it keeps, or of a site without one",
    ]


def test_the_same_truth_again_corrects_nothing() -> None:
    records = _records(*[("aws", feedback("a", ["benign"], time=time)) for time in (20.0, 30.0)])
    (given,) = merge_feedback(records)
    assert (given.settled.corrected, len(given.records)) == ([], 2)
    assert "0 of them at several sites; 0 with another truth" in list(describe([given], 0))[1]


def test_without_feedback_there_is_none() -> None:
    assert merge_feedback(merge(chain("aws", "task-1")).records) == []
    assert list(describe([], 0)) == ["0 feedback records of 0 predictions, 0 rows"]


@pytest.mark.parametrize(
    ("accepted", "told", "finding"),
    [
        (2, "aws r: 2 accepted by its metrics, 1 in the store; 1 on the way", ""),
        (1, "aws r: 1 accepted by its metrics, 1 in the store", ""),
        (0, "aws r: 0 accepted by its metrics, 1 in the store", "aws r: the store holds 1 feedback, and it accepted 0"),
    ],
)
def test_what_is_held_is_set_beside_what_was_accepted(accepted: int, told: str, finding: str) -> None:
    held = verify(merge(chain("aws", "r", more=[feedback("a", ["benign"], time=2000.0)])))
    text = f'# TYPE {METRIC} gauge\n{METRIC}{{chain="r-1000-00",replica="r"}} 6.0\n# TYPE outlast_requests counter\n'
    for route, status, number in (("/feedback", 202, accepted), ("/feedback", 422, 7), ("/livez", 202, 9)):
        text += f'outlast_requests_total{{route="{route}",status="{status}"}} {number}.0\n'
    (found,) = count_feedback({Source("aws", "r"): text, Source("gcp", "s"): "outlast_well 1.0\n"}, held)
    assert (str(found), found.finding) == (told, finding)
