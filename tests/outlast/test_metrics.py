"""Which sites and how many replicas the stack files declare."""

from __future__ import annotations

from infra.models import ROOT
from outlast.metrics import _least, read_declared


def test_the_committed_sites_are_declared_with_their_least_replicas() -> None:
    assert read_declared(None, ROOT) == {"aws": 2, "azure": 2, "gcp": 2}


def test_a_file_that_does_not_say_it_has_its_sizes_default() -> None:
    assert _least("site", {"outlast:kind": "aws"}) == 1
    assert _least("site", {"outlast:kind": "gcp", "outlast:size": "production"}) == 2
    assert _least("site", {"outlast:kind": "gcp", "outlast:minReplicas": "4"}) == 4


def test_a_machine_of_ones_own_does_not_say_how_many_serve() -> None:
    assert _least("site", {"outlast:kind": "private", "outlast:size": "production"}) is None
