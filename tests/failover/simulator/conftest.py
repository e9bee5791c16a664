"""What the tests of Route 53 that moves share: an authority, and one running instance per module."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from failover.simulator import MovingRoute53
from tests.failover.simulator.site import Authority, make_authority


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return make_authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="session")
def certificate(authority: Authority) -> Path:
    return authority.issue("api.outlast.example", "*.api.outlast.example")


@pytest.fixture(scope="module")
def route53() -> Iterator[MovingRoute53]:
    with MovingRoute53(speed=15, seed=1) as running:
        yield running
