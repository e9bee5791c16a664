"""Which models a stack file names, by their digests, and what is wrong with one that cannot be served."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from infra.settings.kinds import Options, SiteSettings, TrafficSettings
from infra.settings.served import Available
from infra.stack_file import parse
from service.errors import InvalidInput, Mistake
from tests.infra.harness import configuration

A, B, C = (f"sha256:{letter * 64}" for letter in "abc")
HERE = {"churn": A, "fraud": B}


def models_of(available: Available, models: list[str] | None) -> SiteSettings[Options]:
    settings = parse("aws", configuration("aws", models=models), available=available)
    assert isinstance(settings, SiteSettings)
    return settings


def mistake_of(available: Available, models: list[str] | None) -> Mistake:
    with pytest.raises(InvalidInput) as caught:
        models_of(available, models)
    (mistake,) = caught.value.mistakes
    assert mistake.place.endswith("outlast:models")
    return mistake


def test_the_only_released_model_is_served_without_a_setting_and_without_a_warning() -> None:
    found = models_of(Available({"churn": A}, drafts={"mine": B}), None)
    assert (found.models, found.unpinned) == ({"churn": A}, ())


def test_models_are_served_in_the_order_of_the_file_by_their_digests() -> None:
    found = models_of(Available(HERE), [f"fraud@{B}", f"churn@{A}"])
    assert list(found.models.items()) == [("fraud", B), ("churn", A)]
    assert found.unpinned == ()


def test_a_name_alone_means_the_model_that_is_here_and_is_told() -> None:
    found = models_of(Available(HERE), ["fraud", f"churn@{A}"])
    assert list(found.models.items()) == [("fraud", B), ("churn", A)]
    assert found.unpinned == ("fraud",)


def test_a_draft_can_be_named_and_a_release_hides_one_of_its_name() -> None:
    available = Available(HERE, drafts={"mine": C, "churn": C})
    assert models_of(available, ["mine", "churn"]).models == {"mine": C, "churn": A}


@pytest.mark.parametrize(
    ("released", "models", "what", "hint"),
    [
        (HERE, None, "is missing, and 2 models are released: churn, fraud", f"`outlast:models: [churn@{A}]`"),
        (HERE, [], "names no model", "churn, fraud"),
        (HERE, ["churn", "churn"], "each of them once", ""),
        (HERE, ["churn", f"churn@{A}"], "names a model twice", "once"),
        (HERE, ["chrun"], "no model 'chrun' is here", "'churn'?"),
        (HERE, ["churn@latest"], "churn@latest", "name@sha256:…"),
        (HERE, [f"churn@{B}"], f"names churn@{B}, and the churn that is here is {A}", f"churn@{A}"),
        ({}, None, "names no model", "none is"),
    ],
)
def test_models_that_cannot_be_served_are_a_mistake_of_the_file(
    released: Mapping[str, str], models: list[str] | None, what: str, hint: str
) -> None:
    mistake = mistake_of(Available(released), models)
    assert what in f"{mistake.what} {mistake.hint}"
    assert hint in mistake.hint


def test_a_site_may_serve_only_what_its_traffic_accepts() -> None:
    """Otherwise its records would lead clients to a model that traffic refuses, until traffic is run."""
    accepted = {"traffic": [f"churn@{A}", B]}
    for order in (["churn", "fraud"], ["fraud", "churn"]):
        assert models_of(Available(HERE, accepted=accepted), order).models == HERE
        mistake = mistake_of(Available(HERE, accepted={"traffic": [A, C]}), order)
        assert f"names fraud@{B}, which stacks/Pulumi.traffic.yaml does not accept" in mistake.what
        assert f"add `- fraud@{B}` to outlast:acceptedModels" in mistake.hint


@pytest.mark.parametrize(
    ("accepted", "what"),
    [
        ([A, B], None),
        ([f"churn@{A}", f"churn@{B}", f"fraud@{C}", A], None),
        ([A, B, C], "has 3 without a name"),
        ([f"churn@{A}", f"churn@{B}", f"churn@{C}", f"fraud@{C}"], "has 3 of churn"),
        (["churn@latest"], "churn@latest"),
        ([], "names no model"),
    ],
)
def test_two_of_each_model_are_accepted_while_a_release_goes_from_site_to_site(
    accepted: list[str], what: str | None
) -> None:
    values = configuration("traffic", acceptedModels=accepted)
    if what is None:
        settings = parse("traffic", values)
        assert isinstance(settings, TrafficSettings)
        assert settings.accepted_models == tuple(entry.rpartition("@")[2] for entry in accepted)
        return
    with pytest.raises(InvalidInput) as error:
        parse("traffic", values)
    (mistake,) = error.value.mistakes
    assert what in f"{mistake.what} {mistake.hint}"
