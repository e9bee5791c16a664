"""Route 53 that moves, for tests and for the sandbox: API, health checkers, DNS server.

    from failover.testing import MovingRoute53

    with MovingRoute53(speed=10) as route53:
        client = route53.client()          # boto3
        route53.dns_address                # ("127.0.0.1", 54321): dig @127.0.0.1 -p 54321 …

As a pytest plugin (`pytest -p failover.testing.plugin`): the fixture `moving_route53`.
"""

from failover.testing.checkers import HealthStatus, Observation, Transition
from failover.testing.clock import SPEEDS, Clock
from failover.testing.health import REGIONS
from failover.testing.route53 import MovingRoute53

__all__ = ["REGIONS", "SPEEDS", "Clock", "HealthStatus", "MovingRoute53", "Observation", "Transition"]
