"""Records are cut where they end, in linear time, whatever the quotation marks in them do."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from service.errors import InvalidInput
from service.tables import records
from service.tables.dialect import Dialect, read_rows
from service.tables.encoding import Encoding
from service.tables.records import Part, count_lines, cut_records, find_first_end, read_parts


def _dialect(codec: str = "utf-8", line_end: bytes = b"\n") -> Dialect:
    return Dialect(Encoding(codec, 0, line_end, 0, 0))


def _parts(folder: Path, content: bytes, size: int, dialect: Dialect | None = None) -> list[Part]:
    path = folder / "table.csv"
    path.write_bytes(content)
    return list(read_parts(path, dialect or _dialect(), size=size))


@pytest.mark.parametrize("size", [1, 2, 5, 17, 1000])
@pytest.mark.parametrize("codec", ["utf-8", "utf-16-le", "cp1252"])
def test_parts_hold_whole_records_and_end_where_they_say(tmp_path: Path, size: int, codec: str) -> None:
    text = 'é,1\n"a ""b"",\nc",2\n5" pipe,3\n, "x\n",4\n\nlast,5'
    content = text.encode(codec)
    parts = _parts(tmp_path, content, size, _dialect(codec))
    assert b"".join(part.content for part in parts).decode() == text
    read = [row for part in parts for row in read_rows(part.content.decode(), ",")]
    assert read == list(read_rows(text, ","))
    end = 0
    for part in parts:
        assert content[end : part.end].decode(codec) == part.content.decode()
        assert part.line == 1 + content[:end].decode(codec).count("\n")
        end = part.end


@pytest.mark.parametrize("codec", ["utf-8", "utf-16-le"])
@settings(deadline=None, max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(alphabet='aé", \n\r', max_size=60), st.integers(1, 20))
@example(text='"\naaaaaa""\na', size=5)  # the rest of the file is looked at to its end before, and anew
def test_going_on_from_any_part_gives_the_parts_of_the_whole(tmp_path: Path, codec: str, text: str, size: int) -> None:
    """So that a run which was killed, and a range of another machine, cut blocks as one process does."""
    path = tmp_path / "table.csv"
    path.write_bytes(text.encode(codec))
    whole = _parts(tmp_path, text.encode(codec), size, _dialect(codec))
    ends = [0, *(part.end for part in whole)]
    for start in range(len(ends)):
        for stop in range(start, len(ends)):
            found = read_parts(path, _dialect(codec), offset=ends[start], size=size, stop=ends[stop])
            assert [(p.content, p.end) for p in found] == [(p.content, p.end) for p in whole[start:stop]]


@settings(deadline=None, max_examples=300)
@given(st.text(alphabet='a", \n\r', max_size=60), st.integers(1, 20))
def test_any_text_is_cut_as_it_is_read_whole(text: str, size: int) -> None:
    """Up to a mark that is never closed, there is no difference between a part and the whole."""
    content, rows, pending = text.encode(), list[list[str]](), b""
    for start in range(0, max(1, len(content)), size):
        last = start + size >= len(content)
        pending += content[start : start + size]
        while pending and (found := cut_records(pending, _dialect(), last=last))[0]:
            piece, pending = pending[: found[0]], pending[found[0] :]
            if found[1]:
                return
            rows += read_rows(piece.decode(), ",")
    assert pending == b""
    # A part that ends between "\r" and "\n" begins with a blank line; these are skipped.
    assert [row for row in rows if row] == [row for row in read_rows(text, ",") if row]


def test_a_mark_that_is_never_closed_costs_its_own_line(tmp_path: Path) -> None:
    parts = _parts(tmp_path, b'a,1\n"b,2\nc,3\nd,4\n', 6)
    assert [(part.content, part.line, part.unclosed) for part in parts if part.unclosed] == [(b'"b,2\n', 2, True)]
    assert b"".join(part.content for part in parts) == b'a,1\n"b,2\nc,3\nd,4\n'


def test_a_mark_that_is_closed_too_far_away_is_never_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "LONGEST_RECORD", 100)
    content = b'a,1\n"b,2\n' + b"c,3\n" * 100 + b'd,"4"\n'
    parts = _parts(tmp_path, content, 50)
    assert [part.line for part in parts if part.unclosed] == [2]
    assert max(len(part.content) for part in parts) < 200
    assert b"".join(part.content for part in parts) == content


def test_a_file_without_line_ends_is_refused_before_it_fills_the_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(records, "LONGEST_RECORD", 1000)
    with pytest.raises(InvalidInput, match="without a line end, from line 2 on") as caught:
        _parts(tmp_path, b"a,b\n" + b"x" * 100_000, 100)
    assert caught.value.hint


def test_the_first_record_may_span_lines() -> None:
    assert find_first_end(b'"a\nb",c\n1,2\n', _dialect()) == len(b'"a\nb",c\n')
    assert find_first_end(b'a"x,"c\nd"\n1,2\n', _dialect()) == len(b'a"x,"c\nd"\n')
    assert find_first_end(b"a,b", _dialect()) == 3


def test_carriage_returns_alone_end_records_too(tmp_path: Path) -> None:
    parts = _parts(tmp_path, b'a,1\r"b\rc",2\rd,3\r', 5, _dialect(line_end=b"\r"))
    assert [row for part in parts for row in read_rows(part.content.decode(), ",")] == [
        ["a", "1"],
        ["b\rc", "2"],
        ["d", "3"],
    ]
    assert count_lines(b"a\rb\nc\r\nd") == 3


@pytest.mark.parametrize(
    "line", [b'5" pipe,1.25,2.5\n', b'"never closed,1.25\n""\n', b'"x",1.25,2.5\n', b'a,"""\n'], ids=repr
)
def test_the_time_is_linear_in_the_size(tmp_path: Path, line: bytes) -> None:
    """Four times the bytes take about four times as long; sixteen times, if anything were quadratic."""

    def measure(copies: int) -> float:
        path = tmp_path / "table.csv"
        path.write_bytes(line * copies)
        started = time.process_time()
        assert sum(len(part.content) for part in read_parts(path, _dialect(), size=20_000)) == len(line) * copies
        return time.process_time() - started

    small, large = min(measure(50_000) for _ in range(3)), min(measure(200_000) for _ in range(2))
    assert large < 9 * small + 0.05
