"""`outlast model list|default|remove`: what is here, what is served, what may go."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from outlast import models
from outlast.__main__ import main
from sandbox import serving
from sandbox.layout import Layout
from service.bundle.folder import RELEASED, read_digest
from service.errors import InvalidInput, Refused

DIGEST = read_digest(RELEASED / "digits")


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """A project whose only stack file names tumour."""
    (tmp_path / "stacks").mkdir()
    (tmp_path / "stacks" / "Pulumi.aws.yaml").write_text("config: {'outlast:models': ['tumour@sha256:1']}")
    return Layout(tmp_path, tmp_path / ".sandbox")


@pytest.fixture
def state(tmp_path: Path) -> Iterator[CliRunner]:
    """A runner whose sandbox lies in a folder of its own."""
    yield CliRunner(env={"OUTLAST_STATE": str(tmp_path / "state")})


def run(runner: CliRunner, *words: str) -> Result:
    return runner.invoke(main, ["model", *words])


def test_the_list_tells_each_model_with_who_names_it(state: CliRunner) -> None:
    found = {model["name"]: model for model in json.loads(run(state, "list", "--json").stdout)}
    tumour = found["tumour"]
    assert (tumour["kind"], tumour["digest"]) == ("released", read_digest(RELEASED / "tumour"))
    assert tumour["named_by"] == ["aws", "azure", "gcp"]
    assert found["digits"]["named_by"] == []
    for value, low, high in tumour["metrics"].values():
        assert low <= value <= high
    words = run(state, "list").stdout
    assert f"  digest    {tumour['digest']}\n" in words
    assert "  named by  aws, azure, gcp\n" in words


def test_a_model_that_is_damaged_is_listed_with_what_is_wrong(layout: Layout, tmp_path: Path) -> None:
    shutil.copytree(RELEASED / "tumour", tmp_path / "bad")
    (tmp_path / "bad" / "model.onnx").write_bytes(b"damaged")
    (found,) = models.list_here(layout, {"bad": tmp_path / "bad"})
    assert "does not match its manifest" in found.trouble


def test_what_is_served_is_chosen_and_given_back(state: CliRunner) -> None:
    assert json.loads(run(state, "default", "--json").stdout) == {"model": "tumour", "chosen": False}
    chosen = run(state, "default", "digits")
    assert "digits (chosen" in chosen.stdout
    assert "outlast up" in chosen.stdout
    assert json.loads(run(state, "default", "--json").stdout) == {"model": "digits", "chosen": True}
    assert json.loads(run(state, "default", "--stacks-own", "--json").stdout) == {"model": "tumour", "chosen": False}


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (["default", "none"], "no model 'none' is here"),
        (["default", "digits", "--stacks-own"], "say two things"),
        (["remove", "none"], "no model 'none' is here"),
    ],
)
def test_a_mistake_is_told_with_what_to_type(state: CliRunner, words: list[str], what: str) -> None:
    done = run(state, *words)
    assert done.exit_code == 2
    assert what in done.stderr
    assert "hint: " in done.stderr


def test_a_model_that_a_stack_names_is_not_removed(state: CliRunner) -> None:
    done = run(state, "remove", "tumour")
    assert done.exit_code == 3
    assert "names it in outlast:models of stacks/Pulumi.azure.yaml" in done.stderr
    assert (RELEASED / "tumour" / "manifest.json").is_file()


def test_a_model_goes_when_nobody_names_it(layout: Layout, tmp_path: Path) -> None:
    folder = tmp_path / "drafts" / "digits"
    shutil.copytree(RELEASED / "digits", folder)
    serving.choose(layout, "digits", DIGEST)
    with pytest.raises(Refused) as caught:
        models.remove_model(layout, "digits", {"digits": folder})
    assert "outlast model default --stacks-own" in str(caught.value)
    assert folder.exists()
    serving.forget(layout)
    assert models.remove_model(layout, "digits", {"digits": folder}) == folder
    assert not folder.exists()
    with pytest.raises(InvalidInput, match="no model 'digits' is here"):
        models.remove_model(layout, "digits", {})
