"""What of a deployment is paid for, read from the stack files of its sites and of its traffic."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from failover.routing.predict import CHECKER_REGIONS
from infra.cost.beside import Beside
from infra.cost.estimate import CostedSite
from infra.edge import read_limit
from infra.panels import KEY as DASHBOARD
from infra.secrets import SETTINGS as SECRETS
from infra.settings.log_days import ACCESS_LOGS, read_log_days
from infra.settings.options import read_architecture, read_egress, read_network
from infra.settings.profiles import Profile
from infra.settings.reader import Reader, as_text
from infra.settings.regions import REGION_KEYS
from infra.stack_file import CLOUDS, PRIVATE, read_profile, read_replicas, read_size
from service.errors import OutlastError, Unavailable


@dataclass(frozen=True)
class Deployment:
    """The sites that are paid for; and of each other site why its cost is not known."""

    sites: tuple[CostedSite, ...]
    unknown: Mapping[str, str]


def read_deployment(folder: Path, weights: Mapping[str, int]) -> Deployment:
    """The sites of `weights`, by their files in `folder`. A site whose file cannot be read is left out, and said."""
    sites, unknown = dict[str, CostedSite](), dict[str, str]()
    for name in weights:
        try:
            sites[name] = _read_site(folder, name, share_of(name, weights))
        except (OSError, yaml.YAMLError, OutlastError) as error:
            unknown[name] = " ".join(str(error).split())
    return Deployment(tuple(sites.values()), unknown)


def share_of(name: str, weights: Mapping[str, int]) -> float:
    """The part of all requests that a site gets while every one is healthy."""
    together = sum(weights.values())
    return weights[name] / together if together else 1 / len(weights)


def _read_site(folder: Path, name: str, share: float) -> CostedSite:
    config = read_config(folder / f"Pulumi.{name}.yaml")
    reader = Reader(name, config)
    if config.get("outlast:kind") == PRIVATE:
        raise Unavailable(
            "it runs on a machine of one's own, which is in no table of prices", hint="add what it costs you"
        )
    cloud = reader.choice("kind", CLOUDS)
    if cloud not in CLOUDS:
        reader.finish(unknown_keys=False)
    profile = read_profile(reader, cloud)
    private = cloud == "aws" and read_network(reader, profile) == "private"
    site = CostedSite(
        name=name,
        cloud=cloud,
        region=config.get(REGION_KEYS[cloud], ""),
        size=read_size(reader, profile),
        replicas=read_replicas(reader, profile),
        rps_per_replica=reader.integer("rpsPerReplica", 1, 1_000_000),
        share=share,
        spot_above=reader.boolean("spotAbove", False),
        architecture=read_architecture(reader, cloud),
        limited=read_limit(reader, profile, {}) > 0,
        private=private,
        beside=_read_beside(folder, reader, cloud, profile),
        endpoints=cloud == "aws" and read_egress(reader, profile, private=private),
        dashboard=reader.boolean(DASHBOARD, profile.boolean(DASHBOARD)),
        access_logs=reader.boolean(ACCESS_LOGS, profile.boolean(ACCESS_LOGS)),
        container_insights=cloud == "aws" and reader.boolean("containerInsights", profile.boolean("containerInsights")),
        log_days=read_log_days(reader, profile),
        zones=len(reader.texts("availabilityZones", ())) or 2,
    )
    reader.finish(unknown_keys=False)
    return site


def _read_beside(folder: Path, reader: Reader, cloud: str, profile: Profile) -> Beside:
    """What the site's file asks for beside the site; how long audit records are kept its base stack's file says."""
    base = reader.text("base", "")
    kept = read_config(folder / f"Pulumi.{base}.yaml").get("outlast:auditRetentionDays", "0") if base else "0"
    return Beside(
        secrets=sum(reader.is_given(key) for key in SECRETS),
        alarms=reader.is_given("alertEmail"),
        scanned=cloud == "gcp" and reader.boolean("scanImages", profile.boolean("scanImages")),
        audit_days=int(kept) if kept.isdigit() else 0,
    )


def read_config(path: Path) -> dict[str, str]:
    """A stack file's settings as Pulumi hands them over."""
    document = yaml.safe_load(path.read_text())
    config = document.get("config") if isinstance(document, dict) else None
    found: Mapping[str, Any] = config if isinstance(config, dict) else {}
    return {key: as_text(value) for key, value in found.items()}


def count_regions(chosen: Sequence[str]) -> int:
    """From how many regions Route 53 asks: those that a stack chose, else all of them."""
    return len(chosen) or len(CHECKER_REGIONS)
