"""What a job would say of its problem and tables is said before anything is uploaded, and all of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from outlast.train.asked import read_asked
from outlast.train.checking import check_asked
from outlast.train.tables import Table
from service.bundle.folder import RELEASED, load_release
from service.errors import OutlastError

PROBLEM = """
objective = "tell long from wide"
data = "mine"
positive_class = "long"
[costs]
false_positive = 1.0
false_negative = 1.0
[floors]
accuracy = 0.6
[grids.softmax]
C = [0.3, 1.0]
"""


def _write(folder: Path, problem: str = PROBLEM, rows: int = 120, header: str = "length,width,kind") -> Path:
    lines = [f"{row % 7},{row % 5},{'long' if row % 3 else 'wide'}" for row in range(rows)]
    (folder / "mine.csv").write_text("\n".join([header, *lines]) + "\n")
    (folder / "mine.toml").write_text(problem)
    return folder / "mine.toml"


def _check(problem: Path, released: Any = None, **options: Any) -> None:
    options = {"target": "kind", **options}
    asked = read_asked(str(problem), (str(problem.with_suffix(".csv")),), options)
    check_asked(replace(asked, released=released), options, asked.tables)


def _told(problem: Path, **options: Any) -> str:
    with pytest.raises(OutlastError) as caught:
        _check(problem, **options)
    return str(caught.value)


def test_what_a_job_can_train_passes(tmp_path: Path) -> None:
    _check(_write(tmp_path))
    asked = read_asked("digits", (), {})
    check_asked(asked, {}, asked.tables)


@pytest.mark.parametrize(
    ("written", "options", "told"),
    [
        ({"rows": 6}, {}, "there are fewer rows than folds need"),
        ({}, {"target": "no"}, "column no: is not there; the columns are length, width, kind"),
        ({}, {"drop": ("gone",)}, "column gone: is not there"),
        ({}, {"group": "length", "time": "width"}, "--group and --time"),
        ({"header": "length,length,kind"}, {}, "column length: is there more than once"),
        ({"problem": PROBLEM.replace('"long"', '"short"')}, {}, "the positive class 'short' is not in column kind"),
        ({"problem": PROBLEM + "[grids.lightgbm]\n"}, {}, "grids.lightgbm: the training image does not hold lightgbm"),
    ],
)
def test_what_a_job_would_refuse_is_refused(
    written: dict[str, Any], options: dict[str, Any], told: str, tmp_path: Path
) -> None:
    assert told in _told(_write(tmp_path, **written), **options)


def test_all_of_it_is_told_together(tmp_path: Path) -> None:
    problem = _write(tmp_path, PROBLEM + "[grids.lightgbm]\n", rows=6)
    told = _told(problem, released=load_release(RELEASED / "tumour"))
    assert told.startswith("a job of mine would fail\n")
    for one in ("the training image does not hold lightgbm", "another schema", "there are fewer rows than folds need"):
        assert one in told


def _stored(folder: Path, *named: str) -> Sequence[Table]:
    """Files here that are said to lie in a store."""

    class Stored(Table):
        scheme = "s3"

    return [Stored(folder / name, "0" * 64, 1) for name in named]


def test_of_tables_in_a_store_the_headers_are_read(tmp_path: Path) -> None:
    asked = read_asked(str(_write(tmp_path)), (str(tmp_path / "mine.csv"),), {"target": "kind"})
    (tmp_path / "other.csv").write_text("length,kind\n1,long\n")
    tables = _stored(tmp_path, "mine.csv", "other.csv")
    check_asked(asked, {"target": "kind"}, tables[:1])
    with pytest.raises(OutlastError) as caught:
        check_asked(asked, {"target": "no"}, tables)
    told = str(caught.value)
    assert "column no: is not there" in told and "has the columns length, kind, not length, width, kind" in told
