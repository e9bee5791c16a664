"""One run, from the addresses to what is told and remembered."""

from __future__ import annotations

from pathlib import Path

import pytest

from outlast.sync import remembered, run
from outlast.sync.manifest import File
from outlast.sync.plan import Held, Work
from outlast.sync.run import describe_work, prepare
from service.errors import InvalidInput, Refused, Unavailable
from service.stores.opening import open_store
from service.stores.store import Store
from tests.outlast.sync.stores import write_files


def _places(tmp_path: Path, *names: str) -> tuple[str, ...]:
    return tuple(str(tmp_path / name) for name in names)


def test_a_run_is_told_before_and_after_and_remembered(tmp_path: Path) -> None:
    source = str(write_files(tmp_path / "source", {"a": b"1", "b": b"22"}))
    plan = prepare(tmp_path, "data", source, _places(tmp_path, "x", "y"))
    told = list(plan.describe_plan())
    assert told[0] == f"data: number 1, 2 files, 3 B, from {source}"
    assert told[1].endswith("x: 2 blobs to write, 3 B; the manifest")
    assert "at most 0.00 USD of egress (list prices of" in told[-1]
    assert plan.document()["seconds"] is None
    plan.execute(lambda size: None)
    after = list(plan.describe_result())
    assert after[0].startswith(f"{tmp_path / 'x'}: holds number 1; 3 B written")
    assert "moved in" in after[-1]
    assert [one.targets for one in remembered.load(tmp_path)] == [_places(tmp_path, "x", "y")]
    document = plan.document()
    assert [(store["to_write"], store["written_bytes"]) for store in document["stores"]] == [(2, 3), (2, 3)]
    again = prepare(tmp_path, "data", source, _places(tmp_path, "x"))
    assert list(again.describe_plan())[1].endswith("x: in step")


def test_from_one_store_to_another_the_manifest_is_the_same_object(tmp_path: Path) -> None:
    source = str(write_files(tmp_path / "source", {"a": b"1"}))
    prepare(tmp_path, "data", source, _places(tmp_path, "x")).execute(lambda size: None)
    (x, y) = _places(tmp_path, "x", "y")
    prepare(tmp_path, "data", x, (y,)).execute(lambda size: None)
    assert [e.key for e in open_store(x).list()] == [e.key for e in open_store(y).list()]
    write_files(tmp_path / "source", {"b": b"2"})
    prepare(tmp_path, "data", source, (y,)).execute(lambda size: None)
    with pytest.raises(Refused, match="y: is ahead: it holds number 2"):
        prepare(tmp_path, "data", x, (y,))


def test_a_store_that_does_not_answer_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = str(write_files(tmp_path / "source", {"a": b"1"}))
    x, y = _places(tmp_path, "x", "y")
    real = run.look

    def look(store: Store, name: str, what: str) -> Held:
        if name == y:
            raise Unavailable("y does not answer")
        return real(store, name, what)

    monkeypatch.setattr(run, "look", look)
    plan = prepare(tmp_path, "data", source, (x, y))
    plan.execute(lambda size: None)
    assert [target.address for target in plan.targets] == [x]
    assert plan.document()["unread"] == {y: "y does not answer"}
    assert remembered.load(tmp_path)[0].targets == (x, y)


def test_what_is_extra_is_told_by_name() -> None:
    files = tuple(File(name, 1, name * 64) for name in "abcd")
    assert describe_work(Work("s", dropped=files)) == "4 files extra, as earlier manifests have them: a, b, c, …"
    assert describe_work(Work("s", prove=files[:1])) == "1 there to be read back, as no manifest names them yet"


def test_an_address_of_no_known_kind_is_refused(tmp_path: Path) -> None:
    source = str(write_files(tmp_path / "source", {"a": b"1"}))
    with pytest.raises(InvalidInput, match="no known kind"):
        prepare(tmp_path, "data", source, ("ftp://x",))
