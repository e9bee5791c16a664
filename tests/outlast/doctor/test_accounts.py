"""Every look at the accounts of a set, on simulated clouds: all is found fine, and what is taken away is named."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from outlast.doctor import accounts
from outlast.doctor.checks import FINE, WRONG, Finding, run_checks
from outlast.doctor.stacks import Subjects
from sandbox.engine import cli
from tests.outlast.doctor.test_names import Answering
from tests.sandbox.own_set import ACCOUNT, PROJECT, SUBSCRIPTION

Look = Callable[..., dict[str, Finding]]


@pytest.fixture
def look(seam: Any, subjects: Callable[..., Subjects], monkeypatch: pytest.MonkeyPatch) -> Look:
    monkeypatch.setattr(cli, "find", lambda environ: None)

    def run(**taken: Any) -> dict[str, Finding]:
        clouds = seam(**taken)
        asked = accounts.Asked(clouds, Answering(nameserver="192.0.2.53"), {})
        found = run_checks(accounts.checks(asked, subjects()))
        assert [*dict.fromkeys(one.purpose for one in found)] == [*accounts.PURPOSES]
        return {f"{one.purpose}: {one.name}": one for one in found}

    return run


def test_accounts_that_have_everything(look: Look) -> None:
    found = look()
    wrong = {name: one.what for name, one in found.items() if one.state == WRONG}
    assert wrong == {"stack files: API keys": "no outlast:apiKeys in prod-aws, prod-azure, prod-gcp"}
    fine = {name for name, one in found.items() if one.state == FINE}
    assert {"AWS: credentials", "Azure: credentials", "Google Cloud: credentials", "names: CAA"} <= fine
    assert {"Azure: certificate of prod-azure", "AWS: us-east-1: VPCs", "Azure: eastus: environments"} <= fine
    assert "has no address yet" in found["names: TLS of prod-gcp"].what


@pytest.mark.parametrize(("cloud", "is_asked"), [("azure", True), ("gcp", False)])
def test_a_base_stack_on_azure_needs_a_namespace_more(
    seam: Any, subjects: Callable[..., Subjects], cloud: str, is_asked: bool
) -> None:
    plain, base = subjects(), {"prod-base": {"outlast:kind": "base", "outlast:cloud": cloud}}
    based = replace(plain, stacks=replace(plain.stacks, bases=("prod-base",)), configs={**plain.configs, **base})
    asked = accounts.Asked(seam(), Answering(nameserver="192.0.2.53"), {})
    (check,) = (one for one in accounts.checks(asked, based) if one.name == "namespaces")
    assert ("Microsoft.Storage" in check.look().what) == is_asked


@pytest.mark.parametrize(
    ("taken", "names"),
    [
        ({"limits": {ACCOUNT: {"L-53DA6B97": 0}}}, "AWS: us-east-1: Application Load Balancers"),
        ({"subscriptions": ()}, "Azure: credentials"),
        ({"limits": {SUBSCRIPTION: {"ManagedEnvironmentCount": 0}}}, "Azure: eastus: environments"),
        ({"certificate": ("other.example.org",)}, "Azure: certificate of prod-azure"),
        ({"projects": ()}, "Google Cloud: credentials"),
        ({"apis": {PROJECT: ()}}, "Google Cloud: APIs"),
        ({"limits": {ACCOUNT: {"L-3032A538": 0.25}}}, "AWS: us-east-1: vCPUs of Fargate"),
    ],
)
def test_what_is_taken_away_is_named(look: Look, taken: dict[str, Any], names: str) -> None:
    found = look(**taken)[names]
    assert found.state == WRONG and found.hint
