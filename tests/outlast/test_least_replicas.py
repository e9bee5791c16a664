"""The replicas that always run: the file's word, else the size's, and a mistake is one for every command."""

from __future__ import annotations

import pytest

from outlast.least_replicas import count_least
from service.errors import InvalidInput


@pytest.mark.parametrize(
    ("said", "least"),
    [
        ({}, 1),
        ({"outlast:size": "production"}, 2),
        ({"outlast:size": "production", "outlast:minReplicas": "3"}, 3),
    ],
)
def test_the_file_goes_before_its_size(said: dict[str, str], least: int) -> None:
    assert count_least("prod-aws", {"outlast:kind": "aws", **said}) == least


@pytest.mark.parametrize("said", [{"outlast:kind": "zone"}, {"outlast:kind": "aws", "outlast:minReplicas": "none"}])
def test_a_mistake_in_the_file_is_said(said: dict[str, str]) -> None:
    with pytest.raises(InvalidInput):
        count_least("prod-aws", said)
