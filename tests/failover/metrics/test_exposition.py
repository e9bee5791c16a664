"""Texts of several replicas become one: nothing is lost, nothing is added up, every series says whose it is."""

from __future__ import annotations

import pytest
from prometheus_client.parser import text_string_to_metric_families

from failover.metrics.exposition import Coverage, Source, find_replica, merge
from service.errors import InvalidInput


def text(replica: str, count: int) -> str:
    return (
        "# HELP outlast_requests_total Answered requests.\n# TYPE outlast_requests_total counter\n"
        f'outlast_requests_total{{replica="{replica}",route="/predict",status="200"}} {count}\n'
        "# HELP outlast_request_seconds Time.\n# TYPE outlast_request_seconds histogram\n"
        f'outlast_request_seconds_bucket{{le="0.1",replica="{replica}"}} {count}\n'
        f'outlast_request_seconds_bucket{{le="+Inf",replica="{replica}"}} {count}\n'
        f'outlast_request_seconds_count{{replica="{replica}"}} {count}\n'
        f'outlast_request_seconds_sum{{replica="{replica}"}} 1.5\n'
    )


TEXTS = {Source("gcp", "g1"): text("g1", 5), Source("aws", "a1"): text("a1", 3), Source("aws", "a2"): text("a2", 4)}
SEEN = [Coverage("aws", ("a1", "a2"), 2), Coverage("gcp", ("g1",), 2, "answers 503")]


def samples(merged: str) -> dict[tuple[str, ...], float]:
    found = {}
    for family in text_string_to_metric_families(merged):
        for sample in family.samples:
            found[(sample.name, sample.labels.get("site", ""), sample.labels.get("replica", ""))] = sample.value
    return found


def test_every_series_is_there_with_site_and_replica() -> None:
    found = samples(merge(TEXTS, SEEN))
    assert found["outlast_requests_total", "aws", "a1"] == 3
    assert found["outlast_requests_total", "aws", "a2"] == 4
    assert found["outlast_requests_total", "gcp", "g1"] == 5
    assert found["outlast_request_seconds_sum", "gcp", "g1"] == 1.5


def test_each_family_is_declared_once() -> None:
    merged = merge(TEXTS, SEEN)
    assert merged.count("# TYPE outlast_requests_total counter") == 1
    assert merged.count("# TYPE outlast_request_seconds histogram") == 1
    assert merged.count('le="0.1"') == 3


def test_what_was_seen_is_said_to_people_and_to_prometheus() -> None:
    merged = merge(TEXTS, SEEN)
    assert merged.splitlines()[:2] == [
        "# coverage: aws: 2 of 2 replicas seen",
        "# coverage: gcp: 1 of 2 replicas seen (answers 503)",
    ]
    found = samples(merged)
    assert found["outlast_replicas_seen", "gcp", ""] == 1
    assert found["outlast_replicas_declared", "gcp", ""] == 2


def test_without_a_declared_number_there_is_none() -> None:
    merged = merge({}, [Coverage("aws", (), None)])
    assert "0 of an unknown number of replicas seen" in merged
    assert ("outlast_replicas_declared", "aws", "") not in samples(merged)


@pytest.mark.parametrize(
    ("seen", "declared", "whole"),
    [(("a", "b"), 2, True), (("a",), 2, False), (("a", "b", "c"), 2, True), (("a",), None, True), ((), None, False)],
)
def test_a_site_is_whole_with_as_many_replicas_as_declared(
    seen: tuple[str, ...], declared: int | None, whole: bool
) -> None:
    assert Coverage("aws", seen, declared).is_whole is whole


def test_a_text_says_whose_it_is() -> None:
    assert find_replica(text("a1", 1)) == "a1"


@pytest.mark.parametrize("wrong", ["", "<html>", "outlast_well 1\n", "a{ 1"])
def test_what_names_no_replica_is_refused(wrong: str) -> None:
    with pytest.raises(InvalidInput, match="not the metrics of a replica"):
        find_replica(wrong)
