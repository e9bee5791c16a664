"""Fixtures of the drill's tests: golden rows, and a Route 53 in moto with three sites."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import pytest
from moto import mock_aws

from service.bundle.folder import load_golden
from service.bundle.golden import Golden
from tests.failover.drill.fake_route53 import FakeRoute53
from tests.failover.drill.fakes import FakeClock, Stage
from tests.failover.drill.three_sites import provision, write_release

if TYPE_CHECKING:
    from mypy_boto3_route53 import Route53Client


@pytest.fixture
def golden(tmp_path: Path) -> Golden:
    return load_golden(write_release(tmp_path))


@pytest.fixture(scope="session")
def moto_client() -> Route53Client:
    """Made once, because making one reads the whole service model."""
    return boto3.client("route53", region_name="us-east-1")


@pytest.fixture
def route53(moto_client: Route53Client) -> Iterator[Route53Client]:
    """Route 53 in moto, empty at first."""
    with mock_aws():
        yield moto_client


@pytest.fixture
def check_ids(route53: Route53Client) -> dict[str, str]:
    return provision(route53)


@pytest.fixture
def fake_route53() -> FakeRoute53:
    return FakeRoute53()


@pytest.fixture
def stage(fake_route53: FakeRoute53, golden: Golden, tmp_path: Path) -> Stage:
    return Stage(fake_route53, FakeClock(), golden, tmp_path / "drills")
