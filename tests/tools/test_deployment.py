"""The stacks of a set, as a workflow's outputs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from service.errors import InvalidInput
from tests.sandbox.own_set import HOST, own_set, write
from tools.deployment import describe


def test_the_stacks_of_a_set_in_their_order(tmp_path: Path) -> None:
    write(tmp_path, own_set())
    found = describe(tmp_path, "prod")
    assert (found["zone"], found["traffic"], found["host"], found["bases"]) == ("prod-zone", "prod-traffic", HOST, "[]")
    assert json.loads(found["sites"]) == ["prod-aws", "prod-azure", "prod-gcp"]
    assert json.loads(found["every"]) == ["prod-zone", *json.loads(found["sites"]), "prod-traffic"]


def test_the_peak_that_a_drill_has_to_know_is_that_of_traffic(tmp_path: Path) -> None:
    files = own_set()
    files["prod-traffic"]["outlast:peakRps"] = 80.5
    write(tmp_path, files)
    assert describe(tmp_path, "prod")["peak"] == "80.5"
    del files["prod-traffic"]["outlast:peakRps"]
    write(tmp_path, files)
    assert describe(tmp_path, "prod")["peak"] == ""


def test_files_that_are_no_set_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput):
        describe(tmp_path, "prod")
