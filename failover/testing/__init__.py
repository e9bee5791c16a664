"""The simulated Route 53 for tests: a pytest plugin over `failover.simulator`, whose names it offers too.

pytest -p failover.testing             # the fixture `moving_route53`

from failover.testing import MovingRoute53
"""

from failover.simulator import REGIONS, SPEEDS, HealthStatus, MovingRoute53, Observation, ScaledClock, Transition
from failover.testing.plugin import moving_route53, pytest_addoption

__all__ = [
    "REGIONS",
    "SPEEDS",
    "HealthStatus",
    "MovingRoute53",
    "Observation",
    "ScaledClock",
    "Transition",
    "moving_route53",
    "pytest_addoption",
]
