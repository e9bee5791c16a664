"""The picture shows the imports that are there, and the page that holds it names files that exist."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tools.architecture import PICTURE, ROOT, draw, read_packages

PAGE = PICTURE.with_name("architecture.md")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    files = {
        "low/__init__.py": "",
        "low/errors.py": "",
        "top/__init__.py": "",
        "top/a/__init__.py": "",
        "top/a/one.py": "from top.b import two\nfrom low import errors\n",
        "top/b/__init__.py": "",
        "top/b/two.py": "",
        "top/b/deep/__init__.py": "",
        "top/b/deep/three.py": "from low.errors import x\n",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def test_the_committed_picture_is_what_the_imports_say() -> None:
    assert PICTURE.read_text() == draw(read_packages()), "stale: make reference"


def test_packages_stand_above_what_they_import(tree: Path) -> None:
    top, low = read_packages(tree, ("low", "top"))
    assert (top.name, top.imports) == ("top", {"low": ["errors"]})
    assert top.wings == {"a": {"b"}, "b": set()}
    assert top.inner == {"a": [], "b": ["deep"]}
    assert (low.name, low.imports, low.wings) == ("low", {}, {})


def test_each_wing_is_a_box_below_those_that_import_it() -> None:
    document = ElementTree.fromstring(PICTURE.read_text())
    texts = [(text.text, float(text.attrib["y"])) for text in document.iter("{http://www.w3.org/2000/svg}text")]
    packages = read_packages()
    assert packages
    for package in packages:
        below = texts[texts.index(next(each for each in texts if each[0] == package.name)) :]
        heights = dict(reversed(below))  # two packages may have a wing of one name: the first below its package's
        for wing, targets in package.wings.items():
            assert all(heights[wing] < heights[target] for target in targets), wing


def test_the_picture_fits_its_width() -> None:
    document = ElementTree.fromstring(PICTURE.read_text())
    ends = [
        float(box.attrib["x"]) + float(box.attrib["width"])
        for box in document
        if "x" in box.attrib and "width" in box.attrib
    ]
    assert ends and max(ends) <= float(document.attrib["width"]) == 1000


def test_every_file_that_the_page_names_exists() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", PAGE.read_text())
    assert len(links) > 60
    assert [link for link in links if not (PAGE.parent / link).exists()] == []


def test_every_name_in_the_walks_is_in_the_file_beside_it() -> None:
    """`name` in [file]: the words before a link that stand in backticks are defined there."""
    named = re.findall(r"`(\w+)` (?:in|of) \[[^\]]+\]\(([^)]+)\)", PAGE.read_text())
    assert len(named) >= 8
    wrong = [(name, file) for name, file in named if not re.search(rf"\b{name}\b", (PAGE.parent / file).read_text())]
    assert wrong == []


def test_the_page_is_about_this_tree() -> None:
    assert (ROOT / "tests" / "unmirrored.txt").exists()
    assert {package.name for package in read_packages()} <= set(re.findall(r"\w+", PAGE.read_text()))
