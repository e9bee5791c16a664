"""The stack `base`: one cloud's store, exported once it can be read."""

from __future__ import annotations

import pytest

from tests.infra.harness import BASES, run_stack, stores


@pytest.mark.parametrize("stack", sorted(BASES))
def test_the_store_is_exported_as_traffic_reads_it(stack: str) -> None:
    run = run_stack(stack)
    assert run.outputs["store"] == stores()[stack]["store"]
    assert not run.problems


@pytest.mark.parametrize("stack", sorted(BASES))
def test_a_store_that_is_protected_cannot_be_deleted_by_accident(stack: str) -> None:
    kept = [r for r in run_stack(stack, protect=True).resources if r.options.get("protect")]
    assert kept
    assert not any(r.inputs.get("forceDestroy") for r in kept)
    assert not [r for r in run_stack(stack).resources if r.options.get("protect")]
