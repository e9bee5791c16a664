"""A pytest plugin: `pytest -p failover.testing.plugin`, or list it as `pytest_plugins` in conftest.py.

def test_traffic_leaves(moving_route53):
    client = moving_route53.client()
    …
    moving_route53.wait_until(lambda: not moving_route53.status(check_id).healthy, timeout_seconds=60)
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from failover.simulator.route53 import MovingRoute53

DEFAULT_SPEED = 10


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds `--route53-speed`."""
    parser.addoption(
        "--route53-speed",
        type=int,
        default=DEFAULT_SPEED,
        help="how many times real time the clock of the fixture moving_route53 runs at (1, 2, 3, 5, 10 or 15)",
    )


@pytest.fixture
def moving_route53(request: pytest.FixtureRequest) -> Iterator[MovingRoute53]:
    """An empty Route 53 of its own for each test; also the target of boto3 clients that the test makes itself."""
    patch = pytest.MonkeyPatch()
    with MovingRoute53(speed=request.config.getoption("--route53-speed")) as route53:
        patch.setenv("AWS_ENDPOINT_URL_ROUTE_53", route53.endpoint_url)
        for name, value in (
            ("AWS_ACCESS_KEY_ID", "testing"),
            ("AWS_SECRET_ACCESS_KEY", "testing"),
            ("AWS_DEFAULT_REGION", "us-east-1"),
        ):
            patch.setenv(name, value)
        yield route53
    patch.undo()
