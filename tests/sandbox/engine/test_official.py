"""The vendor's release, from a server on the loopback that stands in for the vendor's."""

from __future__ import annotations

import hashlib
import http.server
import io
import platform
import tarfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.engine import official
from service.errors import OutlastError, Refused, Unavailable

VERSION = "3.259.0"


class Vendor:
    """Serves the files given to it, under the vendor's own names."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        files = self.files

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                content = files.get(self.path)
                self.send_response(200 if content is not None else 404)
                self.end_headers()
                self.wfile.write(content or b"")

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/releases/sdk"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def publish(self, archive: bytes, digest: str | None = None) -> None:
        name = official.archive_name(VERSION)
        listed = digest or hashlib.sha256(archive).hexdigest()
        others = f"{'0' * 64}  pulumi-v{VERSION}-windows-x64.zip\n"
        self.files[f"/releases/sdk/{name}"] = archive
        self.files[f"/releases/sdk/pulumi-{VERSION}-checksums.txt"] = f"{others}{listed}  {name}\n".encode()


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    serving = Vendor()
    yield serving
    serving.server.shutdown()
    serving.server.server_close()


def release(version: str = VERSION) -> bytes:
    """An archive like the vendor's, with programs that only say their version."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name in ("pulumi", "pulumi-language-python"):
            content = f"#!/bin/sh\necho v{version}\n".encode()
            entry = tarfile.TarInfo(f"pulumi/{name}")
            entry.size, entry.mode = len(content), 0o755
            tar.addfile(entry, io.BytesIO(content))
    return packed.getvalue()


@pytest.mark.filterwarnings("ignore:Python 3.14 will:DeprecationWarning")  # of 3.12 and 3.13, without a filter
@pytest.mark.parametrize("filters", [True, False], ids=["Python's filter", "ours"])
def test_a_release_is_downloaded_checked_and_unpacked(
    vendor: Vendor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, filters: bool
) -> None:
    if not filters:
        monkeypatch.delattr(tarfile, "data_filter", raising=False)
    vendor.publish(release())
    binaries = official.download(VERSION, tmp_path, base_url=vendor.url)
    assert sorted(path.name for path in binaries.iterdir()) == ["pulumi", "pulumi-language-python"]
    assert (binaries / "pulumi").stat().st_mode & 0o100
    assert list(tmp_path.iterdir()) == [binaries]


def test_an_archive_with_another_digest_is_refused(vendor: Vendor, tmp_path: Path) -> None:
    vendor.publish(release(), digest="f" * 64)
    with pytest.raises(Refused, match="but Pulumi's checksum file says ffff"):
        official.download(VERSION, tmp_path, base_url=vendor.url)
    assert not (tmp_path / "bin").exists()


def test_an_archive_that_is_not_listed_is_refused() -> None:
    with pytest.raises(Refused, match="does not list pulumi-v1"):
        official.expected_digest("abc  pulumi-v1\n" + "0" * 64 + "  pulumi-v1.zip\n", "pulumi-v1")


def test_what_is_no_archive_is_said(vendor: Vendor, tmp_path: Path) -> None:
    vendor.publish(b"<html>a proxy's error page</html>")
    with pytest.raises(OutlastError, match="cannot be unpacked"):
        official.download(VERSION, tmp_path, base_url=vendor.url)


@pytest.mark.filterwarnings("ignore:Python 3.14 will:DeprecationWarning")  # of 3.12 and 3.13, without a filter
@pytest.mark.parametrize("filters", [True, False], ids=["Python's filter", "ours"])
def test_an_archive_cannot_write_elsewhere(
    vendor: Vendor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, filters: bool
) -> None:
    if not filters:
        monkeypatch.delattr(tarfile, "data_filter", raising=False)
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        tar.addfile(tarfile.TarInfo("../../escaped"))
    vendor.publish(packed.getvalue())
    folder = tmp_path / "folder"
    folder.mkdir()
    with pytest.raises(OutlastError, match="cannot be unpacked"):
        official.download(VERSION, folder, base_url=vendor.url)
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE])
def test_without_pythons_filters_only_files_and_folders_are_unpacked(
    vendor: Vendor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: bytes
) -> None:
    """As before 3.11.4, which Debian 12 has."""
    monkeypatch.delattr(tarfile, "data_filter", raising=False)
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        entry = tarfile.TarInfo("pulumi/pulumi")
        entry.type, entry.linkname = kind, "../../escaped"
        tar.addfile(entry)
    vendor.publish(packed.getvalue())
    (tmp_path / "folder").mkdir()
    with pytest.raises(OutlastError, match="cannot be unpacked: pulumi/pulumi would be no plain file"):
        official.download(VERSION, tmp_path / "folder", base_url=vendor.url)


def test_a_vendor_that_is_not_there_is_said(vendor: Vendor, tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match=r"checksums\.txt cannot be reached: .*Not Found"):
        official.download(VERSION, tmp_path, base_url=vendor.url)
    vendor.server.shutdown()
    vendor.server.server_close()
    with pytest.raises(Unavailable, match="Connection refused"):
        official.download(VERSION, tmp_path, base_url=vendor.url)


@pytest.mark.parametrize(
    ("system", "machine", "name"),
    [
        ("Linux", "x86_64", "linux-x64"),
        ("Linux", "aarch64", "linux-arm64"),
        ("Darwin", "arm64", "darwin-arm64"),
        ("Darwin", "x86_64", "darwin-x64"),
    ],
)
def test_the_archive_for_a_machine(system: str, machine: str, name: str) -> None:
    assert official.archive_name("1.2.3", system, machine) == f"pulumi-v1.2.3-{name}.tar.gz"


def test_a_machine_that_pulumi_has_nothing_for() -> None:
    with pytest.raises(Unavailable, match="no CLI for Plan9 on mips"):
        official.archive_name("1.2.3", "Plan9", "mips")
    assert platform.system() in official._OS_NAMES
