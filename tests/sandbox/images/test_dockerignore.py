"""`.dockerignore` in the form of the service's own, by Docker's rules; every other form is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox.images.dockerignore import Rules, list_context, parse_rules
from service.errors import InvalidInput

SERVICE = Path(__file__).parents[3] / "service"
RULES = """# comment
*

!errors.py
!bundle/**
!deep/er
**/__pycache__
**/.hidden
"""


def write(folder: Path, **files: str) -> None:
    for name, text in files.items():
        (folder / name).write_text(text)


@pytest.mark.parametrize(
    ("name", "let"),
    [
        ("errors.py", True),
        ("errors.pyc", False),
        ("other.py", False),
        ("below/errors.py", False),
        ("bundle/a.py", True),
        ("bundle/a/b/c.py", True),
        ("bundles/a.py", False),
        ("deep/er/a", True),
        ("deep/other", False),
        ("__pycache__/a", False),
        ("bundle/__pycache__/a.pyc", False),
        ("bundle/a/.hidden", False),
    ],
)
def test_what_is_named_comes_in_and_nothing_else(name: str, let: bool) -> None:
    assert parse_rules(RULES.splitlines()).let(name) is let


def test_the_services_own_file_is_followed() -> None:
    rules = parse_rules((SERVICE / ".dockerignore").read_text().splitlines())
    assert rules.let("server/http/run.py")
    assert rules.let("evaluation/gate.py")
    assert not rules.let("offline/batch.py")
    assert not rules.let("server/__pycache__/run.pyc")


@pytest.mark.parametrize("lines", ["", "# nothing", "\n \n"])
def test_a_file_without_a_rule_keeps_nothing_out(lines: str) -> None:
    assert parse_rules(lines.splitlines()) == Rules()
    assert Rules().let("anything/at/all")


@pytest.mark.parametrize(
    ("lines", "refused"),
    [
        ("*.md", "*.md"),
        ("node_modules", "node_modules"),
        ("!a", "!a"),
        ("*\n!*.py", "!*.py"),
        ("*\n!a/**/b", "!a/**/b"),
        ("*\n!../a/[b]", "!../a/[b]"),
        ("*\n!a\na/b", "a/b"),
        ("*\n**/*.pyc", "**/*.pyc"),
        ("*\n**/secret\n!a/secret", "!a/secret"),
        ("*\n!a\n*", "*"),
    ],
)
def test_every_other_form_is_refused(lines: str, refused: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_rules(lines.splitlines())
    [mistake] = caught.value.mistakes
    assert mistake.what.startswith(f"{refused} is not followed here")
    assert mistake.hint


def test_the_context_is_listed_in_one_order(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    write(tmp_path, b="", a="", Dockerfile="")
    write(tmp_path / "deep", c="")
    assert list(list_context(tmp_path, tmp_path / "Dockerfile")) == ["Dockerfile", "a", "b", "deep/c"]
    write(tmp_path, **{".dockerignore": "*\n!deep/**\n!a\n!missing\n"})
    assert list(list_context(tmp_path, tmp_path / "Dockerfile")) == ["a", "deep/c"]


def test_a_file_of_its_own_for_the_dockerfile_is_refused(tmp_path: Path) -> None:
    write(tmp_path, Dockerfile="", **{"Dockerfile.dockerignore": "*"})
    with pytest.raises(InvalidInput, match=r"Dockerfile\.dockerignore is not followed"):
        list_context(tmp_path, tmp_path / "Dockerfile")
