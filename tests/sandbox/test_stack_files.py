"""Which stack files are brought up: the committed ones, or a set that is found by its name."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.settings.reader import as_text
from sandbox import stack_files
from sandbox.clouds.accounts import Accounts, Vault
from sandbox.layout import Layout
from sandbox.stack_files import COMMITTED, StackSet, default_model, public_host
from service.bundle.folder import list_released
from service.errors import InvalidInput
from tests.infra.harness import BASES
from tests.sandbox.own_set import ROOT, committed, own_set
from tests.sandbox.own_set import write as write_set

SITES = COMMITTED.sites


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path, tmp_path / ".sandbox")


def write(layout: Layout, stack: str, text: str) -> None:
    path = stack_files.path_of(layout.root, stack)
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)


def test_the_committed_stack_files_name_a_released_model(tmp_path: Path) -> None:
    assert default_model(Layout(ROOT, tmp_path)) in list_released()


def test_the_first_model_of_the_first_site_that_names_any_is_the_default(layout: Layout) -> None:
    write(layout, SITES[0], "config: {outlast:kind: aws}")
    write(layout, SITES[1], "config: {'outlast:models': [b, a]}")
    write(layout, SITES[2], "config: {'outlast:models': [c]}")
    assert default_model(layout) == "b"


def test_without_the_setting_there_is_no_default(layout: Layout) -> None:
    write(layout, SITES[0], "config: {outlast:kind: aws}")
    assert default_model(layout) is None


@pytest.mark.parametrize("text", ["config: [", "config: []", "- a", ""])
def test_a_damaged_stack_file_is_named(layout: Layout, text: str) -> None:
    write(layout, SITES[0], text)
    with pytest.raises(InvalidInput, match=f"Pulumi.{SITES[0]}.yaml"):
        default_model(layout)


def test_the_public_host_is_the_zones_own(layout: Layout) -> None:
    write(layout, "zone", "config: {'outlast:host': api.example.org}")
    assert public_host(layout) == "api.example.org"


@pytest.mark.parametrize("text", ["config: {}", "config: [", "", "config: none"])
def test_a_zone_without_a_host_is_named(layout: Layout, text: str) -> None:
    write(layout, "zone", text)
    with pytest.raises(InvalidInput, match=r"Pulumi.zone.yaml names no outlast:host"):
        public_host(layout)


def test_dates_stay_the_text_that_they_are(layout: Layout) -> None:
    write(layout, "zone", "config: {a: 2027-12-31, b: true}")
    config = stack_files.read_config(layout.root, "zone")
    assert {key: as_text(value) for key, value in config.items()} == {"a": "2027-12-31", "b": "true"}


# -- a set ---------------------------------------------------------------------------------------------------------


def test_a_set_is_found_by_the_kinds_of_its_files(layout: Layout) -> None:
    write_set(layout.root, own_set(sites={"aws": "aws", "aws-eu": "aws", "south": "gcp"}))
    write_set(layout.root, own_set("test"))
    found = stack_files.find(layout.root, "prod")
    assert found == StackSet("prod", "prod-zone", ("prod-aws", "prod-aws-eu", "prod-south"), "prod-traffic")
    assert found.order == (("prod-zone",), found.sites, ("prod-traffic",))


def test_base_stacks_come_with_the_zone_and_are_no_sites(layout: Layout) -> None:
    write_set(layout.root, own_set() | {"prod-base-gcp": BASES["base-gcp"]})
    found = stack_files.find(layout.root, "prod")
    assert (found.sites, found.bases) == (("prod-aws", "prod-azure", "prod-gcp"), ("prod-base-gcp",))
    assert found.order[0] == ("prod-zone", "prod-base-gcp")
    stack_files.save(layout, found, Accounts())
    assert stack_files.load(layout) == found


def test_training_stacks_belong_to_the_set_and_are_brought_up_by_their_own_names(layout: Layout) -> None:
    write_set(layout.root, own_set() | {"prod-training-aws": committed("training-aws")})
    found = stack_files.find(layout.root, "prod")
    assert (found.sites, found.training) == (("prod-aws", "prod-azure", "prod-gcp"), ("prod-training-aws",))
    assert "prod-training-aws" not in found.stacks
    stack_files.save(layout, found, Accounts())
    assert stack_files.load(layout) == found


def test_a_set_that_is_not_there_is_answered_with_those_that_are(layout: Layout) -> None:
    write_set(layout.root, own_set("prod"))
    with pytest.raises(InvalidInput, match="no stack file is called") as caught:
        stack_files.find(layout.root, "prdo")
    assert caught.value.hint == "the sets here are prod"


@pytest.mark.parametrize("name", ["../x", "Prod", "", "*", "-a"])
def test_a_name_that_is_none_is_refused(layout: Layout, name: str) -> None:
    with pytest.raises(InvalidInput, match="cannot be the name of a set"):
        stack_files.find(layout.root, name)


def test_what_a_set_lacks_is_told_together(layout: Layout) -> None:
    files = own_set()
    write_set(layout.root, {"prod-zone": files["prod-zone"], "prod-eu-zone": files["prod-zone"]})
    with pytest.raises(InvalidInput) as caught:
        stack_files.find(layout.root, "prod")
    told = [mistake.what for mistake in caught.value.mistakes]
    assert told == [
        "zone is the kind of prod-eu-zone and of prod-zone",
        "no file of the set is of the kind traffic",
        "no file of the set is a site's",
    ]


# -- what was chosen ---------------------------------------------------------------------------------------------


def test_what_was_chosen_is_found_again(layout: Layout) -> None:
    write_set(layout.root, own_set())
    stacks = stack_files.find(layout.root, "prod")
    accounts = Accounts("1" * 12, ("s",), ("p",), (Vault("/v/v", {"a": ("b", "c")}),), {"p": ("x",)}, {"s": {"q": 0.5}})
    stack_files.save(layout, stacks, accounts)
    assert (stack_files.load(layout), stack_files.load_accounts(layout)) == (stacks, accounts)
    assert public_host(layout) == "api.example.org"


def test_of_the_committed_stacks_nothing_is_written(layout: Layout) -> None:
    write(layout, "zone", "config: {'outlast:host': api.outlast.example}")
    stack_files.save(layout, StackSet("prod", "z", ("a",), "t"), Accounts())
    stack_files.save(layout, COMMITTED, Accounts())
    assert stack_files.load(layout) == COMMITTED
    assert stack_files.load_accounts(layout).vaults[0].certificates == {"api-outlast-example": ("api.outlast.example",)}


def test_a_damaged_choice_is_named_with_the_way_out(layout: Layout) -> None:
    layout.state.mkdir()
    (layout.state / "stacks.json").write_text("{")
    with pytest.raises(InvalidInput, match=r"stacks\.json is damaged") as caught:
        stack_files.load(layout)
    assert "make clean" in caught.value.hint
