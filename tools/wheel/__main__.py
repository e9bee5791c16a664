"""`python -m tools.wheel`, which `make dist` calls: builds the wheel, and tries it alone on every Python here."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import click
from flit_core import buildapi

from sandbox.install import run_quietly, uv_command, uv_environment
from service.command_line import CONTEXT, Command, say
from service.errors import OutlastError
from tools.interpreters import Version, find_interpreters, likely_folders
from tools.wheel.sources import ROOT, wheel_files

HERE = Path(__file__).parent
SMOKE = ROOT / "tests" / "tools" / "wheel" / "smoke.py"
DIST = ROOT / "dist"
EXPECTED = ((3, 11), (3, 12), (3, 13), (3, 14))
# flit writes this time into the wheel, so that the same sources give the same bytes. It is the first that ZIP can say.
_EPOCH = "315532800"


def stage(folder: Path) -> None:
    """Lay out the wheel's sources as a project of their own."""
    for place, content in wheel_files().items():
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        (folder / place).write_bytes(content)
    shutil.copy(HERE / "failover.toml", folder / "pyproject.toml")
    shutil.copy(HERE / "README.md", folder / "README.md")
    shutil.copy(HERE / "script.py", folder / "failover" / "_script.py")
    shutil.copy(ROOT / "LICENSE", folder / "LICENSE")


def build(out: Path) -> Path:
    """The wheel's file, built in `out` without the network. Same sources, same bytes."""
    out = out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as folder, _surroundings(Path(folder)):
        stage(Path(folder))
        return out / str(buildapi.build_wheel(str(out)))


def try_alone(wheel: Path, python: Path, folder: Path) -> None:
    """Install the wheel with all that its tests need into an empty environment, and run the smoke test there.

    Versions are those of requirements.lock. Raises OutlastError with what the failed step printed last.
    """
    inside, uv = folder / "bin" / "python", Path(sys.executable).with_name("uv")
    wanted = f"outlast-failover[testing] @ {wheel.resolve().as_uri()}"
    pins = _write_pins(folder.with_suffix(".txt"))
    for command in (
        [str(python), "-m", "venv", "--without-pip", "--clear", str(folder)],
        [*uv_command(uv, inside), "--constraint", str(pins), wanted],
        [str(inside), "-I", str(SMOKE)],
    ):
        if failed := run_quietly(command, uv_environment(uv)):
            raise OutlastError(f"{wheel.name} alone on {python}: {failed}", hint=" ".join(command))


def _write_pins(path: Path) -> Path:
    """The lock's versions without its hashes: the wheel itself has none, and uv wants all or none."""
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    path.write_text("\n".join(line.removesuffix(" \\") for line in lines if "==" in line and not line.startswith(" ")))
    return path


@contextmanager
def _surroundings(folder: Path) -> Iterator[None]:
    """flit reads the project from the working folder, and the time from the environment."""
    before, epoch = Path.cwd(), os.environ.get("SOURCE_DATE_EPOCH")
    os.chdir(folder)
    os.environ["SOURCE_DATE_EPOCH"] = _EPOCH
    try:
        yield
    finally:
        os.chdir(before)
        os.environ.pop("SOURCE_DATE_EPOCH")
        if epoch is not None:
            os.environ["SOURCE_DATE_EPOCH"] = epoch


def _one_of_each(found: dict[Version, Path]) -> Iterator[tuple[str, Path | None]]:
    """Of each Python that the wheel is for the newest here, or None."""
    for minor in EXPECTED:
        here = [version for version in found if version[:2] == minor]
        yield ".".join(map(str, minor)), found[max(here)] if here else None


@click.command(cls=Command, context_settings=CONTEXT)
@click.option("--out", type=click.Path(path_type=Path), default=DIST, help="Where to put the wheel; dist/ by default.")
def main(out: Path) -> None:
    """Build the wheel outlast-failover and run its smoke test on every Python from 3.11 to 3.14 that is here."""
    wheel = build(out)
    say(f"built {wheel}")
    for name, python in _one_of_each(find_interpreters(list(likely_folders()))):
        if python is None:
            say(f"Python {name}: skipped, it is not on this machine")
            continue
        with TemporaryDirectory() as folder:
            try_alone(wheel, python, Path(folder) / "alone")
        say(f"Python {name}: installed into an empty environment, and the smoke test passed")


if __name__ == "__main__":
    main(prog_name="python -m tools.wheel")
