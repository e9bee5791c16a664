"""Where drain switches are, read from stack files alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from outlast.switches import find_switches
from service.errors import InvalidInput
from tests.infra.harness import BASES, SWITCHES
from tests.sandbox.own_set import HOST, own_set, write


def project(root: Path, **traffic: Any) -> Path:
    files = own_set(sites={"aws": "aws", "azure": "azure", "gcp": "gcp"}) | BASES
    files["prod-traffic"] |= {f"outlast:{key}": value for key, value in traffic.items()}
    write(root, files)
    return root / "stacks"


def test_a_switch_is_where_its_base_stacks_file_says(tmp_path: Path) -> None:
    switches = {f"prod-{site}": base for site, base in SWITCHES.items()}
    found = find_switches(HOST, project(tmp_path, drainSwitches=switches))
    assert found is not None
    assert found.sites == ("prod-aws", "prod-azure", "prod-gcp")
    assert found.switches["prod-aws"] == "https://outlastswitches.blob.core.windows.net/flags/prod-aws.drain"
    assert found.switches["prod-azure"].startswith("https://storage.googleapis.com/outlast-switches/flags/")


def test_a_host_is_found_however_it_is_written(tmp_path: Path) -> None:
    found = find_switches(f"{HOST.upper()}.", project(tmp_path, drainSwitches={"prod-aws": SWITCHES["aws"]}))
    assert found is not None
    assert found.host == HOST


def test_what_is_wrong_in_the_files_of_another_host_is_passed_over(tmp_path: Path) -> None:
    stacks = project(tmp_path, drainSwitches={"prod-aws": SWITCHES["aws"]})
    unfinished = {"outlast:kind": "traffic", "outlast:drainSwitches": {"aws": "nothing"}}
    write(tmp_path, {"dev-traffic": unfinished, "lab-traffic": {**unfinished, "outlast:zone": "lab-zone"}})
    assert find_switches(HOST, stacks) is not None


def test_a_host_without_switches_has_none(tmp_path: Path) -> None:
    stacks = project(tmp_path)
    assert find_switches(HOST, stacks) is None
    assert find_switches("api.other.example", stacks) is None


def test_a_switch_in_a_stack_that_is_no_base_is_named(tmp_path: Path) -> None:
    stacks = project(tmp_path, drainSwitches={"prod-aws": "prod-zone"})
    with pytest.raises(InvalidInput) as caught:
        find_switches(HOST, stacks)
    assert "drainSwitches.prod-aws: prod-zone is a stack of the kind zone" in str(caught.value)
