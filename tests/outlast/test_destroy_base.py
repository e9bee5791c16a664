"""A base stack stays while sites that are up need it; what of it stays by its retention is said with a date."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import pytest

from outlast.destroy_base import refuse_used, what_stays
from service.errors import Refused
from tests.infra.harness import BASES
from tests.sandbox.own_set import own_set, write

BASE = "prod-base-aws"
TODAY = datetime.date(2026, 11, 29)


def files(root: Path, **changed: Any) -> None:
    found = own_set() | {BASE: BASES["base-aws"] | {"outlast:auditRetentionDays": 30}}
    found["prod-aws"] |= {f"outlast:{key}": value for key, value in changed.items()}
    write(root, found)


@pytest.mark.parametrize(
    ("key", "why"), [("base", "its audit records go there"), ("heldIn", "its images and log are there")]
)
def test_it_stays_while_a_site_that_is_up_needs_it(tmp_path: Path, key: str, why: str) -> None:
    files(tmp_path, **{key: BASE})
    with pytest.raises(Refused) as caught:
        refuse_used(tmp_path, BASE, lambda: {"prod-aws": 40})
    (mistake,) = caught.value.mistakes
    assert mistake.place == f"stacks/Pulumi.prod-aws.yaml: outlast:{key}" and why in mistake.what
    assert mistake.hint == "`outlast destroy prod-aws` first"


@pytest.mark.parametrize("up", [{"prod-aws": 0}, {}, {"prod-gcp": 12}])
def test_the_file_of_a_site_that_is_gone_holds_nothing_back(tmp_path: Path, up: dict[str, int]) -> None:
    files(tmp_path, base=BASE, heldIn=BASE)
    refuse_used(tmp_path, BASE, lambda: up)


def test_it_stays_while_traffic_that_is_up_has_a_drain_switch_in_it(tmp_path: Path) -> None:
    found = own_set() | {BASE: BASES["base-aws"]}
    found["prod-traffic"]["outlast:drainSwitches"] = {"prod-gcp": BASE}
    write(tmp_path, found)
    refuse_used(tmp_path, BASE, lambda: {"prod-traffic": 0, "prod-gcp": 12})
    with pytest.raises(Refused) as caught:
        refuse_used(tmp_path, BASE, lambda: {"prod-traffic": 19})
    (mistake,) = caught.value.mistakes
    assert mistake.place == "stacks/Pulumi.prod-traffic.yaml: outlast:drainSwitches.prod-gcp"
    assert "prod-traffic is up" in mistake.what


def test_where_no_site_names_it_pulumi_is_not_asked(tmp_path: Path) -> None:
    files(tmp_path)
    refuse_used(tmp_path, BASE, lambda: pytest.fail("it was asked"))


@pytest.mark.parametrize(
    ("cloud", "store", "why"),
    [
        ("aws", "outlast-switches-audit", "Object Lock"),
        ("azure", "outlastswitchesaudit", "unless it is deleted first"),
        ("gcp", "base-gcp-audit", "a locked log bucket"),
    ],
)
def test_what_stays_is_said_by_name_and_date(tmp_path: Path, cloud: str, store: str, why: str) -> None:
    base = f"base-{cloud}"
    write(tmp_path, {base: BASES[base] | {"outlast:auditRetentionDays": 30}})
    told = what_stays(tmp_path, base, TODAY)
    assert f"the audit store {store} may stay until 2026-12-29" in told and why in told
    write(tmp_path, {base: BASES[base]})
    assert what_stays(tmp_path, base, TODAY) == ""
