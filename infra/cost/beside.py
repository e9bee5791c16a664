"""What a site's file asks for beside the site, and what that costs: secrets, alarms, scans, the audit store. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from infra.cost.prices import HOURS, SECONDS

Factor = tuple[float, str]
Rows = Mapping[str, tuple[str, tuple[Factor, ...]]]
"""What is paid for -> the key of its price, and the factors of its amount."""

ALARMS: Mapping[str, int] = {"aws": 5, "azure": 4, "gcp": 4}
"""Cloud -> how many alarms watch a site that has an address for them."""

IMAGES = 4
"""Pushed in a month: a release a week."""

_DAYS_A_MONTH = HOURS / 24


@dataclass(frozen=True)
class Beside:
    """What of it a site has: how many secrets, whether alarms and scans, and for how many days its audit records."""

    secrets: int = 0
    alarms: bool = False
    scanned: bool = False
    audit_days: int = 0


def standing(cloud: str, beside: Beside) -> Rows:
    """Due without a request."""
    rows: dict[str, tuple[str, tuple[Factor, ...]]] = {}
    if beside.secrets and cloud != "azure":
        rows["secrets"] = (f"{cloud}-secret", ((beside.secrets, ""),))
    if beside.alarms:
        rows["alarms"] = (f"{cloud}-alarm", ((ALARMS[cloud], ""),))
    if beside.scanned and cloud == "gcp":
        rows["images scanned, one a week"] = ("gcp-scan", ((IMAGES, ""),))
    if beside.audit_days and cloud == "aws":
        objects: tuple[Factor, ...] = ((1, "a minute"), (HOURS * 60, "min"))
        rows["audit store, objects written"] = ("aws-audit-object", objects)
    return rows


def caused(cloud: str, beside: Beside, rps: float, record_bytes: int) -> Rows:
    """By the predictions: their records on the way to the audit store, and there for as long as its days say."""
    if not beside.audit_days:
        return {}
    records: Factor = (rps * SECONDS * record_bytes / 1e9, "GB")
    kept: tuple[Factor, ...] = (records, (beside.audit_days / _DAYS_A_MONTH, "months"))
    return {
        "audit records, carried": (f"{cloud}-audit-carried", (records,)),
        "audit records, kept": (f"{cloud}-audit-kept", kept),
    }
