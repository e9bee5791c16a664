"""The options of a training elsewhere: what the job is given, and what is refused before anything is uploaded."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from jobs.spec import check
from outlast.train.asked import build_spec, choose_size, read_asked
from service.errors import InvalidInput
from service.training.problem import PROBLEMS
from service.training.source import hash_file
from tests.outlast.train.fake import make_place


def test_a_problem_that_every_image_brings_along_needs_no_table() -> None:
    asked = read_asked("digits", (), {"budget": 2.5, "accept": ("recall",), "jobs": 2, "drop": ()})
    assert (asked.path.name, asked.problem.name, asked.tables) == ("digits.toml", "digits", ())
    assert asked.arguments == ("--budget", "2.5", "--jobs", "2", "--accept", "recall")
    assert asked.released is not None


def _problem(folder: Path, table: str = "") -> Path:
    text = (PROBLEMS / "digits.toml").read_text()
    path = folder / "mine.toml"
    path.write_text(text + table)
    return path


def _table(sha256: str) -> str:
    return f'\n[table]\npath = "mine.csv"\ntarget = "y"\nsha256 = "{sha256}"\n'


def test_a_problem_file_names_its_own_table(tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text("x,y\n1,a\n")
    path = _problem(tmp_path, _table(hash_file(tmp_path / "mine.csv")))
    assert [table.name for table in read_asked(str(path), (), {}).tables] == ["mine.csv"]
    (tmp_path / "mine.csv").write_text("x,y\n2,a\n")
    with pytest.raises(InvalidInput, match=r"is not the table that mine\.toml was drawn up for"):
        read_asked(str(path), (), {})
    assert len(read_asked(str(path), (str(tmp_path / "mine.csv"),), {}).tables) == 1


def test_a_table_without_a_target_is_refused(tmp_path: Path) -> None:
    path, table = _problem(tmp_path), tmp_path / "mine.csv"
    table.write_text("x,y\n1,a\n")
    with pytest.raises(InvalidInput, match="does not say which column of"):
        read_asked(str(path), (str(table),), {})
    assert read_asked(str(path), (str(table),), {"target": "y"}).arguments == ("--target", "y")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"csv_file": "a.csv"}, "--csv is read on this machine"),
        ({"artifacts": Path("x")}, "--artifacts"),
        ({"dask": "local"}, "--dask"),
        ({"drop": ("x",)}, "--drop say something of a table, and digits brings its own"),
    ],
)
def test_what_a_job_cannot_follow_is_refused(options: dict[str, Any], told: str) -> None:
    with pytest.raises(InvalidInput, match=told):
        read_asked("digits", (), options)


def test_a_job_has_a_limit_of_time() -> None:
    assert choose_size(2, 8.0, None, None, spot=False).minutes == 60
    assert choose_size(2, 8.0, 15.0, None, spot=False).minutes == 45
    assert choose_size(2, 8.0, 15.0, 20.0, spot=True).minutes == 20
    with pytest.raises(InvalidInput, match="the search alone may take 15"):
        choose_size(2, 8.0, 15.0, 10.0, spot=False)


def test_the_spec_is_of_the_place_and_the_size(tmp_path: Path) -> None:
    asked = read_asked("digits", (), {"budget": 1.0})
    place = make_place("gcp", tmp_path)
    spec = build_spec(asked, choose_size(4, 16.0, 1.0, None, spot=True), place, ())
    assert (spec.image, spec.identity, spec.output) == (place.training_image, "role", place.output_address)
    assert (spec.cpu, spec.memory_gib, spec.max_seconds, spec.spot) == (4, 16.0, 31 * 60, True)
    assert spec.labels == {"outlast-problem": "digits"}
    named = replace(asked, problem=replace(asked.problem, name="Visits 2026.v2"))
    data = ("gs://bucket/data/inputs/1/",)
    stores = {"output": "gs://bucket/output", "checkpoints": "gs://bucket/checkpoints"}
    image = f"registry/training@sha256:{'0' * 64}"
    spec = replace(
        build_spec(named, choose_size(2, 8.0, None, None, spot=False), place, ()), data=data, image=image, **stores
    )
    check(spec, "gcp")
    assert spec.labels == {"outlast-problem": "visits-2026-v2"}


def test_fits_of_the_same_table_are_kept_together_whatever_is_asked_of_it(tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text("x,y\n1,a\n")
    (tmp_path / "other.csv").write_text("x,y\n2,a\n")
    place = make_place("aws", tmp_path)

    def where(named: str, *data: Path, budget: float | None = None) -> str:
        asked = read_asked(named, [*map(str, data)], {"budget": budget, **({"target": "y"} if data else {})})
        return build_spec(asked, choose_size(2, 8.0, budget, None, spot=False), place, asked.tables).checkpoints

    mine, other = tmp_path / "mine.csv", tmp_path / "other.csv"
    kept = where(str(_problem(tmp_path)), mine)
    assert kept.startswith(place.checkpoints_address)
    assert where("digits", mine, budget=3.0) == kept, "another budget, and another problem file"
    assert len({kept, where("digits", other), where("digits", mine, other), where("digits"), where("tumour")}) == 5
