"""The page is what the server says of itself."""

from __future__ import annotations

import re

import pytest

from outlast.api_reference import COMMAND, PAGE, render_page
from service.bundle.folder import RELEASED


@pytest.fixture(scope="module")
def page() -> str:
    return render_page()


def test_the_page_is_up_to_date(page: str) -> None:
    assert PAGE.read_text() == page, COMMAND


def test_no_released_model_is_on_the_page(page: str) -> None:
    names = [folder.name for folder in RELEASED.iterdir() if (folder / "manifest.json").is_file()]
    assert len(names) > 1
    assert [name for name in names if name in page] == []


def test_routes_are_told_once_and_those_that_judge_ask_for_a_key(page: str) -> None:
    rows = re.findall(r"^\| `((?:GET|POST) /[^`]*)` \|.*\| (yes)? ?\|", page, re.MULTILINE)
    routes = dict(rows)
    assert len(routes) == len(rows)
    assert {"POST /predict/{name}", "POST /v2/models/{name}/versions/{version}/infer"} <= set(routes)
    assert {route for route, key in routes.items() if route.startswith("POST") and not key} == set()
    assert not routes["GET /health"]
