"""Pure: which settings of a health check Route 53 refuses, and its defaults; moto accepts everything and has others."""

from __future__ import annotations

import functools
import ipaddress
from collections.abc import Collection, Mapping
from typing import Any

import botocore.session

from failover.routing.predict import CHECKER_REGIONS
from failover.simulator.record_rules import constraint
from failover.simulator.wire import ApiError

TYPES = ("HTTP", "HTTPS", "HTTP_STR_MATCH", "HTTPS_STR_MATCH", "TCP", "CALCULATED", "CLOUDWATCH_METRIC")
NO_ROUTING_CONTROL = (
    "RECOVERY_CONTROL health checks are not simulated: there is no Application Recovery Controller here whose routing "
    "control could be ON or OFF."
)
INSUFFICIENT_DATA = ("Healthy", "Unhealthy", "LastKnownStatus")


def complete_health_check(config: Mapping[str, Any], checks: Collection[str]) -> dict[str, Any]:
    """A HealthCheckConfig with the defaults of the real API, where moto has others (443 and SNI for HTTPS).

    Raises:
        ApiError: InvalidInput for what the real API refuses, or for a type that is not simulated.
    """
    done = dict(config)
    kind = done.get("Type", "")
    if kind == "RECOVERY_CONTROL":
        raise ApiError("InvalidInput", NO_ROUTING_CONTROL)
    if kind not in TYPES:
        allowed = ", ".join((*TYPES, "RECOVERY_CONTROL"))
        raise constraint("type", kind, f"Member must satisfy enum value set: [{allowed}]")
    if kind == "CALCULATED":
        done.setdefault("HealthThreshold", 0)
    elif kind == "CLOUDWATCH_METRIC":
        done.setdefault("InsufficientDataHealthStatus", "LastKnownStatus")
    else:
        done.setdefault("RequestInterval", 30)
        done.setdefault("FailureThreshold", 3)
        if kind != "TCP":
            done.setdefault("Port", 443 if kind.startswith("HTTPS") else 80)
        if kind.startswith("HTTPS"):
            done.setdefault("EnableSNI", True)
    check_health_check(done, checks)
    return done


def check_health_check(config: Mapping[str, Any], checks: Collection[str]) -> None:
    """Raise ApiError for settings that Route 53 refuses; `config` is complete."""
    if config["Type"] == "CALCULATED":
        problems = _calculated_problems(config, checks)
    elif config["Type"] == "CLOUDWATCH_METRIC":
        problems = _alarm_problems(config)
    else:
        problems = _endpoint_problems(config)
    if problems:
        raise ApiError("InvalidInput", "; ".join(problems))


def _calculated_problems(config: Mapping[str, Any], checks: Collection[str]) -> list[str]:
    children = config.get("ChildHealthChecks") or []
    problems = [f"The child health check {child} does not exist." for child in children if child not in checks]
    if not 0 <= config.get("HealthThreshold", 0) <= 256:
        problems.append("HealthThreshold must be from 0 to 256.")
    return problems


def _alarm_problems(config: Mapping[str, Any]) -> list[str]:
    alarm = config.get("AlarmIdentifier") or {}
    region = alarm.get("Region")
    status = config.get("InsufficientDataHealthStatus")
    strange = [key for key in ("IPAddress", "FullyQualifiedDomainName", "Port", "SearchString") if config.get(key)]
    rules = (
        (bool(alarm.get("Name")), "AlarmIdentifier with a Name is required for CLOUDWATCH_METRIC."),
        (len(alarm.get("Name") or "") <= 256, "AlarmIdentifier.Name can have at most 256 characters."),
        (region in _alarm_regions(), f"AlarmIdentifier.Region is no region of CloudWatch: {region}."),
        (status in INSUFFICIENT_DATA, f"InsufficientDataHealthStatus must be one of {', '.join(INSUFFICIENT_DATA)}."),
        (not strange, f"{', '.join(strange)} cannot be given for CLOUDWATCH_METRIC."),
    )
    return [what for holds, what in rules if not holds]


@functools.cache
def _alarm_regions() -> frozenset[str]:
    model = botocore.session.get_session().get_service_model("route53")
    return frozenset(model.shape_for("CloudWatchRegion").metadata["enum"])


def _endpoint_problems(config: Mapping[str, Any]) -> list[str]:
    kind, regions = config["Type"], config.get("Regions")
    matches = kind.endswith("_STR_MATCH")
    rules = (
        (
            config.get("IPAddress") or config.get("FullyQualifiedDomainName"),
            "Specify IPAddress or FullyQualifiedDomainName.",
        ),
        (not config.get("IPAddress") or _is_address(config["IPAddress"]), "IPAddress is not a valid IP address."),
        (
            not config.get("IPAddress") or not is_out_of_reach(config["IPAddress"]),
            f"IPAddress {config.get('IPAddress')} is in a local, private, non-routable or multicast range, which "
            "Route 53 cannot check.",
        ),
        (config.get("Port") is not None, "Port is required for a TCP health check."),
        (1 <= (config.get("Port") or 1) <= 65_535, "Port must be from 1 to 65535."),
        (config["RequestInterval"] in (10, 30), "RequestInterval must be 10 or 30."),
        (1 <= config["FailureThreshold"] <= 10, "FailureThreshold must be from 1 to 10."),
        (not matches or config.get("SearchString"), f"SearchString is required for {kind}."),
        (matches or not config.get("SearchString"), f"SearchString is not supported for {kind}."),
        (len(config.get("SearchString") or "") <= 255, "SearchString can have at most 255 characters."),
        (len(config.get("ResourcePath") or "") <= 255, "ResourcePath can have at most 255 characters."),
        (kind != "TCP" or not config.get("ResourcePath"), "ResourcePath is not supported for TCP."),
        (regions is None or len(set(regions)) >= 3, "Specify at least three Regions, or none for all."),
        (set(regions or ()) <= set(CHECKER_REGIONS), f"Regions must be among {', '.join(CHECKER_REGIONS)}."),
        # In these words, an article too many included: aws-cli#3188, terraform-provider-aws#22993.
        (not config.get("AlarmIdentifier"), "Basic health checks must not have an metric region specified."),
    )
    return [what for holds, what in rules if not holds]


# RFC 5737, RFC 3849. Route 53 is said to refuse them like all special-purpose ranges; here they are taken, since they
# are what examples and tests write for "some address of the internet".
_EXAMPLES = tuple(map(ipaddress.ip_network, ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32")))


def is_out_of_reach(address: str) -> bool:
    """Whether Route 53's checkers cannot go to an address (API reference, HealthCheckConfig, IPAddress).

    Loopback, where every site of this Route 53 is, is excepted. False for what is no address.
    """
    if not _is_address(address):
        return False
    found = ipaddress.ip_address(address)
    example = any(found.version == network.version and found in network for network in _EXAMPLES)
    return not (found.is_loopback or example) and (not found.is_global or found.is_multicast)


def is_loopback(address: str) -> bool:
    """Whether an address is on this machine: the checkers connect to no other."""
    return _is_address(address) and ipaddress.ip_address(address).is_loopback


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
