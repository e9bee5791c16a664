"""The public host and the model that is asked where nothing is named, from the stack files."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox.stack_files import SITES, default_model, public_host
from service.bundle.folder import list_released
from service.errors import InvalidInput


def write(root: Path, site: str, text: str) -> None:
    path = root / "stacks" / f"Pulumi.{site}.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)


def test_the_committed_stack_files_name_a_released_model() -> None:
    assert default_model(Path(__file__).parents[2]) in list_released()


def test_the_first_model_of_the_first_site_that_names_any_is_the_default(tmp_path: Path) -> None:
    write(tmp_path, SITES[0], "config: {outlast:kind: aws}")
    write(tmp_path, SITES[1], "config: {'outlast:models': [b, a]}")
    write(tmp_path, SITES[2], "config: {'outlast:models': [c]}")
    assert default_model(tmp_path) == "b"


def test_without_the_setting_there_is_no_default(tmp_path: Path) -> None:
    write(tmp_path, SITES[0], "config: {outlast:kind: aws}")
    assert default_model(tmp_path) is None


def test_a_damaged_stack_file_is_named(tmp_path: Path) -> None:
    write(tmp_path, SITES[0], "config: [")
    with pytest.raises(InvalidInput, match=f"Pulumi.{SITES[0]}.yaml"):
        default_model(tmp_path)


def test_the_public_host_is_the_zones_own(tmp_path: Path) -> None:
    write(tmp_path, "zone", "config: {'outlast:host': api.example.org}")
    assert public_host(tmp_path) == "api.example.org"


@pytest.mark.parametrize("text", ["config: {}", "config: [", "", "config: none"])
def test_a_zone_without_a_host_is_named(tmp_path: Path, text: str) -> None:
    write(tmp_path, "zone", text)
    with pytest.raises(InvalidInput, match=r"Pulumi.zone.yaml names no outlast:host"):
        public_host(tmp_path)
