"""What the traffic stack's preview says that nobody measured or promised, and which names have no certificate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pulumi
import yaml

from infra.contract import KnownSite
from infra.cost.stacks import read_config
from infra.models import STACKS
from infra.routing import Geography
from infra.settings.kinds import TrafficSettings


def say_unknown_capacity(settings: TrafficSettings, *, stacks: Path = STACKS) -> None:
    """Warn of sites whose capacity is a claim, and of a peak that is not named: then nobody knows what N-1 is worth."""
    claimed = [site for site in settings.weights if not _is_measured(stacks / f"Pulumi.{site}.yaml")]
    if claimed:
        what = f"nobody has measured what {', '.join(claimed)} can bear: outlast:rpsPerReplica is a claim there"
        pulumi.log.warn(f"{what}\nhint: `outlast capacity measure --site {claimed[0]} --write`, while it runs")
    if settings.peak_rps is None:
        what = "no peak is promised, so nothing says whether the others can carry a lost site's share"
        pulumi.log.warn(f"{what}\nhint: write outlast:peakRps into stacks/Pulumi.{settings.name}.yaml")


def say_unnamed_groups(geographies: Sequence[Geography], sites: Mapping[str, KnownSite]) -> None:
    """Warn of a geography's name that leads to a site which has no certificate for it."""
    for geography in geographies:
        without = [n for n in geography.allowed if n in sites and geography.name not in sites[n].geographies]
        if without:
            what = f"{', '.join(without)} cannot be reached by TLS as {geography.name}.<host>, only by the public host"
            hint = f"write outlast:geographies: [{geography.name}] into its stack file, and `pulumi up` of it"
            pulumi.log.warn(f"{what}\nhint: {hint}")


def say_different_models(sites: Mapping[str, KnownSite], weights: Mapping[str, int], stack: str) -> None:
    """Warn where sites that take traffic serve different models: right while a release goes round, not for good."""
    serving: dict[str, list[str]] = {}
    for name in weights:
        serving.setdefault(sites[name].model_digest, []).append(name)
    if len(serving) > 1:
        what = "; ".join(f"{', '.join(names)}: {digest[:19]}…" for digest, names in serving.items())
        hint = (
            "finish the release by `pulumi up` of the sites that are left behind, then leave the old digest out of "
            f"outlast:acceptedModels in stacks/Pulumi.{stack}.yaml"
        )
        pulumi.log.warn(f"who is asked decides which model answers ({what})\nhint: {hint}")


def _is_measured(path: Path) -> bool:
    """What cannot be read is not known either; the site's own stack says what is wrong with its file."""
    try:
        return bool(read_config(path).get("outlast:rpsMeasuredOn"))
    except (OSError, yaml.YAMLError):
        return False
