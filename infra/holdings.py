"""Holdings: what of a site should outlive it, its images, its log and its secrets' names, and whose stack holds them.

By default that is the site's own. A base stack that names the site in `outlast:holdsFor` holds them in its place, and
the site, whose file names that base stack in `outlast:heldIn`, reads from it where they are. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from infra.secrets import SHORT_NAMES
from service.errors import InvalidInput, Mistake, Unavailable

HOLDINGS_VERSION = 1
"""Of the stack output `holdings`, as SITE_VERSION is of `site`."""

TYPES: Mapping[str, tuple[tuple[str, str], ...]] = {
    "aws": (
        ("aws:ecr/repository:Repository", "repository"),
        ("aws:ecr/lifecyclePolicy:LifecyclePolicy", "repository"),
        ("aws:cloudwatch/logGroup:LogGroup", "logs"),
        *(("aws:secretsmanager/secret:Secret", short) for short in SHORT_NAMES.values()),
    ),
    "azure": (
        ("azure-native:resources:ResourceGroup", "group"),
        ("azure-native:containerregistry:Registry", "registry"),
        ("azure-native:operationalinsights:Workspace", "logs"),
    ),
    "gcp": (
        ("gcp:artifactregistry/repository:Repository", "repository"),
        ("gcp:logging/projectBucketConfig:ProjectBucketConfig", "logs"),
        *(("gcp:secretmanager/secret:Secret", short) for short in SHORT_NAMES.values()),
    ),
}
"""Cloud -> type, and name in the site's own stack, of each holding that there may be."""

Found = Mapping[str, Any]
"""The holdings of one site, as its base stack exported them."""


def title_of(site: str, name: str) -> str:
    """What the engine calls in a base stack what it calls `name` in the site's own."""
    return f"{site}-{name}"


@dataclass(frozen=True)
class Wanted:
    """What a site expects of its base stack. `account` is its subscription or project, "" on AWS."""

    site: str
    cloud: str
    region: str
    prefix: str
    log_days: int
    account: str = ""


def holdings_output(wanted: Wanted, sites: Mapping[str, Found]) -> dict[str, Any]:
    """Holdings by site as the stack output `holdings`; `wanted` says where and how they were made."""
    made = {key: value for key, value in vars(wanted).items() if key != "site"}
    return {"version": HOLDINGS_VERSION, **made, "sites": dict(sites)}


def find_holdings(base: str, output: Any, wanted: Wanted) -> Found:
    """The holdings of a site among the outputs of the base stack `base`.

    Raises Unavailable where there are none yet, InvalidInput where they cannot be this site's.
    """
    if not output or wanted.site not in output["sites"]:
        hint = f"write {wanted.site} into outlast:holdsFor of stacks/Pulumi.{base}.yaml, then `pulumi up -s {base}`"
        raise Unavailable(f"the base stack '{base}' holds nothing for '{wanted.site}'", hint=hint)
    if output["version"] != HOLDINGS_VERSION:
        what = f"the holdings of '{base}' have version {output['version']:g}, this program reads {HOLDINGS_VERSION}"
        raise Unavailable(what, hint=f"run `pulumi up -s {base}` from the commit that this stack is run from")
    _refuse_different(base, output, wanted)
    found: Found = output["sites"][wanted.site]
    return found


_KEYS = {
    "cloud": "heldIn",
    "region": "heldIn",
    "account": "heldIn",
    "prefix": "prefix",
    "log_days": "logRetentionDays",
}


def _refuse_different(base: str, output: Mapping[str, Any], wanted: Wanted) -> None:
    mistakes = []
    for name, key in _KEYS.items():
        here, there = getattr(wanted, name), output[name]
        if here != there:
            place = f"stacks/Pulumi.{wanted.site}.yaml: outlast:{key}"
            what = f"the {name.replace('_', ' ')} of '{base}' is {_plain(there)}, and of this site {_plain(here)}"
            mistakes.append(Mistake(place, what, "let both files say the same"))
    if mistakes:
        raise InvalidInput(f"what '{base}' holds is not this site's", mistakes)


def _plain(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value) or "none"
