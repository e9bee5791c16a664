"""Which models the sites serve: what their files name, or the one that was chosen in their place."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.overlay import VARIABLE
from sandbox import serving
from sandbox.layout import Layout
from service.bundle.folder import RELEASED, read_digest
from service.errors import InvalidInput

DIGEST = "sha256:" + "a" * 64


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    (tmp_path / "stacks").mkdir()
    (tmp_path / "stacks" / "Pulumi.aws.yaml").write_text(f"config: {{'outlast:models': [tumour, 'b@{DIGEST}']}}")
    return Layout(tmp_path, tmp_path / ".sandbox")


def test_without_a_choice_the_stack_files_decide(layout: Layout) -> None:
    assert serving.chosen(layout) is None
    assert serving.overlay_of(layout) == {}
    assert serving.asked_model(layout) == "tumour"
    assert serving.models_of(layout, "aws") == {"tumour": read_digest(RELEASED / "tumour"), "b": DIGEST}
    assert serving.models_of(layout, "elsewhere") == {}


def test_a_choice_takes_the_place_of_what_every_file_names_until_it_is_forgotten(layout: Layout) -> None:
    serving.choose(layout, "mine", DIGEST)
    assert serving.chosen(layout) == ("mine", DIGEST)
    assert serving.asked_model(layout) == "mine"
    assert serving.models_of(layout, "aws") == serving.models_of(layout, "elsewhere") == {"mine": DIGEST}
    assert Path(serving.overlay_of(layout)[VARIABLE]).is_file()
    serving.forget(layout)
    serving.forget(layout)
    assert serving.asked_model(layout) == "tumour"


def test_a_damaged_choice_is_named(layout: Layout) -> None:
    serving.choose(layout, "mine", DIGEST)
    serving.overlay_file(layout).write_text("[")
    with pytest.raises(InvalidInput, match=r"overlay\.json is not JSON"):
        serving.asked_model(layout)


@pytest.mark.parametrize("text", ["config: [", "config: {}", "", "config: {'outlast:models': tumour}"])
def test_a_file_that_names_nothing_names_no_model(layout: Layout, text: str) -> None:
    (layout.root / "stacks" / "Pulumi.aws.yaml").write_text(text)
    assert serving.read_entries(layout.root, "aws") == []
