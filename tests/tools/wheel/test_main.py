"""The wheel is built without the network, the same twice, and works alone."""

from __future__ import annotations

import os
import sys
import zipfile
from pathlib import Path

import pytest

from service.errors import OutlastError
from tools.wheel.__main__ import build, try_alone


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("dist"))


@pytest.mark.slow
def test_the_same_sources_give_the_same_bytes(wheel: Path, tmp_path: Path) -> None:
    assert build(tmp_path).read_bytes() == wheel.read_bytes()


@pytest.mark.slow
def test_building_leaves_the_process_as_it_was(tmp_path: Path) -> None:
    before = (Path.cwd(), dict(os.environ))
    build(tmp_path)
    assert (Path.cwd(), dict(os.environ)) == before


def test_it_is_typed_licensed_and_has_the_command(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        points = next(name for name in names if name.endswith("entry_points.txt"))
        assert "outlast-failover=failover._script:main" in archive.read(points).decode()
    assert "failover/py.typed" in names
    assert "failover/_service/pages/templates/page.html" in names
    assert any(name.endswith("licenses/LICENSE") for name in names)


@pytest.mark.slow
def test_it_works_alone_in_an_empty_environment(wheel: Path, tmp_path: Path) -> None:
    try_alone(wheel, Path(sys.executable).resolve(), tmp_path / "alone")


@pytest.mark.slow
def test_an_environment_that_cannot_be_made_is_said(wheel: Path, tmp_path: Path) -> None:
    with pytest.raises(OutlastError, match="alone on /bin/false"):
        try_alone(wheel, Path("/bin/false"), tmp_path / "alone")
