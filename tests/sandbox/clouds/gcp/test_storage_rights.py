"""What members of a bucket, and their conditions, let a service account do."""

from __future__ import annotations

import pytest

from sandbox.clouds.gcp.storage_rights import may_read, may_write
from tests.sandbox.clouds.gcp.vertex import BUCKET, WRITES, Vertex


def test_reads_everywhere_and_writes_where_the_condition_says(vertex: Vertex) -> None:
    world, account = vertex.clouds.world, vertex.account
    assert may_read(world, account, BUCKET, "data/x") and may_read(world, account, BUCKET, "output/x")
    assert may_write(world, account, BUCKET, "output/x") and may_write(world, account, BUCKET, "checkpoints/x")
    assert not may_write(world, account, BUCKET, "data/x") and not may_write(world, account, BUCKET, "outputs")


def test_nobody_else_and_no_other_bucket(vertex: Vertex) -> None:
    world = vertex.clouds.world
    assert not may_read(world, "another@x", BUCKET, "data/x")
    assert not may_read(world, vertex.account, "another", "data/x")


@pytest.mark.parametrize("expression", ["", "request.time < x", f"{WRITES} && true", f"{WRITES} || false"])
def test_a_condition_that_is_not_read_lets_nobody_in(vertex: Vertex, expression: str) -> None:
    vertex.forget(vertex.writes)
    vertex.let("roles/storage.objectAdmin", "again", condition={"title": "x", "expression": expression})
    assert not may_write(vertex.clouds.world, vertex.account, BUCKET, "output/x")
