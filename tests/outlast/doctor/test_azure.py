"""Azure, asked before anything is made: subscription, namespaces, environments, the certificate in the vault."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from failover.levers.clouds import Clouds
from infra.permissions.azure import ACTIONS
from infra.permissions.in_use import IMAGE, RECORD, types_of
from outlast.doctor.azure import (
    NAMESPACES,
    OF_BASES,
    look_at_certificate,
    look_at_credentials,
    look_at_environments,
    look_at_namespaces,
    read_principal,
)
from outlast.doctor.checks import FINE, UNKNOWN, WRONG
from tests.sandbox.own_set import HOST, SUBSCRIPTION

Seam = Callable[..., Any]
OTHER = "99999999-2222-3333-4444-555555555555"
SECRET = "https://kv-prod.vault.azure.net/secrets/api-example-org"


def now() -> datetime:
    return datetime.now(UTC)


def answering(status: int, document: Any) -> Clouds:
    return Clouds({"OUTLAST_AZURE_TOKEN": "t"}, httpx.MockTransport(lambda _: httpx.Response(status, json=document)))


def test_the_subscription_is_seen_or_named(seam: Seam) -> None:
    assert look_at_credentials(seam(), SUBSCRIPTION).state == FINE
    found = look_at_credentials(seam(), OTHER)
    assert (found.state, found.what) == (WRONG, f"these credentials do not see the subscription {OTHER}")
    assert found.hint == f"az login, then az account set --subscription {OTHER}"


@pytest.mark.parametrize(("status", "document"), [(401, {"error": "no"}), (200, {"state": "Disabled"})])
def test_credentials_that_will_not_do(status: int, document: Any) -> None:
    assert look_at_credentials(answering(status, document), SUBSCRIPTION).state == WRONG


def test_whose_token_it_is() -> None:
    claims = base64.urlsafe_b64encode(json.dumps({"upn": "ada@example.org"}).encode()).decode().rstrip("=")
    bearer = {token: httpx.Request("GET", "http://x", headers={"authorization": f"Bearer {token}"}) for token in
              (f"e.{claims}.s", "opaque", "a.b.c")}  # fmt: skip
    assert [read_principal(request) for request in bearer.values()] == ["ada@example.org", "a token", "a token"]


def _namespaces_of(kind: str) -> set[str]:
    """Of each type the first action is its own; those behind it may be of what it is joined to."""
    always = {"Microsoft.Authorization", "Microsoft.Consumption", "Microsoft.Portal", "Microsoft.Resources"}
    types = [type_ for type_ in types_of(kind) if type_ not in (RECORD, IMAGE)]
    return {ACTIONS[type_][0].partition("/")[0] for type_ in types} - always


def test_the_namespaces_are_those_of_what_a_site_and_its_base_stack_register() -> None:
    assert _namespaces_of("azure") == {*NAMESPACES}
    assert _namespaces_of("base-azure") - {*NAMESPACES} == {*OF_BASES}


def test_namespaces_that_are_not_registered_are_named(seam: Seam) -> None:
    assert look_at_namespaces(seam(), SUBSCRIPTION).state == FINE
    found = look_at_namespaces(answering(200, {"registrationState": "NotRegistered"}), SUBSCRIPTION, OF_BASES)
    assert found.state == WRONG and "Microsoft.Storage" in found.hint
    assert found.hint.startswith("az provider register --wait -n Microsoft.App; ")


@pytest.mark.parametrize(("limit", "state"), [(15, FINE), (0, WRONG)])
def test_environments_that_the_subscription_may_have(seam: Seam, limit: int, state: str) -> None:
    clouds = seam(limits={SUBSCRIPTION: {"ManagedEnvironmentCount": limit}})
    assert look_at_environments(clouds, SUBSCRIPTION, "eastus", 1).state == state


def test_environments_in_use_and_a_silent_azure() -> None:
    row = {"name": {"value": "ManagedEnvironmentCount"}, "limit": 1, "currentValue": 1}
    assert look_at_environments(answering(200, {"value": [row]}), SUBSCRIPTION, "eastus", 1).state == UNKNOWN
    assert look_at_environments(answering(404, {}), SUBSCRIPTION, "eastus", 1).state == UNKNOWN


def test_the_certificate_of_the_vault(seam: Seam) -> None:
    found = look_at_certificate(seam(), SECRET, HOST, now)
    assert found.state == FINE and HOST in found.what


def test_a_certificate_for_another_name_one_that_ends_and_none(seam: Seam) -> None:
    other = look_at_certificate(seam(("other.example.org",)), SECRET, HOST, now)
    assert other.state == WRONG and f"is not for {HOST}" in other.what
    late = look_at_certificate(seam(), SECRET, HOST, lambda: now() + timedelta(days=36_500))
    assert late.state == WRONG and "it is over" in late.what
    none = look_at_certificate(seam(), f"{SECRET}-two", HOST, now)
    assert none.what == "kv-prod.vault.azure.net has no certificate api-example-org-two"
    assert "outlast certificate renew" in none.hint
