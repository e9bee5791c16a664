"""A CSV file as parts of whole records, in time linear in its size and in the memory of one part.

A quotation mark opens a quoted field only at the field's beginning (after blanks), as everywhere that tables are read;
within a quoted field `""` is a mark, and line ends are text. Parts are UTF-8, whatever the file's encoding.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import BinaryIO

from service.errors import InvalidInput
from service.tables.dialect import Dialect
from service.tables.encoding import open_bytes
from service.tables.readable import Readable

PART_BYTES = 2_000_000
LONGEST_RECORD = 4_000_000


@dataclass(frozen=True)
class Part:
    """Whole records: `line` is the line of the file that they begin on, `line_ends` how many there are, `end` the byte
    of the file behind them.

    `unclosed`: the content is one line, in which a quotation mark opens a field that the file never closes.
    """

    content: bytes
    line: int
    line_ends: int
    end: int
    unclosed: bool = False


def read_parts(
    path: Readable,
    dialect: Dialect,
    *,
    offset: int | None = None,
    line: int | None = None,
    size: int = PART_BYTES,
    stop: int | None = None,
) -> Iterator[Part]:
    """The records from a byte offset on (default: from the header on), `line` being the line there.

    Where a part ends depends on nothing but where it begins: whoever goes on from a part's end, up to the part that
    ends at `stop`, gets the parts that reading the whole file gives.
    """
    end = dialect.start if offset is None else offset
    line = dialect.line if line is None else line
    with open_bytes(path) as stream:
        stream.seek(end)
        window = _Window(stream, dialect.encoding.codec)
        wanted = size
        while (stop is None or end < stop) and (content := window.look(wanted)):
            cut, unclosed = cut_records(content, dialect, last=window.is_last(content))
            if not cut:
                _refuse_endless(path, len(content), line)
                wanted = 2 * len(content)  # looked at again: the doubling keeps that linear
                continue
            piece, wanted = content[:cut], size
            window.drop(cut)
            end += window.measure(piece)
            lines = count_lines(piece)
            yield Part(piece, line, lines, end, unclosed)
            line += lines


def _refuse_endless(path: Readable, size: int, line: int) -> None:
    if size > LONGEST_RECORD:
        raise InvalidInput(
            f"{path} has more than {LONGEST_RECORD / 1e6:.0f} MB without a line end, from line {line} on",
            hint="each row is a line of its own; is this a CSV file?",
        )


def count_lines(content: bytes) -> int:
    """Line ends of any kind."""
    newlines = content.count(b"\n")
    return newlines + content.count(b"\r") - content.count(b"\r\n") if b"\r" in content else newlines


def cut_records(content: bytes, dialect: Dialect, *, last: bool) -> tuple[int, bool]:
    """How many bytes are whole records, and whether they are one line whose quoted field is never closed.

    0 where more of the file has to be looked at. `last`: nothing of the file follows the content.
    """
    cut, is_open = _find_cut(content, dialect)
    if last and not is_open:
        cut = len(content)
    if cut or not is_open or not (last or len(content) > LONGEST_RECORD):
        return cut, False
    return content.find(dialect.encoding.line_end) + 1 or len(content), True


def find_first_end(content: bytes, dialect: Dialect) -> int:
    """The byte behind the first record."""
    line_end, at = dialect.encoding.line_end, 0
    for field in _compile_quoted(dialect.delimiter).finditer(content):
        found = content.find(line_end, at, field.start() + 1)
        if found >= 0:
            return found + 1
        at = field.end()
    return content.find(line_end, at) + 1 or len(content)


def _find_cut(content: bytes, dialect: Dialect) -> tuple[int, bool]:
    """The byte behind the last record that ends in the content, and whether a quoted field is open at its end."""
    line_end = dialect.encoding.line_end
    cut = at = 0
    if b'"' in content:
        for field in _compile_quoted(dialect.delimiter).finditer(content):
            # The line end that the field stands behind is part of the match.
            cut = content.rfind(line_end, at, field.start() + 1) + 1 or cut
            at = field.end()
            if not field["closed"]:
                return cut, True
    return content.rfind(line_end, at) + 1 or cut, False


@lru_cache(maxsize=8)
def _compile_quoted(delimiter: str) -> re.Pattern[bytes]:
    before = re.escape(delimiter.encode())
    return re.compile(rb"(?:\A|" + before + rb'|[\r\n]) *"[^"]*(?:""[^"]*)*(?P<closed>"?)')


class _Window:
    """The text ahead in a stream, as UTF-8."""

    def __init__(self, stream: BinaryIO, codec: str) -> None:
        self._stream = stream
        self._codec = codec
        self._decoder = None if codec == "utf-8" else codecs.getincrementaldecoder(codec)()
        self._text, self._at = b"", 0
        self._at_end = False

    def look(self, size: int) -> bytes:
        """The next bytes, as many as asked or as there are.

        One more is read, so that whether the file ends there is known at once, however much was read before.
        """
        while not self._at_end and len(self._text) - self._at <= size:
            more = self._read(size + 1 - (len(self._text) - self._at))
            self._text, self._at = self._text[self._at :] + more, 0
        return self._text[self._at : self._at + size]

    def is_last(self, content: bytes) -> bool:
        """Whether nothing follows what was looked at."""
        return self._at_end and len(content) == len(self._text) - self._at

    def drop(self, size: int) -> None:
        """Go on behind so many bytes."""
        self._at += size

    def measure(self, content: bytes) -> int:
        """How many bytes of the file a text is."""
        return len(content) if self._decoder is None else len(content.decode().encode(self._codec))

    def _read(self, size: int) -> bytes:
        content = self._stream.read(size)
        self._at_end = len(content) < size
        if self._decoder is None:
            return content
        return self._decoder.decode(content, final=self._at_end).encode()
