"""What --csv names is one file on this disk: fetched from a store, or joined of several."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from service.errors import InvalidInput
from service.evaluation.asked import Wanted, load_asked
from service.evaluation.gathered import gather_table
from service.stores import files, matching
from service.stores.folder import FolderStore
from service.training import datasets
from service.training.datasets import load_csv

ROWS = [f"{i % 17}.5,{'red' if i % 3 else 'blue; é'},{'yes' if i % 2 else 'no'}" for i in range(60)]
HEAD = "size,colour,ok"


def _text(rows: list[str], head: str = HEAD) -> str:
    return "\n".join([head, *rows])


@pytest.fixture
def tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two files, on this disk and in a bucket: one without a last line end, one packed and in another encoding."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in/visits-1.csv").write_text(_text(ROWS[:30]))
    (tmp_path / "in/visits-2.csv.gz").write_bytes(gzip.compress(_text(ROWS[30:]).encode("utf-16")))
    store = FolderStore(tmp_path)
    monkeypatch.setattr(matching, "open_store", lambda address: store)
    monkeypatch.setattr(files, "_open", lambda bucket: store)
    return tmp_path


def test_a_path_is_itself(tables: Path) -> None:
    path = tables / "in/visits-1.csv"
    assert gather_table(path).path == path
    assert gather_table(str(path)).path == path
    assert gather_table(f"file://{path}").path == path
    assert gather_table("not there.csv").note == ""


@pytest.mark.parametrize("named", ["{}/in/visits-*", "s3://bucket/in/visits-*"])
def test_the_files_of_a_pattern_are_joined_to_what_one_file_would_be(tables: Path, named: str) -> None:
    named = named.format(tables)
    found = gather_table(named, folder=tables / "made")
    assert found.path.name == "visits.csv"
    assert found.path.read_bytes() == (_text(ROWS) + "\n").encode()
    assert "2 files joined" in found.note
    dataset = load_csv(found.path, "ok")
    assert (len(dataset.frame), dataset.features) == (60, ("size", "colour"))


def test_it_is_made_again_only_when_something_changed(tables: Path) -> None:
    def gather(named: str) -> tuple[Path, int]:
        path = gather_table(named, folder=tables / "made").path
        return path, path.stat().st_mtime_ns

    for named in (f"{tables}/in/*", "s3://bucket/in/visits-1.csv"):
        first = gather(named)
        assert gather(named) == first
        (tables / "in/visits-1.csv").write_text(_text(ROWS[:20]) + f"\n{named!r},red,no")
        again = gather(named)
        assert again[0] == first[0], "the problem file of a draft names it"
        assert again[1] != first[1]
        assert named.encode() in again[0].read_bytes()


def test_an_object_is_fetched_as_it_is(tables: Path) -> None:
    found = gather_table("s3://bucket/in/visits-2.csv.gz", folder=tables / "made")
    assert found.path.name == "visits-2.csv.gz"
    assert found.path.read_bytes() == (tables / "in/visits-2.csv.gz").read_bytes()
    assert "s3://bucket/in/visits-2.csv.gz is read as" in found.note


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (_text(ROWS, "size,color,ok"), "has the columns size, color, ok, not size, colour, ok"),
        (_text([row.replace(",", "\t") for row in ROWS], HEAD.replace(",", "\t")), "is written with tab between"),
        (_text(ROWS).replace("\n", "\r"), "end in a carriage return"),
    ],
)
def test_files_that_are_not_alike_are_named(tables: Path, text: str, words: str) -> None:
    (tables / "in/visits-3.csv").write_bytes(text.encode())
    with pytest.raises(InvalidInput, match="not parts of one table") as caught:
        gather_table(f"{tables}/in/*", folder=tables / "made")
    (mistake,) = caught.value.mistakes
    assert mistake.place.endswith("visits-3.csv")
    assert words in mistake.what
    assert not list((tables / "made").rglob("*.csv"))


def test_what_is_too_large_is_refused_before_it_is_fetched(tables: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datasets, "LARGEST_CSV_BYTES", 500)
    with pytest.raises(InvalidInput, match="training reads at most"):
        gather_table("s3://bucket/in/*", folder=tables / "made")
    assert not list((tables / "made").rglob("*.csv"))


@pytest.mark.parametrize(
    ("named", "name"), [("{}/in/*.csv*", "in"), ("{}/in/2026_*", "2026"), ("{}/in/**/*[0-9].csv", "in")]
)
def test_the_joined_table_has_a_name_that_a_model_can_have(tables: Path, named: str, name: str) -> None:
    (tables / "in/2026_1.csv").write_text(_text(ROWS))
    assert gather_table(named.format(tables), folder=tables / "made").path.stem == name


def test_a_draft_is_drawn_up_for_the_joined_table(tables: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from service.evaluation import asked

    monkeypatch.setattr(asked, "gather_table", lambda named: gather_table(named, folder=tables / "made"))
    wanted = Wanted(csv_file=f"{tables}/in/visits-*", target="ok", artifacts=tables / "out")
    loaded = load_asked(wanted)
    assert loaded.problem.name == "visits"
    assert len(loaded.dataset.frame) == 60
    assert any("2 files joined" in note for note in loaded.notes)
