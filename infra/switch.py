"""Drain switches: one object in a store takes one site out of DNS, without Route 53's API. Pure.

A switch lies in a store of another cloud than its site's, under a path that anybody may read. A health check looks for
the object: it is there, so the site is drained. The check is inverted: a store that does not answer drains nobody.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from service.errors import Unavailable

STORE_VERSION = 1
"""Of the stack output `store`, as SITE_VERSION is of `site`."""

FLAGS = "flags"
"""The part of a store that anybody may read: it holds nothing but switches, which hold nothing."""

INTERVAL_SECONDS, THRESHOLD = 10, 2
CHECKER_REGIONS = ("us-east-1", "us-west-2", "eu-west-1")
"""As few as Route 53 takes: every request is the store's to pay, and one that sees the switch is enough."""


@dataclass(frozen=True)
class FlagStore:
    """A store of switches: the cloud that it is in, the bucket's or the account's name, and where it is read."""

    name: str
    cloud: str
    store: str
    host: str

    @property
    def path(self) -> str:
        """Where its flags begin. Google Cloud serves every bucket from one host."""
        return f"/{self.store}/{FLAGS}/" if self.cloud == "gcp" else f"/{FLAGS}/"

    def url(self, site: str) -> str:
        """Where the switch of a site is read."""
        return f"https://{self.host}{self.path}{flag_of(site)}"


def host_of(cloud: str, store: str, region: str) -> str:
    """The host that serves a store, by the names that the clouds give."""
    hosts = {
        "aws": f"{store}.s3.{region}.amazonaws.com",
        "azure": f"{store}.blob.core.windows.net",
        "gcp": "storage.googleapis.com",
    }
    return hosts[cloud]


def flag_of(site: str) -> str:
    """The name of a site's switch in the part that anybody may read."""
    return f"{site}.drain"


def describe_switch(site: str, store: FlagStore) -> dict[str, Any]:
    """The health check that looks for the switch of a site, as Route 53 will know it (HealthCheckConfig)."""
    return {
        "Type": "HTTPS",
        "FullyQualifiedDomainName": store.host,
        "Port": 443,
        "EnableSNI": True,
        "ResourcePath": f"{store.path}{flag_of(site)}",
        "RequestInterval": INTERVAL_SECONDS,
        "FailureThreshold": THRESHOLD,
        "Regions": list(CHECKER_REGIONS),
        "Inverted": True,
    }


def describe_gate(children: Sequence[Any]) -> dict[str, Any]:
    """The calculated check of a site with a switch: all of its children, given by their ids, have to be healthy."""
    return {"Type": "CALCULATED", "ChildHealthChecks": list(children), "HealthThreshold": len(children)}


def store_output(store: FlagStore) -> dict[str, Any]:
    """`store` as the stack output of that name."""
    return {"version": STORE_VERSION, **vars(store)}


def parse_store(output: Mapping[str, Any]) -> FlagStore:
    """The stack output `store`, read back. Raises Unavailable for one that lacks something."""
    fields = ("name", "cloud", "store", "host")
    missing = [name for name in fields if name not in output]
    if missing:
        what = f"the store '{output.get('name', '')}' was exported without {', '.join(missing)}"
        raise Unavailable(what, hint="run `pulumi up` of its stack from the commit that this one is run from")
    return FlagStore(**{name: str(output[name]) for name in fields})
