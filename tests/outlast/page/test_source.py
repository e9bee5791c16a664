"""Where the page's data is from; with a sandbox that runs it is held by tests/end_to_end/test_page.py."""

from __future__ import annotations

from pathlib import Path

import pytest

from outlast.page.source import LOST, Sandbox
from sandbox.layout import Layout
from sandbox.network.faults import parse_fault
from service.errors import Unavailable


def test_without_a_sandbox_it_says_what_to_type(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="no sandbox") as raised:
        Sandbox(Layout(tmp_path, tmp_path / ".sandbox"))
    assert raised.value.hint == "make up"


def test_a_cloud_is_lost_by_a_fault_that_there_is() -> None:
    assert parse_fault("aws", LOST, 86_400.0, 0.0, ["aws"]).kind == LOST
