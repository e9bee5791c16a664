"""The security policy of a site on Google Cloud: health checks pass, each address is throttled by itself."""

from __future__ import annotations

from tests.infra.goldens import at_production
from tests.infra.harness import run_stack

POLICY, BACKEND = "gcp:compute/securityPolicy:SecurityPolicy", "gcp:compute/backendService:BackendService"


def test_each_address_is_throttled_behind_the_health_checks_own_rule() -> None:
    run = run_stack("gcp", **at_production(requestsPerMinutePerAddress=300))
    health, throttle, rest = sorted(run.one(POLICY).inputs["rules"], key=lambda rule: rule["priority"])
    assert (health["action"], health["match"]["expr"]) == ("allow", {"expression": "request.path == '/health'"})
    assert throttle["rateLimitOptions"] == {
        "conformAction": "allow",
        "exceedAction": "deny(429)",
        "enforceOnKey": "IP",
        "rateLimitThreshold": {"count": 300, "intervalSec": 60},
    }
    assert (rest["action"], rest["priority"]) == ("allow", 2147483647)
    assert run.one(BACKEND).inputs["securityPolicy"] == "edge-id"


def test_without_a_limit_there_is_no_policy() -> None:
    run = run_stack("gcp", **at_production(requestsPerMinutePerAddress=0))
    assert not run.all(POLICY) and "securityPolicy" not in run.one(BACKEND).inputs
