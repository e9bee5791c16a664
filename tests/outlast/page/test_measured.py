"""Counters of replicas between two looks: rates, times, drift; and a text that is no replica's."""

from __future__ import annotations

import pytest

from outlast.page.measured import Counted, Measured, measure, quantile, read
from service.errors import InvalidInput

TEXT = """
outlast_requests_total{replica="a",route="/v2/models/{name}/infer",status="200"} 90.0
outlast_requests_total{replica="a",route="/predict/{name}",status="503"} 10.0
outlast_requests_total{replica="a",route="/health",status="200"} 5000.0
outlast_request_seconds_bucket{le="0.01",replica="a",route="/predict/{name}",status="503"} 4.0
outlast_request_seconds_bucket{le="0.01",replica="a",route="/v2/models/{name}/infer",status="200"} 80.0
outlast_request_seconds_bucket{le="+Inf",replica="a",route="/v2/models/{name}/infer",status="200"} 90.0
outlast_model_info{digest="sha256:1",model="tumour",replica="a",version="3"} 1.0
outlast_drift{feature="radius",model="tumour",replica="a",score="psi"} 3.9
outlast_drift{feature="(label)",model="tumour",replica="a",score="psi"} 0.12
process_cpu_seconds_total{replica="a"} 2.5
process_resident_memory_bytes{replica="a"} 9e+07
"""


def test_only_predictions_count_and_the_labels_drift() -> None:
    buckets = {0.01: 84.0, float("inf"): 90.0}
    assert read(TEXT, 7.0) == Counted(7.0, "a", 100.0, 10.0, 2.5, 9e7, 0.12, buckets, "sha256:1", "3")


@pytest.mark.parametrize(
    "text", ["", "<html>", 'outlast_model_info{model="x"} 1\n', 'process_cpu_seconds_total{a="1\n']
)
def test_another_text_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="not the metrics of a replica"):
        read(text, 0.0)


def test_a_site_is_the_sum_of_its_replicas_between_two_looks() -> None:
    first = Counted(0.0, "a", 100, 0, 1.0, 8e7, None, {0.01: 10, 0.1: 10, float("inf"): 10})
    then = Counted(10.0, "a", 150, 5, 1.5, 9e7, 0.05, {0.01: 10, 0.1: 60, float("inf"): 60}, "sha256:1", "3")
    other = Counted(8.0, "b", 40, 0, 0.5, 7e7, 0.3)
    assert measure([(first, then)]) == Measured(1, 5.0, 0.5, 55.0, 95.5, 5.0, 90.0, 0.05, "sha256:1", "3")
    both = measure([(first, then), (other, other)])
    assert (both.replicas, both.per_second, both.memory_mb, both.drift) == (2, 10.0, 80.0, 0.3)
    assert measure([]) == measure([]) == Measured()


def test_a_replica_that_began_anew_counts_from_nothing() -> None:
    before, after = Counted(0.0, "a", 1000, 10, 60.0), Counted(10.0, "a", 20, 0, 1.0)
    found = measure([(before, after)])
    assert (found.per_second, found.failed_per_second, found.cpu_percent) == (2.0, 0.0, 10.0)


@pytest.mark.parametrize(
    ("buckets", "share", "found"),
    [
        ({}, 0.5, None),
        ({0.1: 0.0, float("inf"): 0.0}, 0.5, None),
        ({0.1: 10, float("inf"): 10}, 0.5, 50.0),
        ({0.1: 0, 0.2: 10, float("inf"): 10}, 0.5, 150.0),
        ({0.1: 1, float("inf"): 10}, 0.95, 100.0),
    ],
)
def test_quantile(buckets: dict[float, float], share: float, found: float | None) -> None:
    assert quantile(buckets, share) == found


@pytest.mark.parametrize(
    ("drift", "state"),
    [
        (None, "too few rows yet"),
        (0.05, "stable, PSI 0.05"),
        (0.1, "moving, PSI 0.10"),
        (0.25, "drifted, PSI 0.25"),
    ],
)
def test_drift_in_a_word(drift: float | None, state: str) -> None:
    assert Measured(drift=drift).drift_state == state
