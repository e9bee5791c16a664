"""Which write-once stores hold the audit records of which sites, from the stack files alone: no cloud has to answer."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from infra.audit import AuditStore
from infra.settings.kinds import BaseSettings, Settings
from infra.settings.reader import as_text
from infra.stack_file import parse
from sandbox import stack_files
from sandbox.layout import Layout
from service.errors import InvalidInput, Mistake

GUIDE = "docs/guides/audit.md"


@dataclass(frozen=True)
class HeldBy:
    """A store, and the sites whose records it holds."""

    store: AuditStore
    sites: tuple[str, ...]


def find_stores(root: Path, stacks: str | None) -> list[HeldBy]:
    """The stores of a set of stacks, of the one that the sandbox was brought up with by default.

    Raises InvalidInput where no site of the set sends its records anywhere, and for what is wrong with one that does.
    """
    chosen = stack_files.find(root, stacks) if stacks else stack_files.load(Layout.of(root))
    sites: dict[str, list[str]] = {}
    for site in chosen.sites:
        base = str(stack_files.read_config(root, site).get("outlast:base", ""))
        if base:
            sites.setdefault(base, []).append(site)
    if not sites:
        what = f"of {chosen} no site sends its audit records to a write-once store"
        raise InvalidInput(what, hint=f"name a base stack in outlast:base; {GUIDE} tells how")
    return [HeldBy(_store(root, base, found[0]), tuple(found)) for base, found in sites.items()]


def _store(root: Path, base: str, site: str) -> AuditStore:
    settings = _read(root, base)
    if not isinstance(settings, BaseSettings) or not settings.audit_days:
        place = stack_files.place_of(site, "outlast:base")
        mistake = Mistake(place, f"{base} has no audit store", f"outlast:auditRetentionDays; {GUIDE} tells how")
        raise InvalidInput("a site's audit records have no store", [mistake])
    path = f"projects/{settings.account}/locations/{settings.region}/buckets/{settings.audit_store}"
    name = path if settings.cloud == "gcp" else settings.audit_store
    return AuditStore(base, settings.cloud, settings.region, name, settings.audit_days, settings.cloud != "azure")


def _read(root: Path, stack: str) -> Settings:
    config = stack_files.read_config(root, stack)
    return parse(stack, {key: as_text(value) for key, value in config.items()})
