"""What the load balancers do before a request reaches the service: how often one address may ask, and what it is told.

Pure. Health checks are left out of the count by their path, and by nothing else: the checkers' addresses change, and a
name that they send can be sent by anybody. The path gives an answer about health and no prediction, so who uses the
exception gains nothing (docs/decisions/0014).
"""

from __future__ import annotations

from collections.abc import Mapping

from infra.settings.profiles import Profile
from infra.settings.reader import NAMESPACE, Reader

SETTING = "requestsPerMinutePerAddress"
LEAST, MOST = 10, 1_000_000
"""WAFv2's RateBasedStatement.Limit begins at 10; a threshold of Cloud Armor ends at 1,000,000."""

MINUTE_SECONDS = 60
RETRY_SECONDS = 10
"""What a refused caller is told to wait: WAF looks at the rates about every ten seconds (WAFv2 API,
RateBasedStatement.EvaluationWindowSec)."""

HSTS = "max-age=31536000; includeSubDomains"
"""As the service sends it with each of its own answers."""

VARIABLE = "OUTLAST_REQUESTS_PER_MINUTE_PER_ADDRESS"
HOPS = "OUTLAST_FORWARDED_HOPS"


def read_limit(reader: Reader, profile: Profile, environment: Mapping[str, str]) -> int:
    """How often one address may ask in a minute; 0 where nothing limits it."""
    limit = reader.integer(SETTING, 0, MOST, profile.integer(SETTING))
    if 0 < limit < LEAST:
        reader.wrong(
            SETTING, f"is {limit}, and WAF counts from {LEAST} on", f"write at least {LEAST}, or 0 for no limit"
        )
    for name in (VARIABLE, HOPS):
        if limit and name in environment:
            what = f"is set by outlast:{SETTING} where the cloud has no rule of its own"
            reader.wrong(f"environment.{name}", what, f"leave it out, or write {NAMESPACE}:{SETTING}: 0")
    return limit
