"""What a table's bytes are: compressed or not, in which encoding, with which line ends; what is no table is named.

The whole file is decoded once before anything is read from it. A sample would not do: an accent in the millionth row
decides between UTF-8 and Windows-1252, and a prediction must not stop there.
"""

from __future__ import annotations

import codecs
import gzip
import re
from dataclasses import dataclass
from typing import BinaryIO, cast

from service.errors import InvalidInput
from service.tables.readable import Readable

GZIP = b"\x1f\x8b"
_CHUNK = 1 << 20
_BOMS = (  # UTF-32 first: its mark begins with that of UTF-16
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_FOREIGN = (
    (b"PK\x03\x04", "an Excel workbook or another zip archive", "save the sheet as CSV, or unpack the archive"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook", "save the sheet as CSV"),
    (b"ARROW1", "an Arrow file", "write it as CSV"),
    (b"BZh", "compressed by bzip2", "unpack it (`bunzip2`), or compress it by gzip"),
    (b"\xfd7zXZ", "compressed by xz", "unpack it (`unxz`), or compress it by gzip"),
    (b"\x28\xb5\x2f\xfd", "compressed by zstd", "unpack it (`unzstd`), or compress it by gzip"),
    (b"SQLite format 3", "an SQLite database", "export the table: `sqlite3 -header -csv F 'select * from t'`"),
    (b"%PDF", "a PDF document", "export the table as CSV"),
)
_MULTIBYTE = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_NOT_WINDOWS_1252 = re.compile(rb"[\x81\x8d\x8f\x90\x9d]")


@dataclass(frozen=True)
class Encoding:
    """How a file's bytes become text: `codec` from byte `start` on; `line_end` is what most of its lines end with.

    `lines` counts line ends, `size` bytes, both of the text after unpacking.
    """

    codec: str
    start: int
    line_end: bytes
    lines: int
    size: int
    compressed: bool = False


class _Unpacked(gzip.GzipFile):
    """Closes the file that it unpacks as well."""

    def __init__(self, packed: BinaryIO) -> None:
        super().__init__(fileobj=packed, mode="rb")
        self._packed = packed

    def close(self) -> None:
        try:
            super().close()
        finally:
            self._packed.close()


def open_bytes(source: Readable) -> BinaryIO:
    """The file's bytes, unpacked where it is compressed by gzip."""
    stream = source.open("rb")
    packed = stream.read(2) == GZIP
    stream.seek(0)
    return cast(BinaryIO, _Unpacked(stream)) if packed else stream


def detect_encoding(source: Readable) -> Encoding:
    """Read the whole file once. Raises InvalidInput for what is no text, or text in two encodings."""
    with source.open("rb") as stream:
        head = stream.read(16)
    _refuse_foreign(source, head)
    compressed = head.startswith(GZIP)
    try:
        with open_bytes(source) as stream:
            codec, start = _guess_codec(stream.read(4096))
            stream.seek(start)
            scan = _Scan(codec)
            while chunk := stream.read(_CHUNK):
                scan.take(chunk)
            scan.finish()
    except (EOFError, gzip.BadGzipFile, OSError) as error:
        if not compressed:
            raise
        raise InvalidInput(f"{source} cannot be unpacked: {error}", hint="is it whole? compress it again") from error
    return scan.conclude(source, start, compressed)


def _refuse_foreign(path: Readable, head: bytes) -> None:
    for magic, what, hint in _FOREIGN:
        if head.startswith(magic):
            raise InvalidInput(f"{path} is {what}, not CSV", hint=hint)


def _guess_codec(head: bytes) -> tuple[str, int]:
    """The codec by byte order mark, or by where the zero bytes are; and where the text starts."""
    for mark, codec in _BOMS:
        if head.startswith(mark):
            return codec, len(mark)
    half = max(1, len(head) // 2)
    for place, codec in ((1, "utf-16-le"), (0, "utf-16-be")):
        if head[place::2].count(0) > 0.4 * half > 2 * head[1 - place :: 2].count(0):
            return codec, 0
    return "utf-8", 0


class _Scan:
    """What one pass over a file finds out, chunk by chunk."""

    def __init__(self, codec: str) -> None:
        self.codec = codec
        self.decoder = codecs.getincrementaldecoder(codec)()
        self.size = self.newlines = self.returns = self.pairs = 0
        self.invalid_line = self.zero_line = 0  # the first line with a byte that is none of the codec, or zero
        self.multibyte = self.beyond_windows = False
        self._last = ""

    def take(self, chunk: bytes) -> None:
        self.size += len(chunk)
        plain = self.codec == "utf-8"
        if plain and chunk.isascii() and not self.decoder.getstate()[0]:
            self._count(chunk.decode("ascii") if b"\r" in chunk else "", chunk)
            return
        text = self._decode(chunk)
        if plain:
            self.multibyte |= bool(_MULTIBYTE.search(chunk))
            self.beyond_windows |= bool(_NOT_WINDOWS_1252.search(chunk))
        self._count(text, chunk if plain else b"")

    def finish(self) -> None:
        try:
            self.decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            self.invalid_line = self.invalid_line or self.newlines + 1

    def _decode(self, chunk: bytes) -> str:
        try:
            return self.decoder.decode(chunk)
        except UnicodeDecodeError as error:
            before = error.object[: error.start].decode(self.codec, errors="replace")
            self.invalid_line = self.invalid_line or self.newlines + before.count("\n") + 1
            self.decoder.reset()
            return chunk.decode(self.codec, errors="replace")

    def _count(self, text: str, chunk: bytes) -> None:
        if not self.zero_line and (b"\0" in chunk or "\0" in text):
            before = text.partition("\0")[0].count("\n") if text else chunk.partition(b"\0")[0].count(b"\n")
            self.zero_line = self.newlines + before + 1
        self.newlines += chunk.count(b"\n") if chunk else text.count("\n")
        self.returns += text.count("\r")
        self.pairs += text.count("\r\n") + (self._last == "\r" and text.startswith("\n"))
        self._last = text[-1:]

    def conclude(self, path: Readable, start: int, compressed: bool) -> Encoding:
        if self.zero_line:
            what = f"{path} is no text: line {self.zero_line} holds a zero byte"
            raise InvalidInput(what, hint="is the file damaged? export it as CSV again")
        codec = self._settle_codec(path)
        alone = self.returns - self.pairs
        line_end = b"\r" if alone > self.newlines else b"\n"
        return Encoding(codec, start, line_end, self.newlines + alone, self.size, compressed)

    def _settle_codec(self, path: Readable) -> str:
        if not self.invalid_line:
            return self.codec
        if self.codec != "utf-8" or self.multibyte:
            name = self.codec.upper()
            what = (
                f"{path} is {name} but for a byte in line {self.invalid_line}, so that no one encoding reads all of it"
            )
            raise InvalidInput(what, hint=f"find it with `iconv -f {name} {path.name} > /dev/null`, and mend the line")
        return "latin-1" if self.beyond_windows else "cp1252"
