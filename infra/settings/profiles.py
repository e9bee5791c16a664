"""What a site gets where its file does not say: `outlast:size` names a column of this one table. Pure.

`small` is the cheapest site that is still honest, `production` what a platform team accepts in a review. A setting with
a row here takes its default from it (`Profile`), and writing the setting in the stack's file overrides it, one by one.
"""

from __future__ import annotations

from dataclasses import dataclass

SMALL, PRODUCTION = SIZES = ("small", "production")

Value = bool | int | float | str


@dataclass(frozen=True)
class Default:
    """One setting `outlast:<key>`: its value in each size, on which clouds, and why they differ."""

    key: str
    small: Value
    production: Value
    why: str
    clouds: tuple[str, ...] = ("aws", "azure", "gcp")

    def of(self, size: str) -> Value:
        """Its value in that size."""
        return self.production if size == PRODUCTION else self.small


_MACHINE = "one process of the service with a small model; measure yours (`outlast capacity measure`)"

DEFAULTS: tuple[Default, ...] = (
    Default("cpu", 0.5, 1.0, _MACHINE, ("aws", "azure")),
    Default("cpu", 1.0, 1.0, "Cloud Run lets a replica work on several requests from one CPU on", ("gcp",)),
    Default("memoryMiB", 1024, 2048, "Azure couples 2 GiB to each CPU; the others follow it"),
    Default("minReplicas", 1, 2, "with one replica the site is away while that one is replaced"),
    Default("maxReplicas", 1, 6, "the survivors of a lost site take its requests; never below `minReplicas`"),
    Default("network", "public", "private", "a NAT gateway costs 33 USD a month in each zone", ("aws",)),
    Default("egress", "nat", "nat", "endpoints cost as much, and a replica then reaches nothing else", ("aws",)),
    Default("egress", "internet", "internet", "a replica that reaches nothing sees no drill's fault flag", ("gcp",)),
    Default("network", "public", "private", "without a subnet of its own an environment lies in one zone", ("azure",)),
    Default(
        "zoneRedundant", False, True, "one zone that fails takes the site; it is asked for from the start", ("azure",)
    ),
    Default("logRetentionDays", 30, 365, "what goes wrong in a year is looked up in the year's logs"),
    Default("scanImages", False, True, "0.26 USD an image; AWS scans each push for nothing", ("gcp",)),
    Default(
        "requestsPerMinutePerAddress",
        0,
        6000,
        "no address alone takes more than two replicas bear; a gateway with many callers behind it may need more",
    ),
    Default("dashboard", False, True, "CloudWatch shows three for nothing, and each further one for 3 USD a month"),
    Default(
        "accessLogs",
        False,
        True,
        "a line for each request, health checks included; what never reached a replica is in no other log",
    ),
    Default(
        "containerInsights",
        False,
        True,
        "its metrics cost about as much as a small task; what a task used before it was killed is seen nowhere else",
        ("aws",),
    ),
    Default("protect", True, True, "what holds data or a name is not had back by making it again"),
)
"""Scaling to zero is in no column: Route 53's checkers ask every site more than once a second, so none is idle."""


@dataclass(frozen=True)
class Profile:
    """The column of one stack: its size, and the cloud that it is on."""

    size: str
    cloud: str

    def value(self, key: str) -> Value:
        """The default of `outlast:<key>`; a KeyError for one that has no row."""
        for row in DEFAULTS:
            if row.key == key and self.cloud in row.clouds:
                return row.of(self.size)
        raise KeyError(f"{key} has no default for a site on {self.cloud}")

    def boolean(self, key: str) -> bool:
        """The same of a setting that is true or false."""
        return bool(self.value(key))

    def integer(self, key: str) -> int:
        """The same of a setting that is a whole number."""
        return int(self.value(key))

    def number(self, key: str) -> float:
        """The same of a setting that is a number."""
        return float(self.value(key))

    def text(self, key: str) -> str:
        """The same of a setting that is a text."""
        return str(self.value(key))
