"""What replicas wrote by their metrics, beside what their stores hold."""

from __future__ import annotations

from failover.metrics.exposition import Source
from outlast.audit.counted import METRIC, count
from outlast.audit.merged import merge, verify
from tests.outlast.chains import chain


def metrics(replica: str, written: float) -> str:
    """As a server renders them."""
    labels = f'chain="{replica}-1000-00",replica="{replica}"'
    return f"# TYPE {METRIC} gauge\n{METRIC}{{{labels}}} {written}\noutlast_well 1.0\n"


def test_what_is_not_in_the_store_yet_is_on_its_way_and_what_is_more_was_forged() -> None:
    held = verify(merge(chain("aws", "task-1") + chain("azure", "app-9") + chain("gcp", "ended")))
    texts = {
        Source("aws", "task-1"): metrics("task-1", 5.0),
        Source("azure", "app-9"): metrics("app-9", 4.0),
        Source("gcp", "run-2"): metrics("run-2", 3.0),
    }
    found = count(texts, held)
    assert [str(one) for one in found] == [
        "aws task-1: 5 written by its metrics, 5 in the store",
        "azure app-9: 4 written by its metrics, 5 in the store",
        "gcp run-2: 3 written by its metrics, 0 in the store; 3 on the way",
    ]
    assert [one.finding for one in found if one.finding] == [
        "azure app-9: app-9-1000-00: the store holds 5 records, and its replica wrote 4"
    ]


def test_a_server_without_an_audit_log_counts_nothing() -> None:
    assert count({Source("aws", "task-1"): "outlast_well 1.0\n"}, []) == []
