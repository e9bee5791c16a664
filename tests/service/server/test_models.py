"""Which model answers those who name none."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from service.errors import InvalidInput
from service.server.faults import Faults
from service.server.models import Models
from tests.service.server.harness import RELEASED, running


def served(*names: str, folder: Path) -> Models:
    """Models of these names, each with the tumour model's files."""
    for name in names:
        copy = shutil.copytree(RELEASED / "tumour", folder / name)
        manifest = copy / "manifest.json"
        manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"problem": name}))
    return Models.load(folder, Faults(lambda: 0.0))


@pytest.mark.parametrize(
    ("asked", "accepted", "chosen"),
    [
        ("", [], None),
        ("", ["b"], "b"),
        ("", ["b", "elsewhere"], "b"),
        ("", ["a", "b"], None),
        ("a", ["b"], "a"),
    ],
)
def test_of_several_models_the_default_is_named(
    asked: str, accepted: list[str], chosen: str | None, tmp_path: Path
) -> None:
    models = served("a", "b", folder=tmp_path)
    default = models.choose_default(asked, dict.fromkeys(accepted, "sha256:0"))
    assert (default.name if default else None) == chosen


def test_the_only_model_needs_no_name(tmp_path: Path) -> None:
    default = served("a", folder=tmp_path).choose_default("", {})
    assert default is not None
    assert default.name == "a"


def test_a_default_that_is_not_served_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="'c', which is not served") as caught:
        served("a", "b", folder=tmp_path).choose_default("c", {})
    assert "a, b" in caught.value.hint


def test_without_a_default_a_prediction_needs_a_name(tmp_path: Path) -> None:
    with running(tmp_path, OUTLAST_AUTH="off", OUTLAST_DEFAULT_MODEL="") as server, server.client() as client:
        assert client.post("/predict", json={"features": {}}).status_code == 404
        assert client.post("/predict/digits", json={"features": {}}).status_code == 400
        assert "/predict" not in client.get("/openapi.json").json()["paths"]
