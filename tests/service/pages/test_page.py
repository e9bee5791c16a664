"""The pages' layout: everything is escaped, nothing may be missing, and a wide table is reached by the keyboard."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path

import pytest
from jinja2 import UndefinedError

from service.pages.page import Cell, Table, render

PAGE = """{% extends "page.html" %}{% import "macros.html" as m %}
{% block main %}{{ m.table(table) }}{{ m.list(items) }}{% endblock %}"""
TABLE = Table(
    'Fast & "slow"',
    ["name", "value", "why"],
    [["<a>", Cell("0.9", "0.8", "1.0", note="of <3> rows"), "because"], ["b", Cell("no", tone="bad"), ""]],
    prose=(2,),
    marked=1,
)


def _render(folder: Path, **data: object) -> str:
    (folder / "some.html").write_text(PAGE)
    return render(folder, "some.html", **{"title": "<title>", "table": TABLE, "items": ["<i>", "two"], **data})


class _Regions(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[dict[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if ("class", "scroll") in attrs:
            self.found.append(dict(attrs))


def test_everything_is_escaped(tmp_path: Path) -> None:
    page = _render(tmp_path)
    assert "<title>&lt;title&gt;</title>" in page
    assert "<td>&lt;a&gt;</td>" in page
    assert "<li>&lt;i&gt;</li>" in page
    assert 'title="of &lt;3&gt; rows"' in page


def test_a_cell_shows_its_interval_its_note_and_its_tone(tmp_path: Path) -> None:
    page = _render(tmp_path)
    assert "0.9*</span><br><small>0.8 to 1.0</small></td>" in page
    assert '<td><span class="bad">no</span></td>' in page
    assert '<td class="prose">because</td>' in page
    assert page.count('<tr class="marked"><td>b</td>') == 1


def test_a_table_is_a_named_region_that_takes_the_focus(tmp_path: Path) -> None:
    regions = _Regions()
    regions.feed(_render(tmp_path))
    assert regions.found == [
        {"class": "scroll", "tabindex": "0", "role": "region", "aria-label": 'Fast & "slow"'},
    ]


def test_an_empty_list_and_a_table_without_heads_leave_nothing_behind(tmp_path: Path) -> None:
    page = _render(tmp_path, items=[], table=Table("facts", [], [["a", "1"]]))
    assert "<ul>" not in page and "<thead>" not in page and "<caption>" not in page


def test_what_a_template_asks_for_must_be_given(tmp_path: Path) -> None:
    (tmp_path / "some.md").write_text("{{ missing }}")
    with pytest.raises(UndefinedError, match="missing"):
        render(tmp_path, "some.md")


def test_markdown_is_not_html(tmp_path: Path) -> None:
    (tmp_path / "some.md").write_text("| {{ words | cell }} |\n")
    assert render(tmp_path, "some.md", words="a < b | c") == "| a < b \\| c |\n"


def test_no_packages_own_template_has_the_name_of_a_common_one() -> None:
    """It would stand in its place in every report of that package."""
    root = Path(__file__).resolve().parents[3]
    common = {path.name for path in (root / "service" / "pages" / "templates").iterdir()}
    found = [
        path for name in ("outlast", "failover", "service", "infra") for path in (root / name).rglob("templates/*")
    ]
    others = [path for path in found if path.parent != root / "service" / "pages" / "templates"]
    assert others
    assert [path for path in others if path.name in common] == []
