"""What the benchmark says of what it lacks, before it builds anything."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from bench import __main__ as bench
from bench import environments


@pytest.fixture
def bare_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with no program on its PATH and nothing built; gives the cache folder."""
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("OUTLAST_BENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(bench.os, "cpu_count", lambda: 2)
    return tmp_path / "cache"


def test_what_is_lacking_is_said_at_once_with_how_to_get_it(bare_machine: Path) -> None:
    done = CliRunner().invoke(bench.main, [])
    assert done.exit_code == 4
    assert "error: the endpoint cannot be measured without wrk, taskset" in done.stderr
    assert "apt-get install wrk" in done.stderr
    assert not bare_machine.exists(), "nothing is built before"


def test_a_part_that_needs_no_load_does_not_ask_for_it(bare_machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    measured = bench.Measured("## The metrics", (), {})
    monkeypatch.setitem(bench.MEASURES, "metrics", lambda options: measured)  # type: ignore[arg-type]
    done = CliRunner().invoke(bench.main, ["--part", "metrics"])
    assert (done.exit_code, done.stdout) == (0, "## The metrics\n")


def test_an_environment_is_found_once_it_is_whole_and_for_its_lock_alone(
    bare_machine: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(environments, "HERE", tmp_path)
    lock = tmp_path / "requirements-few.lock"
    lock.write_text("one==1\n")
    made: list[Path] = []

    def make(folder: Path, lock: Path) -> None:
        made.append(folder)
        folder.mkdir()
        assert environments.find_environment("few") is None
        (folder / "complete").touch()

    monkeypatch.setattr(environments, "_make_environment", make)
    python = environments.make_environment("few", lock)
    assert environments.make_environment("few", lock) == python == environments.find_environment("few")
    assert made == [python.parents[1]]
    lock.write_text("one==2\n")
    assert environments.find_environment("few") is None
