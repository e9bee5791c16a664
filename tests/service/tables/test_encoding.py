"""Whatever encoding a table comes in is found by reading all of it, and what is no text is named."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from service.errors import InvalidInput
from service.tables import encoding
from service.tables.encoding import detect_encoding, open_bytes

TEXT = "name,café\nÅsa,1\nBjörn,2\n"


def _write(folder: Path, content: bytes) -> Path:
    path = folder / "table.csv"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("codec", "content"),
    [
        ("utf-8", TEXT.encode()),
        ("utf-8", b"\xef\xbb\xbf" + TEXT.encode()),
        ("utf-16-le", b"\xff\xfe" + TEXT.encode("utf-16-le")),
        ("utf-16-be", b"\xfe\xff" + TEXT.encode("utf-16-be")),
        ("utf-16-le", TEXT.encode("utf-16-le")),
        ("utf-16-be", TEXT.encode("utf-16-be")),
        ("utf-32-le", b"\xff\xfe\0\0" + TEXT.encode("utf-32-le")),
        ("cp1252", TEXT.encode("cp1252")),
        ("cp1252", "a,b\n€,1\n".encode("cp1252")),
        ("latin-1", TEXT.encode("latin-1") + b"\x81,3\n"),
    ],
)
def test_the_encoding_is_found(tmp_path: Path, codec: str, content: bytes) -> None:
    found = detect_encoding(_write(tmp_path, content))
    assert found.codec == codec
    decoded = content[found.start :].decode(codec)
    assert not decoded.startswith("\ufeff")
    assert (found.lines, found.line_end) == (decoded.count("\n"), b"\n")
    assert found.start + found.size == len(content)


def test_an_accent_far_down_decides_as_one_in_the_header_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoding, "_CHUNK", 64)
    rows = b"plain,1\n" * 100
    assert detect_encoding(_write(tmp_path, rows + "é,1\n".encode())).codec == "utf-8"
    assert detect_encoding(_write(tmp_path, rows + "é,1\n".encode("cp1252"))).codec == "cp1252"
    for shift in range(8):  # a character cut in two by a chunk's end is still one
        assert detect_encoding(_write(tmp_path, b"x" * shift + "é".encode() * 100)).codec == "utf-8"


def test_two_encodings_in_one_file_are_named_with_the_line(tmp_path: Path) -> None:
    path = _write(tmp_path, TEXT.encode() + b"Bj\xf6rn,3\n")
    with pytest.raises(InvalidInput, match="UTF-8 but for a byte in line 4") as caught:
        detect_encoding(path)
    assert "iconv" in caught.value.hint
    with pytest.raises(InvalidInput, match="UTF-16-LE but for a byte in line 2"):
        detect_encoding(_write(tmp_path, b"\xff\xfe" + "a,b\n".encode("utf-16-le") + b"\x00\xdc"))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"PK\x03\x04....", "an Excel workbook"),
        (b"\xd0\xcf\x11\xe0....", "an old Excel workbook"),
        (b"BZh9....", "compressed by bzip2"),
        (b"SQLite format 3\0", "an SQLite database"),
        (b"a,b\n1,2\n\0,3\n", "line 3 holds a zero byte"),
        (b"\x1f\x8bnot really", "cannot be unpacked"),
        (gzip.compress(b"a,b\n1,2\n" * 100, mtime=0)[:-12], "cannot be unpacked"),
    ],
)
def test_what_is_no_text_is_named(tmp_path: Path, content: bytes, words: str) -> None:
    with pytest.raises(InvalidInput, match=words) as caught:
        detect_encoding(_write(tmp_path, content))
    assert caught.value.hint


def test_gzip_is_unpacked(tmp_path: Path) -> None:
    path = _write(tmp_path, gzip.compress(TEXT.encode("utf-16")))
    found = detect_encoding(path)
    assert (found.codec, found.compressed, found.lines) == ("utf-16-le", True, 3)
    with open_bytes(path) as stream:
        assert stream.read() == TEXT.encode("utf-16")


@pytest.mark.parametrize(("ends", "expected"), [("\r", b"\r"), ("\r\n", b"\n"), ("\n", b"\n")])
def test_line_ends_of_any_system_are_counted_once(tmp_path: Path, ends: str, expected: bytes) -> None:
    found = detect_encoding(_write(tmp_path, TEXT.replace("\n", ends).encode()))
    assert (found.lines, found.line_end) == (3, expected)
