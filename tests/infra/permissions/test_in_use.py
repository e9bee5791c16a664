"""The table of types is the inventories' own: nothing is registered that nobody has permission for."""

from __future__ import annotations

import json

import pytest

from infra.permissions import aws_table, azure, gcp
from infra.permissions.in_use import BY_CHOICE, IN_USE, NO_PERMISSION, RECORD, types_of
from tests.infra.goldens import PRODUCTION, golden_file
from tests.infra.harness import STACKS, TRAINING


@pytest.mark.parametrize("stack", [*STACKS, *TRAINING])
def test_every_type_of_an_inventory_is_in_use(stack: str) -> None:
    inventories = [stack, *(name for name, site in PRODUCTION.items() if site == stack)]
    found = [json.loads(golden_file(name).read_text()) for name in inventories]
    types = {resource["type"] for one in found for resource in one["resources"]} - set(NO_PERMISSION)
    in_use = {*IN_USE[stack], *BY_CHOICE.get(stack, ())}
    # What a committed file does not choose is registered by the tests of its own module.
    assert types and {*IN_USE[stack]} <= types <= in_use, (
        "add the type to infra/permissions/in_use.py, and a row to its cloud"
    )


def test_every_type_in_use_has_a_row_in_its_clouds_table() -> None:
    tables = {cloud: {*table, RECORD} for cloud, table in (("azure", azure.ACTIONS), ("gcp", gcp.PERMISSIONS))}
    for kind in IN_USE:
        assert set(types_of(kind)) - set(tables.get(kind.rpartition("-")[2], aws_table.GRANTS)) == set(), kind


def test_every_row_reaches_somebodys_role() -> None:
    rows = {*azure.ACTIONS, *gcp.PERMISSIONS, *aws_table.GRANTS}
    assert rows - {type_ for kind in IN_USE for type_ in types_of(kind)} == set(), (
        "a type that no kind of stack may register is in no deployer's role"
    )
