"""A spec's names, and every mistake that no service could mend."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import Any

import pytest

from jobs.spec import TrainingSpec, check, checkpoints_of, digest, job_name, marks, output_of, parse_name
from service.errors import InvalidInput

IMAGE = f"registry.example/outlast@sha256:{'a' * 64}"
SPEC = TrainingSpec(
    image=IMAGE,
    data=("s3://bucket/data/set/", "s3://other/rows.csv"),
    output="s3://bucket/output",
    checkpoints="s3://bucket/checkpoints/",
    arguments=("--seed", "1"),
    cpu=2,
    memory_gib=8,
    max_seconds=3600,
    identity="arn:aws:iam::123456789012:role/outlast-training",
    environment={"A": "1", "B": "2"},
)


def test_a_spec_without_mistakes_passes() -> None:
    check(SPEC, "aws")


def test_the_digest_does_not_depend_on_the_order_of_mappings() -> None:
    turned = replace(SPEC, environment=MappingProxyType({"B": "2", "A": "1"}))
    assert digest(turned) == digest(SPEC)


def test_the_digest_stays_what_it_is() -> None:
    """Jobs that were started by an older version are found by it."""
    assert digest(SPEC) == "d76dba90a25ff610856f5cf744d0c600ac5f58af93b0ee8706c2f9f915464ba5"


@pytest.mark.parametrize(
    "change",
    [
        {"image": IMAGE.replace("a" * 64, "b" * 64)},
        {"data": SPEC.data[::-1]},
        {"arguments": ("--seed", "2")},
        {"environment": {"A": "1"}},
        {"max_seconds": 7200},
        {"spot": True},
        {"cpu": 4},
        {"identity": "another"},
    ],
)
def test_another_job_has_another_name_and_looks_for_fits_in_the_same_folder(change: dict[str, Any]) -> None:
    """Each fit's own name says what it depends on: `service.training.fit_names`."""
    other = replace(SPEC, **change)
    assert job_name(other, 1) != job_name(SPEC, 1)
    assert checkpoints_of(other) == checkpoints_of(SPEC)


def test_attempts_have_names_and_outputs_of_their_own() -> None:
    first, second = job_name(SPEC, 1), job_name(SPEC, 2)
    assert first == f"outlast-{digest(SPEC)[:16]}-1" and second == f"outlast-{digest(SPEC)[:16]}-2"
    assert output_of(SPEC, 2) == f"s3://bucket/output/{second}/"
    assert checkpoints_of(SPEC) == checkpoints_of(replace(SPEC, checkpoints="s3://bucket/checkpoints"))


def test_a_name_says_its_digest_and_attempt() -> None:
    assert parse_name(job_name(SPEC, 12)) == (digest(SPEC)[:16], 12)
    assert [parse_name(name) for name in ("", "outlast-training", "outlast-0123456789abcdef-0", "other")] == [None] * 4


def test_marks_name_the_job_and_fit_into_googles_labels() -> None:
    marked = marks(replace(SPEC, labels={"team": "fraud"}), 3)
    assert marked["outlast-job"] == job_name(replace(SPEC, labels={"team": "fraud"}), 3)
    assert marked["team"] == "fraud" and marked["outlast-attempt"] == "3"
    assert all(len(value) <= 63 and value == value.lower() for value in marked.values())


WRONG = {
    "image": ({"image": "outlast:latest"}, "does not name an image by its digest"),
    "no data": ({"data": ()}, "no address is given"),
    "too much data": ({"data": ("s3://b/k",) * 21}, "21 addresses, at most 20"),
    "a path": ({"data": ("rows.csv",)}, "data 1: rows.csv is no address"),
    "another cloud": ({"data": ("gs://b/k",)}, "gs://b/k is an address of another cloud than aws"),
    "azure's": ({"output": "az://account/container/x"}, "output: az://account/container/x is an address of another"),
    "no checkpoints": ({"checkpoints": ""}, "checkpoints: nothing is no address"),
    "cpu": ({"cpu": 0}, "0 is below 1"),
    "memory": ({"memory_gib": float("nan")}, "nan is not above 0"),
    "no limit of time": ({"max_seconds": 0}, "0 s is no limit of time"),
    "too long": ({"max_seconds": 700_000}, "700000 s is no limit of time"),
    "identity": ({"identity": ""}, "the job has nobody to run as"),
    "argument": ({"arguments": ("x" * 257,)}, "has more than 256 characters"),
    "variable": ({"environment": {"1A": "x"}}, "environment 1A"),
    "label": ({"labels": {"Team": "x"}}, "label Team"),
}


@pytest.mark.parametrize(("change", "said"), WRONG.values(), ids=WRONG)
def test_says_what_is_wrong(change: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        check(replace(SPEC, **change), "aws")
    assert said in str(raised.value)
    assert len(raised.value.mistakes) == 1


def test_says_all_mistakes_at_once() -> None:
    with pytest.raises(InvalidInput) as raised:
        check(replace(SPEC, image="", identity="", cpu=0), "azure")
    # Four addresses of AWS, on Azure, besides.
    assert len(raised.value.mistakes) == 7
