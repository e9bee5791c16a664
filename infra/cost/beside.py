"""What a site has beside what serves, and what that costs. Pure.

Its registry; and as its file asks secrets, alarms, scans, the audit store.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from infra.cost.prices import HOURS, SECONDS

Factor = tuple[float, str]
Rows = Mapping[str, tuple[str, tuple[Factor, ...]]]
"""What is paid for -> the key of its price, and the factors of its amount."""

ALARMS: Mapping[str, int] = {"aws": 7, "azure": 4, "gcp": 4}
"""Cloud -> how many metrics, signals or conditions the alarms of a site look at that has an address for them."""

IMAGES_GB = 0.5
"""That the images take which a registry keeps, twenty that share their layers: assumed."""

IMAGES = 4
"""Pushed in a month: a release a week."""

DAYS_A_MONTH = HOURS / 24


@dataclass(frozen=True)
class Beside:
    """What of it a site has: how many secrets, whether alarms and scans, and for how many days its audit records."""

    secrets: int = 0
    alarms: bool = False
    scanned: bool = False
    audit_days: int = 0


def standing(cloud: str, beside: Beside) -> Rows:
    """Due without a request."""
    rows = dict(registry(cloud))
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


def registry(cloud: str) -> Rows:
    """Azure's is paid for by the day, with ten GB of images in its price; of the others the images alone."""
    if cloud == "azure":
        return {"container registry, Basic": ("azure-registry", ((round(DAYS_A_MONTH, 1), "days"),))}
    return {"images kept, less what is free": (f"{cloud}-image", ((IMAGES_GB, "GB"), (1, "months")))}


def caused(cloud: str, beside: Beside, rps: float, record_bytes: int) -> Rows:
    """By the predictions: their records on the way to the audit store, and there for as long as its days say."""
    if not beside.audit_days:
        return {}
    records: Factor = (rps * SECONDS * record_bytes / 1e9, "GB")
    kept: tuple[Factor, ...] = (records, (beside.audit_days / DAYS_A_MONTH, "months"))
    return {
        "audit records, carried": (f"{cloud}-audit-carried", (records,)),
        "audit records, kept": (f"{cloud}-audit-kept", kept),
    }
