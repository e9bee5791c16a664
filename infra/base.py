"""The stack `base`: what outlives the sites of one cloud: its store of drain switches; by choice of audit records, and
the images, logs and secrets of sites.

It is a stack of its own so that destroying a site leaves it, and so that it is made before the sites of other clouds,
whose switches it holds.
"""

from __future__ import annotations

import importlib
from typing import Any

import pulumi

from infra.applied import apply
from infra.audit import audit_output
from infra.holdings import Wanted, holdings_output
from infra.settings.kinds import BaseSettings
from infra.switch import FlagStore, host_of, store_output


def program(settings: BaseSettings) -> dict[str, Any]:
    """Register the stores; export each once it can be used. Only the stack's own cloud is imported."""
    made = importlib.import_module(f"infra.{settings.cloud}.base").make_store(settings)
    host = host_of(settings.cloud, settings.store, settings.region)
    store = FlagStore(settings.name, settings.cloud, settings.store, host)
    known: pulumi.Output[list[str]] = pulumi.Output.all(*(one.id for one in made))
    outputs = {"store": apply(known, lambda ids: store_output(store))}
    if settings.audit_days:
        audit = importlib.import_module(f"infra.{settings.cloud}.audit").make_audit(settings)
        outputs["audit"] = apply(audit, audit_output)
    if settings.holds_for:
        made = Wanted("", settings.cloud, settings.region, settings.prefix, settings.log_days, settings.account)
        holdings = importlib.import_module(f"infra.{settings.cloud}.holdings").of_base(settings)
        outputs["holdings"] = apply(holdings, lambda sites: holdings_output(made, sites))
    return outputs
