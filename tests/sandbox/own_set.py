"""A set of stack files of one's own, made from the committed ones: other accounts and domain, any number of sites."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
ACCOUNT = "123456789012"
SUBSCRIPTION = "11111111-2222-3333-4444-555555555555"
PROJECT = "example-prod"
HOST = "api.example.org"
VAULT = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/certificates/providers/Microsoft.KeyVault/vaults/kv-prod"
SITES = {"aws": "aws", "azure": "azure", "gcp": "gcp"}
"""What a set's sites are called, after its name, and of which kind they are."""

Config = dict[str, Any]


def committed(stack: str) -> Config:
    """The settings of a committed stack file."""
    path = ROOT / "stacks" / f"Pulumi.{stack}.yaml"
    found: Config = copy.deepcopy(yaml.safe_load(path.read_text())["config"])
    return found


def own_set(name: str = "prod", sites: Mapping[str, str] = SITES) -> dict[str, Config]:
    """Stack -> its settings, of a set that is in order."""
    zone = committed("zone") | {"outlast:domain": "example.org", "outlast:host": HOST}
    stacks = {f"{name}-{site}": _site(kind) for site, kind in sites.items()}
    weights = dict.fromkeys(stacks, 10)
    traffic = committed("traffic") | {"outlast:sites": list(stacks), "outlast:weights": weights}
    found = {f"{name}-zone": zone, **stacks, f"{name}-traffic": traffic}
    for config in found.values():
        config["aws:allowedAccountIds"] = [ACCOUNT]
        if "outlast:zone" in config:
            config["outlast:zone"] = f"{name}-zone"
    return found


def _site(kind: str) -> Config:
    config = committed(kind)
    if kind == "azure":
        config |= {"azure-native:subscriptionId": SUBSCRIPTION, "outlast:certificateVault": VAULT}
        config["outlast:certificateSecret"] = "https://kv-prod.vault.azure.net/secrets/api-example-org"
    if kind == "gcp":
        config["gcp:project"] = PROJECT
    return config


def write(root: Path, files: Mapping[str, Config]) -> None:
    """Write the files of a set into a project."""
    (root / "stacks").mkdir(parents=True, exist_ok=True)
    for stack, config in files.items():
        (root / "stacks" / f"Pulumi.{stack}.yaml").write_text(yaml.safe_dump({"config": config}))
