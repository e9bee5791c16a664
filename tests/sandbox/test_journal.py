"""The journal keeps what it acknowledged, whatever happens to the process or the disk."""

from __future__ import annotations

import functools
import json
import signal
import subprocess
import sys
import tempfile
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.journal import Journal, JournalVersion
from service.errors import Unavailable

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "journal.jsonl"


def filled(path: Path, count: int = 3) -> dict[str, dict[str, int]]:
    journal = Journal(path)
    documents = {f"key-{i}": {"n": i} for i in range(count)}
    for key, document in documents.items():
        journal.put(key, document)
    journal.close()
    return documents


@functools.cache
def written(count: int) -> bytes:
    """The bytes of a journal of `filled`; made once, because each line is synced to the disk."""
    with tempfile.TemporaryDirectory() as folder:
        filled(Path(folder, "journal.jsonl"), count)
        return Path(folder, "journal.jsonl").read_bytes()


def reopened(path: Path) -> Journal:
    journal = Journal(path)
    journal.close()
    return journal


def test_what_is_put_is_found_again_and_what_is_forgotten_is_not(path: Path) -> None:
    filled(path)
    journal = Journal(path)
    journal.put("key-1", {"n": "another"})
    journal.forget("key-2")
    journal.forget("never known")
    journal.close()
    assert dict(reopened(path)) == {"key-0": {"n": 0}, "key-1": {"n": "another"}}


def test_reading_gives_copies_so_that_only_put_changes_what_is_remembered(path: Path) -> None:
    journal = Journal(path)
    journal.put("key", {"list": [1]})
    journal["key"]["list"].append(2)
    assert journal["key"] == {"list": [1]}
    journal.close()


