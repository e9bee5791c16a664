"""Several files are one table where their headers say so."""

from __future__ import annotations

from pathlib import Path

import pytest

from service.bundle.folder import load_release
from service.errors import InvalidInput
from service.offline.batch_files import open_tables
from service.stores.matching import Found, find_files
from tests.service.offline.files import RELEASED, read_rows, write_parts

MANIFEST = load_release(RELEASED).manifest


def test_files_are_opened_in_the_order_of_their_names(tmp_path: Path) -> None:
    said: list[tuple[str, int, int]] = []
    tables = open_tables(find_files(write_parts(tmp_path)), MANIFEST, announce=lambda *told: said.append(told))
    assert [Path(name).name for name in tables.names] == ["a.csv", "b.csv.gz", "c.csv"]
    assert len(set(tables.versions)) == 3
    assert tables.size > 100_000
    assert tables.read_as == "gzip, semicolon between fields; utf-16-le"
    assert tables.say(1, [5, "x"]) == [tables.names[1], 5, "x"]
    assert said[-1] == ("files", 3, 3)


def test_one_file_has_no_name_in_the_output(tmp_path: Path) -> None:
    write_parts(tmp_path)
    tables = open_tables(Found((tmp_path / "a.csv",), False), MANIFEST)
    assert tables.say(0, [5, "x"]) == [5, "x"]


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        (lambda names: [n for n in names if n != "patient"], "lacks patient"),
        (lambda names: [*names, names[0] + "_2"], "has mean_radius_2 as well"),
        (lambda names: [names[1], names[0], *names[2:]], "in another order"),
    ],
)
def test_another_header_is_refused_with_the_file(tmp_path: Path, columns: object, words: str) -> None:
    assert callable(columns)
    frame = read_rows()
    frame.to_csv(tmp_path / "a.csv", index=False)
    other = frame.assign(mean_radius_2=1.0)
    other[columns(list(frame.columns))].to_csv(tmp_path / "b.csv", index=False)
    with pytest.raises(InvalidInput, match="not parts of one table") as caught:
        open_tables(find_files(f"{tmp_path}/*.csv"), MANIFEST)
    (mistake,) = caught.value.mistakes
    assert mistake.place.endswith("b.csv")
    assert words in mistake.what


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="there is no file"):
        open_tables(Found((tmp_path / "gone.csv",), False), MANIFEST)
