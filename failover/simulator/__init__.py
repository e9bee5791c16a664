"""Route 53 that moves, for the sandbox and for tests: API, health checkers, DNS server.

    from failover.simulator import MovingRoute53

    with MovingRoute53(speed=10) as route53:
        client = route53.client()          # boto3
        route53.dns_address                # ("127.0.0.1", 54321): dig @127.0.0.1 -p 54321 …

`failover.testing` offers the same to pytest, with the fixture `moving_route53`.
"""

from failover.routing.predict import CHECKER_REGIONS as REGIONS
from failover.simulator.checkers import HealthStatus, Observation, Transition
from failover.simulator.clock import SPEEDS, ScaledClock
from failover.simulator.route53 import MovingRoute53

__all__ = ["REGIONS", "SPEEDS", "HealthStatus", "MovingRoute53", "Observation", "ScaledClock", "Transition"]
