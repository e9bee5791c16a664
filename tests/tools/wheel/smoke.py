"""The wheel's smoke test, run by `python -I` in an environment that has nothing else: it must not need this tree."""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
import subprocess
import sys
from pathlib import Path

import failover
from failover.client import Endpoint, NoAddress, Reach
from failover.recovery.kinds import KINDS
from failover.simulator import MovingRoute53

# What only an extra brings, which this environment was made without.
OPTIONAL = {"chaoslib", "azure", "google", "acme", "josepy", "OpenSSL"}
TEST = """
def test_a_zone_is_made(moving_route53):
    made = moving_route53.client().create_hosted_zone(Name="example.com.", CallerReference="1")
    assert made["HostedZone"]["Name"] == "example.com."
"""


def import_everything() -> int:
    """How many modules there are. Each must import; one may lack an extra that is not here."""
    count = 0
    for module in pkgutil.walk_packages(failover.__path__, "failover."):
        if module.name.endswith("__main__"):
            continue
        try:
            importlib.import_module(module.name)
        except ModuleNotFoundError as missing:
            assert (missing.name or "").split(".")[0] in OPTIONAL, missing
        count += 1
    return count


def expect_no_address(nameserver: str, port: int) -> None:
    """The client's words for a host that DNS does not know."""
    with Endpoint("api.example.com", reach=Reach(nameserver=nameserver, dns_port=port)) as endpoint:
        try:
            endpoint.predict({"a": 1}, deadline_seconds=1)
        except NoAddress as refused:
            assert "api.example.com" in str(refused), refused
        else:
            raise AssertionError("an answer from nowhere")


def main() -> None:
    """Raises AssertionError, or whatever broke."""
    assert importlib.util.find_spec("service") is None, "a top-level `service` came along"
    assert import_everything() > 100
    assert KINDS
    with MovingRoute53(speed=10) as route53:
        assert route53.client().list_hosted_zones()["HostedZones"] == []
        expect_no_address(*route53.dns_address)
    command = Path(sys.executable).with_name("outlast-failover")
    told = subprocess.run([command, "drill", "--help"], capture_output=True, text=True, check=True).stdout
    assert "restore" in told, told
    test = Path(sys.prefix) / "test_smoke.py"
    test.write_text(TEST)
    subprocess.run([sys.executable, "-m", "pytest", "-q", "-p", "failover.testing", test], check=True)


if __name__ == "__main__":
    main()
