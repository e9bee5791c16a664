"""Reads from a base stack's file for which sites it holds images, logs and secrets, and how those are called. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from infra import plan
from infra.secrets import SHORT_NAMES
from infra.settings.log_days import OFFERED, read_log_days
from infra.settings.profiles import SMALL, Profile
from infra.settings.reader import Reader, like, one_of

STACK = like(plan.LABEL.pattern, "the name of a stack: letters a-z, digits and hyphens")

_VARIABLES = {short: variable for variable, short in SHORT_NAMES.items()}


def read_prefix(reader: Reader) -> str:
    """What the names of a site's resources begin with."""
    return reader.text("prefix", "outlast", check=like(r"[a-z][a-z0-9-]*", "letters a-z, digits and hyphens"))


def read_holdings(reader: Reader, cloud: str) -> dict[str, Any]:
    """The fields of `BaseSettings` that say it; those of a stack that holds nothing where its file names no site."""
    sites, prefix = reader.texts("holdsFor", (), check=STACK), read_prefix(reader)
    days = read_log_days(reader, Profile(SMALL, cloud)) if cloud in OFFERED else 30
    secrets = reader.texts("holdsSecrets", (), check=one_of([*_VARIABLES]))
    if cloud == "azure" and secrets:
        reader.wrong("holdsSecrets", "is given, and on Azure they lie in a Key Vault that no stack has", "leave it out")
    if not sites and not reader.is_wrong("holdsFor"):
        _refuse_alone(reader)
    if cloud in OFFERED:
        _check_names(reader, cloud, prefix, sites)
    variables = tuple(_VARIABLES[short] for short in secrets)
    return {"holds_for": sites, "holds_secrets": variables, "prefix": prefix, "log_days": days}


def _refuse_alone(reader: Reader) -> None:
    for key in ("holdsSecrets", "prefix", "logRetentionDays"):
        if reader.is_given(key):
            reader.wrong(key, "is given, and outlast:holdsFor names no site", "name one there, or leave it out")


def _check_names(reader: Reader, cloud: str, prefix: str, sites: Sequence[str]) -> None:
    """By what a cloud lets its resources be called."""
    for site in sites if prefix else ():
        if bad := plan.list_bad_names(cloud, prefix, site):
            reader.wrong("holdsFor", f"{site}: {'; '.join(bad)}", "choose another outlast:prefix")
