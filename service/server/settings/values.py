"""How one setting's text becomes a value: each parser raises `Wrong`, with what to write instead."""

from __future__ import annotations

import json
import os
import re
import socket
from collections.abc import Callable, Mapping
from pathlib import Path

from service.bundle.folder import RELEASED

LABEL = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62})")
LONG = 128 * 1024 - 1  # characters of a list: more than Linux lets one variable have
_SHOWN_CHARACTERS = 80
_MOST_DIGITS = 20  # of a whole number: no range needs more, and Python reads no number of over 4,300
_FILE_BYTES = 1_000_000  # of a settings file: 64 API keys take some 10,000
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


class Wrong(Exception):
    """A value that a parser refuses: what is wrong, and what to write instead."""

    def __init__(self, what: str, hint: str = "") -> None:
        super().__init__(what)
        self.what, self.hint = what, hint


def shorten(text: str) -> str:
    """What a message repeats of somebody's text: its beginning, and how long it is when that is not all."""
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}… ({len(text):,} characters)"


def parse_label(text: str) -> str:
    if not LABEL.fullmatch(text):
        raise Wrong(f"is {shorten(text)!r}; it must be 1 to 63 letters, digits, dots or dashes")
    return text


def parse_optional_label(text: str) -> str:
    return parse_label(text) if text else ""


def parse_replica(text: str) -> str:
    return parse_label(text) if text else f"{socket.gethostname()}-{os.getpid()}"[-63:].lstrip(".-_")


def parse_address(text: str) -> str:
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            socket.inet_pton(family, text)
        except OSError:
            continue
        return text
    raise Wrong(
        f"is {shorten(text)!r}, not an IP address", "0.0.0.0 listens on every address, 127.0.0.1 on this machine only"
    )


def parse_models(text: str) -> Path:
    return Path(text) if text else RELEASED


def require_folder(folder: Path) -> None:
    if not _is_folder(folder):
        raise Wrong(
            f"{shorten(str(folder))} is not a folder",
            "it holds one folder per released model, each with a manifest.json",
        )


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # a part of it is longer than a file's name may be
        return False


def parse_digests(text: str) -> Mapping[str, str]:
    try:
        digests = json.loads(text or "{}")
    except (ValueError, RecursionError) as error:
        raise Wrong(f"is not JSON: {error}", 'write it like {"tumour": "sha256:…"}') from error
    if not isinstance(digests, dict) or not all(isinstance(v, str) and _DIGEST.fullmatch(v) for v in digests.values()):
        raise Wrong("must map a model's name to sha256: and 64 hex digits", 'write it like {"tumour": "sha256:…"}')
    return digests


def optional_path(text: str) -> Path | None:
    return Path(text) if text else None


def require_writable(folder: Path) -> None:
    if not _is_folder(folder) or not os.access(folder, os.W_OK):
        raise Wrong(f"{shorten(str(folder))} is not a folder that this user may write to", "mount a volume there")


def require_readable(path: Path) -> None:
    try:
        path.open("rb").close()
    except OSError as error:
        raise Wrong(f"{shorten(str(path))} cannot be read: {error.strerror}") from error


def read_text(path: Path) -> str:
    """A small text file's content."""
    with path.open("rb") as file:
        content = file.read(_FILE_BYTES + 1)
    if len(content) > _FILE_BYTES:
        raise Wrong(
            f"{shorten(str(path))} is over {_FILE_BYTES:,} bytes long",
            "a settings file is a small one; is it another file?",
        )
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise Wrong(f"{shorten(str(path))} is not text: {error}") from error


def parse_source(text: str) -> str:
    # The address itself is not repeated: a presigned one is a credential.
    if "://" in text and not text.startswith("https://"):
        raise Wrong(
            f"begins with {shorten(text.partition('://')[0])}://; a fault flag is polled from a file or over HTTPS only"
        )
    return text


def one_of(*words: str) -> Callable[[str], str]:
    """A parser of one of these words, in lower case."""

    def parse(text: str) -> str:
        if text.lower() not in words:
            raise Wrong(f"is {shorten(text)!r}; it must be {', '.join(words[:-1])} or {words[-1]}")
        return text.lower()

    return parse


def either(yes: str, no: str) -> Callable[[str], bool]:
    """A parser: True for `yes`, False for `no`."""

    def parse(text: str) -> bool:
        if text.lower() not in (yes, no):
            raise Wrong(f"is {shorten(text)!r}; it must be `{yes}` or `{no}`")
        return text.lower() == yes

    return parse


def either_or_absent(yes: str, no: str) -> Callable[[str], bool | None]:
    """The same, and None for no text."""
    parse = either(yes, no)
    return lambda text: parse(text) if text else None


def whole(least: int, most: int) -> Callable[[str], int]:
    """A parser of whole numbers in [least, most]."""

    def parse(text: str) -> int:
        if not re.fullmatch(r"[+-]?\d+", text, re.ASCII):
            raise Wrong(f"is {shorten(text)!r}, not a whole number", f"write a number from {least} to {most}")
        if len(text) > _MOST_DIGITS or not least <= int(text) <= most:
            raise Wrong(f"is {shorten(text)}, outside {least} to {most}")
        return int(text)

    return parse


def number(least: float, most: float, *, divided_by: float = 1) -> Callable[[str], float]:
    """A parser of numbers in [least, most], which it then divides: milliseconds are kept as seconds."""

    def parse(text: str) -> float:
        try:
            value = float(text)
        except ValueError as error:
            raise Wrong(f"is {shorten(text)!r}, not a number", f"write a number from {least:g} to {most:g}") from error
        if not least <= value <= most:
            raise Wrong(f"is {shorten(text)}, outside {least:g} to {most:g}")
        return value / divided_by

    return parse


def tls_failure(certificate: Path, key: Path) -> str:
    """Why a server could not speak TLS with these two files; empty when it could."""
    import ssl  # only a server that terminates TLS itself asks

    def refuse_password() -> str:
        raise Wrong("the key is encrypted")

    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, refuse_password)
    except Wrong as error:
        return error.what
    except (ssl.SSLError, OSError, ValueError) as error:
        what = getattr(error, "reason", None) or str(error)
        return "they do not belong together" if what == "KEY_VALUES_MISMATCH" else f"not PEM that can be read ({what})"
    return ""
