"""Mutation testing of one pure module: change its code here and there, and see whether its tests notice.

    make mutants MODULE=failover/routing/answers.py

A mutant that survives is a test that is missing, or a change that means nothing. mutmut makes and runs the mutants, in
a copy of the tree under `.mutants/`, against the module's mirrored test file and those named with `--tests`. Go on
there with `mutmut browse`.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from service.command_line import Command
from service.errors import InvalidInput

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ".mutants"


@click.command(cls=Command, help="Mutate one module, and show each change that its tests do not notice.")
@click.argument("module")
@click.option("--tests", multiple=True, help="A further test file that holds the module.")
def main(module: str, tests: Sequence[str]) -> None:
    selection = [mirror_of(module), *tests]
    missing = [name for name in (module, *selection) if not (ROOT / name).is_file()]
    if missing:
        hint = "name a module that has a test file under the same path: make mutants MODULE=failover/routing/answers.py"
        raise InvalidInput(f"there is no {' and no '.join(missing)}" if module else "no module is named", hint=hint)
    copy = make_copy(ROOT, ROOT / FOLDER / Path(module).with_suffix("").as_posix().replace("/", "."))
    add_configuration(copy / "pyproject.toml", module, selection)
    _mutmut(copy, "run")
    survivors = list_survivors(_mutmut(copy, "results", quiet=True))
    for name in survivors:
        click.echo(_mutmut(copy, "show", name, quiet=True))
    click.echo(f"{len(survivors)} mutants of {module} survived")


def mirror_of(module: str) -> str:
    """The test file that the architecture test asks for."""
    path = Path(module)
    return (Path("tests") / path.parent / f"test_{path.name}").as_posix()


def make_copy(root: Path, folder: Path) -> Path:
    """A fresh copy of what git tracks or would track: mutants never touch the tree that somebody works in."""
    shutil.rmtree(folder, ignore_errors=True)
    command = ["git", "ls-files", "-co", "--exclude-standard"]
    listed = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout
    for name in listed.splitlines():
        if (root / name).is_file():
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(root / name, target)
    return folder


def add_configuration(pyproject: Path, module: str, tests: Sequence[str]) -> None:
    """Tell mutmut, which takes all it needs to know from this file, what to mutate and what to run."""
    everything = sorted(p.name for p in pyproject.parent.iterdir() if p.name not in ("pyproject.toml", "tests"))
    packages = [name for name in everything if (pyproject.parent / name / "__init__.py").is_file()]
    table = {
        "source_paths": packages,
        "only_mutate": [module],
        "also_copy": [name for name in everything if name not in packages],
        "pytest_add_cli_args": ["-p", "no:cacheprovider"],
        "pytest_add_cli_args_test_selection": list(tests),
        "use_git_change_detection": False,
    }
    lines = [f"{key} = {json.dumps(value)}" for key, value in table.items()]
    pyproject.write_text("\n".join([pyproject.read_text(), "[tool.mutmut]", *lines, ""]))


def list_survivors(results: str) -> list[str]:
    """The mutants that no test noticed, from what `mutmut results` prints."""
    pairs = [line.strip().rsplit(": ", 1) for line in results.splitlines() if ": " in line]
    return [name for name, status in pairs if status in ("survived", "no tests")]


def _mutmut(copy: Path, *arguments: str, quiet: bool = False) -> str:
    command = [sys.executable, "-m", "mutmut", *arguments]
    ended = subprocess.run(command, cwd=copy, stdout=subprocess.PIPE if quiet else None, text=True, check=False)
    if ended.returncode != 0:
        raise click.ClickException(f"`mutmut {' '.join(arguments)}` ended with {ended.returncode}; see above")
    return ended.stdout or ""


if __name__ == "__main__":
    main()
