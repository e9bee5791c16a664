"""The overlay by which a sandbox serves another model than the stack files name."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from infra.overlay import VARIABLE, lay_over, read_overlay, render_overlay
from service.errors import InvalidInput

DIGEST = "sha256:" + "a" * 64


@pytest.fixture
def overlay(tmp_path: Path) -> Path:
    path = tmp_path / "overlay.json"
    path.write_text(render_overlay("mine", DIGEST))
    return path


def test_without_the_variable_nothing_is_laid_over() -> None:
    assert read_overlay({}) == read_overlay({VARIABLE: ""}) == {}
    assert lay_over({"outlast:kind": "aws"}, {}) == {"outlast:kind": "aws"}


@pytest.mark.parametrize(
    ("kind", "key", "value"),
    [("aws", "outlast:models", f"mine@{DIGEST}"), ("traffic", "outlast:acceptedModels", DIGEST)],
)
def test_sites_serve_and_traffic_accepts_the_model_of_the_overlay_alone(
    overlay: Path, kind: str, key: str, value: str
) -> None:
    config = {"outlast:kind": kind, key: json.dumps(["other"]), "outlast:zone": "zone"}
    found = lay_over(config, read_overlay({VARIABLE: str(overlay)}))
    assert found == {**config, key: json.dumps([value])}


def test_the_zone_is_left_alone(overlay: Path) -> None:
    assert lay_over({"outlast:kind": "zone"}, read_overlay({VARIABLE: str(overlay)})) == {"outlast:kind": "zone"}


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("[", "is not JSON"),
        ("{}", "outlast:models: is missing"),
        ('{"outlast:models": ["a"], "outlast:acceptedModels": ["b"], "outlast:prefix": "x"}', "is not a key of"),
    ],
)
def test_what_is_no_overlay_is_refused_with_the_way_out(overlay: Path, text: str, what: str) -> None:
    overlay.write_text(text)
    with pytest.raises(InvalidInput) as caught:
        read_overlay({VARIABLE: str(overlay)})
    assert what in str(caught.value)
    assert "outlast model default" in caught.value.hint


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="cannot be read"):
        read_overlay({VARIABLE: str(tmp_path / "none.json")})
