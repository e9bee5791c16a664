"""Pulumi's CLI as its makers publish it, language hosts included: downloaded, held to the checksum file, unpacked.

The files lie where the vendor's installer gets them: `pulumi-v<version>-<os>-<arch>.tar.gz` and, beside it,
`pulumi-<version>-checksums.txt` (SHA-256). Both come from one host, so this finds damage and mix-ups, not a host that
lies about both.
"""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import platform
import tarfile
import urllib.error
import urllib.request
from pathlib import Path

from service.errors import OutlastError, Refused, Unavailable

BASE_URL = "https://get.pulumi.com/releases/sdk"
TIMEOUT_SECONDS = 4.0  # for a connection and for each piece; the way behind this one is a build of minutes

_OS_NAMES = {"Linux": "linux", "Darwin": "darwin"}
_ARCHITECTURES = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64", "arm64": "arm64"}


def archive_name(version: str, system: str = "", machine: str = "") -> str:
    """The archive for this machine. Raises Unavailable where none is published."""
    system, machine = system or platform.system(), machine or platform.machine()
    try:
        return f"pulumi-v{version}-{_OS_NAMES[system]}-{_ARCHITECTURES[machine.lower()]}.tar.gz"
    except KeyError:
        raise Unavailable(f"Pulumi publishes no CLI for {system} on {machine}") from None


def download(version: str, folder: Path, *, base_url: str = BASE_URL, timeout_seconds: float = TIMEOUT_SECONDS) -> Path:
    """Put the CLI and its language hosts into `folder/bin`, and give that folder.

    Raises Unavailable where the vendor cannot be reached, and Refused when the archive is not what the vendor's
    checksum file says.
    """
    name = archive_name(version)
    checksums = _get(f"{base_url}/pulumi-{version}-checksums.txt", timeout_seconds).decode("utf-8", "replace")
    expected = expected_digest(checksums, name)
    archive = folder / name
    archive.write_bytes(_get(f"{base_url}/{name}", timeout_seconds))
    found = hashlib.sha256(archive.read_bytes()).hexdigest()
    if found != expected:
        raise Refused(
            f"{name} has the SHA-256 {found}, but Pulumi's checksum file says {expected}",
            hint="something between here and get.pulumi.com changes downloads; nothing was installed",
        )
    binaries = _unpack(archive, folder / "bin")
    archive.unlink()
    return binaries


def expected_digest(checksums: str, name: str) -> str:
    """The SHA-256 of a file in lines of `<digest>  <name>`. Raises Refused when it is not among them."""
    for line in checksums.splitlines():
        digest, _, listed = line.strip().partition(" ")
        if listed.strip().lstrip("*") == name and len(digest) == 64:
            return digest.lower()
    raise Refused(f"Pulumi's checksum file does not list {name}")


def _get(url: str, timeout_seconds: float) -> bytes:
    try:
        with contextlib.closing(urllib.request.urlopen(url, timeout=timeout_seconds)) as answer:
            content: bytes = answer.read()
            return content
    except (urllib.error.URLError, OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", None) or error
        raise Unavailable(f"{url} cannot be reached: {reason}") from error


def _unpack(archive: Path, binaries: Path) -> Path:
    """The archive holds one folder, `pulumi/`, of executables."""
    unpacked = archive.with_suffix(".unpacked")
    try:
        with tarfile.open(archive) as tar:
            _extract(tar, unpacked)
    except tarfile.TarError as error:
        raise OutlastError(f"{archive.name} cannot be unpacked: {error}") from error
    (unpacked / "pulumi").rename(binaries)
    unpacked.rmdir()
    return binaries


def _extract(tar: tarfile.TarFile, folder: Path) -> None:
    """Unpack what is plain files and folders below `folder`. Raises TarError for anything else.

    Python has filters for it only from 3.11.4 on, and Debian 12 has 3.11.2.
    """
    if hasattr(tarfile, "data_filter"):
        tar.extractall(folder, filter="data")
        return
    for member in tar.getmembers():
        inside = (folder / member.name).resolve().is_relative_to(folder.resolve())
        if not inside or not (member.isfile() or member.isdir()):
            raise tarfile.TarError(f"{member.name} would be no plain file below {folder.name}")
        member.mode = (member.mode & 0o755) | 0o600
    tar.extractall(folder)
