"""The set of stack files that is measured is in order, and the comparison is that of the sandbox itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.many_sites import Memory, judge, render, stack_files
from sandbox.agreement import agree
from sandbox.stack_files import find
from tests.infra.harness import KEYS
from tests.sandbox.own_set import write

MIB = 2**20


@pytest.mark.parametrize("sites", [3, 9])
def test_the_sets_agree(tmp_path: Path, sites: int) -> None:
    write(tmp_path, stack_files(sites))
    agreed = agree(tmp_path, find(tmp_path, "many"), keys=KEYS)
    assert len(agreed.sites) == len({(site.kind, site.region) for site in agreed.sites.values()}) == sites


@pytest.mark.parametrize(("own", "met"), [(400, True), (401, False)])
def test_services_do_not_count_against_the_sandbox(own: int, met: bool) -> None:
    few, many = Memory(3, 3, 200 * MIB, 300 * MIB), Memory(9, 9, own * MIB, 900 * MIB)
    assert judge(few, many).met is met
    assert f"| 9 | {own} MiB | 900 MiB | {own + 900} MiB |" in render(few, many)