@given(data=st.data())
@settings(max_examples=30, deadline=None)
def test_a_file_cut_at_any_byte_keeps_every_line_before_the_cut(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("cut") / "journal.jsonl"
    documents = {f"key-{i}": {"n": i} for i in range(3)}
    content = written(3)
    cut = data.draw(st.integers(0, len(content)))
    path.write_bytes(content[:cut])
    whole = max(0, content[:cut].count(b"\n") - 1)  # but for the header
    journal = reopened(path)
    kept = dict(journal)
    assert list(documents.items())[:whole] == list(kept.items())[:whole]
    assert len(kept) <= whole + 1  # one more where only the line feed was cut off
    assert journal.damaged == []  # a torn last line was never acknowledged: it is no damage


@given(data=st.data())
@settings(max_examples=30, deadline=None)
def test_a_flipped_bit_loses_at_most_the_lines_that_it_touches(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("flip") / "journal.jsonl"
    documents = {f"key-{i}": {"n": i} for i in range(5)}
    content = bytearray(written(5))
    header = content.index(b"\n") + 1
    place = data.draw(st.integers(header, len(content) - 1))
    content[place] ^= 1 << data.draw(st.integers(0, 7))
    path.write_bytes(content)
    journal = reopened(path)
    lost = documents.keys() - journal.keys()
    assert all(journal[key] == documents[key] for key in journal)
    # A line feed stands between two lines, and both go with it; nothing is lost in silence.
    assert len(lost) <= 2
    assert bool(lost) == bool(journal.damaged)


def test_a_damaged_line_is_named_and_the_file_is_kept_as_it_was_found(path: Path) -> None:
    filled(path)
    damaged = path.read_bytes().replace(b'{"n":1}', b'{"n":7}')
    path.write_bytes(damaged)
    journal = reopened(path)
    assert dict(journal) == {"key-0": {"n": 0}, "key-2": {"n": 2}}
    assert len(journal.damaged) == 1
    assert journal.damaged[0].startswith("journal.jsonl:3: ")
    assert [p.read_bytes() for p in path.parent.glob("*.damaged-*")] == [damaged]
    assert reopened(path).damaged == []


def test_a_damaged_header_does_not_cost_the_entries(path: Path) -> None:
    documents = filled(path)
    path.write_bytes(b"rubbish\n" + path.read_bytes().split(b"\n", 1)[1])
    journal = reopened(path)
    assert dict(journal) == documents
    assert journal.damaged == ["journal.jsonl:1: b'rubbish'"]


def test_a_whole_line_that_is_no_entry_is_named(path: Path) -> None:
    filled(path, 1)
    text = json.dumps(["no", "entry"]).encode()
    with path.open("ab") as file:
        file.write(b"%08x %s\n" % (zlib.crc32(text), text))
    journal = reopened(path)
    assert list(journal) == ["key-0"]
    assert len(journal.damaged) == 1


def test_another_version_is_refused_and_left_alone(path: Path) -> None:
    filled(path)
    text = b'{"doc":{"version":2},"key":"outlast-journal"}'
    old = b"%08x %s\n" % (zlib.crc32(text), text) + path.read_bytes().split(b"\n", 1)[1]
    path.write_bytes(old)
    with pytest.raises(JournalVersion, match=r"format 2, this one reads 1") as caught:
        Journal(path)
    assert "make clean" in caught.value.hint
    assert path.read_bytes() == old


_WRITER = """
import sys
from pathlib import Path
from sandbox.journal import Journal
journal = Journal(Path(sys.argv[1]), compact_bytes=12_000)
for n in range(10**9):
    journal.put(f"key-{n % 7}", {"n": n, "padding": "x" * (n % 900)})
    sys.stdout.write(f"{n}\\n")
    sys.stdout.flush()
"""


@pytest.mark.parametrize("after", [1, 40, 150])
def test_kill_9_while_writing_loses_nothing_that_was_acknowledged(path: Path, after: int) -> None:
    """Compactions included: the file grows past their limit several times."""
    writer = subprocess.Popen([sys.executable, "-c", _WRITER, str(path)], cwd=ROOT, stdout=subprocess.PIPE)
    assert writer.stdout is not None
    with writer, writer.stdout as told:
        for _ in range(after):
            told.readline()
        writer.send_signal(signal.SIGKILL)
        acknowledged = after - 1 + len(told.readlines())
    journal = reopened(path)
    assert journal.damaged == []
    newest = max(document["n"] for document in journal.values())
    assert newest in (acknowledged, acknowledged + 1)  # written, and killed before it said so
    assert len(journal) == min(7, newest + 1)
    assert all(newest - document["n"] < 7 for document in journal.values())


def test_growing_compacts_the_file(path: Path) -> None:
    journal = Journal(path, compact_bytes=3_000)
    for n in range(60):
        journal.put("one", {"n": n, "padding": "x" * 100})
        journal.put(f"passing-{n}", {})
        journal.forget(f"passing-{n}")
    journal.close()
    assert path.stat().st_size < 3_500
    assert dict(reopened(path)) == {"one": {"n": 59, "padding": "x" * 100}}


_FULL_DISK = """
import resource, sys
from pathlib import Path
from service.errors import Unavailable
from sandbox.journal import Journal
journal = Journal(Path(sys.argv[1]))
journal.put("before", {"n": 1})
limit = journal.path.stat().st_size + 50
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
try:
    journal.put("large", {"padding": "x" * 200})
except Unavailable as error:
    print(error)
assert list(journal) == ["before"], list(journal)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
journal.put("after", {"n": 2})
"""


def test_a_full_disk_is_said_and_leaves_no_half_line(path: Path) -> None:
    """The kernel takes 50 bytes of a line of 250 and then no more, as on a disk that is full."""
    done = subprocess.run([sys.executable, "-c", _FULL_DISK, str(path)], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "cannot write its journal" in done.stdout
    assert "hint: free some disk space" in done.stdout
    journal = reopened(path)
    assert dict(journal) == {"before": {"n": 1}, "after": {"n": 2}}
    assert journal.damaged == []


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Unavailable, match="cannot write its journal"):
        Journal(tmp_path / "file" / "journal.jsonl")


def test_only_the_owner_may_read_the_file(path: Path) -> None:
    filled(path)
    assert path.stat().st_mode & 0o077 == 0
    assert not path.with_suffix(".new").exists()


def test_a_closed_journal_takes_nothing_more(path: Path) -> None:
    journal = Journal(path)
    journal.close()
    journal.close()
    with pytest.raises(Unavailable, match="is closed"):
        journal.put("key", {})
    assert "key" not in journal
    assert list(path.parent.iterdir()) == [path]
