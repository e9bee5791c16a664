"""Mutants are made in a copy of the tree, of one module, and those that live are told apart from those that do not."""

from __future__ import annotations

import subprocess
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner

from tools.mutants import add_configuration, list_survivors, main, make_copy, mirror_of


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    files = {
        "pyproject.toml": '[project]\nname = "x"\n',
        "a/__init__.py": "",
        "a/b.py": "X = 1\n",
        "stacks/one.yaml": "",
        "tests/a/test_b.py": "",
        ".gitignore": "/left/\n",
        "left/over.py": "",
    }
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    subprocess.run(["git", "init", "--quiet"], cwd=root, check=True)
    return root


def test_the_copy_has_what_git_would_track_and_nothing_of_an_earlier_run(tree: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    (copy / "mutants").mkdir(parents=True)
    make_copy(tree, copy)
    assert (copy / "a" / "b.py").read_text() == "X = 1\n"
    assert not (copy / "left").exists()
    assert not (copy / "mutants").exists()


def test_one_module_is_mutated_and_everything_else_comes_along(tree: Path) -> None:
    add_configuration(tree / "pyproject.toml", "a/b.py", ["tests/a/test_b.py"])
    read = tomllib.loads((tree / "pyproject.toml").read_text())
    assert read["project"]["name"] == "x"
    table = read["tool"]["mutmut"]
    assert table["source_paths"] == ["a"]
    assert table["only_mutate"] == ["a/b.py"]
    assert "stacks" in table["also_copy"] and "tests" not in table["also_copy"]
    assert table["pytest_add_cli_args_test_selection"] == ["tests/a/test_b.py"]


def test_the_tests_of_a_module_are_those_that_mirror_it() -> None:
    assert mirror_of("failover/drill/run.py") == "tests/failover/drill/test_run.py"


def test_mutants_that_live_are_those_that_no_test_noticed() -> None:
    printed = (
        "    a.b.x_f__mutmut_1: survived\n    a.b.x_f__mutmut_2: no tests\n    a.b.x_f__mutmut_3: timeout\n\nbye\n"
    )
    assert list_survivors(printed) == ["a.b.x_f__mutmut_1", "a.b.x_f__mutmut_2"]


def test_a_module_that_is_not_there_is_named_before_anything_is_copied() -> None:
    done = CliRunner().invoke(main, ["failover/nothing.py"])
    assert done.exit_code == 2
    assert "there is no failover/nothing.py and no tests/failover/test_nothing.py\nhint: " in done.output
    assert "error: no module is named\nhint: " in CliRunner().invoke(main, [""]).output
