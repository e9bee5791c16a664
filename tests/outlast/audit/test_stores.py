"""Which store holds whose records is read from the stack files, and what is missing there is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from outlast.audit.stores import find_stores
from service.errors import InvalidInput
from tests.infra.harness import BASES, audits
from tests.sandbox.own_set import own_set, write

DAYS = {"outlast:auditRetentionDays": 30}


def files(*with_base: str, **changed: object) -> dict[str, dict[str, object]]:
    found = own_set()
    for cloud in with_base:
        found[f"prod-{cloud}"]["outlast:base"] = f"prod-base-{cloud}"
        found[f"prod-base-{cloud}"] = {**BASES[f"base-{cloud}"], **DAYS, **changed}
    return found


def test_each_store_is_the_one_that_its_base_stack_exports(tmp_path: Path) -> None:
    write(tmp_path, files("aws", "azure", "gcp"))
    found = find_stores(tmp_path, "prod")
    assert [held.sites for held in found] == [("prod-aws",), ("prod-azure",), ("prod-gcp",)]
    for held in found:
        exported = audits(beside=False)[held.store.name.removeprefix("prod-")]["audit"]
        alike = ("cloud", "region", "retention_days", "locked")
        assert {name: getattr(held.store, name) for name in alike} == {name: exported[name] for name in alike}
    stores = {held.store.cloud: held.store.store for held in found}
    assert stores["aws"] == "outlast-switches-audit"
    assert stores["gcp"] == "projects/outlast-sandbox/locations/europe-west1/buckets/prod-base-gcp-audit"


def test_sites_that_send_nothing_anywhere_are_told_how(tmp_path: Path) -> None:
    write(tmp_path, files())
    with pytest.raises(InvalidInput) as caught:
        find_stores(tmp_path, "prod")
    assert "no site sends its audit records" in caught.value.what and "outlast:base" in caught.value.hint


def test_a_base_stack_without_a_store_is_named_at_the_site(tmp_path: Path) -> None:
    stack_files = files("aws")
    del stack_files["prod-base-aws"]["outlast:auditRetentionDays"]
    write(tmp_path, stack_files)
    with pytest.raises(InvalidInput) as caught:
        find_stores(tmp_path, "prod")
    (mistake,) = caught.value.mistakes
    assert mistake.place == "stacks/Pulumi.prod-aws.yaml: outlast:base"
    assert mistake.what == "prod-base-aws has no audit store"
