"""Servers that several tests share."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests.service.server.harness import RELEASED, Server, running


@pytest.fixture(scope="session")
def open_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that asks for no key."""
    with running(tmp_path_factory.mktemp("open"), OUTLAST_AUTH="off") as server:
        yield server


@pytest.fixture(scope="session")
def golden() -> list[Mapping[str, Any]]:
    """The released golden rows of the tumour model."""
    rows: list[Mapping[str, Any]] = json.loads((RELEASED / "tumour" / "golden.json").read_text())["rows"]
    return rows
