"""The settings of the committed stacks, as this machine judges them today."""

from __future__ import annotations

import pytest

from infra.judged import judge
from infra.models import STACKS as STACKS_FOLDER
from infra.settings.kinds import SiteSettings
from service.bundle.folder import RELEASED, read_digest
from service.errors import InvalidInput
from tests.infra.harness import KEYS, STACKS, configuration, with_keys


@pytest.mark.parametrize("stack", STACKS)
def test_the_committed_files_are_in_order(stack: str) -> None:
    assert judge(stack, with_keys(stack), KEYS).name == stack


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"models": ["never-released"]}, "outlast:models"),
        ({"environment": {"OUTLAST_WORKERS": "many"}}, "outlast:apiKeys"),
        ({"exceptions": [{"rule": "auth-off", "reason": "no one", "until": "2001-01-01"}]}, "2001-01-01"),
    ],
)
def test_what_only_this_machine_knows_is_judged(changed: dict[str, object], told: str) -> None:
    with pytest.raises(InvalidInput, match=told):
        judge("aws", configuration("aws", **changed), ())


def test_what_a_site_serves_is_held_to_the_files_of_traffic_where_they_are_named() -> None:
    changed = with_keys("aws", models=["digits"])
    assert judge("aws", changed, KEYS).name == "aws"
    with pytest.raises(InvalidInput, match=r"which stacks/Pulumi\.traffic\.yaml does not accept"):
        judge("aws", changed, KEYS, stacks=STACKS_FOLDER)


def test_an_overlay_takes_the_place_of_both() -> None:
    digest = read_digest(RELEASED / "digits")
    overlay = {"outlast:models": [f"digits@{digest}"], "outlast:acceptedModels": [digest]}
    settings = judge("aws", with_keys("aws"), KEYS, overlay=overlay, stacks=STACKS_FOLDER)
    assert isinstance(settings, SiteSettings)
    assert settings.models == {"digits": digest}
