"""What a site takes of its base stack's holdings, and what it refuses by name."""

from __future__ import annotations

import copy
import dataclasses
import functools
import json
from typing import Any

import pulumi
import pytest

from infra.holdings import HOLDINGS_VERSION, TYPES, Wanted, find_holdings, holdings_output, title_of
from infra.settings.regions import REGION_KEYS
from service.errors import InvalidInput, Unavailable
from tests.infra.harness import Run, run_stack, stack_file

WANTED = Wanted("prod-aws", "aws", "us-east-1", "outlast", 30)
OUTPUT = holdings_output(dataclasses.replace(WANTED, site=""), {"prod-aws": {"registry_id": "1"}})


def test_a_sites_own_are_found() -> None:
    assert find_holdings("prod-base", OUTPUT, WANTED) == {"registry_id": "1"}


@pytest.mark.parametrize(
    ("output", "what", "hint"),
    [
        (None, "holds nothing for 'prod-aws'", "write prod-aws into outlast:holdsFor of stacks/Pulumi.prod-base.yaml"),
        (OUTPUT | {"sites": {}}, "holds nothing for 'prod-aws'", "`pulumi up -s prod-base`"),
        (OUTPUT | {"version": HOLDINGS_VERSION + 1.0}, "have version 2, this program reads 1", "from the commit"),
    ],
)
def test_without_them_it_is_said_what_to_run_first(output: Any, what: str, hint: str) -> None:
    with pytest.raises(Unavailable) as caught:
        find_holdings("prod-base", output, WANTED)
    assert what in str(caught.value) and hint in str(caught.value)


def test_everything_that_makes_them_another_sites_is_said_together() -> None:
    other = OUTPUT | {"region": "eu-west-1", "prefix": "acme", "log_days": 90.0, "cloud": "gcp", "account": "project"}
    with pytest.raises(InvalidInput) as caught:
        find_holdings("prod-base", other, WANTED)
    told = "\n".join(f"{m.place}: {m.what}" for m in caught.value.mistakes)
    assert len(caught.value.mistakes) == 5
    assert "outlast:logRetentionDays: the log days of 'prod-base' is 90, and of this site 30" in told
    assert "outlast:prefix: the prefix of 'prod-base' is acme, and of this site outlast" in told
    assert "outlast:heldIn: the account of 'prod-base' is project, and of this site none" in told


DAYS = 60
SECRETS = ["api-keys", "receipt-keys"]


@functools.cache
def base_run(cloud: str) -> Run:
    """A base stack that holds the committed site's, beside which it is."""
    secrets = None if cloud == "azure" else SECRETS
    return run_stack(f"base-{cloud}", holdsFor=[cloud], holdsSecrets=secrets, logRetentionDays=DAYS, protect=True)


@functools.cache
def own_run(cloud: str) -> Run:
    """The site with holdings of its own."""
    return run_stack(cloud, logRetentionDays=DAYS, protect=True)


def beside(cloud: str) -> dict[str, dict[str, Any]]:
    """The base stack's outputs, as if it were in the site's region."""
    return {"base": {"holdings": base_run(cloud).outputs["holdings"] | {"region": region_of(cloud)}}}


def region_of(stack: str) -> str:
    region: str = stack_file(stack)["config"][REGION_KEYS[stack.removeprefix("base-")]]
    return region


def inputs_of(run: Run, type_: str, name: str) -> str:
    """A resource's inputs, whichever stack and region it is registered for."""
    inputs = {k: v for k, v in run.one(type_, name).inputs.items() if k not in ("tags", "labels")}
    return json.dumps(inputs, sort_keys=True).replace(region_of(run.stack), "<region>")


@pytest.mark.parametrize("cloud", TYPES)
def test_a_base_stack_registers_the_same_for_a_site_under_its_name(cloud: str) -> None:
    assert not base_run(cloud).problems
    for type_, name in TYPES[cloud]:
        there = base_run(cloud).one(type_, title_of(cloud, name))
        assert inputs_of(base_run(cloud), type_, there.name) == inputs_of(own_run(cloud), type_, name)
        assert there.options["protect"], "a base stack holds what should not go by accident"


@pytest.mark.parametrize("cloud", TYPES)
def test_a_site_that_is_held_registers_all_but_them_and_is_exported_the_same(cloud: str) -> None:
    run = run_stack(cloud, heldIn="base", logRetentionDays=DAYS, protect=True, stacks=beside(cloud))
    held = {(type_, name) for type_, name in TYPES[cloud]}
    assert {(r.type, r.name) for r in run.resources} == {(r.type, r.name) for r in own_run(cloud).resources} - held
    assert run.outputs["site"] == own_run(cloud).outputs["site"] and not run.problems


def test_a_secret_that_the_base_stack_lacks_is_said_with_what_to_write() -> None:
    stacks = beside("gcp")
    stacks["base"]["holdings"] = copy.deepcopy(stacks["base"]["holdings"])
    del stacks["base"]["holdings"]["sites"]["gcp"]["secrets"]["receipt-keys"]
    with pytest.raises(pulumi.RunError, match=r"no secret receipt-keys for this site\nhint: write receipt-keys into"):
        run_stack("gcp", heldIn="base", logRetentionDays=DAYS, stacks=stacks)
