"""A Route 53 in memory with three sites, as the drills' tests have it."""

from __future__ import annotations

import pytest

from tests.failover.drill.fake_route53 import FakeRoute53


@pytest.fixture
def fake_route53() -> FakeRoute53:
    return FakeRoute53()
