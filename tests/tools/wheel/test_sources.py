"""What the wheel holds is what the tree holds, but for where `service` is imported from."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from tools.wheel.sources import ROOT, needed_modules, rename_imports, wheel_files

FILES = wheel_files()
HERE = ROOT / "tools" / "wheel"


def original(place: str) -> Path:
    inner = "failover/_service/"
    return ROOT / (place.replace(inner, "service/") if place.startswith(inner) else place)


def test_every_module_of_failover_is_inside() -> None:
    there = {path.relative_to(ROOT).as_posix() for path in (ROOT / "failover").rglob("*.py")}
    assert there <= set(FILES)


def test_there_is_no_top_level_service() -> None:
    assert {place.split("/")[0] for place in FILES} == {"failover"}


def test_of_service_only_what_stands_below_both_is_inside() -> None:
    """Otherwise the wheel would grow by the server or by the training without anybody asking for it."""
    ours = {".".join(name.split(".")[:2]) for name in needed_modules() if name.startswith("service.")}
    assert ours == {"service.errors", "service.bundle", "service.command_line", "service.pages", "service.ticks"}


@pytest.mark.parametrize("place", [place for place in FILES if place != "failover/py.typed"])
def test_a_file_differs_from_the_trees_in_nothing_but_the_packages_name(place: str) -> None:
    assert FILES[place].replace(b"failover._service", b"service") == original(place).read_bytes()


def test_no_module_inside_imports_the_outer_service() -> None:
    left = [place for place, text in FILES.items() if re.search(rb"^\s*(from|import) service\b", text, re.M)]
    assert left == []


def test_imports_are_renamed_and_words_are_not() -> None:
    source = 'from service.errors import Refused\nimport service.bundle\n"from service.x"\nfrom services import y\n'
    expected = 'from failover._service.errors import Refused\nimport failover._service.bundle\n"from service.x"\n'
    assert rename_imports(source) == expected + "from services import y\n"


def requirements() -> list[str]:
    project = tomllib.loads((HERE / "failover.toml").read_text())["project"]
    extras = [line for lines in project["optional-dependencies"].values() for line in lines]
    return [line for line in [*project["dependencies"], *extras] if not line.startswith("outlast-failover")]


@pytest.mark.parametrize("line", requirements())
def test_each_range_holds_the_version_that_the_suite_runs_with(line: str) -> None:
    from packaging.requirements import Requirement

    wanted = Requirement(line)
    pinned = re.search(rf"^{re.escape(wanted.name)}==(\S+)", (ROOT / "requirements.lock").read_text(), re.M)
    assert pinned is not None
    assert wanted.specifier.contains(pinned[1])
