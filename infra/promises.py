"""What the traffic stack's preview says of capacity: what nobody has measured, and what nobody has promised."""

from __future__ import annotations

from pathlib import Path

import pulumi
import yaml

from infra.cost.stacks import read_config
from infra.kinds import TrafficSettings
from infra.models import STACKS


def say_unknown_capacity(settings: TrafficSettings, *, stacks: Path = STACKS) -> None:
    """Warn of sites whose capacity is a claim, and of a peak that is not named: then nobody knows what N-1 is worth."""
    claimed = [site for site in settings.weights if not _is_measured(stacks / f"Pulumi.{site}.yaml")]
    if claimed:
        what = f"nobody has measured what {', '.join(claimed)} can bear: outlast:rpsPerReplica is a claim there"
        pulumi.log.warn(f"{what}\nhint: `outlast capacity measure --site {claimed[0]} --write`, while it runs")
    if settings.peak_rps is None:
        what = "no peak is promised, so nothing says whether the others can carry a lost site's share"
        pulumi.log.warn(f"{what}\nhint: write outlast:peakRps into stacks/Pulumi.{settings.name}.yaml")


def _is_measured(path: Path) -> bool:
    """What cannot be read is not known either; the site's own stack says what is wrong with its file."""
    try:
        return bool(read_config(path).get("outlast:rpsMeasuredOn"))
    except (OSError, yaml.YAMLError):
        return False
