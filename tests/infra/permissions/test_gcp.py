"""Google Cloud's roles: permissions by name, none of them basic."""

from __future__ import annotations

import re

from infra.permissions.gcp import PERMISSIONS, deployer_role, drill_role


def test_permissions_are_written_as_google_writes_them() -> None:
    for permissions in PERMISSIONS.values():
        assert permissions
        assert [p for p in permissions if not re.fullmatch(r"[a-z]+\.[A-Za-z]+\.[a-zA-Z]+", p)] == []


def test_a_deployer_gets_every_row_and_no_way_to_grant_roles() -> None:
    included = deployer_role(("gcp", "base-gcp", "training-gcp"))["includedPermissions"]
    every = {p for permissions in PERMISSIONS.values() for p in permissions}
    assert every - set(included) == set(PERMISSIONS["gcp:billing/budget:Budget"]), (
        "a project's role takes none of these"
    )
    assert set(included) < every
    assert [p for p in included if "setIamPolicy" in p] == [
        "cloudkms.cryptoKeys.setIamPolicy",  # of the key that a training stack names
        "run.services.setIamPolicy",
        "secretmanager.secrets.setIamPolicy",
        "storage.buckets.setIamPolicy",
    ]


def test_a_drill_runner_makes_and_deletes_nothing() -> None:
    assert not [p for p in drill_role()["includedPermissions"] if p.endswith((".create", ".delete"))]


def test_whoever_may_make_what_is_labelled_afterwards_may_label_it() -> None:
    """terraform-provider-google: `setLabels` is a call of its own after the creation of these."""
    for kind in ("SecurityPolicy", "GlobalAddress", "GlobalForwardingRule"):
        type_ = f"gcp:compute/{kind[0].lower()}{kind[1:]}:{kind}"
        assert [p for p in PERMISSIONS[type_] if p.endswith(".setLabels")], type_
